"""Which entries the matching rule can find at all, and the same entries spaced as captions are."""

import re
from itertools import pairwise

from udfs.captions.canonical import canonical
from udfs.matching.matcher import WRAPPED, space_text

_TOKEN = re.compile(f"[{re.escape(WRAPPED)}]|[^ {re.escape(WRAPPED)}]+")


def can_match(entry: str) -> bool:
    """Whether some caption holds the entry under the matching rule (`udfs.matching.matcher.space_text`).

    A spaced caption has one space between words, one or two between a word and a wrapped mark, two or three between
    marks: an entry with other gaps ("D.C", "a , , b") occurs in none. Nor does one with white space other than
    spaces, or not in Unicode NFC, since captions are canonical before they are spaced (`udfs.captions.canonical`).
    """
    if canonical(entry) != " ".join(word for word in entry.split(" ") if word):
        return False
    wrapped = f" {entry} "
    tokens = list(_TOKEN.finditer(wrapped))
    if not tokens:
        return False
    before, after = tokens[0], tokens[-1]
    outer = (before.start(), before[0] in WRAPPED), (len(wrapped) - after.end(), after[0] in WRAPPED)
    if any(gap > 2 + is_mark for gap, is_mark in outer):
        return False
    return all(_is_gap(left, right) for left, right in pairwise(tokens))


def holds_wrapped(entry: str) -> bool:
    """Whether the entry holds a mark that the matching rule wraps in spaces."""
    return any(mark in entry for mark in WRAPPED)


def normalize_entry(entry: str) -> str:
    """The entry as it stands in a spaced caption that spells it so: "Washington, D.C." becomes "Washington ,  D . C .".

    An entry that can match stays as it is, so that normalising twice changes nothing more; any other is made canonical,
    spaced as captions are and trimmed, after which it can match, unless nothing is left of it.
    """
    return entry if can_match(entry) else space_text(canonical(entry)).strip(" ")


def _is_gap(left: re.Match[str], right: re.Match[str]) -> bool:
    """Whether two tokens can stand so far apart in a spaced caption."""
    marks = (left[0] in WRAPPED) + (right[0] in WRAPPED)
    gap = right.start() - left.end()
    return gap == 1 if marks == 0 else marks <= gap <= marks + 1
