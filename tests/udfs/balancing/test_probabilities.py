"""Balancing against the definition: plain float loops, a search over every t, and simulated draws."""

import math
from fractions import Fraction
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from udfs.balancing.presets import PAPER_POOLS
from udfs.balancing.probabilities import (
    HeadProbabilities,
    Tails,
    entry_probabilities,
    keep_probabilities,
    uniforms,
)
from udfs.balancing.size_curve import Draws
from udfs.hashing import DRAW, pair_hash, uniform

ENTRIES = 40
COUNTS = st.lists(st.integers(0, 300) | st.integers(0, 10**11), max_size=30)
ID_LISTS = st.lists(st.lists(st.integers(0, ENTRIES - 1), max_size=25, unique=True).map(sorted), max_size=12)
PROBABILITIES = st.lists(
    st.one_of(
        st.just(1.0),
        st.floats(1e-9, 1.0),
        st.builds(lambda t, more: t / (t + more), st.integers(1, 170_000), st.integers(0, 10**9)),
    ),
    min_size=ENTRIES,
    max_size=ENTRIES,
)
LONGS = st.integers(-(2**63), 2**63 - 1)


def naive_probability(count: int, t: int) -> float:
    return 1.0 if count < t else t / count


def naive_keep(ids: list[int], p: list[float]) -> float:
    """1 − Π (1 − p[e]), one float64 operation after the other in ascending entry id."""
    missed = 1.0
    for entry_id in sorted(ids):
        missed = missed * (1.0 - p[entry_id])
    return 1.0 - missed


def naive_tail_t(counts: list[int], share: str) -> int:
    """The largest t ≥ 1 for which entries with count < t hold at most `share` (a decimal) of all counts: every t tried.

    Only t = count of some entry, or one more than the largest, can be the largest.
    """
    total = sum(counts)
    fits = [t for t in range(1, max(counts) + 2) if sum(c for c in counts if c < t) <= Fraction(share) * total]
    return max(fits)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, 1.0), (1, 1.0), (99, 1.0), (100, 1.0), (101, 100 / 101), (200, 0.5), (10**12, 1e-10)],
)
def test_entry_probability_edges(count: int, expected: float) -> None:
    assert entry_probabilities(np.array([count]), 100).tolist() == [expected]


@given(COUNTS, st.integers(1, 10**9))
@example([], 1)
@example([0, 1, 2], 1)
def test_entry_probabilities(counts: list[int], t: int) -> None:
    probabilities = entry_probabilities(np.array(counts, np.int64), t)
    assert probabilities.dtype == np.float64
    assert probabilities.tolist() == [naive_probability(count, t) for count in counts]


@given(ID_LISTS, PROBABILITIES, st.data())
def test_keep_probabilities_equal_a_plain_loop_exactly(
    lists: list[list[int]], p: list[float], data: st.DataObject
) -> None:
    array = pa.array(lists, pa.list_(pa.int32()))
    start = data.draw(st.integers(0, len(lists)))
    stop = data.draw(st.integers(start, len(lists)))
    for part, expected in ((array, lists), (array[start:stop], lists[start:stop])):
        probabilities = keep_probabilities(part.values.to_numpy(), part.offsets.to_numpy(), np.array(p))
        assert probabilities.tolist() == [naive_keep(ids, p) for ids in expected]


def test_keep_probabilities_of_long_lists_are_exact() -> None:
    """Many factors, where another order of multiplication would show (seed 3)."""
    rng = Random(3)
    p = [rng.uniform(0, 0.0002) for _ in range(5000)]
    lists = [sorted(rng.sample(range(5000), size)) for size in (1, 2, 7, 8, 9, 63, 64, 65, 129, 1000, 5000)]
    array = pa.array(lists, pa.list_(pa.int32()))
    probabilities = keep_probabilities(array.values.to_numpy(), array.offsets.to_numpy(), np.array(p))
    assert probabilities.tolist() == [naive_keep(ids, p) for ids in lists]
    reordered = math.prod(1.0 - p[entry_id] for entry_id in reversed(range(5000)))
    assert 1.0 - reordered != naive_keep(lists[-1], p)  # another order does show


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ([], []),
        ([[]], [0.0]),
        ([[], []], [0.0, 0.0]),
        ([[1]], [0.5]),
        ([[], [0], [], [1], []], [0.0, 1.0, 0.0, 0.5, 0.0]),
        ([[1, 2]], [0.625]),
    ],
)
def test_keep_probability_edges(lists: list[list[int]], expected: list[float]) -> None:
    array = pa.array(lists, pa.list_(pa.int32()))
    p = np.array([1.0, 0.5, 0.25])
    assert keep_probabilities(array.values.to_numpy(), array.offsets.to_numpy(), p).tolist() == expected


SHARES = st.sampled_from(
    ["0", "0.06", "0.1", "0.2", "0.25", "0.29", "0.3", "0.5", "0.57", "0.7", "0.999", "1"]
) | st.integers(0, 1000).map(lambda thousandths: f"{thousandths / 1000:.3f}")


@settings(max_examples=settings.default.max_examples * 4)
def t_of_tail_share(counts: np.ndarray, share: float) -> tuple[int, float]:
    """The t of a share, and the share that it reaches."""
    tails = Tails(counts)
    t = int(tails.t_of(np.array([share]))[0])
    return t, tails.share_below(t)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=15), SHARES)
