"""Spherical k-means: FAISS finds the centroids on a sample, and the assignment to them is exact."""

from typing import NamedTuple

import faiss
import numpy as np
import numpy.typing as npt

from udfs.errors import UsageError
from udfs.models.clip_model import normalised
from udfs.models.vectors import Floats, Halves, all_cosines, stored

POINTS_PER_CLUSTER = 256
"""How many vectors of the sample a cluster has on average: more do not make better centroids."""

_ITERATIONS = 25
_BLOCK = 1 << 23
"""How many cosines are in memory at once."""


def find_centroids(sample: Halves, clusters: int, seed: int) -> Halves:
    """The centroids, (clusters, dimensions), each of length 1, stored as embeddings are.

    The same sample in the same order, and the same seed, give the same centroids. Raises `UsageError` for fewer vectors
    than clusters.
    """
    if len(sample) < clusters:
        raise UsageError(f"--clusters {clusters:,}: there are only {len(sample):,} embeddings: ask for fewer clusters")
    kmeans = faiss.Kmeans(
        sample.shape[1],
        clusters,
        niter=_ITERATIONS,
        seed=seed & 0x7FFFFFFF,  # FAISS takes a C int
        spherical=True,
        gpu=False,
        min_points_per_centroid=1,  # only a warning, on the standard error
        max_points_per_centroid=max(POINTS_PER_CLUSTER, -(-len(sample) // clusters)),
    )
    kmeans.train(np.ascontiguousarray(sample, np.float32))
    return stored(normalised(np.asarray(kmeans.centroids)))


class Assigned(NamedTuple):
    """`cluster`: the number of the nearest centroid, of equally near ones the smallest; `distance`: 1 - cosine."""

    cluster: npt.NDArray[np.int64]
    distance: Floats


def assign(vectors: Halves, centroids: Halves) -> Assigned:
    """The nearest centroid of each vector, by blocks of vectors."""
    rows = max(_BLOCK // len(centroids), 1)
    blocks = [_assigned(vectors[start : start + rows], centroids) for start in range(0, len(vectors), rows)]
    return Assigned(*(np.concatenate(column) for column in zip(*blocks, strict=True)))


def _assigned(vectors: Halves, centroids: Halves) -> Assigned:
    scores = all_cosines(vectors, centroids)
    nearest = scores.argmax(axis=1)
    return Assigned(nearest, 1 - scores[np.arange(len(scores)), nearest])
