"""A hash of what a picture looks like: copies that were re-encoded or resized differ in few of its bits.

It promises nothing about crops and mirrors. The hash sees brightness only; `Signature.chroma` tells colours apart.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image

SIDE, KEPT = 32, 16
LEAST_INK = 1.0
"""A picture with less is flat: its bits would be noise."""
_DECIMALS = 6  # of a term: what symmetry makes zero is not noise
_CHROMA_SIDE = 4

_COSINES = np.cos(np.pi * np.outer(np.arange(KEPT), 2 * np.arange(SIDE) + 1) / (2 * SIDE)) * np.sqrt(2 / SIDE)
_COSINES[0] /= np.sqrt(2)
_TRANSPOSED = np.ascontiguousarray(_COSINES.T)


def zigzag(side: int) -> list[tuple[int, int]]:
    """The (row, column) of a square's cells along its antidiagonals, as JPEG orders them: low frequencies first."""
    cells = ((row, column) for row in range(side) for column in range(side))
    return sorted(cells, key=lambda cell: (sum(cell), cell[1] if sum(cell) % 2 == 0 else cell[0]))


_ZIGZAG = np.array([row * KEPT + column for row, column in zigzag(KEPT)])


class Signature(NamedTuple):
    """What a picture looks like.

    `phash`: 256 bits in zigzag order, the first one the highest bit of the first byte; None for a flat picture. `ink`:
    the size of the largest term but the first; a wave of one grey level has 16. `chroma`: the mean Cb of each cell of a
    grid of 4 by 4, row by row, then the mean Cr.
    """

    phash: bytes | None
    ink: float
    chroma: bytes


def signature(picture: Image.Image) -> Signature:
    """The signature of an upright picture of mode `RGB`.

    The hash is that of the grey picture (`L`), averaged to 32 by 32 (`BOX`). Of its orthonormal DCT-II, the 16 by 16
    terms of low frequency are rounded to 6 decimals; a bit says whether a term is above their median.
    """
    grey = np.asarray(picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX), np.float64)
    terms = np.round(_COSINES.dot(grey).dot(_TRANSPOSED), _DECIMALS).ravel()
    ink = float(np.abs(terms[1:]).max())
    cells = picture.resize((_CHROMA_SIDE, _CHROMA_SIDE), Image.Resampling.BOX).convert("YCbCr").tobytes()
    chroma = cells[1::3] + cells[2::3]
    if ink < LEAST_INK:
        return Signature(None, ink, chroma)
    low, high = np.sort(terms)[KEPT * KEPT // 2 - 1 :][:2]
    return Signature(np.packbits(terms[_ZIGZAG] > (low + high) / 2).tobytes(), ink, chroma)
