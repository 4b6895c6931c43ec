"""Stored embeddings: little-endian float16, each of length 1, and exact scores of them.

A product of two float16 numbers up to 1 is a multiple of 2**-48, and a float64 holds such multiples exactly up to 32.
So a dot product in float64 is exact, whatever the order of its terms: scores depend on the stored bytes alone, not on
the machine, the batch or the partition.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from udfs.errors import BallastError

Halves = npt.NDArray[np.float16]
Floats = npt.NDArray[np.float64]

STORED = np.dtype("<f2")
DECIMALS = 4
"""Scores are rounded to so many decimals."""

_BLOCK_ROWS = 1 << 14
_SLACK = 1e-3  # more than float32 errs in a dot product of 4,096 dimensions


def pack(vectors: npt.NDArray[np.floating]) -> pa.Array:
    """Vectors, (n, dimensions), as a column of binary, in which a vector with a NaN is null."""
    is_lost = np.isnan(vectors).any(axis=1)
    data = np.where(is_lost[:, None], 0, vectors).astype(STORED)
    offsets = np.arange(len(data) + 1, dtype=np.int32) * np.int32(data.shape[1] * STORED.itemsize)
    buffers = [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(data.tobytes())]
    return pc.if_else(pa.array(is_lost), None, pa.Array.from_buffers(pa.binary(), len(data), buffers))


def unpack(column: pa.Array, where: str) -> Halves:
    """A column of binary without nulls as (n, dimensions). Raises `BallastError`, which begins with `where`, for a null
    and for vectors of several lengths."""
    if not len(column):
        return np.zeros((0, 0), STORED)
    lengths = pc.unique(pc.binary_length(column)).to_pylist()
    if len(lengths) != 1 or not lengths[0] or lengths[0] % STORED.itemsize:
        raise BallastError(
            f"{where}: its embeddings take {', '.join(map(str, lengths[:3]))} bytes: are they of one model?"
        )
    data = np.frombuffer(column.buffers()[2], np.uint8)
    first = np.frombuffer(column.buffers()[1], np.int32, 1, column.offset * 4)[0]
    return data[first : first + len(column) * lengths[0]].view(STORED).reshape(len(column), -1)


def stored(vectors: npt.NDArray[np.floating]) -> Halves:
    """Vectors as they would be read again after they were stored."""
    return vectors.astype(STORED)


def cosines(one: Halves, other: Halves) -> Floats:
    """The cosine of each row of `one` with the same row of `other`, not rounded. Both are (n, dimensions)."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    return (a * b).sum(axis=1) / (_lengths(a) * _lengths(b))


def all_cosines(rows: Halves, others: Halves) -> Floats:
    """The cosine of each of `rows`, (n, dimensions), with each of `others`, (m, dimensions): (n, m), not rounded."""
    a, b = rows.astype(np.float64), others.astype(np.float64)
    return (a @ b.T) / (_lengths(a)[:, None] * _lengths(b))


def rounded(scores: Floats) -> Floats:
    """Scores as they are stored: each is the float64 that is nearest to its decimal number, so that `score >= 0.29` in
    SQL includes 0.29."""
    return np.rint(scores * 10**DECIMALS) / 10**DECIMALS


def _lengths(vectors: Floats) -> Floats:
    lengths: Floats = np.sqrt((vectors * vectors).sum(axis=1))
    return lengths


class Hit(NamedTuple):
    """A row that a search found: its cosine, not rounded, and its id. Hits are sorted by `order`."""

    score: float
    uuid: str

    @property
    def order(self) -> tuple[float, str]:
        """The best comes first, and of equal ones the smallest id."""
        return -self.score, self.uuid


def best_hits(hits: Iterable[Hit], how_many: int) -> list[Hit]:
    """The best of the hits that several searches found, each id once."""
    return sorted(set(hits), key=lambda hit: hit.order)[:how_many]


def top_hits(query: Halves, uuids: pa.Array, vectors: Halves, how_many: int) -> list[Hit]:
    """The rows nearest to a query, (dimensions), exactly.

    A scan in float32 finds candidates, a few more than are asked for; these are scored exactly.
    """
    wanted = query.astype(np.float32)
    rough = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), _BLOCK_ROWS):
        block = vectors[start : start + _BLOCK_ROWS].astype(np.float32)
        rough[start : start + _BLOCK_ROWS] = (block @ wanted) / np.sqrt(np.einsum("ij,ij->i", block, block))
    if len(rough) > how_many:
        least = np.partition(rough, len(rough) - how_many)[len(rough) - how_many]
        near = np.flatnonzero(rough >= least - _SLACK * float(np.linalg.norm(wanted)))
    else:
        near = np.arange(len(rough))
    exact = all_cosines(vectors[near], query[None])[:, 0]
    ids = uuids.take(pa.array(near)).to_pylist()
    return best_hits((Hit(float(score), uuid) for score, uuid in zip(exact, ids, strict=True)), how_many)