@example([29, 71], "0.29")  # 0.29 * 100 is below 29 in float64
@example([57, 43], "0.57")
@example([1] * 6 + [94], "0.06")
@example([5, 5, 5, 5], "0.5")
@example([0, 0, 7], "0")
@example([0, 0, 0], "0.06")
@example([1], "1")
def test_t_of_tail_share_is_the_largest_that_fits(counts: list[int], share: str) -> None:
    t, tail_share = t_of_tail_share(np.array(counts, np.int64), float(share))
    total = sum(counts)
    assert t == (naive_tail_t(counts, share) if total else 1)
    assert tail_share == (sum(count for count in counts if count < t) / total if total else 0.0)
    assert tail_share <= float(share)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=15))
def test_tail_share_edges(counts: list[int]) -> None:
    array = np.array(counts, np.int64)
    assert t_of_tail_share(array, 0.0) == (min(counts), 0.0)  # the smallest entry is not below its own count
    assert t_of_tail_share(array, 1.0) == (max(counts) + 1, 1.0)  # nothing is balanced
    assert t_of_tail_share(np.append(array, 0), 0.0) == (min(counts), 0.0)


def test_tail_share_of_nothing() -> None:
    assert t_of_tail_share(np.array([], np.int64), 0.06) == (1, 0.0)
    assert t_of_tail_share(np.zeros(5, np.int64), 0.06) == (1, 0.0)


def test_tail_share_depends_on_no_order_and_does_not_change_its_input() -> None:
    counts = np.array([9, 1, 4, 0, 4, 100])
    before = counts.copy()
    assert t_of_tail_share(counts, 0.1) == t_of_tail_share(np.sort(counts)[::-1], 0.1) == (9, 9 / 118)
    assert (counts == before).all()


def test_tail_share_of_a_large_pool() -> None:
    """Half a million Zipf counts, against a search that needs no sum of the sorted counts."""
    counts = (10**10 / np.arange(1, 500_001) ** 1.1).astype(np.int64)
    t, tail_share = t_of_tail_share(counts, 0.06)
    total = int(counts.sum())
    assert int(counts[counts < t].sum()) <= 0.06 * total < int(counts[counts < t + 1].sum())
    assert tail_share == int(counts[counts < t].sum()) / total


def test_presets_are_the_papers() -> None:
    assert PAPER_POOLS == {"400m": (20_000, 1_600_000_000), "2.5b": (170_000, 10_700_000_000)}


@given(st.lists(LONGS, max_size=20))
@example([-1, 0, 1, 2**63 - 1, -(2**63), 0x7FF, 0x800])
def test_uniforms_equal_hashing(draws: list[int]) -> None:
    values = uniforms(np.array(draws, np.int64))
    assert values.tolist() == [uniform(draw) for draw in draws]
    assert all(0.0 <= value < 1.0 for value in values)


def kept(lists: list[list[int]], draws: list[int], counts: list[int], t: int) -> list[bool]:
    array = pa.array(lists, pa.list_(pa.int32()))
    pairs = Draws(array.values.to_numpy(), array.offsets.to_numpy(), np.array(draws, np.int64))
    return pairs.kept(HeadProbabilities.at(np.array(counts), t)).tolist()


def test_the_bound_is_strict() -> None:
    """u < keep_prob: a draw exactly at 0.5 is not kept at 0.5, the next smaller one is; 1.0 keeps every draw."""
    draws = [-(2**63), 2**63 - 1, -1, 0]  # uniforms 0.5, 0.5 - 2**-53, 1 - 2**-53, 0
    assert kept([[0], [0], [1], []], draws, [40, 0], 20) == [False, True, True, False]


def test_the_subset_of_a_smaller_t_is_part_of_that_of_a_larger_t() -> None:
    """The same pool and counts: the subset at t=20 lies within the one at t=170 (seed 5)."""
    rng = Random(5)
    lists = [sorted(rng.sample(range(50), rng.randrange(1, 5))) for _ in range(4000)]
    counts = np.bincount([entry_id for ids in lists for entry_id in ids], minlength=50).tolist()
    draws = [pair_hash(DRAW, 5, f"{row:024x}", row) for row in range(len(lists))]
    smaller, larger = (kept(lists, draws, counts, t) for t in (20, 170))
    assert 0 < sum(smaller) < sum(larger) < len(lists)
    assert all(in_larger for in_smaller, in_larger in zip(smaller, larger, strict=True) if in_smaller)


def test_draws_keep_pairs_as_often_as_promised() -> None:
    """200,000 random pairs, H with seed 11: each class's keep rate within 4 standard deviations of its keep_prob.

    σ = sqrt(n p (1 − p)) of a binomial; with five classes and the total the chance of a false alarm is below 0.04 %,
    and the seeds are fixed.
    """
    rng = Random(20240518)
    counts = [10, 25, 40, 200, 2000]
    p = entry_probabilities(np.array(counts), 20)
    classes = [[1], [3], [4], [2, 3], [1, 2, 3, 4]]
    size = 200_000
    lists = [classes[row % len(classes)] for row in range(size)]
    draws = [pair_hash(DRAW, 11, f"{rng.getrandbits(96):024x}", rng.getrandbits(64) - 2**63) for _ in range(size)]
    holds = kept(lists, draws, counts, 20)
    expected_total = variance_total = 0.0
    for ids in classes:
        probability = naive_keep(ids, p.tolist())
        drawn = size // len(classes)
        count = sum(holds[row] for row in range(size) if lists[row] == ids)
        variance = drawn * probability * (1 - probability)
        assert abs(count - drawn * probability) < 4 * math.sqrt(variance), (ids, count, drawn * probability)
        expected_total += drawn * probability
        variance_total += variance
    assert abs(sum(holds) - expected_total) < 4 * math.sqrt(variance_total)
