"""The size of the subset at each threshold t, and the t for a wanted size, computed from each pair's draw.

Each pair has a smallest t, from which on it is kept: its keep probability 1 − Π (1 − p[e]) never falls when t grows.
This holds in float64 too, because division, subtraction and multiplication round monotonically. So the subset's size at
t is the number of pairs whose smallest t is at most t, and a histogram of the smallest t gives the exact size at the
edge of every bin. Within one bin, the pairs' own smallest t then give the t of any size.

Bins are single numbers up to 256; above, each doubling has 256 bins, so they are less than 0.4 % wide.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from udfs.balancing.probabilities import Counts, Floats, entry_probabilities, keep_probabilities, uniforms

Ids = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]

_PER_DOUBLING = 256


def bin_starts(most: int) -> Longs:
    """The smallest t of each bin, from 1 up, and at the end `most` + 1: bin i is [starts[i], starts[i + 1])."""
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
        """Which pairs the threshold t keeps, by the balance job's rule."""
        return uniforms(self.draws) < keep_probabilities(self.entry_ids, self.offsets, entry_probabilities(counts, t))


def with_entries(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The rows of a batch that have an entry."""
    return batch.filter(pc.greater(pc.list_value_length(batch.column("entry_ids")), 0))


def draws_of(batch: pa.RecordBatch) -> Draws:
    """The `entry_ids` and `draw` (H as a long) of a batch as arrays."""
    lists = batch.column("entry_ids")
    return Draws(lists.values.to_numpy(), lists.offsets.to_numpy(), batch.column("draw").to_numpy())


class _Matches:
    """The matches of a batch of pairs: the count of each match's entry, and where the matches of a pair begin."""

    def __init__(self, pairs: Draws, counts: Counts) -> None:
        begin, end = pairs.offsets[0], pairs.offsets[-1]
        self.counts = counts[pairs.entry_ids[begin:end]].astype(np.float64)
        self.first = pairs.offsets[:-1] - begin
        self.lengths = np.diff(pairs.offsets)
        self.uniforms = uniforms(pairs.draws)

    def kept(self, rows: npt.NDArray[np.intp], t: Floats) -> npt.NDArray[np.bool_]:
        """Whether each of these pairs is kept at its own t."""
        sizes = self.lengths[rows]
        ends = np.cumsum(sizes)
        places = np.arange(ends[-1]) + np.repeat(self.first[rows] - (ends - sizes), sizes)
        missed = 1.0 - entry_probabilities(self.counts[places], np.repeat(t, sizes))
        kept: npt.NDArray[np.bool_] = self.uniforms[rows] < 1.0 - np.multiply.reduceat(missed, ends - sizes)
        return kept

    def first_kept(self, rows: npt.NDArray[np.intp], low: Longs, high: Longs, t_of: Callable[[Longs], Floats]) -> Longs:
        """For each pair, the smallest whole number from `low` to `high` at whose t (`t_of`) it is kept.

        Every pair must be kept at the t of its `high`. The binary search overwrites both arrays.
        """
        open_rows = np.flatnonzero(low < high)
        while len(open_rows):
            middle = (low[open_rows] + high[open_rows]) // 2
            kept = self.kept(rows[open_rows], t_of(middle))
            high[open_rows[kept]] = middle[kept]
            low[open_rows[~kept]] = middle[~kept] + 1
            open_rows = open_rows[low[open_rows] < high[open_rows]]
        return low


def smallest_bins(pairs: Draws, counts: Counts, starts: Longs) -> npt.NDArray[np.intp]:
    """The bin (an index of `starts`) of each pair's smallest t.

    `counts` are by entry id; `starts` must reach beyond the largest count. The search starts from two bounds: a pair
    with uniform u, counts c and smallest count m has its smallest t within [u / Σ 1/c, u · m + 1].
    """
    if not len(pairs.draws):
        return np.zeros(0, np.intp)
    matches = _Matches(pairs, counts)
    u = matches.uniforms
    smallest = np.minimum.reduceat(matches.counts, matches.first)
    total = np.add.reduceat(1.0 / matches.counts, matches.first)
    # one bin wider on both sides, because the bounds themselves are rounded
    low = np.maximum(np.searchsorted(starts, u / total, side="right") - 2, 0)
    high = np.minimum(np.searchsorted(starts, np.minimum(u * smallest + 1, smallest), side="right"), len(starts) - 2)
    last_t = (starts[1:] - 1).astype(np.float64)
    return matches.first_kept(np.arange(len(u)), low, high, last_t.__getitem__)


def smallest_t(pairs: Draws, counts: Counts, low: int, high: int) -> Longs:
    """The smallest t of the pairs whose smallest t lies in [low, high]; other pairs are left out."""
    inside = pairs.kept(counts, high)
    if low > 1:
        inside &= ~pairs.kept(counts, low - 1)
    rows = np.flatnonzero(inside)
    lows, highs = np.full(len(rows), low, np.int64), np.full(len(rows), high, np.int64)
    return _Matches(pairs, counts).first_kept(rows, lows, highs, lambda t: t.astype(np.float64))


class SizeCurve(NamedTuple):
    """Exact subset sizes at the last t of each bin: `sizes[i]` at t = `starts[i + 1] - 1`."""

    starts: Longs
    sizes: Longs

    @property
    def pairs(self) -> int:
        """The size at the largest t: all pairs that have an entry."""
        return int(self.sizes[-1]) if len(self.sizes) else 0

    def bracket(self, target: int) -> tuple[int, int] | None:
        """The bin [low, high] of t in which the size reaches `target`; None if it never does."""
        place = int(np.searchsorted(self.sizes, target))
        if place == len(self.sizes):
            return None
        return int(self.starts[place]), int(self.starts[place + 1]) - 1

    def size_before(self, t: int) -> int:
        """The size at t − 1; t is the start of a bin."""
        place = int(np.searchsorted(self.starts, t))
        return int(self.sizes[place - 1]) if place else 0


def size_curve(starts: Longs, histogram: Mapping[int, int]) -> SizeCurve:
    """The curve of a histogram {bin: pairs} of smallest t."""
    sizes = np.zeros(len(starts) - 1, np.int64)
    for place, pairs in histogram.items():
        sizes[place] = pairs
    return SizeCurve(starts, np.cumsum(sizes))


class Chosen(NamedTuple):
    """The t for a wanted size, and the size that it gives."""

    t: int
    pairs: int


def t_of_target(target: int, low: int, size_before: int, pairs_by_t: Sequence[tuple[int, int]]) -> Chosen:
    """The t whose size is nearest to `target`, at least 1; of two that are equally near, the smaller.

    `pairs_by_t` holds (t, number of pairs with this smallest t) for the bin that begins at `low` and in which the size
    reaches the target; `size_before` is the size at low − 1.
    """
    best = Chosen(max(low - 1, 1), size_before) if low > 1 else None
    size = size_before
    for t, pairs in sorted(pairs_by_t):
        size += pairs
        if best is None or abs(size - target) < abs(best.pairs - target):
            best = Chosen(t, size)
    return best or Chosen(1, size_before)
