"""How large a subset each threshold t gives, and which t gives a wanted size, from what each pair's draw decides.

A pair is kept at every t from some smallest one on: its keep probability 1 − Π (1 − p[e]) never falls when t grows, in
float64 too, since division, subtraction and multiplication round monotonically. So the subset's size at t is the number
of pairs whose smallest t is at most t, and a histogram of these over all pairs gives the size at every bin's edge,
exactly. The pairs of one bin, told apart t by t, then give the t of any size.

Bins are whole numbers up to 256, and then 256 to each doubling: below 0.4 % wide.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from udfs.balancing.probabilities import Counts, Floats, entry_probabilities, keep_probabilities, uniforms

Ids = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]

_PER_DOUBLING = 256


def bin_starts(most: int) -> Longs:
    """The smallest t of each bin, from 1 on, and last of all one beyond `most`: bin i is [starts[i], starts[i + 1])."""
    starts = np.arange(1, min(_PER_DOUBLING, most) + 1, dtype=np.int64)
    low = _PER_DOUBLING
    parts = [starts]
    while low <= most:
        step = low // _PER_DOUBLING
        parts.append(np.arange(low, 2 * low, step, dtype=np.int64))
        low *= 2
    starts = np.unique(np.concatenate(parts))
    starts = starts[starts <= most]
    return np.append(starts, most + 1)


class Draws(NamedTuple):
    """The pairs of a batch: pair i has the entries `entry_ids[offsets[i]:offsets[i + 1]]`, ascending and at least one,
    and `draws[i]` is its H("draw", …)."""

    entry_ids: Ids
    offsets: npt.NDArray[np.int32]
    draws: Longs

    def kept(self, counts: Counts, t: int) -> npt.NDArray[np.bool_]:
        """Which pairs the threshold t keeps, by the job's own rule."""
        return uniforms(self.draws) < keep_probabilities(self.entry_ids, self.offsets, entry_probabilities(counts, t))


def _miss(counts: Floats, rows_t: Floats) -> Floats:
    """1 − p of each match, by its entry's count and its pair's t: as `entry_probabilities`, the same float64 steps."""
    probabilities = np.ones(len(counts))
    np.divide(rows_t, counts, out=probabilities, where=counts >= rows_t)
    return 1.0 - probabilities


def smallest_bins(pairs: Draws, counts: Counts, starts: Longs) -> npt.NDArray[np.intp]:
    """The bin (an index of `starts`) that each pair's smallest t lies in.

    `counts` are those of `entry_probabilities`; `starts` must reach beyond the largest count. A search by halves over
    the bins between two bounds: a pair with uniform u, counts c and the smallest count m has its t within
    [u / Σ 1/c, u · m + 1].
    """
    lengths = np.diff(pairs.offsets)
    held = counts[pairs.entry_ids[pairs.offsets[0] : pairs.offsets[-1]]].astype(np.float64)
    first = pairs.offsets[:-1] - pairs.offsets[0]
    u = uniforms(pairs.draws)
    if not len(u):
        return np.zeros(0, np.intp)
    smallest = np.minimum.reduceat(held, first)
    total = np.add.reduceat(1.0 / held, first)
    # bins of these bounds, one wider on both sides: the bounds themselves are rounded
    low = np.maximum(np.searchsorted(starts, u / total, side="right") - 2, 0)
    high = np.minimum(np.searchsorted(starts, np.minimum(u * smallest + 1, smallest), side="right"), len(starts) - 2)
    # the pair is kept at the last t of `high`; find the first bin at whose last t it is
    last_t = (starts[1:] - 1).astype(np.float64)
    open_rows = np.flatnonzero(low < high)
    while len(open_rows):
        middle = (low[open_rows] + high[open_rows]) // 2
        kept = _kept_at(open_rows, last_t[middle], held, first, lengths, u)
        high[open_rows[kept]] = middle[kept]
        low[open_rows[~kept]] = middle[~kept] + 1
        open_rows = open_rows[low[open_rows] < high[open_rows]]
    return low


