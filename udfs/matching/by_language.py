"""Matching each caption with the list of entries for its language."""

from collections.abc import Mapping
from dataclasses import dataclass

from udfs.matching.list_matchers import ListMatchers


@dataclass(frozen=True, slots=True)
class LanguageMatcher:
    """The matchers of several lists, and which language leads to which; `other` is for all other languages."""

    lists: ListMatchers
    labels: Mapping[str, str]
    other: str | None

    def list_of(self, language: str) -> str | None:
        """The code of the list for a language, None where there is none."""
        return self.labels.get(language, self.other)

    def match(self, code: str, caption: str) -> list[int]:
        """The ids of the entries of a list that the caption holds: ascending, each once; empty if there is none."""
        return self.lists.match(code, caption)
