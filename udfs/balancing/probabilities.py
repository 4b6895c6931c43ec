"""Balancing: entry probabilities, keep probabilities, thresholds, and the decision on each pair.

After Demystifying CLIP Data (arXiv 2309.16671), Algorithm 1 and section 3.4: an entry with fewer than t matches keeps
all of them; any other entry keeps each match with probability t / count. A pair is kept if any of its entries keeps it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from udfs.errors import BallastError

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Ids = npt.NDArray[np.integer]


def entry_probabilities(counts: Counts | Floats, t: int | Floats) -> Floats:
    """p[i]: 1 if `counts[i] < t`, else `t / counts[i]`. t is at least 1, and may be an array as long as `counts`."""
    probabilities = np.ones(len(counts))
    np.divide(t, counts, out=probabilities, where=counts >= t)
    return probabilities


@dataclass(frozen=True, slots=True)
class HeadProbabilities:
    """`entry_probabilities` by entry id, without those of 1: a few percent of the entries remain.

    `ids` are ascending, and `p` are their probabilities; the other entries of `size` have 1.
    """

    ids: Ids
    p: Floats
    size: int

    @classmethod
    def at(cls, counts: Counts, t: int | Floats) -> "HeadProbabilities":
        """The probabilities at t."""
        ids = np.flatnonzero(counts > t)
        return cls(ids, np.broadcast_to(np.asarray(t, np.float64), counts.shape)[ids] / counts[ids], len(counts))

    def __getitem__(self, ids: Ids) -> Floats:
        """The probabilities of these entries. Raises `BallastError` for an entry that has no count."""
        if len(ids) and not 0 <= ids.min() <= ids.max() < self.size:
            raise BallastError(NO_COUNT)
        if not len(self.ids):
            return np.ones(len(ids))
        places = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.where(self.ids[places] == ids, self.p[places], 1.0)


NO_COUNT = "the pool holds an entry id that has no count: the counts belong to another list"


def keep_probabilities(entry_ids: Ids, offsets: npt.NDArray[np.int32], p: Floats | HeadProbabilities) -> Floats:
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


class Tails:
    """The t of any tail share of one list's counts, sorted once."""

    def __init__(self, counts: Counts, *, nearest: bool = False) -> None:
        """With `nearest`, by the rule of MetaCLIP 2: t is the count at which the cumulative share, that count
        included, is nearest to the wanted one."""
        self._ordered = np.sort(counts)
        self.matches = int(self._ordered.sum())
        self._matches = np.concatenate(([0], np.cumsum(self._ordered)))  # those of the i smallest entries
        self._below = self._matches / max(self.matches, 1)
        self._nearest = nearest
        self._edges = (self._below[1:-1] + self._below[2:]) / 2 if nearest else self._below

    @property
    def beyond(self) -> int:
        """The smallest t at which every entry is in the tail."""
        return int(self._ordered[-1]) + 1 if len(self._ordered) else 1

    def t_of(self, shares: Floats) -> Counts:
        """For each share, the largest integer t ≥ 1 for which the entries with count < t hold at most it of all counts.

        This is how the paper arrived at 170,000: the tail keeps its share when the pool grows. If a share is so large
        that every entry is in the tail, no t is the largest; then t is `beyond`, and nothing is balanced.
        """
        if self.matches == 0:
            return np.full(len(shares), self.beyond)
        if self._nearest:
            places = np.searchsorted(self._edges, shares)
        else:
            # t is the count of the first entry that exceeds the share: all below that count fit, this one does not.
            # It compares shares, not counts: 29 / 100 equals the float 0.29, but 0.29 * 100 is less than 29.
            places = np.searchsorted(self._below, shares, side="right") - 1
        t = np.maximum(self._ordered[np.minimum(places, len(self._ordered) - 1)], 1)
        return np.where(shares >= 1, self.beyond, t)

    def share_below(self, t: int) -> float:
        """The share of matches that belong to entries with count < t."""
        return float(self._below[np.searchsorted(self._ordered, t, side="left")])

    def above(self, t: int) -> tuple[int, int]:
        """The number of entries with count > t, and of their matches."""
        place = int(np.searchsorted(self._ordered, t, side="right"))
        return len(self._ordered) - place, self.matches - int(self._matches[place])

    def shares_between(self, low: float, high: float) -> Floats:
        """The shares in (low, high] at which, or with `nearest` beyond which, t may change."""
        return np.unique(self._edges[(self._edges > low) & (self._edges <= high)])
