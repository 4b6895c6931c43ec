"""Sizes along paths of thresholds against the definition: every t and every tail share tried."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reference import uniform

from udfs.balancing.entry_counts import EntryCounts, Places
from udfs.balancing.paths import CommonShares, EveryT, ThresholdPath, bin_starts
from udfs.balancing.probabilities import HeadProbabilities, entry_probabilities
from udfs.balancing.size_curve import Draws, Levels, SizeCurve, size_curve, smallest_levels

LONGS = st.integers(-(2**63), 2**63 - 1)
PAIRS = st.lists(
    st.tuples(st.lists(st.integers(0, 11), min_size=1, max_size=6, unique=True).map(sorted), LONGS), max_size=20
)
COUNTS = st.lists(st.integers(1, 60) | st.integers(1, 2000), min_size=12, max_size=12)


def draws(pairs: list[tuple[list[int], int]]) -> Draws:
    lists = pa.array([ids for ids, _ in pairs], pa.list_(pa.int32()))
    return Draws(lists.values.to_numpy(), lists.offsets.to_numpy(), np.array([draw for _, draw in pairs], np.int64))


def one_list(counts: list[int]) -> EntryCounts:
    return EntryCounts.of_one_list(np.array(counts, np.int64))


def three_lists(counts: list[int]) -> EntryCounts:
    """Twelve counts as lists of 3, 4 and 5 entries."""
    return EntryCounts(np.array(counts, np.int64), Places.of({"de": 3, "en": 4, "ja": 5}))


def within_lists(pairs: list[tuple[list[int], int]], starts: list[int]) -> list[tuple[list[int], int]]:
    """The pairs, each with only the entries of the list of its first one."""
    bounded = []
    for ids, draw in pairs:
        low, high = next((low, high) for low, high in pairwise(starts) if low <= ids[0] < high)
        bounded.append(([place for place in ids if low <= place < high], draw))
    return bounded


def sizes_by_definition(pairs: list[tuple[list[int], int]], counts: np.ndarray, ts: np.ndarray) -> np.ndarray:
    """How many pairs each t keeps."""
    sizes = np.zeros(len(ts), np.int64)
    for ids, draw in pairs:
        missed = np.ones(len(ts))
        for count in counts[ids].tolist():
            missed *= 1.0 - np.where(ts > count, 1.0, ts / count)
        sizes += uniform(draw) < 1.0 - missed
    return sizes


def t_at_shares(counts: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """For each share below 1, the largest t below which entries hold at most it of all matches."""
    ts = np.arange(1, counts.max() + 1)
    below = np.where(counts < ts[:, None], counts, 0).sum(axis=1) / counts.sum()
    return np.where(shares < 1, (below <= shares[:, None]).sum(axis=1), counts.max() + 1)


def curve_along(path: ThresholdPath, steps: np.ndarray, pairs: Draws, counts: EntryCounts) -> SizeCurve:
    ts = path.ts(steps)
    levels = Levels.of(ts)
    places, times = np.unique(smallest_levels(pairs, counts, levels), return_counts=True)
    return size_curve(ts, levels, dict(zip(places.tolist(), times.tolist(), strict=True)))


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
def test_sizes_at_any_steps_of_one_list(pairs: list[tuple[list[int], int]], counts_list: list[int]) -> None:
    counts = one_list(counts_list)
    path = EveryT(most=int(counts.counts.max()))
    for steps in (path.overview(), np.arange(1.0, 60), np.array([7.0]), path.between(3, 40), path.between(0, 2000)):
        curve = curve_along(path, steps, draws(pairs), counts)
        assert curve.sizes.tolist() == sizes_by_definition(pairs, counts.counts, steps).tolist()
        assert curve.pairs == len(pairs)


@settings(max_examples=settings.default.max_examples * 2)
@given(PAIRS, COUNTS, st.integers(0, 400))
def test_sizes_along_the_common_share_of_several_lists(
    drawn: list[tuple[list[int], int]], counts_list: list[int], min_matches: int
) -> None:
    counts = three_lists(counts_list)
    starts = counts.places.starts.tolist()
    pairs = within_lists(drawn, starts)
    path = CommonShares(counts, min_matches)
    steps = np.unique(np.concatenate([[0, 0.06, 0.5, 1], path.between(0, 1)]))
    curve = curve_along(path, steps, draws(pairs), counts)
    expected = np.zeros(len(steps), np.int64)
    for low, high in pairwise(starts):
        of_list = counts.counts[low:high]
        ts = t_at_shares(of_list, steps if of_list.sum() >= min_matches else np.ones(len(steps)))
        own = [([place - low for place in ids], draw) for ids, draw in pairs if low <= ids[0] < high]
        expected += sizes_by_definition(own, of_list, ts)
    assert curve.sizes.tolist() == expected.tolist()
    assert (np.diff(curve.ts, axis=0) >= 0).all()


def test_no_step_that_changes_a_threshold_is_left_out() -> None:
    rng = np.random.default_rng(3)
    for nearest in (False, True):
        counts = EntryCounts(rng.integers(0, 40, 60), Places.of({"a": 25, "b": 35}))
        path = CommonShares(counts, nearest=nearest)
        steps = np.concatenate(([0], path.between(0, 0.99)))
        found = {tuple(ts) for ts in path.ts(steps).tolist()}
        everywhere = {tuple(ts) for ts in path.ts(np.linspace(0, 0.99, 100_001)).tolist()}
        assert everywhere <= found


def test_sizes_of_a_large_pool_are_those_of_the_rule() -> None:
    rng = np.random.default_rng(5)
    counts = one_list((10**9 / np.arange(1, 2001) ** 1.2).astype(np.int64).tolist())
    lists = [sorted(rng.choice(2000, size=rng.integers(1, 8), replace=False).tolist()) for _ in range(20_000)]
    pairs = draws(
        [(ids, int(draw)) for ids, draw in zip(lists, rng.integers(-(2**63), 2**63 - 1, 20_000), strict=True)]
    )
    path = EveryT(most=int(counts.counts.max()))
    steps = path.overview()
    curve = curve_along(path, steps, pairs, counts)
    assert curve.pairs == curve.sizes[-1] == 20_000
    for place in range(0, len(steps), 611):
        assert curve.sizes[place] == pairs.kept(HeadProbabilities.at(counts.counts, int(steps[place]))).sum()


@given(COUNTS, st.integers(1, 2000), st.lists(st.integers(0, 11), max_size=30))
def test_head_probabilities_are_those_of_the_entries(counts_list: list[int], t: int, ids: list[int]) -> None:
    counts = np.array(counts_list, np.int64)
    expected = entry_probabilities(counts, t)[ids]
    assert HeadProbabilities.at(counts, t)[np.array(ids, np.int64)].tolist() == expected.tolist()
