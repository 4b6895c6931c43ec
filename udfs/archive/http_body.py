"""The body of an HTTP response as its author wrote it: transfer and content codings undone.

Sources: RFC 9112 §7.1 (chunked), RFC 9110 §8.4 (content codings). An archive needs more forgiveness than a wire: many
writers store the body decoded but keep the headers (CommonCrawl renames them, others do not), and captures are cut
short. Hence three deviations: a coding whose mark the body does not bear counts as already undone; what precedes the
damage is kept; bytes after a complete body are ignored, as browsers do.
"""

import re
import zlib
from enum import StrEnum
from io import BytesIO

from fastwarc.stream_io import BrotliReader, ZstdReader

from udfs.archive.formats import GZIP_MAGIC

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_GZIP_WINDOW, _ZLIB_WINDOW, _RAW_WINDOW = 31, 15, -15
_READ_BYTES = 1 << 16
# Input fed to zlib at once. What follows the end of a gzip member is copied each time, so a body of many tiny members
# would cost the square of its size if fed whole.
_FEED_BYTES = 1 << 14

# Extensions after ";" mean nothing here; servers also pad the size with blanks and end the line with a bare LF.
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*+(?:;[^\n]*+)?\r?\n")
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?[\t\n\f\r ]*+<")


class BodyDamage(StrEnum):
    """Why a body is less than what its server sent."""

    TRUNCATED = "truncated"  # it ends before its coding does
    CORRUPT = "corrupt"  # it breaks its coding's rules (for Brotli: or is cut short, the reader cannot tell)
    CAPPED = "capped"  # it is longer than the caller wants
    UNKNOWN_CODING = "unknown_coding"  # left as it is from this coding on


_Decoded = tuple[bytes, BodyDamage | None]


def decode_body(
    data: bytes, transfer_encoding: str | None, content_encoding: str | None, max_bytes: int
) -> tuple[bytes, BodyDamage | None]:
    """The decoded body, at most `max_bytes` long, and its first damage (None: whole).

    The values of both headers may be comma lists; they are undone from the last transfer coding to the first content
    coding: chunked, gzip, deflate (with a zlib wrapper or without, as servers differ), br, zstd, identity. Damage does
    not raise: what could be decoded before it is returned. A coding that the body visibly does not have was undone by
    the archive's writer and is skipped: see `_undo`.
    """
    damage = None
    if transfer_encoding or content_encoding:
        for coding in _codings(transfer_encoding, content_encoding):
            data, found = _undo(coding, data, max_bytes)
            damage = damage or found
            if found is BodyDamage.UNKNOWN_CODING:
                break
    if len(data) > max_bytes:
        return data[:max_bytes], damage or BodyDamage.CAPPED
    return data, damage


def _codings(transfer_encoding: str | None, content_encoding: str | None) -> list[str]:
    """The codings in the order in which they are undone, parameters dropped."""
    applied = f"{content_encoding or ''},{transfer_encoding or ''}".lower().split(",")
    names = [coding.partition(";")[0].strip(" \t\r\n\"'") for coding in applied]
    return [name for name in reversed(names) if name not in ("", "identity")]


def _undo(coding: str, data: bytes, limit: int) -> _Decoded:
    """Undo one coding. A body without its mark comes back as it is.

    The marks: a chunk-size line, the magic of gzip and zstd. Deflate and Brotli have none: there a body that begins
    like markup and does not decode is taken as plain.
    """
    if not data:  # answers to HEAD and 304s name a coding and have no body
        return data, None
    match coding:
        case "chunked":
            return _dechunk(data) if _CHUNK_SIZE.match(data) else (data, None)
        case "gzip" | "x-gzip":
            return _inflate(data, _GZIP_WINDOW, limit) if _bears(data, GZIP_MAGIC) else (data, None)
        case "zstd":
            return _read(ZstdReader, data, limit) if _bears(data, _ZSTD_MAGIC) else (data, None)
        case "deflate":
            return _unless_markup(data, _undeflate(data, limit))
        case "br":
            return _unless_markup(data, _read(BrotliReader, data, limit))
    return data, BodyDamage.UNKNOWN_CODING


def _bears(data: bytes, magic: bytes) -> bool:
    """Whether the body begins with a format's magic, or is so short that it may."""
    return data.startswith(magic) or magic.startswith(data)


def _unless_markup(data: bytes, decoded: _Decoded) -> _Decoded:
    """What was decoded, or the body itself if decoding failed on what looks like plain markup."""
    failed = decoded[1] in (BodyDamage.CORRUPT, BodyDamage.TRUNCATED)
    return (data, None) if failed and _MARKUP.match(data) else decoded


def _dechunk(data: bytes) -> _Decoded:
    """Undo chunked. The trailer section and what follows it are dropped, and its end is not insisted on."""
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
        if position == start + size:  # no line end: the size was wrong, and so is all that follows
            return bytes(body), BodyDamage.TRUNCATED if data[position:] == b"\r" else BodyDamage.CORRUPT
    cut = re.fullmatch(rb"[0-9A-Fa-f]{0,16}[ \t]*+(?:;[^\n]*+)?\r?", data[position : position + _READ_BYTES])
    return bytes(body), BodyDamage.TRUNCATED if cut else BodyDamage.CORRUPT


def _undeflate(data: bytes, limit: int) -> _Decoded:
    """Undo deflate: the RFC's zlib wrapper, or the raw stream that some servers send."""
    # A raw stream cannot begin like this: it would be a stored block with padding that no encoder writes.
    wrapped = data[0] & 0x0F == 8 and (len(data) == 1 or int.from_bytes(data[:2]) % 31 == 0)
    return _inflate(data, _ZLIB_WINDOW if wrapped else _RAW_WINDOW, limit)


def _inflate(data: bytes, window: int, limit: int) -> _Decoded:
    """Undo gzip (any number of members), zlib or raw deflate; stop one byte past `limit`, return `limit` of them."""
    body, view, position = bytearray(), memoryview(data), 0
    inflater = zlib.decompressobj(window)
    while position < len(data):
        piece = view[position : position + _FEED_BYTES]
        before = inflater.copy()
        try:
            body += inflater.decompress(piece, limit + 1 - len(body))
        except zlib.error:
            # zlib forgets what it made of a piece that fails: take that piece again, byte by byte.
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
    """All that comes out of a piece before the byte at which it fails, at most `room` bytes."""
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
    """Undo Brotli or zstd with FastWARC's readers, which raise OSError on damage."""
    body = bytearray()
    # A read that fails gives nothing: the second turn comes as far as the first, then takes single bytes. (It also
    # ends well where Brotli is complete but bytes follow, which fails only in large reads.)
    for fine in (False, True):
        stream, sound = reader(BytesIO(data)), len(body)
        body.clear()
        try:
            while len(body) <= limit:
                most = 1 if fine and len(body) >= sound else sound - len(body) if fine else _READ_BYTES
                piece = stream.read(min(most, _READ_BYTES, limit + 1 - len(body)))
                if not piece:
                    return bytes(body), None
                body += piece
            return _capped(body, limit, None)
        except OSError as error:
            incomplete = "incomplete" in str(error)
    return bytes(body), BodyDamage.TRUNCATED if incomplete else BodyDamage.CORRUPT


def _capped(body: bytearray, limit: int, damage: BodyDamage | None) -> _Decoded:
    """The first `limit` bytes; being capped explains more than any damage met later."""
    return (bytes(body[:limit]), BodyDamage.CAPPED) if len(body) > limit else (bytes(body), damage)
