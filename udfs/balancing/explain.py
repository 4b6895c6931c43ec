"""Explains one caption: its spaced text, the entries that it holds, and with counts the probability of keeping it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from udfs.balancing.pair_probability import entry_probability, keep_probability
from udfs.captions.canonical import canonical
from udfs.matching.boundaries import Boundaries, spaced_text
from udfs.matching.marking import Stretch, spans_of, stretches
from udfs.matching.matcher import match_once


class MatchedEntry(NamedTuple):
    """An entry that the caption holds; its matches in the pool and its p if counts and t are known."""

    entry_id: int
    entry: str
    matches: int | None
    p: float | None


class Explanation(NamedTuple):
    """`spaced` is the spaced text in pieces, those of entries marked; `keep_prob` is None without counts and t."""

    caption: str
    spaced: list[Stretch]
    entries: list[MatchedEntry]
    keep_prob: float | None


def explain(
    caption: str,
    entries: Sequence[str],
    matches_of: Callable[[int], int] | None = None,
    t: int | None = None,
    boundaries: Boundaries = Boundaries.SPACES,
) -> Explanation:
    """Explain a caption, which is made canonical first. `matches_of` gives the matches of an entry id in the pool."""
    caption = canonical(caption)
    entry_ids = match_once(caption, entries, boundaries)
    keep_prob, matches, p = None, None, None
    if matches_of is not None and t is not None:
        matches = list(map(matches_of, entry_ids))
        p = [entry_probability(number, t) for number in matches]
        keep_prob = keep_probability(p)
    spaced = spaced_text(caption, boundaries)
    spans = [span for entry_id in entry_ids for span in spans_of(spaced, entries[entry_id], boundaries)]
    matched = [
        MatchedEntry(entry_id, entries[entry_id], matches[place] if matches else None, p[place] if p else None)
        for place, entry_id in enumerate(entry_ids)
    ]
    return Explanation(caption, stretches(spaced, spans), matched, keep_prob)
