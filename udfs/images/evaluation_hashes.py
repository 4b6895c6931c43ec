"""The hashes of evaluation pictures, and the first one that an image is near to."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from udfs.images.colours import similar_colours
from udfs.images.hamming import Words, hash_words, near_pairs


class EvaluationHashes(NamedTuple):
    """Hashes of pictures in their order of precedence: `words` of shape (n, 4), and `chroma`, binary with nulls."""

    words: Words
    chroma: pa.Array

    @classmethod
    def of(cls, phash: pa.Array, chroma: pa.Array) -> "EvaluationHashes":
        """From binary columns of 32 bytes; only `chroma` may have nulls."""
        return cls(hash_words(phash), chroma)

    def first_near(
        self, phash: pa.Array, chroma: pa.Array, near: int, near_colour: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The images that are near a picture, by comparing each with each, and the first picture of each.

        Takes binary columns of 32 bytes, with nulls; returns positions of images, ascending, and of pictures. An image
        is near a picture if their hashes differ in at most `near` bits, and their colours in no field by more than
        `near_colour`. One without a hash is near none.
        """
        hashed = np.flatnonzero(np.asarray(phash.is_valid()))
        phash, chroma = phash.take(pa.array(hashed)), chroma.take(pa.array(hashed))
        images, pictures = [], []
        for pairs in near_pairs(hash_words(phash), self.words, near):
            left, right = chroma.take(pa.array(pairs.left)), self.chroma.take(pa.array(pairs.right))
            keep = similar_colours(left, right, near_colour)
            found, first = np.unique(pairs.left[keep], return_index=True)
            images.append(found)
            pictures.append(pairs.right[keep][first])
        if not images:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return hashed[np.concatenate(images)], np.concatenate(pictures)
