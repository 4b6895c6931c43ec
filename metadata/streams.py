"""Reads dumps as bytes or lines: plain, gzip and bzip2, also several compressed streams in a row, or some of them."""

import bz2
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from udfs.list_files import GZIP_MAGIC
from udfs.storage.local import open_input

BZIP2_MAGIC = b"BZh"
_READ_BYTES = 1 << 20
_CHUNK_BYTES = 4 << 20


class Damage(Exception):
    """The file cannot be read further; the message tells where. Everything yielded before is valid."""


def read_chunks(path: str, start: int = 0, end: int = -1) -> Iterator[bytes]:
    """The decompressed bytes of a file from byte `start` to `end` (to its end if -1), in chunks of a few MB.

    In a compressed file a stream must begin at both. The first bytes of the file tell how it is compressed. A chunk
    holds at most 4 MiB, however well the file is compressed.

    Raises Damage with the byte at which the broken stream begins, and for a truncated file the one at which it ends.
    """
    with open_input(path) as file:
        magic = file.read(3)
        file.seek(start)
        if magic == BZIP2_MAGIC:
            yield from _decompressed(file, start, end, _Bzip2)
        elif magic.startswith(GZIP_MAGIC):
            yield from _decompressed(file, start, end, _Gzip)
        else:
            yield from _read(file, start, end)


def read_lines(path: str) -> Iterator[bytes]:
    """The lines of a file without their line feeds. Raises Damage like `read_chunks`."""
    rest = b""
    for chunk in read_chunks(path):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    if rest:
        yield rest


class _Bzip2:
    """One bzip2 stream."""

    name = "bzip2"
    errors = (OSError,)

    def __init__(self) -> None:
        self._decompressor = bz2.BZ2Decompressor()

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield self._decompressor.decompress(data, _CHUNK_BYTES)
        while not (self._decompressor.eof or self._decompressor.needs_input):
            yield self._decompressor.decompress(b"", _CHUNK_BYTES)

    @property
    def left_over(self) -> bytes | None:
        """The bytes after the end of the stream; None if the end was not reached."""
        return self._decompressor.unused_data if self._decompressor.eof else None


class _Gzip:
    """One gzip member."""

    name = "gzip"
    errors = (zlib.error,)

    def __init__(self) -> None:
        self._decompressor = zlib.decompressobj(wbits=31)

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            yield self._decompressor.decompress(data, _CHUNK_BYTES)
            data = self._decompressor.unconsumed_tail

    @property
    def left_over(self) -> bytes | None:
        return self._decompressor.unused_data if self._decompressor.eof else None


def _read(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    at = start
    while data := file.read(_READ_BYTES if end < 0 else min(_READ_BYTES, end - at)):
        at += len(data)
        yield data


def _decompressed(file: BinaryIO, start: int, end: int, stream_type: type[_Bzip2] | type[_Gzip]) -> Iterator[bytes]:
    stream, began, at = stream_type(), start, start
    is_inside = False
    for read in _read(file, start, end):
        data = read
        at += len(data)
        while data:
            is_inside = True
            try:
                for chunk in stream.feed(data):
                    if chunk:
                        yield chunk
            except stream_type.errors as error:
                raise Damage(
                    f"the {stream_type.name} stream that begins at byte {began:,} is broken: {error}"
                ) from error
            left_over = stream.left_over
            data = left_over or b""
            if left_over is not None:
                stream, began, is_inside = stream_type(), at - len(data), False
    if is_inside:
        raise Damage(
            f"truncated: the file ends at byte {at:,}, within the {stream_type.name} stream that begins at {began:,}"
        )
