"""Balancing: entry probabilities, keep probabilities, thresholds, and the decision on each pair.

After Demystifying CLIP Data (arXiv 2309.16671), Algorithm 1 and section 3.4: an entry with fewer than t matches keeps
all of them; any other entry keeps each match with probability t / count. A pair is kept if any of its entries keeps it.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


def entry_probabilities(counts: Counts | Floats, t: int | Floats) -> Floats:
    """p[i]: 1 if `counts[i] < t`, else `t / counts[i]`. t is at least 1, and may be an array as long as `counts`."""
    probabilities = np.ones(len(counts))
    np.divide(t, counts, out=probabilities, where=counts >= t)
    return probabilities


def keep_probabilities(entry_ids: npt.NDArray[np.int32], offsets: npt.NDArray[np.int32], p: Floats) -> Floats:
    """1 − Π (1 − p[e]) for each pair, the product in float64 in the order of ascending entry ids.

    Pair i has the entries `entry_ids[offsets[i]:offsets[i + 1]]`, ascending; a pair without entries gets 0.
    """
    lengths = np.diff(offsets)
    missed = np.ones(len(lengths))
    holds = lengths > 0
    if holds.any():
        factors = 1.0 - p[entry_ids[offsets[0] : offsets[-1]]]
        # reduceat multiplies each slice from left to right; it cannot handle empty slices, so they are skipped
        missed[holds] = np.multiply.reduceat(factors, offsets[:-1][holds] - offsets[0])
    return 1.0 - missed


def uniforms(draws: npt.NDArray[np.int64]) -> Floats:
    """The top 53 bits of each H as a float64 in [0, 1): `hashing.uniform` for arrays."""
    return (draws.view(np.uint64) >> np.uint64(11)).astype(np.float64) * 2.0**-53


class TailShare(NamedTuple):
    """The t of a wanted tail share, and the share of counts that entries below this t actually hold."""

    t: int
    share: float


def t_of_tail_share(counts: Counts, share: float) -> TailShare:
    """The largest integer t ≥ 1 for which the entries with count < t hold at most `share` of all counts.

    This is how the paper arrived at 170,000: the tail keeps its share when the pool grows. If `share` is so large that
    every entry is in the tail, no t is the largest; then t is the largest count plus one, and nothing is balanced.
    """
    ordered = np.sort(counts)
    total = int(ordered.sum())
    below = np.concatenate(([0], np.cumsum(ordered)))  # below[i]: the matches of the i smallest entries
    if total == 0 or share >= 1:
        return TailShare(int(ordered[-1]) + 1 if len(ordered) else 1, 1.0 if total else 0.0)
    # t is the count of the first entry that exceeds the share: all entries below that count fit, this one does not.
    # It compares shares, not counts: 29 / 100 equals the float 0.29, but 0.29 * 100 is less than 29.
    first_too_many = int(np.searchsorted(below / total, share, side="right")) - 1
    t = max(int(ordered[first_too_many]), 1)
    tail = int(below[np.searchsorted(ordered, t, side="left")])
    return TailShare(t, tail / total)
