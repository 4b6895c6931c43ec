"""Clusters: planted ones are found again, assignment equals its definition, and the same sample gives the same ones."""

import numpy as np
import pytest

from udfs.errors import UsageError
from udfs.models.clip_model import normalised
from udfs.models.kmeans import assign, find_centroids
from udfs.models.vectors import stored

RNG = np.random.default_rng(3)
CENTRES = normalised(RNG.normal(size=(8, 32)))
TRUTH = RNG.integers(0, 8, 600)
VECTORS = stored(normalised(CENTRES[TRUTH] + 0.05 * RNG.normal(size=(600, 32))))


def test_planted_clusters_are_found():
    found = assign(VECTORS, find_centroids(VECTORS, 24, 0))
    planted = [set(TRUTH[found.cluster == number]) for number in range(24)]
    assert [len(each) for each in planted] == [1] * 24  # no cluster mixes two planted ones
    assert found.distance.max() < 0.2


def test_the_same_sample_and_seed_give_the_same_centroids():
    centroids = find_centroids(VECTORS, 20, 5)
    assert np.array_equal(centroids, find_centroids(VECTORS, 20, 5))
    assert not np.array_equal(centroids, find_centroids(VECTORS, 20, 6))
    assert centroids.dtype == np.float16
    assert np.allclose(np.linalg.norm(centroids.astype(np.float64), axis=1), 1, atol=1e-3)
    assert len(find_centroids(VECTORS, 3, 2**63 - 1)) == 3


def test_assignment_is_to_the_nearest_whatever_the_batch():
    centroids = find_centroids(VECTORS, 20, 5)
    one = assign(VECTORS, centroids)
    for number, vector in enumerate(VECTORS.astype(np.float64)):
        cosines = [vector @ c / np.linalg.norm(vector) / np.linalg.norm(c) for c in centroids.astype(np.float64)]
        assert one.cluster[number] == int(np.argmax(cosines))
        assert one.distance[number] == pytest.approx(1 - max(cosines))
    apart = [assign(VECTORS[i : i + 7], centroids) for i in range(0, 600, 7)]
    assert np.array_equal(np.concatenate([part.cluster for part in apart]), one.cluster)
    assert np.array_equal(np.concatenate([part.distance for part in apart]), one.distance)


def test_more_clusters_than_vectors():
    with pytest.raises(UsageError, match="--clusters 700: there are only 600 embeddings"):
        find_centroids(VECTORS, 700, 0)
    assert len(find_centroids(VECTORS[:5], 5, 0)) == 5
