"""The t of a tail share by both rules, against trying every t; and the shares at which it changes."""

from fractions import Fraction

import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.balancing.entry_counts import EntryCounts, Places
from udfs.balancing.paths import CommonShares
from udfs.balancing.probabilities import HeadProbabilities, Tails, entry_probabilities

VECTORS = st.lists(st.one_of(st.integers(0, 9), st.integers(0, 100_000)), min_size=1, max_size=40)
SHARES = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.06, 0.29, 0.5, 1.0]))


def t_of(counts: list[int], share: float, *, nearest: bool = False) -> int:
    return int(Tails(np.array(counts), nearest=nearest).t_of(np.array([share]))[0])


@pytest.mark.parametrize(
    ("counts", "share", "at_most", "nearest"),
    [
        ([0, 5, 100, 1000], 0.06, 100, 100),
        ([5, 7, 9, *[0] * 30], 0.06, 5, 1),
        ([1] * 8 + [0] * 30, 0.06, 1, 1),
    ],
)
def test_the_specifications_examples(counts, share, at_most, nearest):
    """MetaCLIP 2 has 0 for the last two; Ballast's t is at least 1."""
    assert (t_of(counts, share), t_of(counts, share, nearest=True)) == (at_most, nearest)


def largest_t(counts: list[int], share: float) -> int:
    """By trying every t; beyond the largest count all entries are in the tail."""
    total = sum(counts)
    best = 1
    for t in sorted({1, *(count + 1 for count in counts), *(count for count in counts if count)}):
        if Fraction(sum(count for count in counts if count < t), max(total, 1)) <= Fraction(share):
            best = t
    return best


@given(VECTORS, SHARES)
def test_at_most_is_the_largest_t_that_fits(counts, share):
    t = t_of(counts, share)
    assert t == largest_t(counts, share) or exactly_reached(counts, share)
    total = sum(counts)
    below = sum(count for count in counts if count < t)
    assert t >= 1
    if total:
        assert below / total <= share
        further = [count for count in counts if count >= t]
        if further:
            assert (below + min(further) * further.count(min(further))) / total > share
        else:
            assert t == max(counts) + 1 and share >= 1


def exactly_reached(counts: list[int], share: float) -> bool:
    """Whether a tail's share, as a float, equals the wanted one: by its fraction it may be a little more."""
    total = max(sum(counts), 1)
    return any(sum(count for count in counts if count < t) / total == share for t in {c + 1 for c in counts})


@given(VECTORS.filter(any), st.floats(0, 1, exclude_max=True))
def test_nearest_is_the_count_at_the_nearest_cumulative_share(counts, share):
    """In the middle between two, where both are equally near, rounding may decide."""
    ts = {reference.t_of_nearest_share(counts, each) for each in (share, share - 1e-15, share + 1e-15)}
    assert t_of(counts, share, nearest=True) in ts


@given(st.lists(st.integers(0, 30), min_size=1, max_size=12), st.integers(1, 10))
def test_at_most_equals_the_references_loop(counts, tenths):
    if sum(counts):
        assert t_of(counts, tenths / 10) == reference.t_of_tail_share(counts, tenths / 10) or exactly_reached(
            counts, tenths / 10
        )


@given(st.lists(VECTORS, min_size=1, max_size=4), st.booleans())
@settings(max_examples=settings.default.max_examples * 2)
def test_no_t_falls_when_the_share_grows_and_every_t_is_met(vectors, nearest):
    """`between` leaves out no share at which a t changes."""
    codes = [f"a{chr(97 + place)}" for place in range(len(vectors))]
    places = Places.of(dict(zip(codes, map(len, vectors), strict=True)))
    shares = CommonShares(EntryCounts(np.concatenate([np.array(v) for v in vectors]), places), nearest=nearest)
    steps = np.concatenate(([0.0], shares.between(0.0, 1.0)))
    ts = shares.ts(steps)
    assert (np.diff(ts, axis=0) >= 0).all()
    below = [np.cumsum(np.sort(vector)) / max(sum(vector), 1) for vector in vectors]
    dense = np.unique(np.concatenate((np.linspace(0, 1, 199), *below)))
    most = np.array([max([1, *vector]) for vector in vectors])  # a larger t keeps no more
    met = {tuple(row) for row in np.minimum(ts, most).tolist()}
    assert {tuple(row) for row in np.minimum(shares.ts(dense), most).tolist()} <= met


def english() -> np.ndarray:
    """Counts as those of a crawl: most are small, and a few are in the hundreds of millions."""
    rng = np.random.default_rng(19)
    return np.minimum((rng.pareto(0.55, 500_000) * 30).astype(np.int64), 600_000_000)


@pytest.mark.parametrize("t", [20_000, 170_000])
def test_the_anchors_share_gives_its_t_again(t):
    counts = english()
    tails = Tails(counts)
    share = tails.share_below(t)
    assert share == pytest.approx(float(counts[counts < t].sum() / counts.sum()), abs=1e-12)
    again = int(tails.t_of(np.array([share]))[0])
    assert again >= t and not ((counts >= t) & (counts < again)).any()
    assert tails.share_below(again) == pytest.approx(share, abs=1e-12)


def test_other_lists_hold_at_most_the_anchors_share():
    english_share = Tails(english()).share_below(170_000)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        counts = (rng.pareto(0.5 + seed / 20, 3_000) * 20).astype(np.int64)
        t = int(Tails(counts).t_of(np.array([english_share]))[0])
        below, at = counts[counts < t].sum(), counts[counts <= counts[counts >= t].min()].sum()
        assert below / counts.sum() <= english_share < at / counts.sum()


def test_the_tail_keeps_all_matches_and_the_head_as_many_as_expected():
    """Two million matches of 3,000 entries. An entry's kept matches are a sum of independent draws of pairs, each with
    its own probability, so that their mean and variance are known."""
    rng = np.random.default_rng(6)
    entries, pairs = 3_000, 600_000
    weights = 1 / np.arange(1, entries + 1) ** 1.1
    lengths = rng.integers(1, 6, pairs)
    held = rng.choice(entries, lengths.sum(), p=weights / weights.sum())
    rows = np.repeat(np.arange(pairs), lengths)
    rows, held = np.unique(np.stack((rows, held), 1), axis=0).T
    counts = np.bincount(held, minlength=entries)
    t = int(Tails(counts).t_of(np.array([0.06]))[0])
    missed = np.ones(pairs)
    np.multiply.at(missed, rows, 1 - entry_probabilities(counts, t)[held])
    sparse = HeadProbabilities.at(counts, t)
    assert np.array_equal(sparse[held], entry_probabilities(counts, t)[held])
    keep_prob = 1 - missed
    kept = rng.random(pairs) < keep_prob
    kept_matches = np.bincount(held[kept[rows]], minlength=entries)
    expected = np.bincount(held, keep_prob[rows], entries)
    spread = np.sqrt(np.bincount(held, (keep_prob * (1 - keep_prob))[rows], entries))
    tail = counts < t
    assert counts[tail].sum() > 0 and (~tail).sum() > 30
    assert np.array_equal(kept_matches[tail], counts[tail])
    often = spread > 3  # whether one of a few pairs is lost is no matter of a normal distribution
    assert (often & ~tail).sum() > 20
    assert (np.abs(kept_matches - expected)[often] <= 5 * spread[often]).all()
    assert abs(kept.sum() - keep_prob.sum()) <= 5 * np.sqrt((keep_prob * (1 - keep_prob)).sum())
    # at least t matches of a head entry are expected: each of its pairs is kept with t / count or more
    assert (expected[~tail] >= t - 1e-6).all()
