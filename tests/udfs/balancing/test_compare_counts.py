"""Comparing counts with a reference, against ranks and shares written out."""

import numpy as np
import pytest

from udfs.balancing.compare_counts import compare_counts


def test_a_comparison_worked_by_hand() -> None:
    counts = np.array([100, 60, 60, 0, 10, 50])
    reference = np.array([1000, 500, 600, 700, 20, 0])
    comparison = compare_counts(counts, reference, 55)
    total, reference_total = 280, 2820
    assert [entry for entry, _ in comparison.top] == [
        0,
        3,
        2,
        1,
        4,
    ]  # the reference's order, entries without a count left out
    assert comparison.top[0][1] == pytest.approx((100 / total) / (1000 / reference_total))
    assert comparison.top[1][1] == 0.0
    # entries 0, 1, 2 have 50 or more in both: ranks 3, 1.5, 1.5 and 3, 1, 2
    assert comparison.ranked_entries == 3
    assert comparison.spearman == pytest.approx(np.corrcoef([3, 1.5, 1.5], [3, 1, 2])[0, 1])
    assert comparison.reference_t == round(55 * reference_total / total)
    assert comparison.share_above == pytest.approx(220 / total)
    assert comparison.reference_share_above == pytest.approx(2300 / reference_total)


@pytest.mark.parametrize("counts", [np.zeros(5, np.int64), np.array([60, 60, 60]), np.array([], np.int64)])
def test_too_little_to_compare(counts: np.ndarray) -> None:
    comparison = compare_counts(counts, counts, 3)
    assert comparison.spearman is None


def test_the_top_is_the_first_hundred() -> None:
    counts = np.arange(500)
    comparison = compare_counts(counts, counts, 3)
    assert [entry for entry, _ in comparison.top] == list(range(499, 399, -1))
    assert comparison.spearman == pytest.approx(1.0)
