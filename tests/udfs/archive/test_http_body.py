"""Bodies encoded by Python's codecs must round-trip; damaged ones keep everything before the damage."""

import bz2
import gzip
import io
import random
import zlib

import pytest
from fastwarc.stream_io import BrotliWriter, ZstdWriter
from hypothesis import given
from hypothesis import strategies as st

from udfs.archive.http_body import BodyDamage, decode_body

ROOMY = 1 << 30
WORDS = random.Random(20240521).choices(["cat", "dog", "a", "<p>", "house", "été", "9", "\n"], k=3000)
PAGE = " ".join(WORDS).encode()


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def brotli(data: bytes) -> bytes:
    sink = io.BytesIO()
    writer = BrotliWriter(sink)
    writer.write(data)
    writer.close()
    return sink.getvalue()


def zstd(data: bytes) -> bytes:
    sink = io.BytesIO()
    writer = ZstdWriter(sink)
    writer.write(data)
    writer.close()
    return sink.getvalue()


ENCODERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli,
    "zstd": zstd,
}


def chunked(data: bytes, sizes: list[int], line_end: bytes = b"\r\n", extension: bytes = b"") -> bytes:
    """A chunked body by RFC 9112 §7.1, without trailers; the last chunk has the rest."""
    body, position = b"", 0
    for size in [*sizes, len(data)]:
        piece = data[position : position + size]
        position += len(piece)
        if piece:
            body += b"%X%s%s%s%s" % (len(piece), extension, line_end, piece, line_end)
    return body + b"0" + line_end + line_end


@pytest.mark.parametrize("headers", [(None, None), ("", ""), ("identity", None), (None, "identity"), (" ", ",")])
def test_a_body_without_codings_is_the_same_object(headers: tuple[str | None, str | None]) -> None:
    body, damage = decode_body(PAGE, *headers, ROOMY)
    assert body is PAGE
    assert damage is None


@pytest.mark.parametrize("coding", ENCODERS)
def test_each_coding_is_removed(coding: str) -> None:
    assert decode_body(ENCODERS[coding](PAGE), None, coding, ROOMY) == (PAGE, None)
    assert decode_body(ENCODERS[coding](PAGE), None, f" {coding.upper()} ;q=1", ROOMY) == (PAGE, None)
    assert decode_body(ENCODERS[coding](b""), None, coding, ROOMY) == (b"", None)
    assert decode_body(b"", None, coding, ROOMY) == (b"", None)


def test_raw_deflate_is_removed() -> None:
    assert decode_body(raw_deflate(PAGE), None, "deflate", ROOMY) == (PAGE, None)
    stored = zlib.compressobj(level=0, wbits=-15)
    assert decode_body(stored.compress(PAGE) + stored.flush(), None, "deflate", ROOMY) == (PAGE, None)


def test_brotli_of_the_reference_encoder_is_removed() -> None:
    reference = pytest.importorskip("brotli")
    assert decode_body(reference.compress(PAGE), None, "br", ROOMY) == (PAGE, None)


def test_codings_are_removed_in_reverse() -> None:
    body = chunked(gzip.compress(brotli(PAGE)), [7, 100])
    assert decode_body(body, "chunked", "br, gzip", ROOMY) == (PAGE, None)
    assert decode_body(body, "gzip, chunked", "br", ROOMY) == (PAGE, None)
    assert decode_body(gzip.compress(gzip.compress(PAGE)), None, "gzip,gzip", ROOMY) == (PAGE, None)
    # A header sent twice for a coding applied once.
    assert decode_body(gzip.compress(PAGE), None, "gzip, gzip", ROOMY) == (PAGE, None)


