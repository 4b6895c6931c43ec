"""How the counts of a pool compare with others', such as those that MetaCLIP published."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from udfs.balancing.probabilities import Counts

TOP, LEAST_MATCHES = 100, 50


class Comparison(NamedTuple):
    """Two lists of counts of the same entries. Frequencies are shares of all matches, so that sizes do not matter."""

    top: list[tuple[int, float]]
    """The reference's most frequent entries, by id, each with our frequency in terms of the reference's."""
    spearman: float | None
    """Rank correlation over entries with `LEAST_MATCHES` matches or more in both; None where fewer than two have."""
    ranked_entries: int
    reference_t: int
    """The reference's t that means what t means here: as large beside all its matches."""
    share_above: float
    """Of our matches, those of entries above t; and of the reference's above its t."""
    reference_share_above: float


def compare_counts(counts: Counts, reference: Counts, t: int) -> Comparison:
    """Compare counts by entry id with a reference's; t is ours."""
    total, reference_total = max(int(counts.sum()), 1), max(int(reference.sum()), 1)
    first = np.argsort(-reference, kind="stable")[:TOP]
    top = [
        (int(entry), float(counts[entry] / total / (reference[entry] / reference_total)))
        for entry in first
        if reference[entry]
    ]
    often = (counts >= LEAST_MATCHES) & (reference >= LEAST_MATCHES)
    spearman = None
    if often.sum() > 1:
        with np.errstate(invalid="ignore", divide="ignore"):  # all of one rank: no correlation
            ranks = np.corrcoef(pd.Series(counts[often]).rank(), pd.Series(reference[often]).rank())
        spearman = None if np.isnan(ranks[0, 1]) else float(ranks[0, 1])
    reference_t = max(round(t * reference_total / total), 1)
    return Comparison(
        top,
        spearman,
        int(often.sum()),
        reference_t,
        float(counts[counts > t].sum() / total),
        float(reference[reference > reference_t].sum() / reference_total),
    )
