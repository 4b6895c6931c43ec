"""Perceptual hashes of 256 bits as four words each, and which of two lists are near each other.

A hash is 32 bytes; its bits are in zigzag order, the lowest frequency first, each byte's highest bit first.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from udfs.errors import BallastError

HASH_BYTES, WORDS = 32, 4
_LEFT_BLOCK, _RIGHT_BLOCK = 64, 2048  # 1 MiB of words, so that a block stays in the processor's cache

Words = npt.NDArray[np.uint64]


class NearPairs(NamedTuple):
    """Positions in two lists of hashes, equal in length; ascending by `left`, then by `right`."""

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]


def hash_words(hashes: pa.Array) -> Words:
    """The hashes (binary of 32 bytes) as big-endian words, of shape (n, 4). A null gives zeros.

    Raises `BallastError` for a hash of another length.
    """
    return np.ascontiguousarray(fixed_bytes(hashes).view(">u8").astype(np.uint64))


def fixed_bytes(values: pa.Array) -> npt.NDArray[np.uint8]:
    """Binary values of 32 bytes each, of shape (n, 32). A null gives zeros; see `hash_words` for errors."""
    try:
        fixed = values.fill_null(bytes(HASH_BYTES)).cast(pa.binary(HASH_BYTES))
    except pa.ArrowInvalid as error:
        raise BallastError(f"a hash or its colours are not {HASH_BYTES} bytes long: {error}") from error
    start = fixed.offset * HASH_BYTES
    buffer = np.frombuffer(fixed.buffers()[1] or b"", np.uint8)
    return buffer[start : start + len(fixed) * HASH_BYTES].reshape(-1, HASH_BYTES)


_ODD_BITS, _ODD_PAIRS, _ODD_NIBBLES, _EACH_BYTE = (
    np.uint64(byte * 0x0101_0101_0101_0101) for byte in (0x55, 0x33, 0x0F, 0x01)
)


def portable_bit_counts(words: Words) -> npt.NDArray[np.uint8]:
    """The set bits of each word, for numpy before 2: adds neighbouring fields of 1, 2 and 4 bits, then all bytes."""
    pairs = words - ((words >> np.uint64(1)) & _ODD_BITS)
    nibbles = (pairs & _ODD_PAIRS) + ((pairs >> np.uint64(2)) & _ODD_PAIRS)
    octets = (nibbles + (nibbles >> np.uint64(4))) & _ODD_NIBBLES
    return ((octets * _EACH_BYTE) >> np.uint64(56)).astype(np.uint8)


bit_counts = getattr(np, "bitwise_count", portable_bit_counts)
"""The number of set bits of each word."""


def near_pairs(left: Words, right: Words, near: int) -> Iterator[NearPairs]:
    """All pairs of hashes that differ in at most `near` bits, by comparing each with each.

    `left` is done in blocks, and each block gives its pairs at once. The first word of two random hashes differs in
    about 32 bits, so the other three are compared for few pairs only.
    """
    first = np.ascontiguousarray(right[:, 0])
    for start in range(0, len(left), _LEFT_BLOCK):
        block = left[start : start + _LEFT_BLOCK]
        found = []
        for column in range(0, len(right), _RIGHT_BLOCK):
            differing = bit_counts(block[:, :1] ^ first[None, column : column + _RIGHT_BLOCK])
            rows, columns = np.nonzero(differing <= near)
            columns += column
            distances = bit_counts(block[rows] ^ right[columns]).sum(axis=1, dtype=np.uint16)
            found.append(np.stack([rows + start, columns])[:, distances <= near])
        pairs = np.concatenate(found, axis=1) if found else np.empty((2, 0), np.int64)
        order = np.lexsort(pairs[::-1])
        yield NearPairs(*pairs[:, order])