def test_gzip_members_are_joined_and_what_follows_is_ignored() -> None:
    two = gzip.compress(PAGE) + gzip.compress(b"more")
    assert gzip.decompress(two) == PAGE + b"more"
    assert decode_body(two, None, "gzip", ROOMY) == (PAGE + b"more", None)
    assert decode_body(two + b"\0" * 9, None, "gzip", ROOMY) == (PAGE + b"more", None)
    many = gzip.compress(b"x") * 3000
    assert decode_body(many, None, "gzip", ROOMY) == (b"x" * 3000, None)
    assert decode_body(zlib.compress(PAGE) + b"\r\n", None, "deflate", ROOMY) == (PAGE, None)
    assert decode_body(brotli(PAGE) + b"\r\n", None, "br", ROOMY) == (PAGE, None)


@pytest.mark.parametrize("coding", ["chunked", *ENCODERS])
@pytest.mark.parametrize("plain", [b"<!doctype html><p>Hello", b"\xef\xbb\xbf \r\n<html>", b"<" * 3000])
def test_a_body_that_was_already_decoded_is_left_alone(coding: str, plain: bytes) -> None:
    assert decode_body(plain, None, coding, ROOMY) == (plain, None)
    assert decode_body(plain, coding, None, ROOMY) == (plain, None)


def test_a_body_whose_transfer_coding_is_already_removed() -> None:
    assert decode_body(gzip.compress(PAGE), "chunked", "gzip", ROOMY) == (PAGE, None)


@pytest.mark.parametrize(
    ("headers", "decoded"),
    [
        ((None, "compress"), b"\x1f\x9d\x90"),
        ((None, "gzip, utf-8"), b"\x1f\x9d\x90"),
        (("warp", "gzip"), b"\x1f\x9d\x90"),
    ],
)
def test_an_unknown_coding_is_reported(headers: tuple[str | None, str | None], decoded: bytes) -> None:
    assert decode_body(decoded, *headers, ROOMY) == (decoded, BodyDamage.UNKNOWN_CODING)


@pytest.mark.parametrize("coding", ["none", "utf-8", "bzip2"])
def test_an_unknown_coding_of_a_body_that_is_markup_was_none(coding: str) -> None:
    """iipc/jwarc 47: servers send `Content-Encoding: UTF-8`."""
    assert decode_body(b"\n<p>text", None, coding, ROOMY) == (b"\n<p>text", None)


