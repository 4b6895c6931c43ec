"""The colours of a picture: 32 bytes, the means of Cb and then of Cr in 4 × 4 fields.

A hash sees brightness only: a droplet of water and a drop of blood have the same.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from udfs.images.hamming import fixed_bytes


def similar_colours(left: pa.Array, right: pa.Array, near_colour: int) -> npt.NDArray[np.bool_]:
    """Whether no field of two pictures differs by more than `near_colour`. A null has any colours.

    `left` and `right` are binary of 32 bytes, equally long; raises `BallastError` for other lengths.
    """
    first, second = fixed_bytes(left), fixed_bytes(right)
    differences = np.maximum(first, second) - np.minimum(first, second)
    unknown = np.asarray(left.is_null()) | np.asarray(right.is_null())
    return (differences.max(axis=1, initial=0) <= near_colour) | unknown


def colour_cells(colours: pa.Array, near_colour: int) -> pa.Array:
    """Each field divided by `near_colour` + 1, rounded down: pictures with equal results have similar colours."""
    cells = (fixed_bytes(colours).astype(np.uint16) // (near_colour + 1)).astype(np.uint8)
    return pa.array([row.tobytes() for row in cells], pa.binary(), mask=np.asarray(colours.is_null()))
