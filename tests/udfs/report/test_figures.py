"""How half a million counts come to a few rows and points."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from udfs.balancing.entry_counts import EntryCounts
from udfs.report.figures import Kept, curve_at, curve_places, entry_figures, table_ids, top_ids

counts_lists = st.lists(st.integers(0, 10**6), min_size=1, max_size=400).map(lambda items: np.array(items, np.int64))


@given(counts_lists, st.integers(1, 1000))
def test_curves_lie_on_the_cumulative_counts(counts, t):
    order, places = curve_places(counts, [np.full(len(counts), t)])
    curve = curve_at(np.minimum(counts, t), order, places)
    matched = sorted(count for count in counts.tolist() if count)
    for place, total in zip(curve.places, curve.totals, strict=True):
        assert total == sum(min(count, t) for count in matched[:place])
    assert curve.places[0] == 0 and curve.places[-1] == len(matched)


@given(counts_lists)
def test_top_entries_are_the_most_frequent(counts):
    naive = sorted((i for i, count in enumerate(counts.tolist()) if count), key=lambda i: (-counts[i], i))
    assert top_ids(counts, 25).tolist() == naive[:25]
    assert table_ids(counts, 1).tolist() == naive


def test_the_table_holds_the_head_and_goes_evenly_through_the_tail():
    counts = np.arange(100_000, 0, -1, np.int64)
    ids = table_ids(counts, 1)
    assert len(ids) == 3000
    assert ids[:2000].tolist() == list(range(2000)) and ids[-1] == 99_999
    assert len(table_ids(counts, 6)) == 500


def test_rows_hold_p_and_what_was_kept():
    kept = [Kept(np.full(3, 5.0), np.array([6, 0, 4])), Kept(np.full(3, 4.0), np.array([5, 0, 4]))]
    figures = entry_figures(["a", "b", "c"], EntryCounts.of_one_list(np.array([10, 0, 4])), kept)
    assert (figures.entries, figures.unmatched, figures.matches) == (3, 1, 14)
    assert [(row.entry, row.matches, row.at) for row in figures.rows] == [
        ("a", 10, [(0.5, 6), (0.4, 5)]),
        ("c", 4, [(1.0, 4), (1.0, 4)]),
    ]
