"""The exact size of the subset at each threshold, by a pass over only the entries and draws of the pool."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from jobs.steps.pairs import Hashed, Pairs
from udfs.balancing.probabilities import Counts, entry_probabilities, keep_probabilities, uniforms
from udfs.balancing.size_curve import (
    Chosen,
    SizeCurve,
    bin_starts,
    draws_of,
    size_curve,
    smallest_bins,
    smallest_t,
    t_of_target,
    with_entries,
)
from udfs.hashing import DRAW
from udfs.sums import Key, Sums, counted, of_kind

_BIN, _HIGH, _LOW, _EXACT, _CAPPED = "bin", "high", "low", "exact", "capped"
_LOW_BITS, _UNIT = 27, 2.0**53


class Size(NamedTuple):
    """The size of the subset at t: the sum of keep probabilities, and how many pairs this seed keeps; `capped` of
    these have a smaller probability from an earlier draw."""

    t: int
    expected: float
    exact: int
    capped: int


def sizes_at(pool: Pairs, seed: int, counts: Counts, thresholds: Sequence[int]) -> list[Size]:
    """The sizes at these thresholds, by one pass."""
    probabilities = {t: entry_probabilities(counts, t) for t in thresholds}
    was_drawn = "keep_prob" in pool.columns

    def measure(batch: pa.RecordBatch) -> Sums:
        batch = with_entries(batch)
        pairs = draws_of(batch)
        u = uniforms(pairs.draws)
        sums: dict[tuple[str, Key], int] = {}
        for t, p in probabilities.items():
            keep_prob = keep_probabilities(pairs.entry_ids, pairs.offsets, p)
            kept = u < keep_prob
            sums[_EXACT, t] = int(kept.sum())
            if was_drawn:
                drawn = batch.column("keep_prob").to_numpy()
                sums[_CAPPED, t] = int((kept & (drawn < keep_prob)).sum())
                keep_prob = np.minimum(keep_prob / drawn, 1.0)
            # a keep probability is a multiple of 2^-53: its two halves are added up exactly
            units = (keep_prob * _UNIT).astype(np.int64)
            sums[_HIGH, t] = int((units >> _LOW_BITS).sum())
            sums[_LOW, t] = int((units & ((1 << _LOW_BITS) - 1)).sum())
        return sums

    sums = pool.sums(["entry_ids", *(["keep_prob"] if was_drawn else [])], measure, hashed=Hashed(DRAW, seed))

    def of(kind: str, t: int) -> int:
        return sums.get((kind, t), 0)

    return [
        Size(t, ((of(_HIGH, t) << _LOW_BITS) + of(_LOW, t)) / _UNIT, of(_EXACT, t), of(_CAPPED, t)) for t in thresholds
    ]


def curve_of(pool: Pairs, seed: int, counts: Counts) -> SizeCurve:
    """The exact size at every bin's edge, by one pass."""
    starts = bin_starts(max(int(counts.max(initial=1)), 1))

    def measure(batch: pa.RecordBatch) -> Sums:
        return counted(_BIN, smallest_bins(draws_of(with_entries(batch)), counts, starts))

    return size_curve(starts, of_kind(pool.sums(["entry_ids"], measure, hashed=Hashed(DRAW, seed)), _BIN))


def t_of_size(pool: Pairs, seed: int, counts: Counts, curve: SizeCurve, target: int) -> Chosen | None:
    """The t whose subset is nearest to `target` pairs, by a pass over the bin that holds it; None when the whole pool
    has fewer."""
    bracket = curve.bracket(target)
    if bracket is None:
        return None
    low, high = bracket

    def measure(batch: pa.RecordBatch) -> Sums:
        return counted(_BIN, smallest_t(draws_of(with_entries(batch)), counts, low, high))

    pairs_by_t = of_kind(pool.sums(["entry_ids"], measure, hashed=Hashed(DRAW, seed)), _BIN)
    return t_of_target(target, low, curve.size_before(low), list(pairs_by_t.items()))
