"""Colours of pictures, against plain loops."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.errors import BallastError
from udfs.images.colours import colour_cells, similar_colours

CHROMA = st.one_of(st.none(), st.binary(min_size=32, max_size=32))


def arrays(pairs):
    return (pa.array(column, pa.binary()) for column in ([a for a, _ in pairs], [b for _, b in pairs]))


@given(st.lists(st.tuples(CHROMA, CHROMA)), st.integers(0, 255))
def test_similar_is_the_largest_difference(pairs, near_colour):
    expected = [
        a is None or b is None or all(abs(x - y) <= near_colour for x, y in zip(a, b, strict=True)) for a, b in pairs
    ]
    assert similar_colours(*arrays(pairs), near_colour).tolist() == expected


@pytest.mark.parametrize("value", [130, 82])
def test_one_field_decides(value):
    middle = bytes([106] * 32)
    for field in range(32):
        other = bytes([*middle[:field], value, *middle[field + 1 :]])
        for pair in ((middle, other), (other, middle)):
            assert similar_colours(*arrays([pair]), 24).all()
            assert not similar_colours(*arrays([pair]), 23).any()


@given(st.lists(CHROMA, max_size=8), st.integers(0, 255))
def test_pictures_in_a_cell_have_similar_colours(colours, near_colour):
    cells = colour_cells(pa.array(colours, pa.binary()), near_colour).to_pylist()
    assert cells == [
        None if chroma is None else bytes(value // (near_colour + 1) for value in chroma) for chroma in colours
    ]
    pairs = [(a, b) for a, x in zip(colours, cells, strict=True) for b, y in zip(colours, cells, strict=True) if x == y]
    assert similar_colours(*arrays(pairs), near_colour).all()


def test_colours_of_another_length_are_an_error():
    with pytest.raises(BallastError, match="not 32 bytes long"):
        similar_colours(*arrays([(bytes(32), bytes(31))]), 24)
