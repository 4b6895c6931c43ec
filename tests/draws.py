"""Drawing subsets of a pool that was matched with one list."""

from collections.abc import Sequence

import numpy as np
from pyspark.sql import DataFrame

from jobs.steps.drawing import Draw, draw
from udfs.balancing.entry_counts import EntryCounts
from udfs.balancing.probabilities import HeadProbabilities


def draw_at(pool: DataFrame, seed: int, counts: Sequence[int] | np.ndarray, *thresholds: int) -> DataFrame:
    """The subsets at these t; several have a column `t`."""
    by_entry = EntryCounts.of_one_list(np.asarray(counts, np.int64))
    draws = [Draw(HeadProbabilities.at(by_entry.counts, t), t) for t in thresholds]
    return draw(pool, seed, draws, by_entry.places)
