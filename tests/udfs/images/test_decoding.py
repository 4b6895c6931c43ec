"""Each kind of image has the outcome that was written down for it, and decodes to the RGB that arithmetic gives."""

import io
import resource
import struct
import time
from pathlib import Path

import numpy as np
import pytest
from bad_images import (
    bad_images,
    encoded,
    exif,
    gif_of_frames,
    good_images,
    jpeg_of_size,
    photograph,
    png,
    png_bomb,
    webp_of_size,
)
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from udfs.image_outcomes import ImageOutcome
from udfs.images.decoding import ENOUGH_SIDE, Picture, Unusable, decode
from udfs.images.examination import examine
from udfs.images.formats import MOST_FRAMES
from udfs.images.options import Limits
from udfs.images.perceptual_hash import signature

LIMITS = Limits()
ASYMMETRIC = photograph(3, 40, 24)


def pixels(data: bytes, told: int | None = None, limits: Limits = LIMITS) -> np.ndarray:
    return np.asarray(decode(data, limits, told).pixels, int)


@pytest.mark.parametrize("name", [*good_images(), *bad_images()])
def test_outcomes_are_those_written_down(name: str) -> None:
    data, expected = {**good_images(), **bad_images()}[name]
    examined = examine(data, LIMITS, None)
    assert (examined.outcome, examined.error is None) == (expected, expected == "success")
    assert " at 0x" not in (examined.error or "") and "\n" not in (examined.error or "")


def stored(picture: Image.Image, orientation: int) -> Image.Image:
    """The picture as a file with this orientation stores it: the place of each pixel is that of the EXIF standard, by
    which the stored row 0 and column 0 are these sides of the picture."""
    upright = np.asarray(picture)
    sides = {
        1: upright,
        2: upright[:, ::-1],  # top, right
        3: upright[::-1, ::-1],  # bottom, right
        4: upright[::-1],  # bottom, left
        5: upright.swapaxes(0, 1),  # left, top
        6: upright[:, ::-1].swapaxes(0, 1),  # right, top
        7: upright[::-1, ::-1].swapaxes(0, 1),  # right, bottom
        8: upright[::-1].swapaxes(0, 1),  # left, bottom
    }
    return Image.fromarray(np.ascontiguousarray(sides[orientation]))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["PNG", "TIFF", "WEBP", "AVIF", "told"])
def test_pictures_are_turned_upright(orientation: int, format_: str) -> None:
    """Whether the bytes tell the orientation, or only img2dataset's metadata."""
    lossless = {"WEBP": {"lossless": True}, "AVIF": {"quality": 100, "subsampling": "4:4:4"}}.get(format_, {})
    turned = stored(ASYMMETRIC, orientation)
    own = {} if format_ == "told" else {"exif": exif(orientation)}
    data = encoded(turned, "PNG" if format_ == "told" else format_, **own, **lossless)
    picture = decode(data, LIMITS, orientation if format_ == "told" else None)
    assert (picture.width, picture.height, picture.orientation) == (40, 24, orientation)
    assert picture.orientation_lost == (format_ == "told" and orientation != 1)
    difference = np.abs(np.asarray(picture.pixels, int) - np.asarray(ASYMMETRIC, int))
    assert difference.max() <= (4 if format_ == "AVIF" else 0)
    if format_ != "AVIF":
        assert signature(picture.pixels) == signature(ASYMMETRIC)


def test_the_orientation_in_the_bytes_counts_before_that_which_is_told() -> None:
    data = encoded(stored(ASYMMETRIC, 6), "JPEG", exif=exif(6), quality=95)
    assert decode(data, LIMITS, 3).orientation == 6
    upright = decode(encoded(ASYMMETRIC, "JPEG", exif=exif(1)), LIMITS, 6)
    assert (upright.orientation, upright.orientation_lost) == (1, False)
    assert decode(encoded(ASYMMETRIC, "JPEG", exif=exif(9)), LIMITS, 6).orientation == 6, "9 is no orientation"


