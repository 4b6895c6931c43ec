"""The pinned hashes against hashlib, a pure-Python XXH64, and golden values from other programs."""

import hashlib
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from udfs.hashing import DRAW, HASH_VERSION, PICK, caption_hash, image_hash, image_uuid, pair_hash, uniform

LONGS = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)

# The five primes of XXH64 (xxHash specification, doc/xxhash_spec.md, version 0.1.1).
P1, P2, P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
P4, P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
MASK = 2**64 - 1


def rotate(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & MASK


def mix(accumulator: int, lane: int) -> int:
    return rotate((accumulator + lane * P2) & MASK, 31) * P1 & MASK


def xxh64(data: bytes, seed: int) -> int:
    """XXH64 as its specification describes it, step by step."""
    rest = data
    if len(data) >= 32:
        lanes = [(seed + P1 + P2) & MASK, (seed + P2) & MASK, seed, (seed - P1) & MASK]
        while len(rest) >= 32:
            lanes = [mix(lane, word) for lane, word in zip(lanes, struct.unpack("<4Q", rest[:32]), strict=True)]
            rest = rest[32:]
        state = sum(rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True)) & MASK
        for lane in lanes:
            state = ((state ^ mix(0, lane)) * P1 + P4) & MASK
    else:
        state = (seed + P5) & MASK
    state = (state + len(data)) & MASK
    while len(rest) >= 8:
        state = (rotate(state ^ mix(0, struct.unpack("<Q", rest[:8])[0]), 27) * P1 + P4) & MASK
        rest = rest[8:]
    if len(rest) >= 4:
        state = (rotate(state ^ (struct.unpack("<I", rest[:4])[0] * P1 & MASK), 23) * P2 + P3) & MASK
        rest = rest[4:]
    for byte in rest:
        state = rotate(state ^ (byte * P5 & MASK), 11) * P1 & MASK
    for shift, prime in ((33, P2), (29, P3), (32, 1)):
        state = (state ^ (state >> shift)) * prime & MASK
    return state


def chained(tag: str, seed: int, uuid: str, *caption: int) -> int:
    """H by its definition."""
    state = 42
    for field in (tag.encode(), struct.pack("<q", seed), uuid.encode(), *(struct.pack("<q", each) for each in caption)):
        state = xxh64(field, state)
    return struct.unpack("<q", struct.pack("<Q", state))[0]


def test_the_xxh64_written_here_gives_known_values() -> None:
    """Well-known vectors, found in the tests of many implementations (`printf abc | xxhsum -H1`)."""
    assert xxh64(b"", 0) == 0xEF46DB3751D8E999
    assert xxh64(b"a", 0) == 0xD24EC4F1A98C6E5B
    assert xxh64(b"abc", 0) == 0x44BC2CF5AD770999
    assert xxh64(b"Nobody inspects the spammish repetition", 0) == 0xFBCEA83C8A378BF1


@pytest.mark.parametrize(
    ("fields", "golden"),
    [
        (("draw", 0, "000000000000000000000000", 0), -8996538714964050301),
        (("pick", 0, "000000000000000000000000", 0), -3833882587851007421),
        (("draw", 42, "5f2b8d1f0e6a9c3d7b4e1a20", -1), 2325960466995560342),
        (("draw", -7, "5f2b8d1f0e6a9c3d7b4e1a20", 2**63 - 1), 5345286425377883863),
        (("pick", 2**62, "a", -(2**63)), 5266546998161722936),
    ],
)
def test_golden_pair_hashes(fields: tuple[str, int, str, int], golden: int) -> None:
    """Computed with Spark 4.3.0: `xxhash64(lit(tag), lit(seed).cast("long"), uuid, caption_hash)`."""
    assert pair_hash(*fields) == golden == chained(*fields)


@pytest.mark.parametrize("tag", ["sample", "shard", "split", "gallery"])
@pytest.mark.parametrize("uuid", ["5f2b8d1f0e6a9c3d7b4e1a20", "", "ü"])
def test_hashes_of_images_end_with_the_uuid(tag: str, uuid: str) -> None:
    assert image_hash(tag, -7, uuid) == chained(tag, -7, uuid)


