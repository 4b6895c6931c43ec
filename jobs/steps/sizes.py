"""The exact size of the subset at each threshold, by a pass over only the entries and draws of the pool."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from jobs.steps.pairs import Hashed, Pairs
from udfs.balancing.entry_counts import EntryCounts, Longs, Places
from udfs.balancing.paths import ThresholdPath
from udfs.balancing.probabilities import HeadProbabilities, keep_probabilities, uniforms
from udfs.balancing.size_curve import Levels, SizeCurve, draws_of, size_curve, smallest_levels, with_entries
from udfs.hashing import DRAW
from udfs.sums import Key, Sums, counted, of_kind

_LEVEL, _HIGH, _LOW, _EXACT, _CAPPED, _POOL = "level", "high", "low", "exact", "capped", "pool"
_LOW_BITS, _UNIT = 27, 2.0**53


class Size(NamedTuple):
    """The size of a subset: the sum of keep probabilities, and how many pairs this seed keeps; `capped` of these have a
    smaller probability from an earlier draw. `by_list` are those that are kept of each list."""

    expected: float
    exact: int
    capped: int
    by_list: list[int]


class Sizes(NamedTuple):
    """The sizes of subsets, and how many pairs with an entry the pool has of each list."""

    subsets: list[Size]
    pool_by_list: list[int]


def sizes_at(pool: Pairs, seed: int, places: Places, subsets: Sequence[HeadProbabilities]) -> Sizes:
    """The sizes of subsets by their entries' probabilities, by one pass; the pool's entries are read by place."""
    was_drawn = "keep_prob" in pool.columns

    def measure(batch: pa.RecordBatch) -> Sums:
        batch = with_entries(batch)
        pairs = draws_of(batch)
        u = uniforms(pairs.draws)
        lists = places.lists_of(pairs.entry_ids[pairs.offsets[:-1]])
        sums: dict[tuple[str, Key], int] = counted(_POOL, lists)
        for place, p in enumerate(subsets):
            keep_prob = keep_probabilities(pairs.entry_ids, pairs.offsets, p)
            kept = u < keep_prob
            sums |= counted(f"{_EXACT} {place}", lists[kept])
            if was_drawn:
                drawn = batch.column("keep_prob").to_numpy()
                sums[_CAPPED, place] = int((kept & (drawn < keep_prob)).sum())
                keep_prob = np.minimum(keep_prob / drawn, 1.0)
            # a keep probability is a multiple of 2^-53: its two halves are added up exactly
            units = (keep_prob * _UNIT).astype(np.int64)
            sums[_HIGH, place] = int((units >> _LOW_BITS).sum())
            sums[_LOW, place] = int((units & ((1 << _LOW_BITS) - 1)).sum())
        return sums

    columns = ["entry_ids", *(["keep_prob"] if was_drawn else [])]
    sums = pool.with_places(places).sums(columns, measure, hashed=Hashed(DRAW, seed))

    def of(kind: str, place: int) -> int:
        return sums.get((kind, place), 0)

    def by_list(kind: str) -> list[int]:
        return [of(kind, place) for place in range(len(places.codes))]

    sizes = []
    for place in range(len(subsets)):
        expected = ((of(_HIGH, place) << _LOW_BITS) + of(_LOW, place)) / _UNIT
        kept = by_list(f"{_EXACT} {place}")
        sizes.append(Size(expected, sum(kept), of(_CAPPED, place), kept))
    return Sizes(sizes, by_list(_POOL))


def curve_of(pool: Pairs, seed: int, counts: EntryCounts, ts: Longs) -> SizeCurve:
    """The exact size at each step of a path (`SizeCurve.ts`), by one pass."""
    levels = Levels.of(ts)
    # the smallest type that holds the counts, since each worker gets all of them
    sent = counts._replace(counts=counts.counts.astype(np.min_scalar_type(counts.counts.max(initial=0))))

    def measure(batch: pa.RecordBatch) -> Sums:
        return counted(_LEVEL, smallest_levels(draws_of(with_entries(batch)), sent, levels))

    sums = pool.with_places(counts.places).sums(["entry_ids"], measure, hashed=Hashed(DRAW, seed))
    return size_curve(ts, levels, of_kind(sums, _LEVEL))


class Chosen(NamedTuple):
    """The step whose subset is nearest to a wanted size, the t of each list there, and its size."""

    step: float
    ts: Longs
    pairs: int


def nearest_to(
    pool: Pairs, seed: int, counts: EntryCounts, path: ThresholdPath, curve: SizeCurve, target: int
) -> Chosen | None:
    """The step of a path whose subset is nearest to `target` pairs, and of two that are equally near, the smaller; None
    when the whole pool has fewer.

    `curve` is that of the path's overview. Each further pass looks at the steps between the two nearest.
    """
    if curve.pairs < target:
        return None
    steps = path.overview()
    while place := min(int(np.searchsorted(curve.sizes, target)), len(steps) - 1):
        low, high = steps[place - 1 : place + 1]
        finer = path.between(low, high)
        if len(finer) == 1:
            break
        steps = np.concatenate(([low], finer))
        curve = curve_of(pool, seed, counts, path.ts(steps))
    place = int(np.argmin(np.abs(curve.sizes - target)))
    return Chosen(float(steps[place]), curve.ts[place], int(curve.sizes[place]))
