"""The exact size of the subset at each threshold, by a pass over only the entries and draws of the pool."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.spark.pair_hash import pair_hash_column
from udfs.balancing.probabilities import Counts, entry_probabilities, keep_probabilities, uniforms
from udfs.balancing.size_curve import (
    Chosen,
    Draws,
    SizeCurve,
    bin_starts,
    size_curve,
    smallest_bins,
    smallest_t,
    t_of_target,
)
from udfs.hashing import DRAW

_MEASURED = pa.schema([pa.field("kind", pa.string()), pa.field("key", pa.int64()), pa.field("value", pa.float64())])
_DDL = "kind string, key bigint, value double"
Measure = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]
_BIN, _EXPECTED, _EXACT, _CAPPED = "bin", "expected", "exact", "capped"


class Size(NamedTuple):
    """The size of the subset at t: the sum of keep probabilities, and how many pairs this seed keeps; `capped` of
    these have a smaller probability from an earlier draw."""

    t: int
    expected: float
    exact: int
    capped: int


def sizes_at(pool: DataFrame, seed: int, counts: Counts, thresholds: Sequence[int]) -> list[Size]:
    """The sizes at these thresholds, by one pass."""
    spark = pool.sparkSession
    probabilities = spark.sparkContext.broadcast({t: entry_probabilities(counts, t) for t in thresholds})

    def measure(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        totals: dict[tuple[str, int], float] = {}
        for batch in batches:
            pairs = draws_of(batch)
            u = uniforms(pairs.draws)
            drawn = batch.column("keep_prob").to_numpy() if "keep_prob" in batch.schema.names else None
            for t, p in probabilities.value.items():
                keep_prob = keep_probabilities(pairs.entry_ids, pairs.offsets, p)
                kept = u < keep_prob
                sums = {_EXACT: kept.sum(), _EXPECTED: keep_prob.sum()}
                if drawn is not None:
                    sums[_CAPPED] = (kept & (drawn < keep_prob)).sum()
                    sums[_EXPECTED] = np.minimum(keep_prob / drawn, 1.0).sum()
                for kind, value in sums.items():
                    totals[kind, t] = totals.get((kind, t), 0.0) + float(value)
        yield measured(totals)

    totals = sums_of(pairs_with_draws(pool, seed), measure)
    probabilities.destroy()
    return [
        Size(t, totals.get((_EXPECTED, t), 0.0), int(totals.get((_EXACT, t), 0)), int(totals.get((_CAPPED, t), 0)))
        for t in thresholds
    ]


def curve_of(pool: DataFrame, seed: int, counts: Counts) -> SizeCurve:
    """The exact size at every bin's edge, by one pass."""
    starts = bin_starts(max(int(counts.max(initial=1)), 1))
    shared = pool.sparkSession.sparkContext.broadcast(counts)

    def measure(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        histogram = np.zeros(len(starts) - 1, np.int64)
        for batch in batches:
            np.add.at(histogram, smallest_bins(draws_of(batch), shared.value, starts), 1)
        yield measured({(_BIN, int(place)): float(histogram[place]) for place in np.flatnonzero(histogram)})

    totals = sums_of(pairs_with_draws(pool, seed), measure)
    shared.destroy()
    return size_curve(starts, {place: int(pairs) for (_, place), pairs in totals.items()})


def t_of_size(pool: DataFrame, seed: int, counts: Counts, curve: SizeCurve, target: int) -> Chosen | None:
    """The t whose subset is nearest to `target` pairs, by a pass over the bin that holds it; None when the whole pool
    has fewer."""
    bracket = curve.bracket(target)
    if bracket is None:
        return None
    low, high = bracket
    shared = pool.sparkSession.sparkContext.broadcast(counts)

    def measure(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        totals: dict[tuple[str, int], float] = {}
        for batch in batches:
            values, times = np.unique(smallest_t(draws_of(batch), shared.value, low, high), return_counts=True)
            for t, pairs in zip(values.tolist(), times.tolist(), strict=True):
                totals[_BIN, t] = totals.get((_BIN, t), 0.0) + pairs
        yield measured(totals)

    totals = sums_of(pairs_with_draws(pool, seed), measure)
    shared.destroy()
    pairs_by_t = [(t, int(pairs)) for (_, t), pairs in totals.items()]
    return t_of_target(target, low, curve.size_before(low), pairs_by_t)


def pairs_with_draws(pool: DataFrame, seed: int) -> DataFrame:
    """The pairs that have an entry: `entry_ids`, `draw` (H as a long), and `keep_prob` where they were drawn before."""
    drawn = [F.col("keep_prob")] if "keep_prob" in pool.columns else []
    draw = pair_hash_column(DRAW, seed).alias("draw")
    return pool.where(F.size("entry_ids") > 0).select("entry_ids", draw, *drawn)


def draws_of(batch: pa.RecordBatch) -> Draws:
    """A batch of `pairs_with_draws` as arrays."""
    lists = batch.column("entry_ids")
    return Draws(lists.values.to_numpy(), lists.offsets.to_numpy(), batch.column("draw").to_numpy())


def measured(sums: Mapping[tuple[str, int], float]) -> pa.RecordBatch:
    """The values of a task, by kind and key, as the batch that `sums_of` adds up."""
    kinds, keys, values = [kind for kind, _ in sums], [key for _, key in sums], list(sums.values())
    return pa.RecordBatch.from_arrays(
        [pa.array(kinds, pa.string()), pa.array(keys, pa.int64()), pa.array(values, pa.float64())], schema=_MEASURED
    )


def sums_of(pairs: DataFrame, measure: Measure) -> dict[tuple[str, int], float]:
    """The values of all tasks, added up in ascending order, so that the sum does not depend on the tasks' order."""
    rows = (
        pairs.mapInArrow(measure, _DDL)
        .groupBy("kind", "key")
        .agg(F.sort_array(F.collect_list("value")).alias("values"))
    )
    return {(row["kind"], row["key"]): float(sum(row["values"])) for row in rows.collect()}
