"""Thumbnails: small, upright, without EXIF; none of what cannot be used."""

import base64
import io

import numpy as np
import pytest
from checked_rows import encoded, picture
from PIL import Image

from udfs.images.options import Limits
from udfs.images.thumbnails import thumbnail_uri


def opened(uri: str | None) -> Image.Image:
    assert uri is not None
    head, data = uri.split(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF"])
def test_it_is_small_and_the_same_picture(format):
    shown = opened(thumbnail_uri(encoded(picture(1, (720, 480)), format)))
    assert (shown.format, shown.mode, shown.size) == ("JPEG", "RGB", (240, 160))
    expected = np.asarray(picture(1, (720, 480)).resize((240, 160), Image.Resampling.BOX), int)
    assert np.abs(np.asarray(shown, int) - expected).mean() < 8


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_it_is_upright_and_has_no_exif(orientation):
    stored = encoded(picture(1), "JPEG", orientation)
    shown = opened(thumbnail_uri(stored))
    assert (
        shown.size == (48, 32)
        and not shown.getexif()
        and shown.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    )
    assert np.abs(np.asarray(shown, int) - np.asarray(picture(1), int)).mean() < 8


def test_an_orientation_that_only_the_metadata_tell():
    on_its_side = encoded(picture(1).rotate(90, expand=True))
    assert opened(thumbnail_uri(on_its_side)).size == (32, 48)
    assert opened(thumbnail_uri(on_its_side, 6)).size == (48, 32)


def test_what_cannot_be_used_has_none():
    image = encoded(picture(1))
    for data in (b"", b"x", image[:200], b"<svg xmlns='http://www.w3.org/2000/svg'/>", encoded(picture(1), "PPM")):
        assert thumbnail_uri(data) is None
    assert thumbnail_uri(image, limits=Limits(max_bytes=100)) is None
    assert thumbnail_uri(image, limits=Limits(max_pixels=48 * 32 - 1)) is None