@pytest.mark.parametrize(
    ("caption", "golden"),
    [
        ("", 0x2D06800538D394C2),
        ("a", 0xE6C632B61E964E1F),
        ("abc", 0x78AF5F94892F3950),
        ("Schloss Neuschwanstein – été", 0xE6E3449F90EDB248),
    ],
)
def test_golden_caption_hashes(caption: str, golden: int) -> None:
    """XXH3-64, seed 0: well-known (`printf abc | xxhsum -H3`), but the last, computed with xxhash 4.1.0 (PyPI)."""
    assert caption_hash(caption) == struct.unpack("<q", struct.pack("<Q", golden))[0]


@pytest.mark.parametrize(
    ("url", "golden"),
    [
        ("https://img.example/a.jpg", "9b55003e2ee54f6e036b5c3e"),
        ("https://img.example/a b\tc.jpg", "5b370e13a1a220bc95da5e6a"),
    ],
)
def test_golden_uuids(url: str, golden: str) -> None:
    """Computed with coreutils: `printf 'https://img.example/abc.jpg' | sha224sum | cut -c -24`, and so on."""
    assert image_uuid(url) == golden


def test_golden_uniforms() -> None:
    """Worked by hand from the golden draw: (2**64 - 8996538714964050301) // 2**11 / 2**53."""
    assert uniform(-8996538714964050301) == (2**64 - 8996538714964050301) // 2048 / 9007199254740992
    assert f"{uniform(-8996538714964050301):.12f}" == "0.512296659019"


def test_version_and_tags_are_pinned() -> None:
    assert (HASH_VERSION, DRAW, PICK) == (1, "draw", "pick")


@given(st.text(st.sampled_from(" \tab/:é日\n\u00a0"), max_size=40))
def test_uuid_is_sha224_without_tabs_and_spaces(url: str) -> None:
    kept = "".join(character for character in url if character not in "\t ")
    assert image_uuid(url) == hashlib.sha224(kept.encode("utf-8")).hexdigest()[:24]


@given(st.sampled_from([DRAW, PICK]), LONGS, TEXTS, LONGS)
@example(DRAW, 0, "x" * 31, 0)
@example(DRAW, 0, "x" * 32, 0)
@example(DRAW, 0, "x" * 33, 0)
def test_pair_hash_is_chained_xxh64(tag: str, seed: int, uuid: str, caption: int) -> None:
    assert pair_hash(tag, seed, uuid, caption) == chained(tag, seed, uuid, caption)


@given(TEXTS)
def test_caption_hash_fits_a_signed_long(caption: str) -> None:
    assert -(2**63) <= caption_hash(caption) < 2**63


def test_caption_hash_has_both_signs() -> None:
    hashes = [caption_hash(f"caption {number}") for number in range(1000)]
    assert 400 < sum(value < 0 for value in hashes) < 600
    assert len(set(hashes)) == 1000


@given(LONGS)
@example(-1)
@example(0)
@example(-(2**63))
@example(2**63 - 1)
def test_uniform_is_the_top_53_bits(value: int) -> None:
    top = int(f"{value % 2**64:064b}"[:53], 2)
    assert uniform(value) * 2**53 == top
    assert 0.0 <= uniform(value) < 1.0
    assert uniform(value) == uniform(value ^ 0x7FF)  # the 11 bits below do not count


@given(LONGS, st.text("0123456789abcdef", min_size=24, max_size=24), LONGS)
def test_pick_is_not_draw(seed: int, uuid: str, caption: int) -> None:
    assert pair_hash(PICK, seed, uuid, caption) != pair_hash(DRAW, seed, uuid, caption)


def test_picks_and_draws_are_independent() -> None:
    """Over 20,000 pairs the two uniforms' correlation stays within 4 standard errors of none (seed 1)."""
    size = 20_000
    pairs = [
        (uniform(pair_hash(PICK, 1, f"{i:024x}", i)), uniform(pair_hash(DRAW, 1, f"{i:024x}", i))) for i in range(size)
    ]
    correlation = 12 * sum((pick - 0.5) * (draw - 0.5) for pick, draw in pairs) / size
    assert abs(correlation) < 4 / size**0.5
