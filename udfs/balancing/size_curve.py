"""The exact size of the subset at each step of a path of thresholds, computed from each pair's draw.

Each pair has a smallest t, from which on it is kept: its keep probability 1 − Π (1 − p[e]) never falls when t grows.
This holds in float64 too, because division, subtraction and multiplication round monotonically. So the size at t is the
number of pairs whose smallest t is at most t. On a path, the t of each list never falls from one step to the next, so a
histogram of the first level at which each pair is kept gives the exact size at every step.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from udfs.balancing.entry_counts import EntryCounts, Longs
from udfs.balancing.probabilities import (
    Counts,
    Floats,
    HeadProbabilities,
    Ids,
    entry_probabilities,
    keep_probabilities,
    uniforms,
)


class Draws(NamedTuple):
    """The pairs of a batch: pair i has the entries `entry_ids[offsets[i]:offsets[i + 1]]`, by their places, ascending
    and at least one, and `draws[i]` is its H("draw", …)."""

    entry_ids: Ids
    offsets: npt.NDArray[np.int32]
    draws: Longs

    def kept(self, p: HeadProbabilities) -> npt.NDArray[np.bool_]:
        """Which pairs these probabilities keep, by the balance job's rule."""
        return uniforms(self.draws) < keep_probabilities(self.entry_ids, self.offsets, p)


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

    def first_kept(self, low: Longs, high: Longs, t: Floats) -> Longs:
        """For each pair, the first place in `t` from `low` on at which it is kept, or `high` if none before it does.

        The binary search overwrites both arrays.
        """
        rows = np.flatnonzero(low < high)
        while len(rows):
            middle = (low[rows] + high[rows]) // 2
            kept = self.kept(rows, t[middle])
            high[rows[kept]] = middle[kept]
            low[rows[~kept]] = middle[~kept] + 1
            rows = rows[low[rows] < high[rows]]
        return low


class Levels(NamedTuple):
    """The thresholds of each list, ascending and distinct, one list after the other.

    Those of list i are `t[begins[i]:begins[i + 1] - 1]`. An infinite one follows: it stands for pairs that none keeps.
    """

    t: Floats
    begins: Longs

    @classmethod
    def of(cls, ts: Longs) -> "Levels":
        """The levels of a path (steps × lists)."""
        levels = [np.append(np.unique(column).astype(np.float64), np.inf) for column in ts.T]
        return cls(np.concatenate(levels), np.cumsum([0, *map(len, levels)]))

    def first_from(self, lists: npt.NDArray[np.intp], t: Floats) -> npt.NDArray[np.intp]:
        """For each t, the first level of its list that is not below it."""
        # each list has a range of keys of its own, so that one search does for all lists
        most = self.t[np.isfinite(self.t)].max()
        width = most + 4
        of_level = np.repeat(np.arange(len(self.begins) - 1), np.diff(self.begins)) * width
        return np.searchsorted(of_level + np.minimum(self.t, most + 2), lists * width + np.minimum(t, most + 1))


def smallest_levels(pairs: Draws, counts: EntryCounts, levels: Levels) -> Longs:
    """For each pair, the place in `levels.t` of the first level at which it is kept.

    The search starts from two bounds: a pair with uniform u, counts c and smallest count m has its smallest t within
    [u / Σ 1/c, u · m + 1].
    """
    if not len(pairs.draws):
        return np.zeros(0, np.int64)
    matches = _Matches(pairs, counts.counts)
    lists = counts.places.lists_of(pairs.entry_ids[pairs.offsets[:-1]])
    u = matches.uniforms
    smallest = np.minimum.reduceat(matches.counts, matches.first)
    total = np.add.reduceat(1.0 / matches.counts, matches.first)
    # one level wider on both sides, because the bounds themselves are rounded
    low = np.maximum(levels.first_from(lists, u / total) - 1, levels.begins[lists])
    high = levels.first_from(lists, np.minimum(u * smallest + 1, smallest)) + 1
    return matches.first_kept(low, np.minimum(high, levels.begins[lists + 1] - 1), levels.t)


class SizeCurve(NamedTuple):
    """Exact subset sizes: `sizes[k]` at step k of a path, whose lists have the thresholds `ts[k]`; and the size if all
    pairs that have an entry are kept."""

    ts: Longs
    sizes: Longs
    pairs: int


def size_curve(ts: Longs, levels: Levels, histogram: Mapping[int, int]) -> SizeCurve:
    """The curve of a path by a histogram {place in `levels.t`: pairs} of `smallest_levels`."""
    at_level = np.zeros(len(levels.t), np.int64)
    for place, pairs in histogram.items():
        at_level[place] = pairs
    sizes = np.zeros(len(ts), np.int64)
    for column, begin, end in zip(ts.T, levels.begins, levels.begins[1:], strict=False):
        upto = np.cumsum(at_level[begin:end])
        sizes += upto[np.searchsorted(levels.t[begin:end], column)]
    return SizeCurve(ts, sizes, int(at_level.sum()))
