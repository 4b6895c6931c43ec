"""Preprocessing gives the very pixels that transformers gives with Pillow, and refuses what it does not know."""

import numpy as np
import pytest
from golden_pixels import CASES, GOLDEN, picture
from PIL import Image

from udfs.errors import UsageError
from udfs.models.preprocessing import read_preprocessing


@pytest.mark.parametrize("name", CASES)
def test_pixels_equal_those_of_transformers_bit_for_bit(name):
    case = CASES[name]
    preprocessing = read_preprocessing({"image_processor_type": case.processor, **case.settings}, "x")
    pixels = preprocessing.pixels(picture(case.height, case.width))
    with np.load(GOLDEN) as golden:
        assert pixels.dtype == np.float32
        assert np.array_equal(pixels, golden[name])
    assert pixels.shape == (3, *preprocessing.shape)


def test_a_configuration_may_leave_out_the_defaults():
    clip = read_preprocessing({}, "x")
    assert (clip.shortest_edge, clip.crop, clip.resample) == (224, (224, 224), Image.Resampling.BICUBIC)
    siglip = read_preprocessing({"image_processor_type": "SiglipImageProcessorFast", "size": 384, "do_pad": None}, "x")
    assert (siglip.shortest_edge, siglip.size, siglip.crop, siglip.mean) == (None, (384, 384), None, (0.5, 0.5, 0.5))


@pytest.mark.parametrize("shape", [(1, 9000), (9001, 1), (2, 5000)])
def test_a_strip_needs_little_memory_and_gives_the_same_pixels(shape, monkeypatch):
    preprocessing = read_preprocessing({"size": 8, "crop_size": 8}, "x")
    strip = picture(*shape)
    pixels = preprocessing.pixels(strip)
    monkeypatch.setattr("udfs.models.preprocessing._STRIP", 1e9)
    whole = preprocessing.pixels(strip)
    assert np.abs(pixels - whole).max() <= 1.01 / 255 / min(preprocessing.std)  # one step of a colour


def test_the_longest_strip_is_not_resized_whole(monkeypatch):
    sizes = []
    resize = Image.Image.resize
    monkeypatch.setattr(
        Image.Image, "resize", lambda self, size, **rest: sizes.append(size) or resize(self, size, **rest)
    )
    pixels = read_preprocessing({}, "x").pixels(Image.new("RGB", (65_000, 1)))
    assert pixels.shape == (3, 224, 224)
    assert sizes == [(224, 224)]


def test_only_rgb_pictures_are_taken():
    with pytest.raises(ValueError, match="expected an RGB picture, got L"):
        read_preprocessing({}, "x").pixels(Image.new("L", (9, 9)))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"image_processor_type": "Siglip2ImageProcessor"}, "its processor is 'Siglip2ImageProcessor': Ballast knows"),
        ({"do_pad": True}, "do_pad is not supported"),
        ({"size": {"shortest_edge": 0}}, "a side of 0 pixels"),
        ({"size": {"shortest_edge": 1e9}}, "a side of 1000000000.0 pixels"),
        ({"size": {"longest_edge": 224}}, "expected a shortest_edge, or a height and a width"),
        ({"crop_size": "224"}, "a size of '224'"),
        ({"do_center_crop": False}, "without do_center_crop, the size needs a height and a width"),
        ({"do_center_crop": False, "size": 224}, "without do_center_crop, the size needs a height and a width"),
        ({"image_mean": [0.5]}, "is not one number for each of the 3 channels"),
        ({"resample": 9}, "resample is 9"),
    ],
)
def test_what_is_not_known_is_refused(config, message):
    with pytest.raises(UsageError, match=f"^MODEL: .*{message}"):
        read_preprocessing(config, "MODEL")
