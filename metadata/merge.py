"""Merges ranked sources into one list of entries, and keeps an account of each source.

The order is the paper's (arXiv 2309.16671, Table 1): WordNet, the numbers 0 to 99, words, pairs, titles, until the list
is full. Within a source, entries are sorted by score, highest first, then by text. A source may have a cap on the
entries that it adds, which those that are in the list already do not use up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from unicodedata import category

from metadata.spacing import normalize_entry
from metadata.wordnet import NUMBERS
from udfs.matching.boundaries import Boundaries

NUMBERS_SOURCE = "numbers"


@dataclass(frozen=True, slots=True)
class RankedSource:
    """The `candidates` entries of a source that pass its threshold, as (entry, score), best first."""

    name: str
    ranked: Iterable[tuple[str, float]] = field(repr=False)
    candidates: int
    about: dict[str, Any]
    """What the manifest records of it: its threshold, inputs and counts."""
    most: int | None = None
    """At most this many entries are taken of it."""
    share_of: tuple[float, str] | None = None
    """At most this share of the entries that the named source, an earlier one, has added."""


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
    too_long: int | None = None
    """Entries with too many characters; None where their length does not matter."""

    def as_json(self) -> dict[str, Any]:
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in fields.items() if name != "too_long" or value is not None}


def numbers() -> RankedSource:
    """The numbers 0 to 99, which are also in the published list."""
    return RankedSource(NUMBERS_SOURCE, [(number, 0.0) for number in NUMBERS], len(NUMBERS), {})


def merge(
    sources: Sequence[RankedSource],
    size: int | None,
    *,
    normalize: bool = False,
    boundaries: Boundaries = Boundaries.SPACES,
    max_characters: int | None = None,
) -> tuple[list[str], list[Account]]:
    """The distinct entries of the sources in turn, at most `size`, and an account of each source.

    Entries without a letter, mark or digit (lone punctuation) are left out, and those of more than `max_characters`
    characters. With `normalize`, entries are spaced as captions are (`spacing.normalize_entry`, for these boundaries)
    before they are compared. Stops reading a source when it has added as many as it may, and all of them when the list
    is full.
    """
    added_by: dict[str, str] = {}
    accounts: list[Account] = []
    for source in sources:
        account = Account(source.name, first_id=len(added_by), too_long=None if max_characters is None else 0)
        most = _most(source, accounts, size)
        accounts.append(account)
        read = 0
        if most is None or most > 0:
            for text, score in source.ranked:
                read += 1
                entry = normalize_entry(text, boundaries) if normalize else text
                if entry in added_by:
                    by = added_by[entry]
                    account.duplicates[by] = account.duplicates.get(by, 0) + 1
                elif is_punctuation(entry):
                    account.punctuation += 1
                elif max_characters is not None and len(entry) > max_characters:
                    account.too_long = (account.too_long or 0) + 1
                else:
                    added_by[entry] = source.name
                    account.taken += 1
                    account.lowest_score = score
                    if account.taken == most:
                        break
        account.not_needed = source.candidates - read
    return list(added_by), accounts


def _most(source: RankedSource, accounts: Sequence[Account], size: int | None) -> int | None:
    """How many entries a source may add: by its own caps and the room that is left in the list; None for any number."""
    caps = [] if source.most is None else [source.most]
    if source.share_of is not None:
        share, name = source.share_of
        caps.append(whole_share(share, sum(account.taken for account in accounts if account.source == name)))
    if size is not None:
        caps.append(size - sum(account.taken for account in accounts))
    return min(caps) if caps else None


def whole_share(share: float, number: int) -> int:
    """A share of a number, rounded down; exact for the share as it is written, so that 0.29 of 100 are 29."""
    return int(Decimal(str(share)) * number)


def is_punctuation(entry: str) -> bool:
    """Whether an entry has no letter, combining mark or digit; true of an empty one."""
    return not any(category(char)[0] in "LMN" for char in entry)
