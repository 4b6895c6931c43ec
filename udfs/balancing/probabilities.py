"""Balancing: entry probabilities, keep probabilities, thresholds, and the decision on each pair.

After Demystifying CLIP Data (arXiv 2309.16671), Algorithm 1 and section 3.4: an entry with fewer than t matches keeps
all of them, any other keeps each with probability t / count; a pair is kept if any of its entries keeps it.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from udfs.schemas import SUBSET

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

DRAW_COLUMN = "draw"
"""The column of H("draw", …) that the JVM adds to the pool for `balance_batches`."""

PAPER_POOLS = {"400m": (20_000, 1_600_000_000), "2.5b": (170_000, 10_700_000_000)}
"""Presets: t, and the number of pairs in the paper's pool that it was chosen for."""


def entry_probabilities(counts: Counts, t: int) -> Floats:
    """p[e]: 1 where `counts[e] < t`, else `t / counts[e]`. `counts` is indexed by entry id; t is at least 1."""
    probabilities = np.ones(len(counts))
    np.divide(t, counts, out=probabilities, where=counts >= t)
    return probabilities


def keep_probabilities(entry_ids: npt.NDArray[np.int32], offsets: npt.NDArray[np.int32], p: Floats) -> Floats:
    """1 − Π (1 − p[e]) of each pair, the product in float64 in ascending entry id.

    Pair i has the entries `entry_ids[offsets[i]:offsets[i + 1]]`, ascending; a pair without entries gets 0.
    """
    lengths = np.diff(offsets)
    missed = np.ones(len(lengths))
    holds = lengths > 0
    if holds.any():
        factors = 1.0 - p[entry_ids[offsets[0] : offsets[-1]]]
        # reduceat multiplies each slice from left to right; empty slices, which it cannot do, are left out
        missed[holds] = np.multiply.reduceat(factors, offsets[:-1][holds] - offsets[0])
    return 1.0 - missed


def keep_probability(entry_ids: Sequence[int], p: Sequence[float] | Floats) -> float:
    """1 − Π (1 − p[e]) of one pair with these entries, ascending: equal to `keep_probabilities` to the last bit.

    `p` is indexed by entry id. For so few factors a loop outruns numpy's calls.
    """
    missed = 1.0
    for entry_id in entry_ids:
        missed *= 1.0 - p[entry_id]
    return float(1.0 - missed)


def uniforms(draws: npt.NDArray[np.int64]) -> Floats:
    """The top 53 bits of each H as a float64 in [0, 1), as `hashing.uniform`."""
    return (draws.view(np.uint64) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def balance_batches(batches: Iterator[pa.RecordBatch], p: Floats) -> Iterator[pa.RecordBatch]:
    """Pool batches (`schemas.POOL` and the `draw` column, H as int64) in, kept pairs (`schemas.SUBSET`) out.

    A pair is kept if its uniform is below its keep probability. Row order is kept. Batches may have a `keep_prob`, with
    which their pairs were drawn before by the same uniform: then the smaller of the two is the pair's.
    """
    for batch in batches:
        lists = batch.column("entry_ids")
        keep_prob = keep_probabilities(lists.values.to_numpy(), lists.offsets.to_numpy(), p)
        if "keep_prob" in batch.schema.names:
            keep_prob = np.minimum(keep_prob, batch.column("keep_prob").to_numpy())
        kept = pa.array(uniforms(batch.column(DRAW_COLUMN).to_numpy()) < keep_prob)
        if not kept.true_count:
            continue
        columns = [batch.column(name).filter(kept) for name in SUBSET.names[:-1]]
        yield pa.RecordBatch.from_arrays([*columns, pa.array(keep_prob).filter(kept)], schema=SUBSET)


class TailShare(NamedTuple):
    """The t that a tail share gives, and the share of counts that entries below that t really hold."""

    t: int
    share: float


def t_of_tail_share(counts: Counts, share: float) -> TailShare:
    """The largest integer t ≥ 1 for which the entries with count < t hold at most `share` of all counts.

    This is how the paper came to 170,000: the share of the tail is kept when the pool grows. With `share` so large
    that every entry is tail there is no largest t; then t is one more than the largest count, and nothing is balanced.
    """
    ordered = np.sort(counts)
    total = int(ordered.sum())
    below = np.concatenate(([0], np.cumsum(ordered)))  # below[i]: held by the i smallest entries
    if total == 0 or share >= 1:
        return TailShare(int(ordered[-1]) + 1 if len(ordered) else 1, 1.0 if total else 0.0)
    # the first entry that is too many to be tail bounds t: all entries below its count fit, it does not
    # shares are compared, not counts: 29 / 100 is the float 0.29, but 0.29 * 100 is less than 29
    first_too_many = int(np.searchsorted(below / total, share, side="right")) - 1
    t = max(int(ordered[first_too_many]), 1)
    tail = int(below[np.searchsorted(ordered, t, side="left")])
    return TailShare(t, tail / total)
