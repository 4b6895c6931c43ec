"""The hash is the one of its definition, written here without matrices; copies stay near, other pictures far."""

import io
import math

import numpy as np
import pytest
from bad_images import encoded, photograph
from PIL import Image, ImageDraw

from udfs.images.perceptual_hash import Signature, signature, zigzag

JPEG_ZIGZAG = [0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7]
"""The start of the table in ITU T.81, figure A.6: places in a block of 8 by 8, row by row."""


def bits(looks: Signature) -> list[int]:
    assert looks.phash is not None and len(looks.phash) == 32
    return [byte >> 7 - place & 1 for byte in looks.phash for place in range(8)]


def distance(a: Signature, b: Signature) -> int:
    return sum(x != y for x, y in zip(bits(a), bits(b), strict=True))


def cosine_terms(cells: list[list[int]]) -> dict[tuple[int, int], float]:
    """The orthonormal DCT-II of a square, term by term, from its definition."""
    side = len(cells)
    waves = [[math.cos(math.pi * (2 * x + 1) * u / (2 * side)) for x in range(side)] for u in range(16)]
    scale = [math.sqrt((1 if u == 0 else 2) / side) for u in range(16)]
    along = [[sum(row[x] * waves[u][x] for x in range(side)) for u in range(16)] for row in cells]
    return {
        (v, u): scale[v] * scale[u] * sum(along[y][u] * waves[v][y] for y in range(side))
        for v in range(16)
        for u in range(16)
    }


@pytest.mark.parametrize("seed", range(12))
def test_the_hash_is_that_of_its_definition(seed: int) -> None:
    picture = photograph(seed, 61 + 7 * seed, 40 + 9 * seed)
    cells = np.asarray(picture.convert("L").resize((32, 32), Image.Resampling.BOX)).tolist()
    terms = cosine_terms(cells)
    ordered = sorted(terms.values())
    median = (ordered[127] + ordered[128]) / 2
    found = signature(picture)
    assert bits(found) == [int(terms[cell] > median) for cell in zigzag(16)]
    assert found.ink == pytest.approx(max(abs(term) for cell, term in terms.items() if cell != (0, 0)))


def test_the_order_of_bits_is_the_zigzag_of_jpeg() -> None:
    assert [row * 8 + column for row, column in zigzag(8)][: len(JPEG_ZIGZAG)] == JPEG_ZIGZAG
    assert len(set(zigzag(16))) == 256


def test_golden_hashes() -> None:
    """Hashes are stored, and compared with those of later runs: they must not change."""
    across, down = np.meshgrid(np.arange(96), np.arange(64))
    waves = (across * across // 9 + down * across // 5 + 3 * down) % 251
    picture = Image.fromarray(np.stack([waves, waves[::-1], 255 - waves], 2).astype(np.uint8))
    looks = signature(picture)
    assert looks.phash == bytes.fromhex("a954aa3ed4bf59b5dda365cea47edc1a613f586c22e519936d3019c841c0bc39")
    assert looks.chroma == bytes.fromhex("aa7d83807b8483817b7f83819081838154867f8182787e7e7f878080a27a7f7e")


def test_copies_are_near_and_others_far() -> None:
    pictures = [photograph(seed, 256, 192) for seed in range(40)]
    originals = [signature(picture) for picture in pictures]

    def within(copies: list[Image.Image], most: int) -> float:
        near = [distance(a, signature(copy)) <= most for a, copy in zip(originals, copies, strict=True)]
        return sum(near) / len(near)

    assert within([decoded(picture, quality=30) for picture in pictures], 16) >= 0.95
    assert within([decoded(picture.resize((128, 96)), quality=60) for picture in pictures], 16) >= 0.8
    assert within([marked(picture) for picture in pictures], 16) >= 0.85
    assert min(distance(a, b) for a in originals[:20] for b in originals[20:]) > 60


def decoded(picture: Image.Image, quality: int) -> Image.Image:
    return Image.open(io.BytesIO(encoded(picture, quality=quality))).convert("RGB")


def marked(picture: Image.Image) -> Image.Image:
    copy = picture.copy()
    ImageDraw.Draw(copy).text((170, 175), "(c) example", fill="white")
    return copy


@pytest.mark.parametrize("colour", ["white", "black", "grey", "red"])
@pytest.mark.parametrize("size", [(1, 1), (200, 50)])
def test_a_picture_of_one_colour_is_flat(colour: str, size: tuple[int, int]) -> None:
    looks = signature(Image.new("RGB", size, colour))
    assert looks.phash is None and looks.ink == 0 and len(looks.chroma) == 32


def test_a_symmetric_picture_has_no_bits_of_noise() -> None:
    """Half of its terms are zero, and arithmetic makes them 1e-13 or -1e-13, differently on each processor."""
    half = np.asarray(photograph(1, 32, 64).convert("L"))
    terms = np.concatenate([half, half[:, ::-1]], axis=1)
    looks = signature(Image.fromarray(terms).convert("RGB"))
    odd = [bit for bit, (_, column) in zip(bits(looks), zigzag(16), strict=True) if column % 2]
    assert len(set(odd)) == 1


def test_colours_are_told_apart_by_chroma() -> None:
    """The same brightness in two colours: a drop of water, and one of blood."""
    water, blood = Image.new("RGB", (64, 64), (60, 60, 60)), Image.new("RGB", (64, 64), (60, 60, 60))
    ImageDraw.Draw(water).ellipse((16, 8, 50, 60), fill=(0, 150, 255))
    ImageDraw.Draw(blood).ellipse((16, 8, 50, 60), fill=(255, 60, 26))
    a, b = signature(water), signature(blood)
    assert distance(a, b) <= 16
    assert max(abs(x - y) for x, y in zip(a.chroma, b.chroma, strict=True)) > 24


def test_chroma_is_the_mean_of_each_cell() -> None:
    """By the conversion of JFIF, in a grid of 4 by 4 cells of one colour each."""
    colours = np.random.default_rng(2).integers(0, 256, (4, 4, 3)).astype(np.uint8)
    looks = signature(Image.fromarray(colours.repeat(10, 0).repeat(15, 1)))
    red, green, blue = (colours[..., band].astype(float).ravel() for band in range(3))
    cb = 128 - 0.168736 * red - 0.331264 * green + 0.5 * blue
    cr = 128 + 0.5 * red - 0.418688 * green - 0.081312 * blue
    assert np.abs(np.frombuffer(looks.chroma, np.uint8) - np.concatenate([cb, cr])).max() <= 1
