"""A code for the first three bytes of a tag's name, by which numpy looks up many tags in one table.

The code holds the low five bits of each byte, so it is the same for upper and lower case. Some other bytes share codes
with letters: a table only narrows the search, and the reader compares the names themselves.
"""

import numpy as np
import numpy.typing as npt

BITS = 5  # of the code, for each byte
CODES = 1 << 3 * BITS  # the length of a table
_MASK = (1 << BITS) - 1


def tag_code(name: bytes) -> int:
    """The code of a name. The missing bytes of a name shorter than three count as zero."""
    return sum((byte & _MASK) << BITS * index for index, byte in enumerate(name[:3]))


def tag_codes(data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.uint16]:
    """The codes of the names that start at these indexes of a page. Two more bytes must follow each start."""
    codes = (data[starts] & _MASK).astype(np.uint16)
    codes |= (data[1:][starts] & _MASK).astype(np.uint16) << BITS
    codes |= (data[2:][starts] & _MASK).astype(np.uint16) << 2 * BITS
    return codes
