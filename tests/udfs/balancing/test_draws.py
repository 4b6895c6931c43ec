"""Statistics of picks and draws: fixed seeds, bounds of 4.5 standard errors (a wrong alarm once in 150,000 checks)."""

import hashlib
import math
from random import Random

import numpy as np
import pyarrow as pa
import pytest

from udfs.balancing.probabilities import entry_probabilities, keep_probabilities
from udfs.hashing import DRAW, PICK, pair_hash, uniform

IMAGES = 20_000
BOUND = 4.5


def uuid_of(number: int) -> str:
    return hashlib.sha224(str(number).encode()).hexdigest()[:24]


def caption_hashes(number: int, captions: int) -> list[int]:
    digest = hashlib.blake2b(f"caption {number}".encode(), digest_size=8 * captions).digest()
    return [int.from_bytes(digest[8 * i : 8 * i + 8], "little", signed=True) for i in range(captions)]


def kept_fraction(captions: int, keep_prob: float, seed: int, draw: str) -> float:
    """Of images with this many captions, the fraction whose picked caption is kept."""
    kept = 0
    for number in range(IMAGES):
        uuid = uuid_of(number)
        picked = min(caption_hashes(number, captions), key=lambda value: pair_hash(PICK, seed, uuid, value))
        kept += uniform(pair_hash(draw, seed, uuid, picked)) < keep_prob
    return kept / IMAGES


@pytest.mark.parametrize("captions", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("keep_prob", [0.05, 0.3, 0.9])
def test_the_pick_does_not_bias_the_draw(captions, keep_prob):
    error = math.sqrt(keep_prob * (1 - keep_prob) / IMAGES)
    assert abs(kept_fraction(captions, keep_prob, 11, DRAW) - keep_prob) < BOUND * error


def test_the_check_would_detect_a_bias():
    """With one hash for both, the picked caption's uniform leans to one side: the check above has the power to fail.

    Picks order H as a signed number, so that the smallest have their top bit set: uniforms from one half upwards.
    """
    error = math.sqrt(0.3 * 0.7 / IMAGES)
    assert abs(kept_fraction(3, 0.3, 11, PICK) - 0.3) > 20 * error


def test_draws_are_uniform_over_pairs_and_seeds():
    """Ten bins of a hundred thousand draws: chi-squared with 9 degrees of freedom, 33.7 at p = 0.0001."""
    bins = [0] * 10
    for number in range(10_000):
        for seed in range(10):
            bins[int(uniform(pair_hash(DRAW, seed, uuid_of(number), number)) * 10)] += 1
    assert sum((count - 10_000) ** 2 / 10_000 for count in bins) < 33.7


def test_draws_of_two_seeds_are_independent():
    both = sum(
        uniform(pair_hash(DRAW, 1, uuid_of(n), n)) < 0.5 and uniform(pair_hash(DRAW, 2, uuid_of(n), n)) < 0.5
        for n in range(IMAGES)
    )
    assert abs(both / IMAGES - 0.25) < BOUND * math.sqrt(0.25 * 0.75 / IMAGES)


ENTRIES, T = 40, 60


@pytest.fixture(scope="module")
def pool() -> tuple[list[list[int]], np.ndarray]:
    """Pairs of one to four entries, some of which are in most pairs, and the keep probability of each."""
    rng = Random(4)
    weights = [1 / rank for rank in range(1, ENTRIES + 1)]
    lists = [sorted(set(rng.choices(range(ENTRIES), weights, k=rng.randint(1, 4)))) for _ in range(IMAGES)]
    ids = pa.array(lists, pa.list_(pa.int32()))
    counts = np.bincount(ids.values.to_numpy(), minlength=ENTRIES)
    return lists, keep_probabilities(ids.values.to_numpy(), ids.offsets.to_numpy(), entry_probabilities(counts, T))


@pytest.mark.parametrize("seed", [0, 1, -3])
def test_kept_counts_of_entries_are_as_expected(pool, seed):
    """Of each entry, the kept pairs that hold it: their expectation, and as many standard errors at most; and the whole
    subset's size."""
    lists, keep_prob = pool
    kept = np.array([uniform(pair_hash(DRAW, seed, uuid_of(n), n)) for n in range(IMAGES)]) < keep_prob
    for entry_id in range(ENTRIES):
        holds = np.array([entry_id in ids for ids in lists])
        error = math.sqrt((keep_prob[holds] * (1 - keep_prob[holds])).sum())
        assert abs(kept[holds].sum() - keep_prob[holds].sum()) < BOUND * error
    assert abs(kept.sum() - keep_prob.sum()) < BOUND * math.sqrt((keep_prob * (1 - keep_prob)).sum())


def test_pairs_that_share_an_entry_are_drawn_independently(pool):
    """Neighbours among the pairs of each frequent entry, and the captions of one image: kept both as often as the
    product of their probabilities says."""
    lists, keep_prob = pool
    kept = np.array([uniform(pair_hash(DRAW, 5, uuid_of(n // 2), n)) for n in range(IMAGES)]) < keep_prob
    groups = [[n for n in range(IMAGES) if entry_id in lists[n]] for entry_id in range(5)]
    for group in [*groups, list(range(IMAGES))]:  # the last: two captions of each image side by side
        first, second = np.array(group[: len(group) // 2 * 2]).reshape(-1, 2).T
        both = keep_prob[first] * keep_prob[second]
        assert abs((kept[first] & kept[second]).sum() - both.sum()) < BOUND * math.sqrt((both * (1 - both)).sum())
