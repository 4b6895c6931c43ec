"""Decodes the body of an HTTP response: removes its transfer and content codings.

Sources: RFC 9112 §7.1 (chunked), RFC 9110 §8.4 (content codings). Archives are less exact than servers: many writers
store the decoded body but keep the headers (CommonCrawl renames them, others do not), and captures are truncated. Hence
three deviations: a coding whose signature the body lacks counts as already removed; what comes before the damage is
kept; bytes after a complete body are ignored, as in browsers.
"""

import codecs
import re
import zlib
from enum import StrEnum
from io import BytesIO

from fastwarc.stream_io import BrotliReader, ZstdReader

from udfs.archive.formats import GZIP_MAGIC, ZSTD_MAGIC

_UNDECLARED = ((GZIP_MAGIC + b"\x08", "gzip"), (ZSTD_MAGIC, "zstd"))
_MAX_UNDECLARED = 2
_SNIFFED_BYTES = 1 << 9
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")  # https://mimesniff.spec.whatwg.org/#binary-data-byte
_GZIP_WINDOW, _ZLIB_WINDOW, _RAW_WINDOW = 31, 15, -15
_READ_BYTES = 1 << 16
# How much input zlib gets at once. It copies all input after the end of a gzip member, so a body of many tiny members
# would take quadratic time if zlib got it whole.
_FEED_BYTES = 1 << 14

# Extensions after ";" are ignored. Some servers pad the size with blanks, or end the line with a bare LF.
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*+(?:;[^\n]*+)?\r?\n")
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?[\t\n\f\r ]*+<")


class BodyDamage(StrEnum):
    """Why a decoded body is incomplete."""

    TRUNCATED = "truncated"  # it ends before its coding does
    CORRUPT = "corrupt"  # it is invalid in its coding (Brotli: or truncated, which the reader cannot tell apart)
    CAPPED = "capped"  # it is longer than the caller's limit
    UNKNOWN_CODING = "unknown_coding"  # this coding and those under it are still there


_Decoded = tuple[bytes, BodyDamage | None]


def decode_body(
    data: bytes, transfer_encoding: str | None, content_encoding: str | None, max_bytes: int
) -> tuple[bytes, BodyDamage | None]:
    """The decoded body, at most `max_bytes` long, and its first damage (None: whole).

    Both headers may be comma-separated lists. Codings are removed from the last transfer coding to the first content
    coding: chunked, gzip, deflate (with or without a zlib wrapper, as servers differ), br, zstd, identity. Damage does
    not raise: the result is what could be decoded before it. A coding that the body visibly lacks was removed by the
    archive's writer, and is skipped: see `_remove`. A body that is visibly gzip or zstd is decoded, declared or not.
    """
    damage = None
    if transfer_encoding or content_encoding:
        for coding in _codings(transfer_encoding, content_encoding):
            data, coding_damage = _remove(coding, data, max_bytes)
            damage = damage or coding_damage
            if coding_damage is BodyDamage.UNKNOWN_CODING:
                break
    for _ in range(_MAX_UNDECLARED):
        undeclared = next((coding for magic, coding in _UNDECLARED if data.startswith(magic)), None)
        if undeclared is None:
            break
        data, coding_damage = _remove(undeclared, data, max_bytes)
        damage = damage or coding_damage
    if len(data) > max_bytes:
        return data[:max_bytes], damage or BodyDamage.CAPPED
    return data, damage


def _codings(transfer_encoding: str | None, content_encoding: str | None) -> list[str]:
    """The codings in the order of their removal, without parameters."""
    applied = f"{content_encoding or ''},{transfer_encoding or ''}".lower().split(",")
    names = [coding.partition(";")[0].strip(" \t\r\n\"'") for coding in applied]
    return [name for name in reversed(names) if name not in ("", "identity")]


def _remove(coding: str, data: bytes, limit: int) -> _Decoded:
    """Remove one coding. A body without the coding's signature is returned as it is.

    Signatures are a chunk-size line, and the first bytes of gzip and zstd. Deflate and Brotli have none: a body that
    starts like markup and cannot be decoded counts as plain.
    """
    if not data:  # answers to HEAD, and 304s, have a coding but no body
        return data, None
    match coding:
        case "chunked":
            return _join_chunks(data) if _CHUNK_SIZE.match(data) else (data, None)
        case "gzip" | "x-gzip":
            return _inflate(data, _GZIP_WINDOW, limit) if _may_start_with(data, GZIP_MAGIC) else _as_text(data)
        case "zstd":
            return _read(ZstdReader, data, limit) if _may_start_with(data, ZSTD_MAGIC) else _as_text(data)
        case "deflate":
            return _unless_markup(data, _inflate_deflate(data, limit))
        case "br":
            return _unless_markup(data, _read(BrotliReader, data, limit))
    return data, None if _MARKUP.match(data) else BodyDamage.UNKNOWN_CODING


def _may_start_with(data: bytes, magic: bytes) -> bool:
    """Whether the body starts with these bytes, or is too short to tell."""
    return data.startswith(magic) or magic.startswith(data)