def _kept_at(
    rows: npt.NDArray[np.intp], t: Floats, held: Floats, first: npt.NDArray[np.int32], lengths: Longs, u: Floats
) -> npt.NDArray[np.bool_]:
    """Whether each of these pairs is kept at its own t."""
    sizes = lengths[rows]
    ends = np.cumsum(sizes)
    matches = np.arange(ends[-1]) + np.repeat(first[rows] - (ends - sizes), sizes)
    missed = np.multiply.reduceat(_miss(held[matches], np.repeat(t, sizes)), ends - sizes)
    kept: npt.NDArray[np.bool_] = u[rows] < 1.0 - missed
    return kept


def smallest_t(pairs: Draws, counts: Counts, low: int, high: int) -> Longs:
    """The smallest t of those pairs whose smallest t lies in [low, high]; the others are left out."""
    inside = pairs.kept(counts, high)
    if low > 1:
        inside &= ~pairs.kept(counts, low - 1)
    rows = np.flatnonzero(inside)
    lengths = np.diff(pairs.offsets)
    held = counts[pairs.entry_ids[pairs.offsets[0] : pairs.offsets[-1]]].astype(np.float64)
    first = pairs.offsets[:-1] - pairs.offsets[0]
    u = uniforms(pairs.draws)
    lows, highs = np.full(len(rows), low, np.int64), np.full(len(rows), high, np.int64)
    open_rows = np.flatnonzero(lows < highs)
    while len(open_rows):
        middle = (lows[open_rows] + highs[open_rows]) // 2
        kept = _kept_at(rows[open_rows], middle.astype(np.float64), held, first, lengths, u)
        highs[open_rows[kept]] = middle[kept]
        lows[open_rows[~kept]] = middle[~kept] + 1
        open_rows = open_rows[lows[open_rows] < highs[open_rows]]
    return lows


class SizeCurve(NamedTuple):
    """Exact subset sizes at the last t of each bin: `sizes[i]` at t = `starts[i + 1] - 1`."""

    starts: Longs
    sizes: Longs

    @property
    def pairs(self) -> int:
        """The size at the largest t: every pair that has an entry."""
        return int(self.sizes[-1]) if len(self.sizes) else 0

    def bracket(self, target: int) -> tuple[int, int] | None:
        """The bin [low, high] of t in which the size reaches `target`; None where it never does."""
        place = int(np.searchsorted(self.sizes, target))
        if place == len(self.sizes):
            return None
        return int(self.starts[place]), int(self.starts[place + 1]) - 1

    def size_before(self, t: int) -> int:
        """The size at t − 1, for t the start of a bin."""
        place = int(np.searchsorted(self.starts, t))
        return int(self.sizes[place - 1]) if place else 0


def size_curve(starts: Longs, histogram: Mapping[int, int]) -> SizeCurve:
    """The curve of a histogram {bin: pairs} of smallest t."""
    sizes = np.zeros(len(starts) - 1, np.int64)
    for place, pairs in histogram.items():
        sizes[place] = pairs
    return SizeCurve(starts, np.cumsum(sizes))


class Chosen(NamedTuple):
    """The t for a wanted size, and the size it gives."""

    t: int
    pairs: int


def t_of_target(target: int, low: int, size_before: int, within: Sequence[tuple[int, int]]) -> Chosen:
    """The t whose size is nearest to `target` (the smaller t of two as near), never below 1.

    `within` holds (t, pairs whose smallest t is that) for the bin from `low` on in which the size reaches the target,
    and `size_before` the size at low − 1.
    """
    best = Chosen(max(low - 1, 1), size_before) if low > 1 else None
    size = size_before
    for t, pairs in sorted(within):
        size += pairs
        if best is None or abs(size - target) < abs(best.pairs - target):
            best = Chosen(t, size)
    return best or Chosen(1, size_before)
