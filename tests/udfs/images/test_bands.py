"""The bands of hashes, against the text of their bits."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from udfs.images.bands import BANDS, SURE_NEAR, band_keys
from udfs.images.hamming import hash_words


def keys_of(*hashes):
    return band_keys(hash_words(pa.array(hashes, pa.binary())))


@given(st.binary(min_size=32, max_size=32))
def test_a_band_is_28_bits_and_its_number(phash):
    bits = f"{int.from_bytes(phash, 'big'):0256b}"
    assert keys_of(phash).tolist() == [[band << 28 | int(bits[band * 28 :][:28], 2) for band in range(9)]]


@given(st.binary(min_size=32, max_size=32), st.sets(st.integers(0, 255), max_size=SURE_NEAR))
def test_few_flips_leave_a_band_alone(phash, flips):
    number = int.from_bytes(phash, "big")
    for bit in flips:
        number ^= 1 << bit
    first, second = keys_of(phash, number.to_bytes(32, "big"))
    assert np.any(first == second)


def test_a_flip_in_each_band_leaves_none():
    number = sum(1 << (255 - 28 * band) for band in range(BANDS))
    first, second = keys_of(bytes(32), number.to_bytes(32, "big"))
    assert not np.any(first == second)
