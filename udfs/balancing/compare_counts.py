"""Compares the entry counts of a pool with other counts, such as those that MetaCLIP published."""

from typing import NamedTuple

import numpy as np

from udfs.balancing.probabilities import Counts, Floats

TOP, LEAST_MATCHES = 100, 50


class Comparison(NamedTuple):
    """Two pools' counts of the same entries. A frequency is a share of all matches, so pool sizes do not matter."""

    top: list[tuple[int, float]]
    """The reference's most frequent entries by id, each with our frequency divided by the reference's."""
    spearman: float | None
    """Rank correlation over entries with at least `LEAST_MATCHES` matches in both; None for fewer than two entries."""
    ranked_entries: int
    reference_t: int
    """The t that is the same share of the reference's matches as our t is of ours."""
    share_above: float
    """The share of our matches that belong to entries above t."""
    reference_share_above: float
    """The share of the reference's matches that belong to entries above its t."""


def compare_counts(counts: Counts, reference: Counts, t: int) -> Comparison:
    """Compare counts by entry id with a reference's; t is ours."""
    total, reference_total = max(int(counts.sum()), 1), max(int(reference.sum()), 1)
    most_frequent = np.argsort(-reference, kind="stable")[:TOP]
    top = [
        (int(entry), float(counts[entry] / total / (reference[entry] / reference_total)))
        for entry in most_frequent
        if reference[entry]
    ]
    frequent = (counts >= LEAST_MATCHES) & (reference >= LEAST_MATCHES)
    spearman = None
    if frequent.sum() > 1:
        with np.errstate(invalid="ignore", divide="ignore"):  # if all ranks are equal, there is no correlation
            ranks = np.corrcoef(_ranks(counts[frequent]), _ranks(reference[frequent]))
        spearman = None if np.isnan(ranks[0, 1]) else float(ranks[0, 1])
    reference_t = max(round(t * reference_total / total), 1)
    return Comparison(
        top,
        spearman,
        int(frequent.sum()),
        reference_t,
        float(counts[counts > t].sum() / total),
        float(reference[reference > reference_t].sum() / reference_total),
    )


def _ranks(counts: Counts) -> Floats:
    """The ranks of the counts from 1 on; equal counts share the mean of theirs."""
    _, places, times = np.unique(counts, return_inverse=True, return_counts=True)
    ranks: Floats = np.cumsum(times) - (times - 1) / 2
    return ranks[places]
