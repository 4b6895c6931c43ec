"""Merges ranked sources into one list of entries, and keeps an account of each source.

The order is the paper's (arXiv 2309.16671, Table 1): WordNet, the numbers 0 to 99, words, pairs, titles, until the list
is full. Within a source, entries are sorted by score, highest first, then by text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from unicodedata import category

from metadata.spacing import normalize_entry
from metadata.wordnet import NUMBERS

NUMBERS_SOURCE = "numbers"


@dataclass(frozen=True, slots=True)
class RankedSource:
    """The `candidates` entries of a source that pass its threshold, as (entry, score), best first."""

    name: str
    ranked: Iterable[tuple[str, float]] = field(repr=False)
    candidates: int
    about: dict[str, Any]
    """What the manifest records of it: its threshold, inputs and counts."""


@dataclass(slots=True)
class Account:
    """The outcomes of a source's candidates. They are read in order until the list is full, the rest are
    `not_needed`."""

    source: str
    first_id: int
    taken: int = 0
    duplicates: dict[str, int] = field(default_factory=dict)
    """Entries that were in the list already, by the source that added them."""
    punctuation: int = 0
    lowest_score: float | None = None
    not_needed: int = 0

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def numbers() -> RankedSource:
    """The numbers 0 to 99, which are also in the published list."""
    return RankedSource(NUMBERS_SOURCE, [(number, 0.0) for number in NUMBERS], len(NUMBERS), {})


def merge(sources: Sequence[RankedSource], size: int, *, normalize: bool = False) -> tuple[list[str], list[Account]]:
    """The distinct entries of the sources in turn, at most `size`, and an account of each source.

    Entries without a letter, mark or digit (lone punctuation) are left out. With `normalize`, entries are spaced as
    captions are (`spacing.normalize_entry`) before they are compared. Stops reading when the list is full.
    """
    added_by: dict[str, str] = {}
    accounts = []
    for source in sources:
        account = Account(source.name, first_id=len(added_by))
        accounts.append(account)
        read = 0
        if len(added_by) < size:
            for text, score in source.ranked:
                read += 1
                entry = normalize_entry(text) if normalize else text
                if entry in added_by:
                    by = added_by[entry]
                    account.duplicates[by] = account.duplicates.get(by, 0) + 1
                elif is_punctuation(entry):
                    account.punctuation += 1
                else:
                    added_by[entry] = source.name
                    account.taken += 1
                    account.lowest_score = score
                    if len(added_by) == size:
                        break
        account.not_needed = source.candidates - read
    return list(added_by), accounts


def is_punctuation(entry: str) -> bool:
    """Whether an entry has no letter, combining mark or digit; true of an empty one."""
    return not any(category(char)[0] in "LMN" for char in entry)