def _as_text(data: bytes) -> _Decoded:
    """A body without its coding's signature: decoded already if it is text, else corrupt."""
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data, None if is_utf16 or _BINARY.search(data, 0, _SNIFFED_BYTES) is None else BodyDamage.CORRUPT


def _unless_markup(data: bytes, decoded: _Decoded) -> _Decoded:
    """The decoded body, or the body itself if it looks like markup and decoding failed."""
    failed = decoded[1] in (BodyDamage.CORRUPT, BodyDamage.TRUNCATED)
    return (data, None) if failed and _MARKUP.match(data) else decoded


def _join_chunks(data: bytes) -> _Decoded:
    """Remove chunked coding. The trailer section may be incomplete; it and what follows are dropped."""
    body, view, position = bytearray(), memoryview(data), 0
    while size_line := _CHUNK_SIZE.match(data, position):
        size, start = int(size_line[1], 16), size_line.end()
        if size == 0:
            return bytes(body), None
        body += view[start : start + size]
        position = start + size
        if position >= len(data):
            return bytes(body), BodyDamage.TRUNCATED
        position += 2 if data.startswith(b"\r\n", position) else 1 if data.startswith(b"\n", position) else 0
        if position == start + size:  # no line end: the size was wrong, so the rest cannot be read
            return bytes(body), BodyDamage.TRUNCATED if data[position:] == b"\r" else BodyDamage.CORRUPT
    cut = re.fullmatch(rb"[0-9A-Fa-f]{0,16}[ \t]*+(?:;[^\n]*+)?\r?", data[position : position + _READ_BYTES])
    return bytes(body), BodyDamage.TRUNCATED if cut else BodyDamage.CORRUPT


def _inflate_deflate(data: bytes, limit: int) -> _Decoded:
    """Remove deflate: with the zlib wrapper of the RFC, or the raw stream that some servers send."""
    # A raw stream never starts like this: it would be a stored block with padding that no encoder writes.
    wrapped = data[0] & 0x0F == 8 and (len(data) == 1 or int.from_bytes(data[:2]) % 31 == 0)
    return _inflate(data, _ZLIB_WINDOW if wrapped else _RAW_WINDOW, limit)


def _inflate(data: bytes, window: int, limit: int) -> _Decoded:
    """Decompress gzip (any number of members), zlib or raw deflate; stops one byte after `limit`, returns `limit`."""
    body, view, position = bytearray(), memoryview(data), 0
    inflater = zlib.decompressobj(window)
    while position < len(data):
        piece = view[position : position + _FEED_BYTES]
        before = inflater.copy()
        try:
            body += inflater.decompress(piece, limit + 1 - len(body))
        except zlib.error:
            # zlib drops the output of a piece that fails: decompress that piece again, byte by byte.
            body += _inflate_until_error(before, piece, limit + 1 - len(body))
            return _capped(body, limit, BodyDamage.CORRUPT)
        if len(body) > limit:
            break
        position += len(piece) - len(inflater.unused_data)
        if inflater.eof:
            if window != _GZIP_WINDOW or not data.startswith(GZIP_MAGIC, position):
                return bytes(body), None
            inflater = zlib.decompressobj(window)
    return _capped(body, limit, BodyDamage.TRUNCATED)


def _inflate_until_error(inflater: "zlib._Decompress", piece: memoryview, room: int) -> bytes:
    """The output of a piece before the byte that fails, at most `room` bytes."""
    body = bytearray()
    for index in range(len(piece)):
        if len(body) >= room:
            break
        try:
            body += inflater.decompress(piece[index : index + 1], room - len(body))
        except zlib.error:
            break
    return bytes(body)


def _read(reader: type[BrotliReader] | type[ZstdReader], data: bytes, limit: int) -> _Decoded:
    """Decompress Brotli or zstd with FastWARC's readers, which raise OSError on damage."""
    body = bytearray()
    # A failed read returns nothing, so the second pass reads as far as the first, then byte by byte. (It also succeeds
    # on complete Brotli with bytes after it, which only fails in large reads.)
    for bytewise in (False, True):
        stream, sound = reader(BytesIO(data)), len(body)
        body.clear()
        try:
            while len(body) <= limit:
                most = 1 if bytewise and len(body) >= sound else sound - len(body) if bytewise else _READ_BYTES
                piece = stream.read(min(most, _READ_BYTES, limit + 1 - len(body)))
                if not piece:
                    return bytes(body), None
                body += piece
            return _capped(body, limit, None)
        except OSError as error:
            incomplete = "incomplete" in str(error)
    return bytes(body), BodyDamage.TRUNCATED if incomplete else BodyDamage.CORRUPT


def _capped(body: bytearray, limit: int, damage: BodyDamage | None) -> _Decoded:
    """The first `limit` bytes. CAPPED takes precedence over damage after the limit."""
    return (bytes(body[:limit]), BodyDamage.CAPPED) if len(body) > limit else (bytes(body), damage)
