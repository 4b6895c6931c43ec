"""Bands of a hash: near hashes usually agree in all bits of one, so that a join finds them.

Nine bands of 28 bits take bits 0 to 251 of the zigzag order; the four highest frequencies are in none. Hashes that
differ in at most 8 bits agree in a band for sure. Beyond, the flipped bits may hit every band: random flips leave one
alone in 99.5 % of pairs at 10 flips, 97.0 % at 12, 91.4 % at 14 and 82.9 % at 16. Two random hashes agree in a band
once in 30 million pairs.

Finding all pairs up to 16 for sure is possible, and costs more. Cut the hash into 20 blocks of 12 or 13 bits, of which
16 flips leave at least four alone. Put the blocks into three sets; two of the four are in one set, so each pair of
blocks within a set is a key. That is 57 keys of about 25.6 bits: 6 times the rows to shuffle, and 33 times the random
candidates, which at 400 million images are 220 for each image instead of 7.
"""

import numpy as np
import numpy.typing as npt

from udfs.images.hamming import Words

BANDS, BAND_BITS = 9, 28
SURE_NEAR = BANDS - 1
"""Hashes that differ in at most so many bits agree in a band."""

_WORD_BITS = 64


def band_keys(words: Words) -> npt.NDArray[np.int64]:
    """The bits of each band, with the band's number above them: of shape (n, 9), for words of shape (n, 4)."""
    keys = np.empty((len(words), BANDS), np.int64)
    mask = np.uint64((1 << BAND_BITS) - 1)
    for band in range(BANDS):
        word, first = divmod(band * BAND_BITS, _WORD_BITS)
        beyond = first + BAND_BITS - _WORD_BITS
        if beyond <= 0:
            bits = words[:, word] >> np.uint64(-beyond)
        else:
            bits = (words[:, word] << np.uint64(beyond)) | (words[:, word + 1] >> np.uint64(_WORD_BITS - beyond))
        keys[:, band] = (bits & mask).astype(np.int64) | (band << BAND_BITS)
    return keys
