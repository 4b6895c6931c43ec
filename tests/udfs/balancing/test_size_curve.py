"""Smallest thresholds and sizes against the definition: every t tried."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from udfs.balancing.probabilities import entry_probabilities, keep_probabilities, uniforms
from udfs.balancing.size_curve import Draws, bin_starts, size_curve, smallest_bins, smallest_t, t_of_target

LONGS = st.integers(-(2**63), 2**63 - 1)
PAIRS = st.lists(
    st.tuples(st.lists(st.integers(0, 11), min_size=1, max_size=6, unique=True).map(sorted), LONGS), max_size=20
)
COUNTS = st.lists(st.integers(1, 60) | st.integers(1, 2000), min_size=12, max_size=12)


def draws(pairs: list[tuple[list[int], int]]) -> Draws:
    lists = pa.array([ids for ids, _ in pairs], pa.list_(pa.int32()))
    return Draws(lists.values.to_numpy(), lists.offsets.to_numpy(), np.array([draw for _, draw in pairs], np.int64))


def naive_smallest(ids: list[int], draw: int, counts: np.ndarray) -> int:
    """Every t in turn."""
    u = uniforms(np.array([draw]))[0]
    offsets = np.array([0, len(ids)], np.int32)
    t = 1
    while not u < keep_probabilities(np.array(ids, np.int32), offsets, entry_probabilities(counts, t))[0]:
        t += 1
    return t


@given(st.integers(1, 10**12))
@example(1)
@example(255)
@example(256)
@example(257)
@example(512)
def test_bins_cover_every_t_once(most: int) -> None:
    starts = bin_starts(most)
    assert (starts[0], starts[-1]) == (1, most + 1)
    widths = np.diff(starts)
    assert (widths >= 1).all()
    assert (widths <= np.maximum(starts[:-1] // 256, 1)).all()


@settings(max_examples=settings.default.max_examples * 2)
@given(PAIRS, COUNTS)
def test_smallest_t_and_its_bin(pairs: list[tuple[list[int], int]], counts_list: list[int]) -> None:
    counts = np.array(counts_list, np.int64)
    starts = bin_starts(int(counts.max()))
    expected = [naive_smallest(ids, draw, counts) for ids, draw in pairs]
    bins = smallest_bins(draws(pairs), counts, starts)
    assert [int(np.searchsorted(starts, t, side="right")) - 1 for t in expected] == bins.tolist()
    for low, high in ((1, int(counts.max())), (3, 40), (7, 7)):
        thresholds = smallest_t(draws(pairs), counts, low, high).tolist()
        assert thresholds == [t for t in expected if low <= t <= high]


@given(PAIRS, COUNTS, st.integers(1, 25))
def test_no_other_t_is_nearer_to_the_target(
    pairs: list[tuple[list[int], int]], counts_list: list[int], target: int
) -> None:
    counts = np.array(counts_list, np.int64)
    starts = bin_starts(int(counts.max()))
    bins, sizes = np.unique(smallest_bins(draws(pairs), counts, starts), return_counts=True)
    curve = size_curve(starts, dict(zip(bins.tolist(), sizes.tolist(), strict=True)))
    bracket = curve.bracket(target)
    size_at = {t: int(draws(pairs).kept(counts, t).sum()) for t in range(1, int(counts.max()) + 1)} if pairs else {}
    if bracket is None:
        assert len(pairs) < target
        return
    values, times = np.unique(smallest_t(draws(pairs), counts, *bracket), return_counts=True)
    within = list(zip(values.tolist(), times.tolist(), strict=True))
    chosen = t_of_target(target, bracket[0], curve.size_before(bracket[0]), within)
    assert chosen.t >= 1
    assert chosen.pairs == size_at[chosen.t]
    assert abs(chosen.pairs - target) == min(abs(size - target) for size in size_at.values())


def test_sizes_of_a_large_pool_are_those_of_the_rule() -> None:
    rng = np.random.default_rng(5)
    counts = (10**9 / np.arange(1, 2001) ** 1.2).astype(np.int64)
    lists = [sorted(rng.choice(2000, size=rng.integers(1, 8), replace=False).tolist()) for _ in range(20_000)]
    pairs = draws(
        [(ids, int(draw)) for ids, draw in zip(lists, rng.integers(-(2**63), 2**63 - 1, 20_000), strict=True)]
    )
    starts = bin_starts(int(counts.max()))
    bins, sizes = np.unique(smallest_bins(pairs, counts, starts), return_counts=True)
    curve = size_curve(starts, dict(zip(bins.tolist(), sizes.tolist(), strict=True)))
    assert curve.pairs == 20_000
    for place in range(0, len(starts) - 1, 611):
        assert curve.sizes[place] == pairs.kept(counts, int(starts[place + 1]) - 1).sum()


@pytest.mark.parametrize(
    ("target", "low", "before", "within", "expected"),
    [
        (10, 1, 0, [(1, 4), (2, 4), (3, 4)], (2, 8)),  # 8 and 12 are as near: the smaller t
        (11, 1, 0, [(1, 4), (2, 4), (3, 4)], (3, 12)),
        (1, 1, 0, [(1, 100)], (1, 100)),  # t is never below 1
        (50, 7, 49, [(9, 30)], (6, 49)),
        (70, 7, 49, [(9, 30)], (9, 79)),
    ],
)
def test_t_of_target(
    target: int, low: int, before: int, within: list[tuple[int, int]], expected: tuple[int, int]
) -> None:
    assert t_of_target(target, low, before, within) == expected
