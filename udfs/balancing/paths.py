"""Paths of thresholds: the subsets that a target size can choose among. Along a path no subset gets smaller.

The path of one list leads over every t. That of several lists leads over tail shares: at each step, all lists have the
t of the same share.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from udfs.balancing.entry_counts import EntryCounts, Longs
from udfs.balancing.probabilities import Floats, Tails

_PER_DOUBLING = 256
_MOST_STEPS = 4096  # that one pass over the pool looks at
_SHARES = np.concatenate((np.arange(101) / 1000, np.arange(11, 101) / 100))


class ThresholdPath(Protocol):
    """Steps, each a number."""

    step_name: ClassVar[str]
    """What the numbers are."""

    def overview(self) -> Floats:
        """Ascending steps from the first to the last."""
        ...

    def between(self, low: float, high: float) -> Floats:
        """Ascending steps in (low, high], with `high`: all there are, or some thousands of them."""
        ...

    def ts(self, steps: Floats) -> Longs:
        """The t of each list at each step (steps × lists)."""
        ...


@dataclass(frozen=True, slots=True)
class EveryT:
    """Every t of one list, from 1 to its largest count."""

    step_name: ClassVar[str] = "t"
    most: int

    def overview(self) -> Floats:
        """The last t of each bin. Bins are single numbers up to 256; above, each doubling has 256 bins, so they are
        less than 0.4 % wide."""
        return (bin_starts(self.most)[1:] - 1).astype(np.float64)

    def between(self, low: float, high: float) -> Floats:
        step = -(-int(high - low) // _MOST_STEPS)
        return np.append(np.arange(low + step, high, step), high)

    def ts(self, steps: Floats) -> Longs:
        return steps.astype(np.int64)[:, None]


class CommonShares:
    """Every tail share that gives other thresholds than a smaller one."""

    step_name: ClassVar[str] = "tail share"

    def __init__(self, counts: EntryCounts, min_matches: int = 0, *, nearest: bool = False) -> None:
        """One of several lists with fewer than `min_matches` matches has at every step a t that keeps all its pairs.
        `nearest` is as for `Tails`."""
        self._nearest = nearest
        self.tails = [Tails(of_list, nearest=nearest) for of_list in counts.by_list]
        self.kept_whole = [counts.places.by_language and tails.matches < min_matches for tails in self.tails]

    def overview(self) -> Floats:
        """Shares by thousandths up to a tenth, then by hundredths."""
        return _SHARES

    def between(self, low: float, high: float) -> Floats:
        edges = [tails.shares_between(low, high) for tails in self.tails]
        steps = np.unique(np.concatenate([*edges, [high]]))
        if self._nearest:  # t changes beyond an edge, not at it
            steps = np.unique(np.concatenate([steps, (steps[1:] + steps[:-1]) / 2]))
        return steps if len(steps) <= _MOST_STEPS else steps[np.linspace(0, len(steps) - 1, _MOST_STEPS).astype(int)]

    def ts(self, steps: Floats) -> Longs:
        columns = [
            np.full(len(steps), tails.beyond) if whole else tails.t_of(steps)
            for tails, whole in zip(self.tails, self.kept_whole, strict=True)
        ]
        return np.stack(columns, axis=1)


def path_of(counts: EntryCounts, shares: CommonShares) -> ThresholdPath:
    """The path of these counts; `shares` are theirs."""
    return shares if counts.places.by_language else EveryT(max(int(counts.counts.max(initial=1)), 1))


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
