"""Which entries the matching rule can ever find, and entries spaced as captions are."""

import re
from itertools import pairwise

from udfs.captions.canonical import canonical
from udfs.matching.boundaries import WRAPPED, Boundaries, entry_key, space_text

_TOKEN = re.compile(f"[{re.escape(WRAPPED)}]|[^ {re.escape(WRAPPED)}]+")


def can_match(entry: str, boundaries: Boundaries = Boundaries.SPACES) -> bool:
    """Whether any caption can hold the entry under the matching rule (`udfs.matching.boundaries`).

    A spaced caption has one space between words, one or two between a word and a wrapped mark, and two or three between
    marks. An entry with other gaps ("D.C", "a , , b") occurs in no caption. Nor does an entry that has white space
    other than spaces or is not in Unicode NFC, because captions are made canonical first (`udfs.captions.canonical`).
    """
    words = " ".join(word for word in entry.split(" ") if word)
    if not words or canonical(entry) != words:
        return False
    key = entry_key(entry, boundaries)
    tokens = list(_TOKEN.finditer(key))
    before, after = tokens[0], tokens[-1]
    outer = (before.start(), before[0] in WRAPPED), (len(key) - after.end(), after[0] in WRAPPED)
    if any(gap > 2 + is_mark for gap, is_mark in outer):
        return False
    return all(_is_gap(left, right) for left, right in pairwise(tokens))


def holds_wrapped(entry: str) -> bool:
    """Whether the entry holds a mark that the matching rule wraps in spaces."""
    return any(mark in entry for mark in WRAPPED)


def normalize_entry(entry: str, boundaries: Boundaries = Boundaries.SPACES) -> str:
    """The entry as a spaced caption has it: "Washington, D.C." becomes "Washington ,  D . C .".

    An entry that can match does not change, so normalising is idempotent. Any other entry is made canonical, spaced
    like a caption and trimmed; then it can match, unless it is empty.
    """
    return entry if can_match(entry, boundaries) else space_text(canonical(entry)).strip(" ")


def _is_gap(left: re.Match[str], right: re.Match[str]) -> bool:
    """Whether a spaced caption can have this gap between two tokens."""
    marks = (left[0] in WRAPPED) + (right[0] in WRAPPED)
    gap = right.start() - left.end()
    return gap == 1 if marks == 0 else marks <= gap <= marks + 1
