"""What a filter leaves of the matches of tail entries, and of head entries: balancing exists to keep the tail."""

import numpy as np

from udfs.balancing.entry_counts import EntryCounts
from udfs.balancing.probabilities import Counts
from udfs.stages import FilterFacts


def tail_loss(before: EntryCounts, after: Counts, ts: list[int]) -> FilterFacts:
    """Compare the counts of all entries before and after a filter. `ts` are the thresholds of the lists, in their
    order: an entry that had more than t matches before belongs to the head, any other that had some to the tail."""
    t_of_entry = np.repeat(np.asarray(ts, np.int64), before.places.sizes)
    head = before.counts > t_of_entry
    tail = (before.counts > 0) & ~head
    return FilterFacts(
        tail_kept=_share(after[tail], before.counts[tail]),
        head_kept=_share(after[head], before.counts[head]),
        tail_entries=int(tail.sum()),
        tail_entries_halved=int((2 * after[tail] < before.counts[tail]).sum()),
    )


def _share(part: Counts, whole: Counts) -> float:
    total = int(whole.sum())
    return int(part.sum()) / total if total else 1.0
