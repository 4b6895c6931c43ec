"""Reading WARC-framed files (WARC and WAT): records in order, and whether the file is whole.

FastWARC reads; it takes some truncated files for finished ones, so that `read_records` checks the end itself.
"""

import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from typing import BinaryIO, NamedTuple

from fastwarc import ArchiveIterator, WarcRecord, WarcRecordType

from udfs.archive.formats import GZIP_MAGIC

_CHUNK_BYTES = 1 << 16
_DEFLATED_MEMBER = GZIP_MAGIC + b"\x08"
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_TAIL_CAP_BYTES = 64 << 20  # beyond it the last gzip member is checked by reading the file again


class ArchiveDamage(Exception):
    """The archive cannot be read further. What was yielded before is good."""


class SourceStream:
    """A byte stream that counts what was read and remembers the bytes since the last record began."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._chunks: deque[tuple[int, bytes]] = deque()
        self._kept_bytes = 0
        self.bytes_read = 0
        self.failed = False
        """Whether the source itself gave an error; what it would hold further on cannot be judged then."""

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
            # the chunk at the record's head stays: its header is read from it
            self._kept_bytes -= len(self._chunks[1][1])
            del self._chunks[1]
        return data

    @property
    def idle_s(self) -> float:
        """Seconds that a source on a server waited for its turn, which are not the file's."""
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
    """Yield every record of a WARC-framed stream, plain or gzip (one member a record, or the whole file).

    Records are valid until the next one is asked for; HTTP headers are not parsed yet. `reopen` opens the source once
    more and is called only where the end of an unusual file cannot be judged from what is remembered.

    Raises `ArchiveDamage` where the file cannot be read on, and at its end when that is a truncated one; a record cut
    short has been yielded by then, with the bytes that there are.
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
            raise ArchiveDamage(_why_not_warc(stream)) from error
        if _only_padding_is_left(stream, last_offset, reopen):
            return
        raise ArchiveDamage(_after(last_offset, error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # FastWARC's, on input that it did not foresee; not importable
            raise
        raise ArchiveDamage(f"after byte {last_offset:,}: unreadable ({error})") from error
    if last is None:
        raise ArchiveDamage("empty file" if stream.bytes_read == 0 else _why_not_warc(stream))
    if not _is_whole(stream, last_offset, last_length, reopen):
        raise ArchiveDamage(f"truncated in or after the record at byte {last_offset:,} of {stream.bytes_read:,}")


def _after(offset: int, error: Exception) -> str:
    return f"after the record at byte {offset:,}: {error}"


def _why_not_warc(stream: SourceStream) -> str:
    head, _ = stream.tail(0)
    if head.startswith(_DEFLATED_MEMBER):
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, 1 << 10)
        except zlib.error:
            return "not a WARC file: broken gzip"
    if head.startswith(b"filedesc:"):
        return "an ARC file, not a WARC: convert it first (warcio recompress)"
    return "not a WARC file" if head.strip() else "no record in it"


def _is_whole(stream: SourceStream, offset: int, content_length: int, reopen: Callable[[], BinaryIO]) -> bool:
    """Whether the stream ends where its last record, at `offset`, ends."""
    tail, _ = stream.tail(offset)
    if tail.startswith(b"WARC/"):
        header = _HEADER_END.search(tail)
        return header is not None and stream.bytes_read - offset >= header.end() + content_length
    return _gzip_end(stream, offset, reopen) is not None


def _only_padding_is_left(stream: SourceStream, offset: int, reopen: Callable[[], BinaryIO]) -> bool:
    """Whether the last record's gzip member is whole and nothing but zeros follows it, which FastWARC takes ill."""
    end = _gzip_end(stream, offset, reopen)
    return end is not None and end.members == 1 and end.is_padded


class _GzipEnd(NamedTuple):
    """What bytes that are whole gzip members are: how many, and whether zeros follow the last."""

    members: int
    is_padded: bool


def _gzip_end(stream: SourceStream, offset: int, reopen: Callable[[], BinaryIO]) -> _GzipEnd | None:
    """How the gzip stream ends, from the member at `offset` on; None when it is cut, corrupt or no gzip."""
    tail, complete = stream.tail(offset)
    if complete and tail.startswith(_DEFLATED_MEMBER):
        return _count_members(chain((tail,), iter(lambda: stream.read(_CHUNK_BYTES), b"")))
    # one gzip member around many records: `offset` is within it, so that only its whole tells
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
