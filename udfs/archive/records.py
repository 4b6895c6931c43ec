"""Reads the records of WARC and WAT files in order, and checks that the file is whole.

FastWARC does the reading. It accepts some truncated files as complete, so `read_records` checks the end itself.
"""

import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from typing import BinaryIO, NamedTuple

from fastwarc import ArchiveIterator, WarcRecord, WarcRecordType

from udfs.archive.formats import GZIP_MAGIC
from udfs.archive.recognise import why_no_record

_CHUNK_BYTES = 1 << 16
_DEFLATED_MEMBER = GZIP_MAGIC + b"\x08"
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_TAIL_CAP_BYTES = 64 << 20  # to check a longer last gzip member, the file is read again


class ArchiveDamage(Exception):
    """The archive cannot be read further. The records yielded before are good."""


class SourceStream:
    """A byte stream that counts the bytes read, and remembers those since the start of the last record."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._chunks: deque[tuple[int, bytes]] = deque()
        self._kept_bytes = 0
        self.bytes_read = 0
        self.failed = False
        """Whether the source raised an error, so that the rest of the file cannot be judged."""

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._source.read(size)
        except OSError:
            self.failed = True
            raise
        self._chunks.append((self.bytes_read, data))
        self.bytes_read += len(data)
        self._kept_bytes += len(data)
        while self._kept_bytes > _TAIL_CAP_BYTES and len(self._chunks) > 1:
            # keep the chunk with the start of the record, which contains its header
            self._kept_bytes -= len(self._chunks[1][1])
            del self._chunks[1]
        return data

    @property
    def idle_s(self) -> float:
        """Seconds that a remote source waited for its server; they do not count towards the file's time limit."""
        return getattr(self._source, "idle_s", 0.0)

    def tell(self) -> int:
        return self.bytes_read

    def forget_before(self, offset: int) -> None:
        """Drop the chunks that end before `offset`."""
        chunks = self._chunks
        while chunks and chunks[0][0] + len(chunks[0][1]) <= offset:
            self._kept_bytes -= len(chunks.popleft()[1])

    def tail(self, offset: int) -> tuple[bytes, bool]:
        """The remembered bytes from `offset` on, and whether none of them were dropped."""
        if not self._chunks:
            return b"", True
        start = self._chunks[0][0]
        data = b"".join(chunk for _, chunk in self._chunks)[max(offset - start, 0) :]
        return data, start <= offset and len(data) == self.bytes_read - offset


def read_records(stream: SourceStream, reopen: Callable[[], BinaryIO]) -> Iterator[WarcRecord]:
    """Yield every record of a WARC or WAT stream, plain or gzip (one member a record, or one for the whole file).

    A record is valid until the next is requested; its HTTP headers are not parsed. `reopen` opens the source again. It
    is called only for unusual files, whose end cannot be judged from the remembered bytes.

    Raises `ArchiveDamage` where the file becomes unreadable, and at its end if it is truncated. A truncated record is
    yielded before, with the bytes that it has.
    """
    last: WarcRecord | None = None
    last_offset = last_length = 0
    try:
        records = ArchiveIterator(stream, record_types=WarcRecordType.any_type, parse_http=False)  # type: ignore[arg-type]
        for record in records:
            last, last_offset, last_length = record, record.stream_pos, record.content_length
            stream.forget_before(last_offset)
            yield record
    except (OSError, ValueError) as error:
        if stream.failed:
            raise ArchiveDamage(str(error) if last is None else _after(last_offset, error)) from error
        if last is None:
            raise ArchiveDamage(why_no_record(stream.tail(0)[0])) from error
        if _only_padding_is_left(stream, last_offset, reopen):
            return
        raise ArchiveDamage(_after(last_offset, error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # FastWARC's error for unexpected input, which cannot be imported
            raise
        raise ArchiveDamage(f"after byte {last_offset:,}: unreadable ({error})") from error
    if last is None:
        raise ArchiveDamage(why_no_record(stream.tail(0)[0]))
    if not _is_whole(stream, last_offset, last_length, reopen):
        raise ArchiveDamage(f"truncated in or after the record at byte {last_offset:,} of {stream.bytes_read:,}")


def _after(offset: int, error: Exception) -> str:
    return f"after the record at byte {offset:,}: {error}"


def _is_whole(stream: SourceStream, offset: int, content_length: int, reopen: Callable[[], BinaryIO]) -> bool:
    """Whether the stream contains all of its last record, which starts at `offset`."""
    tail, _ = stream.tail(offset)
    if tail.startswith(b"WARC/"):
        header = _HEADER_END.search(tail)
        return header is not None and stream.bytes_read - offset >= header.end() + content_length
    return _gzip_end(stream, offset, reopen) is not None


def _only_padding_is_left(stream: SourceStream, offset: int, reopen: Callable[[], BinaryIO]) -> bool:
    """Whether the last record's gzip member is whole and only zeros follow it, which FastWARC reports as an error."""
    end = _gzip_end(stream, offset, reopen)
    return end is not None and end.members == 1 and end.is_padded


class _GzipEnd(NamedTuple):
    """A sequence of whole gzip members: how many, and whether zeros follow the last."""

    members: int
    is_padded: bool


def _gzip_end(stream: SourceStream, offset: int, reopen: Callable[[], BinaryIO]) -> _GzipEnd | None:
    """How the gzip stream ends, from the member at `offset` on; None if it is truncated, corrupt or not gzip."""
    tail, complete = stream.tail(offset)
    if complete and tail.startswith(_DEFLATED_MEMBER):
        return _count_members(chain((tail,), iter(lambda: stream.read(_CHUNK_BYTES), b"")))
    # one gzip member contains many records, and `offset` is inside it: check it from its start
    with reopen() as source:
        return _count_members(iter(lambda: source.read(_CHUNK_BYTES), b""))


def _count_members(chunks: Iterator[bytes]) -> _GzipEnd | None:
    inflate = zlib.decompressobj(wbits=31)
    begun = is_padded = False
    members = 0
    try:
        for chunk in chunks:
            data = chunk
            while data:
                if not begun:
                    unpadded = data.lstrip(b"\0")
                    is_padded = len(unpadded) < len(data)
                    data, begun = unpadded, bool(unpadded)
                inflate.decompress(data, _CHUNK_BYTES)
                data = inflate.unconsumed_tail
                if inflate.eof:
                    data = inflate.unused_data
                    inflate, begun = zlib.decompressobj(wbits=31), False
                    members += 1
    except zlib.error:
        return None
    return None if begun else _GzipEnd(members, is_padded)
