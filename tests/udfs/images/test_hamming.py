"""Distances of hashes, against Python's integers."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.errors import BallastError
from udfs.images import hamming
from udfs.images.hamming import hash_words, near_pairs, portable_bit_counts

HASHES = st.lists(st.binary(min_size=32, max_size=32), max_size=6)


@given(st.lists(st.integers(0, 2**64 - 1)))
def test_both_ways_of_counting_bits(words):
    expected = [word.bit_count() for word in words]
    for counts in (portable_bit_counts, hamming.bit_counts):
        assert counts(np.array(words, np.uint64)).tolist() == expected


@given(HASHES, st.integers(0, 3))
def test_words_are_the_bytes_in_order(hashes, sliced):
    words = hash_words(pa.array([None, *hashes], pa.binary())[sliced:])
    expected = [bytes(32), *hashes][sliced:]
    assert [b"".join(int(word).to_bytes(8, "big") for word in row) for row in words] == expected


@pytest.mark.parametrize("count", ["bitwise_count", "portable"])
def test_near_pairs_are_those_of_brute_force(monkeypatch, count):
    """In blocks that are smaller than the lists; from equal hashes to any."""
    if count == "portable":
        monkeypatch.setattr(hamming, "bit_counts", portable_bit_counts)
    monkeypatch.setattr(hamming, "_LEFT_BLOCK", 7)
    monkeypatch.setattr(hamming, "_RIGHT_BLOCK", 10)
    rng = np.random.default_rng(1)
    left = rng.integers(0, 2**64, (40, 4), np.uint64)
    right = np.concatenate([left[rng.integers(0, 40, 60)], rng.integers(0, 2**64, (5, 4), np.uint64)])
    for row in right[:50]:
        for bit in rng.choice(256, rng.integers(0, 20), replace=False):
            row[bit // 64] ^= np.uint64(1 << int(bit % 64))
    distances = [[sum((int(x) ^ int(y)).bit_count() for x, y in zip(a, b, strict=True)) for b in right] for a in left]
    for near in (0, 8, 16, 110, 256):
        blocks = list(near_pairs(left, right, near))
        found = [pair for block in blocks for pair in zip(block.left.tolist(), block.right.tolist(), strict=True)]
        assert found == [(a, b) for a in range(40) for b in range(65) if distances[a][b] <= near]


def test_without_hashes_nothing_is_near():
    none, one = np.empty((0, 4), np.uint64), np.zeros((1, 4), np.uint64)
    assert list(near_pairs(none, one, 256)) == []
    assert [len(block.left) for block in near_pairs(one, none, 256)] == [0]


def test_a_hash_of_another_length_is_an_error():
    with pytest.raises(BallastError, match="a hash or its colours are not 32 bytes long"):
        hash_words(pa.array([bytes(32), bytes(8)], pa.binary()))