def test_transparency_becomes_white() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (20, 30, 4)).astype(np.uint8)
    alpha = colours[..., 3:].astype(float) / 255
    expected = np.rint(colours[..., :3] * alpha + 255 * (1 - alpha))
    assert np.abs(pixels(encoded(Image.fromarray(colours), "PNG")) - expected).max() <= 1
    grey = np.repeat(colours[..., :1], 3, axis=2)
    with_alpha = Image.fromarray(np.ascontiguousarray(colours[..., [0, 3]]), "LA")
    assert np.abs(pixels(encoded(with_alpha, "PNG")) - np.rint(grey * alpha + 255 * (1 - alpha))).max() <= 1


def test_palettes() -> None:
    palette = [(0, 0, 0), (200, 10, 20), (5, 250, 90), (255, 255, 0)]
    rows = b"".join(bytes([0, *((at + row) % 4 for at in range(8))]) for row in range(6))
    chunk = (b"PLTE", bytes(value for colour in palette for value in colour))
    expected = np.array([[palette[(at + row) % 4] for at in range(8)] for row in range(6)])
    assert (pixels(png(8, 6, 8, 3, rows, chunk)) == expected).all()
    clear = (b"tRNS", b"\x00\xff\x80")  # the first colour is clear, the third one half clear
    expected[expected.sum(axis=2) == 0] = 255
    expected[(expected == palette[2]).all(axis=2)] = [(value * 128 + 255 * 127) / 255 for value in palette[2]]
    assert np.abs(pixels(png(8, 6, 8, 3, rows, chunk, clear)) - expected).max() <= 1


def test_a_transparent_colour_becomes_white() -> None:
    rows = bytes([0, 10, 20, 30, 1, 2, 3])
    assert pixels(png(2, 1, 8, 2, rows, (b"tRNS", struct.pack(">HHH", 1, 2, 3)))).tolist() == [
        [[10, 20, 30], [255, 255, 255]]
    ]


def test_of_sixteen_bits_the_upper_eight_count() -> None:
    values = np.arange(0, 65536, 16, dtype=np.uint16).reshape(64, 64)
    expected = np.repeat((values >> 8)[..., None], 3, axis=2)
    for format_ in ("PNG", "TIFF"):
        data = encoded(Image.fromarray(values), format_)
        assert (pixels(data) == expected).all()
        assert decode(data, LIMITS).is_sixteen_bit
    rows = b"".join(b"\0" + struct.pack(">12H", *range(row * 9000, row * 9000 + 12 * 500, 500)) for row in range(4))
    coloured = decode(png(4, 4, 16, 2, rows), LIMITS)
    assert coloured.is_sixteen_bit and coloured.mode == "RGB"
    assert np.asarray(coloured.pixels)[1, 0].tolist() == [value >> 8 for value in (9000, 9500, 10000)]


def test_cmyk() -> None:
    inks = np.zeros((16, 16, 4), np.uint8)
    inks[:, 4:8, 0], inks[:, 8:12, 3], inks[:, 12:] = 255, 128, (0, 255, 255, 0)
    data = encoded(Image.fromarray(inks, "CMYK"), "TIFF")
    expected = np.rint((255 - inks[..., :3].astype(float)) * (255 - inks[..., 3:]) / 255)
    assert np.abs(pixels(data) - expected).max() <= 1
    jpeg = encoded(Image.fromarray(inks, "CMYK"), "JPEG", quality=100, subsampling=0)
    assert np.abs(pixels(jpeg) - expected).max() <= 6


def test_icc_profiles_are_ignored_unless_asked_for() -> None:
    picture = photograph(4)
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    data = encoded(picture, "PNG", icc_profile=lab.tobytes())
    assert (pixels(data) == np.asarray(picture)).all()
    assert np.abs(pixels(data, limits=Limits(icc=True)) - np.asarray(picture, int)).max() <= 1
    swapped = swapped_profile(lab.tobytes())
    other = encoded(picture, "PNG", icc_profile=swapped)
    assert (pixels(other) == np.asarray(picture)).all()
    assert np.abs(pixels(other, limits=Limits(icc=True)) - np.asarray(picture, int)[..., ::-1]).max() <= 2
    clear = encoded(picture.convert("RGBA"), "PNG", icc_profile=swapped)
    assert np.abs(pixels(clear, limits=Limits(icc=True)) - np.asarray(picture, int)[..., ::-1]).max() <= 2
    assert (pixels(encoded(picture, "PNG", icc_profile=b"none"), limits=Limits(icc=True)) == np.asarray(picture)).all()


