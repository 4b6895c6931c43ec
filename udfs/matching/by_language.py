"""Matching each caption with the list of entries for its language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from udfs.iso_639 import codes_of_label

if TYPE_CHECKING:
    from udfs.matching.list_matchers import ListMatchers


@dataclass(frozen=True, slots=True)
class ListLabels:
    """Which language leads to which list: by its name, and for all others `other`, None where there is no such list."""

    by_name: Mapping[str, str]
    other: str | None = None

    def list_of(self, label: str | None) -> str | None:
        """The code of the list for a label of a language model, None where there is none.

        A label leads to the list that is given for it; else to that of its name in lower case; else, if it is an ISO
        639-3 code with a script such as `zho_Hans`, to that of its language (`iso_639.codes_of_label`); else to
        `other`.
        """
        if label is not None:
            if (code := self.by_name.get(label)) is not None:
                return code
            for name in (label.lower(), *codes_of_label(label)):
                if (code := self.by_name.get(name)) is not None:
                    return code
        return self.other


@dataclass(frozen=True, slots=True)
class LanguageMatcher:
    """The matchers of several lists, and which language leads to which."""

    lists: "ListMatchers"
    labels: ListLabels

    def match(self, code: str, caption: str) -> list[int]:
        """The ids of the entries of a list that the caption holds: ascending, each once; empty if there is none."""
        return self.lists.match(code, caption)
