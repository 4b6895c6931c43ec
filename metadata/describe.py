"""Describes a list of entries, and the difference between two lists, in figures and examples."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from unicodedata import is_normalized

from metadata.spacing import can_match, holds_wrapped
from udfs.matching.boundaries import Boundaries

_EXAMPLES = 5
_QUANTILES = (0, 0.25, 0.5, 0.75, 0.95, 1)


def describe(entries: Sequence[str], boundaries: Boundaries = Boundaries.SPACES) -> dict[str, Any]:
    """Lengths, entries by number of words, the entries that the matching rule can never find, and those that are not
    in Unicode NFC, which are some of them; with examples."""
    lengths = sorted(map(len, entries))
    words = Counter(entry.count(" ") + 1 for entry in entries)
    never = [entry for entry in entries if not can_match(entry, boundaries)]
    decomposed = [entry for entry in entries if not is_normalized("NFC", entry)]
    wrapped = [entry for entry in never if holds_wrapped(entry)]
    others = [entry for entry in never if not holds_wrapped(entry)]
    return {
        "entries": len(entries),
        "characters": {f"{q:.0%}": lengths[round(q * (len(lengths) - 1))] for q in _QUANTILES},
        "words": dict(sorted(words.items())),
        "cannot_match": {
            "wrapped_punctuation": len(wrapped),
            "wrapped_examples": evenly(wrapped),
            "other": len(others),
            "other_examples": evenly(others),
        },
        "not_nfc": {"entries": len(decomposed), "examples": evenly(decomposed)},
        "examples": evenly(entries),
    }


def evenly(entries: Sequence[str], number: int = _EXAMPLES) -> list[str]:
    """At most `number` entries, evenly spaced from the first to the last: the same ones each time."""
    if len(entries) <= number:
        return list(entries)
    return [entries[place * (len(entries) - 1) // (number - 1)] for place in range(number)]


def difference(a: Sequence[str], b: Sequence[str]) -> dict[str, Any]:
    """The entries that only one of two lists has, and whether both lists have the common entries in the same order."""
    in_a, in_b = set(a), set(b)
    only_a = [entry for entry in a if entry not in in_b]
    only_b = [entry for entry in b if entry not in in_a]
    return {
        "a": len(a),
        "b": len(b),
        "both": len(a) - len(only_a),
        "only_a": len(only_a),
        "only_a_examples": evenly(only_a),
        "only_b": len(only_b),
        "only_b_examples": evenly(only_b),
        "same_order": _common(a, in_b) == _common(b, in_a),
        "equal": list(a) == list(b),
    }


def _common(entries: Iterable[str], other: set[str]) -> list[str]:
    return [entry for entry in entries if entry in other]
