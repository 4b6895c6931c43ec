"""Stored embeddings and exact scores, against fractions and plain sorting."""

from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest

from udfs.errors import BallastError
from udfs.models.clip_model import normalised
from udfs.models.vectors import (
    Hit,
    all_cosines,
    best_hits,
    cosines,
    pack,
    rounded,
    stored,
    top_hits,
    unpack,
)

RNG = np.random.default_rng(11)


def random_vectors(count: int, dimensions: int) -> np.ndarray:
    return stored(normalised(RNG.normal(size=(count, dimensions))))


def test_vectors_survive_storing():
    vectors = random_vectors(50, 12)
    column = pack(vectors)
    assert column.type == pa.binary()
    assert column[3].as_py() == b"".join(np.float16(value).tobytes() for value in vectors[3])
    assert np.array_equal(unpack(column, "x"), vectors)
    assert np.array_equal(unpack(column.slice(7, 20), "x"), vectors[7:27])
    assert unpack(pa.array([], pa.binary()), "x").shape[0] == 0


def test_a_vector_without_a_direction_is_null():
    assert pack(normalised(np.array([[1.0, 0], [0, 0], [0, 2]]))).to_pylist() == [
        b"\x00\x3c\x00\x00",
        None,
        b"\0\0\0\x3c",
    ]


@pytest.mark.parametrize("values", [[b"\0\0", b"\0\0\0\0"], [b"\0\0", None], [b"abc", b"abc"], [b"", b""]])
def test_columns_that_are_no_vectors(values):
    with pytest.raises(BallastError, match=r"^HERE: its embeddings take .* bytes: are they of one model"):
        unpack(pa.array(values, pa.binary()), "HERE")


def test_dot_products_are_exact_in_any_order():
    one, other = random_vectors(40, 512), random_vectors(40, 512)
    order = RNG.permutation(512)
    assert np.array_equal(cosines(one, other), cosines(one[:, order], other[:, order]))
    assert np.array_equal(cosines(one, other), all_cosines(one, other).diagonal())
    assert np.array_equal(all_cosines(one[:1], other)[0], all_cosines(one, other)[0])
    true = [
        sum(Fraction(float(a)) * Fraction(float(b)) for a, b in zip(*rows, strict=True))
        for rows in zip(one, other, strict=True)
    ]
    assert (one.astype(np.float64) * other.astype(np.float64)).sum(axis=1).tolist() == [float(value) for value in true]


def test_rounded_scores_are_the_numbers_that_sql_means():
    texts = [f"{place / 10_000:.4f}" for place in range(-10_000, 10_001)]
    noisy = np.array([float(text) for text in texts]) + 4e-5
    assert rounded(noisy).tolist() == [float(text) for text in texts]


@pytest.mark.parametrize("how_many", [1, 10, 500, 5000])
def test_the_top_equals_sorting_everything(how_many):
    vectors = random_vectors(1000, 24)
    vectors = np.concatenate([vectors, vectors[::2]])  # equal scores
    uuids = [f"{number * 7919 % 1500:04}" for number in range(1500)]
    query = random_vectors(1, 24)[0]
    scores = all_cosines(vectors, query[None])[:, 0]
    expected = sorted(zip(-scores, uuids, strict=True))[:how_many]
    found = top_hits(query, pa.array(uuids), vectors, how_many)
    assert [(-hit.score, hit.uuid) for hit in found] == expected


def test_scores_that_float32_cannot_tell_apart_are_sorted():
    query = random_vectors(1, 512)[0]
    vectors = np.tile(query, (3000, 1))
    vectors[np.arange(3000), RNG.integers(0, 512, 3000)] *= np.float16(1.01)
    uuids = [f"{number:04}" for number in RNG.permutation(3000)]
    scores = all_cosines(vectors, query[None])[:, 0]
    expected = sorted(zip(-scores, uuids, strict=True))[:5]
    assert [(-hit.score, hit.uuid) for hit in top_hits(query, pa.array(uuids), vectors, 5)] == expected


def test_hits_of_parts_are_those_of_the_whole():
    vectors, query = random_vectors(300, 8), random_vectors(1, 8)[0]
    uuids = pa.array([f"{number:03}" for number in range(300)])
    parts = [top_hits(query, uuids[start : start + 77], vectors[start : start + 77], 20) for start in range(0, 300, 77)]
    assert best_hits((hit for part in parts for hit in part), 20) == top_hits(query, uuids, vectors, 20)
    assert best_hits([Hit(0.5, "b"), Hit(0.5, "a"), Hit(0.5, "b")], 5) == [Hit(0.5, "a"), Hit(0.5, "b")]
    assert top_hits(query, uuids[:0], vectors[:0], 3) == []