@pytest.mark.parametrize("declared", [None, "gzip", "identity"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_body_that_is_gzip_or_zstd_is_decoded_whatever_the_header_says(declared: str | None, times: int) -> None:
    """MarginaliaSearch/MarginaliaSearch 288."""
    for pack in (gzip.compress, zstd):
        body = b"<p>text"
        for _ in range(times):
            body = pack(body)
        assert decode_body(body, None, declared, ROOMY)[0] == b"<p>text"


def test_bytes_that_are_neither_the_coding_nor_text_are_damage() -> None:
    assert decode_body(bytes(range(200)), None, "gzip", ROOMY) == (bytes(range(200)), BodyDamage.CORRUPT)
    for text in (b"plain text <img src=a>", "<p>".encode("utf-16"), b"a\tb\x1b$B"):
        assert decode_body(text, None, "gzip", ROOMY) == (text, None)


def test_codings_outside_an_unknown_one_are_removed() -> None:
    packed = bz2.compress(PAGE)
    assert decode_body(gzip.compress(packed), None, "bzip2, gzip", ROOMY) == (packed, BodyDamage.UNKNOWN_CODING)
    assert decode_body(gzip.compress(packed), None, "bzip2, gzip", 9) == (packed[:9], BodyDamage.CAPPED)


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("extension", [b"", b";name=value", b' ; a="b;c"', b"   "])
def test_chunked_forms(line_end: bytes, extension: bytes) -> None:
    body = chunked(PAGE, [1, 10, 171], line_end, extension)
    assert decode_body(body, "chunked", None, ROOMY) == (PAGE, None)
    assert decode_body(body.removesuffix(line_end), "chunked", None, ROOMY) == (PAGE, None)
    trailers = body.removesuffix(line_end) + b"Expires: never\r\nX: 0\r\n\r\nnext response"
    assert decode_body(trailers, "chunked", None, ROOMY) == (PAGE, None)


def test_chunk_sizes_in_any_hexadecimal() -> None:
    for size_line in (b"ab", b"AB", b"aB", b"000000AB"):
        assert decode_body(size_line + b"\r\n" + b"x" * 0xAB + b"\r\n0\r\n\r\n", "Chunked", None, 999) == (
            b"x" * 0xAB,
            None,
        )


def test_an_empty_chunked_body() -> None:
    assert decode_body(b"0\r\n\r\n", "chunked", "gzip", ROOMY) == (b"", None)


def test_broken_chunks_keep_the_data_before_them() -> None:
    damaged = {
        b"3\r\nabc\r\nzz\r\nrest": b"abc",
        b"3\r\nabc\r\n-1\r\nrest": b"abc",
        b"3\r\nabcdef\r\n0\r\n\r\n": b"abc",  # a size that is too small
        b"3\r\nabc\r\n" + b"F" * 17 + b"\r\nrest": b"abc",
    }
    for body, sound in damaged.items():
        assert decode_body(body, "chunked", None, ROOMY) == (sound, BodyDamage.CORRUPT)
    assert decode_body(b"FFFFFFFFFFFFFFFF\r\nabc", "chunked", None, ROOMY) == (b"abc", BodyDamage.TRUNCATED)


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_chunked_cut_at_every_byte(line_end: bytes) -> None:
    plain = b"0123456789abcdef" * 3
    body = chunked(plain, [1, 17], line_end, b";x")
    whole = len(body) - len(line_end)  # the body is complete after the line of the last chunk
    first_line = body.index(b"\n") + 1
    for cut in range(first_line, len(body)):
        decoded, damage = decode_body(body[:cut], "chunked", None, ROOMY)
        assert plain.startswith(decoded)
        assert damage is (None if cut >= whole else BodyDamage.TRUNCATED)
        # No byte of a chunk is lost: the sizes and line ends are all that is missing.
        assert len(decoded) >= cut - body[:cut].count(b"\n") * (len(line_end) + 4) - 4
    for cut in range(first_line):
        assert decode_body(body[:cut], "chunked", None, ROOMY) == (body[:cut], None)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_deflated_cut_at_every_byte(coding: str) -> None:
    packed = ENCODERS[coding](PAGE[:2000])
    for cut in range(1, len(packed)):
        decoded, damage = decode_body(packed[:cut], None, coding, ROOMY)
        expected = zlib.decompressobj(47).decompress(packed[:cut])
        assert (decoded, damage) == (expected, BodyDamage.TRUNCATED)
    packed = raw_deflate(PAGE[:2000])
    for cut in range(1, len(packed)):
        expected = zlib.decompressobj(-15).decompress(packed[:cut])
        assert decode_body(packed[:cut], None, "deflate", ROOMY) == (expected, BodyDamage.TRUNCATED)


def test_second_gzip_member_cut_at_every_byte() -> None:
    first, second = gzip.compress(PAGE), gzip.compress(b"tail")
    for cut in range(2, len(second)):
        decoded, damage = decode_body(first + second[:cut], None, "gzip", ROOMY)
        assert decoded.startswith(PAGE)
        assert damage is BodyDamage.TRUNCATED


@pytest.mark.parametrize(("coding", "damages"), [("br", {BodyDamage.CORRUPT}), ("zstd", {BodyDamage.TRUNCATED})])
def test_brotli_and_zstd_cut(coding: str, damages: set[BodyDamage]) -> None:
    packed = ENCODERS[coding](PAGE)
    kept = []
    for cut in range(1, len(packed), 97):
        decoded, damage = decode_body(packed[:cut], None, coding, ROOMY)
        assert PAGE.startswith(decoded)
        assert damage in damages
        kept.append(len(decoded))
    assert kept == sorted(kept)
    # Brotli returns every byte received; zstd only whole blocks, and a page is one block.
    assert kept[-1] > 0.9 * len(PAGE) if coding == "br" else kept[-1] == 0


@given(st.data(), st.sampled_from(sorted(ENCODERS)))
def test_a_flipped_byte_never_raises(data: st.DataObject, coding: str) -> None:
    packed = bytearray(ENCODERS[coding](PAGE))
    index = data.draw(st.integers(0, len(packed) - 1))
    packed[index] ^= data.draw(st.integers(1, 255))
    decoded, damage = decode_body(bytes(packed), None, coding, 1 << 20)
    assert len(decoded) <= 1 << 20
    if coding.endswith("gzip") and index >= 10:  # after the header, the checksum covers everything except padding bits
        assert damage in (BodyDamage.CORRUPT, BodyDamage.TRUNCATED) or (decoded, damage) == (PAGE, None)


def test_gzip_keeps_the_data_before_the_damage() -> None:
    plain = random.Random(7).randbytes(200_000)  # incompressible: stored blocks, so positions correspond
    packed = bytearray(gzip.compress(plain, 0))
    packed[-8] ^= 1  # the checksum
    assert decode_body(bytes(packed), None, "gzip", ROOMY) == (plain, BodyDamage.CORRUPT)
    second_block = 10 + 5 + int.from_bytes(packed[11:13], "little")
    packed[second_block] = 0xFF  # a reserved block type
    decoded, damage = decode_body(bytes(packed), None, "gzip", ROOMY)
    assert decoded == plain[: second_block - 15]
    assert damage is BodyDamage.CORRUPT


@pytest.mark.parametrize("coding", ["gzip", "deflate", "raw", "br", "zstd"])
@pytest.mark.parametrize("limit", [0, 1, 65_535, 65_536, 65_537, 1_000_000])
def test_bombs_stop_at_the_limit(coding: str, limit: int) -> None:
    encode = raw_deflate if coding == "raw" else ENCODERS[coding]
    packed = encode(bytes(4_000_000))
    header = "deflate" if coding == "raw" else coding
    assert decode_body(packed, None, header, limit) == (bytes(limit), BodyDamage.CAPPED)
    assert decode_body(packed, None, header, 4_000_000) == (bytes(4_000_000), None)


def test_a_bomb_in_a_bomb_stops_at_the_limit() -> None:
    packed = gzip.compress(gzip.compress(bytes(4_000_000)))
    decoded, damage = decode_body(packed, None, "gzip, gzip", 100)
    assert damage is BodyDamage.CAPPED
    assert decoded == bytes(len(decoded))
    assert len(decoded) <= 100


def test_plain_and_chunked_bodies_are_capped() -> None:
    assert decode_body(PAGE, None, None, 10) == (PAGE[:10], BodyDamage.CAPPED)
    assert decode_body(PAGE, None, None, len(PAGE)) == (PAGE, None)
    assert decode_body(PAGE, None, "gzip", 10) == (PAGE[:10], BodyDamage.CAPPED)
    assert decode_body(chunked(PAGE, []), "chunked", None, 10) == (PAGE[:10], BodyDamage.CAPPED)
    # The cap applies after decompression, not to the chunks.
    assert decode_body(chunked(gzip.compress(b"four"), []), "chunked", "gzip", 4) == (b"four", None)


@given(
    st.binary(max_size=300),
    st.lists(st.integers(1, 40), max_size=8),
    st.lists(st.sampled_from(["gzip", "deflate", "br", "zstd"]), max_size=2),
)
def test_round_trip(plain: bytes, sizes: list[int], codings: list[str]) -> None:
    body = plain
    for coding in codings:
        body = ENCODERS[coding](body)
    assert decode_body(chunked(body, sizes), "chunked", ", ".join(codings), ROOMY) == (plain, None)


@given(
    st.binary(max_size=80),
    st.sampled_from([None, "chunked", "gzip, chunked"]),
    st.sampled_from([None, "gzip", "deflate", "br", "zstd", "br, gzip", "x"]),
    st.integers(0, 100),
)
def test_arbitrary_bytes_never_raise(data: bytes, transfer: str | None, content: str | None, limit: int) -> None:
    decoded, _ = decode_body(data, transfer, content, limit)
    assert len(decoded) <= limit
