"""Ranked sources to one list of entries, in a fixed order, and the account of it.

Sources follow one another as in the paper (arXiv 2309.16671, Table 1): WordNet, the numbers 0 to 99, words, pairs,
titles, until the list is full. Within a source entries stand by score, high to low, then by text.
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
    """Entries of one source that pass its threshold, best first: pairs of entry and score, `candidates` of them."""

    name: str
    ranked: Iterable[tuple[str, float]] = field(repr=False)
    candidates: int
    about: dict[str, Any]
    """What the manifest says of it: threshold, inputs and what was counted."""


@dataclass(slots=True)
class Account:
    """What became of a source's candidates; all but `not_needed` were looked at, in order, until the list was full."""

    source: str
    first_id: int
    taken: int = 0
    duplicates: dict[str, int] = field(default_factory=dict)
    """Entries that the list held already, by the source that had brought them."""
    punctuation: int = 0
    lowest_score: float | None = None
    not_needed: int = 0

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def numbers() -> RankedSource:
    """The numbers 0 to 99, which the published list has too."""
    return RankedSource(NUMBERS_SOURCE, [(number, 0.0) for number in NUMBERS], len(NUMBERS), {})


def merge(sources: Sequence[RankedSource], size: int, *, normalize: bool = False) -> tuple[list[str], list[Account]]:
    """The distinct entries of the sources in turn, at most `size`, and an account of each source.

    An entry without a letter, mark or digit (lone punctuation) is left out. With `normalize`, entries are spaced as
    captions are (`spacing.normalize_entry`) before they are compared. Reads no further than it must.
    """
    brought_by: dict[str, str] = {}
    accounts = []
    for source in sources:
        account = Account(source.name, first_id=len(brought_by))
        accounts.append(account)
        looked_at = 0
        if len(brought_by) < size:
            for text, score in source.ranked:
                looked_at += 1
                entry = normalize_entry(text) if normalize else text
                if entry in brought_by:
                    by = brought_by[entry]
                    account.duplicates[by] = account.duplicates.get(by, 0) + 1
                elif is_punctuation(entry):
                    account.punctuation += 1
                else:
                    brought_by[entry] = source.name
                    account.taken += 1
                    account.lowest_score = score
                    if len(brought_by) == size:
                        break
        account.not_needed = source.candidates - looked_at
    return list(brought_by), accounts


def is_punctuation(entry: str) -> bool:
    """Whether an entry has no letter, combining mark or digit; so of an empty one."""
    return not any(category(char)[0] in "LMN" for char in entry)
