"""Which images are encoded again on the way into a tar, and what they look like then."""

import io
from dataclasses import replace

import numpy as np
import pytest
from checked_rows import encoded, picture
from PIL import Image

from udfs.images.encoding import Encoded, Encoding, Stored, encode

OPEN_CLIP = Encoding()
METACLIP = Encoding(frozenset({"JPEG"}))


def done(format: str, encoding: Encoding, orientation: int = 1, **options: object) -> tuple[bytes, Encoded]:
    image = encoded(picture(3), format, orientation, **options)
    return image, encode(image, Stored(format, 48, 32, orientation, False), encoding)


@pytest.mark.parametrize(
    ("format", "encoding", "orientation", "again"),
    [
        ("JPEG", OPEN_CLIP, 1, False),
        ("JPEG", OPEN_CLIP, 6, False),
        ("PNG", OPEN_CLIP, 1, False),
        ("WEBP", OPEN_CLIP, 1, False),
        ("GIF", OPEN_CLIP, 1, True),
        ("BMP", OPEN_CLIP, 1, True),
        ("TIFF", OPEN_CLIP, 1, True),
        ("AVIF", OPEN_CLIP, 1, True),
        ("PNG", METACLIP, 1, True),
        ("JPEG", METACLIP, 8, False),
        ("JPEG", replace(OPEN_CLIP, upright=True), 1, False),
        ("JPEG", replace(OPEN_CLIP, upright=True), 3, True),
        ("JPEG", replace(OPEN_CLIP, max_side=48), 6, False),
        ("JPEG", replace(OPEN_CLIP, max_side=24), 6, True),
        ("PNG", replace(OPEN_CLIP, max_side=36), 1, True),
        ("JPEG", replace(OPEN_CLIP, strip_exif=True), 8, True),
    ],
)
def test_only_what_must_be_is_encoded_again(format, encoding, orientation, again):
    image, found = done(format, encoding, orientation)
    assert found.again == again
    if not again:
        assert (found.image, found.format, found.width, found.height) == (image, format, 48, 32)
        return
    with Image.open(io.BytesIO(found.image)) as opened:
        side = encoding.max_side or 48
        assert (opened.format, opened.mode, opened.size) == (found.format, "RGB", (side, side * 2 // 3))
        assert (found.width, found.height) == opened.size and not opened.getexif()
        expected = picture(3).resize(opened.size, Image.Resampling.LANCZOS)
        difference = np.abs(np.asarray(opened, int) - np.asarray(expected, int))
        assert difference.mean() < 6, "upright, and the same picture"


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_exif_is_cut_out_without_encoding_again(format):
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    image, found = done(format, replace(OPEN_CLIP, strip_exif=True), exif=exif.tobytes())
    assert not found.again and found.format == format
    assert b"taken at home" in image and b"taken at home" not in found.image
    before, after = (np.asarray(Image.open(io.BytesIO(data))) for data in (image, found.image))
    assert np.array_equal(before, after)


def test_a_rotation_that_only_the_metadata_tell():
    """The bytes have no EXIF: nothing is to be cut out of them, and --upright rotates them all the same."""
    image = encoded(picture(3).rotate(90, expand=True))
    stored = Stored("JPEG", 48, 32, 6, orientation_lost=True)
    assert not encode(image, stored, replace(OPEN_CLIP, strip_exif=True)).again
    turned = encode(image, stored, replace(OPEN_CLIP, upright=True))
    pixels = np.asarray(Image.open(io.BytesIO(turned.image)), int)
    assert np.abs(pixels - np.asarray(picture(3), int)).mean() < 6