def swapped_profile(profile: bytes) -> bytes:
    """sRGB with red and blue exchanged."""
    return profile.replace(b"rXYZ", b"\0swp").replace(b"bXYZ", b"rXYZ").replace(b"\0swp", b"bXYZ")


def test_of_an_animation_the_first_frame_counts() -> None:
    frames = [photograph(seed, 24, 24) for seed in range(5)]
    for format_, options in (("PNG", {}), ("WEBP", {"lossless": True})):
        data = encoded(frames[0], format_, save_all=True, append_images=frames[1:], **options)
        assert decode(data, LIMITS).frames == 5
        assert (pixels(data) == np.asarray(frames[0])).all()


def test_frames_of_gifs_are_those_that_pillow_counts() -> None:
    for frames in (1, 2, 37):
        images = [photograph(seed, 9, 7) for seed in range(frames)]
        data = encoded(images[0], "GIF", save_all=True, append_images=images[1:], comment=b"c" * 300)
        with Image.open(io.BytesIO(data)) as opened:
            assert decode(data, LIMITS).frames == opened.n_frames == frames
    assert decode(gif_of_frames(10_001), LIMITS).frames == MOST_FRAMES


def test_large_jpegs_are_decoded_smaller_and_keep_their_size() -> None:
    side = 2 * ENOUGH_SIDE
    for size, decoded in (((side, side + 7), (512, 516)), ((side - 1, side), (side - 1, side))):
        for mode in ("RGB", "L", "CMYK"):
            picture = decode(encoded(photograph(5).resize(size).convert(mode), "JPEG"), LIMITS)
            assert (picture.width, picture.height) == size and picture.pixels.size == decoded
            assert picture.pixels.mode == "RGB"


def test_limits() -> None:
    data = encoded(photograph(0, 50, 20), "PNG")

    def outcome(limits: Limits) -> ImageOutcome:
        return examine(data, limits, None).outcome

    assert outcome(Limits(max_pixels=1000, min_side=20)) == ImageOutcome.SUCCESS
    assert outcome(Limits(max_pixels=999)) == ImageOutcome.TOO_MANY_PIXELS
    assert outcome(Limits(min_side=21)) == ImageOutcome.TOO_SMALL


def test_bombs_cost_neither_memory_nor_time() -> None:
    decode(encoded(photograph(0)), LIMITS)
    status, peak = Path("/proc/self/clear_refs"), Path("/proc/self/status")
    bombs = [png_bomb(12_000), jpeg_of_size(65_500, 65_500), webp_of_size(16_384), gif_of_frames(10_000)]
    for bomb in bombs:
        status.write_text("5", encoding="ascii")  # the peak is measured again from here
        before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        grown = -_kilobytes(peak.read_text(encoding="ascii"), "VmRSS")
        began = time.perf_counter()
        examine(bomb, LIMITS, None)
        assert time.perf_counter() - began < 1
        grown += _kilobytes(peak.read_text(encoding="ascii"), "VmHWM")
        assert grown < 50 << 10 and resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 1


def _kilobytes(status: str, name: str) -> int:
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(name))


def test_pillow_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 12_345)
    for data, _ in (*bad_images().values(), *good_images().values()):
        examine(data, LIMITS, None)
    assert Image.MAX_IMAGE_PIXELS == 12_345


@given(st.sampled_from(sorted(good_images())), st.integers(0, 10**6), st.binary(min_size=1, max_size=40))
def test_damaged_bytes_have_an_outcome_and_raise_nothing(name: str, at: int, damage: bytes) -> None:
    data = good_images()[name][0]
    at %= len(data)
    for hostile in (data[:at] + damage + data[at + len(damage) :], data[:at] + damage, data[:at] + data[at + 1 :]):
        try:
            picture = decode(hostile, Limits(max_pixels=1_000_000))
        except Unusable as why:
            assert why.reason and why.outcome in set(ImageOutcome) - {ImageOutcome.SUCCESS}
        else:
            assert isinstance(picture, Picture) and picture.pixels.mode == "RGB"
