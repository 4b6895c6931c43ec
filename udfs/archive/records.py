"""Reads the records of WARC and WAT files in order, and accounts for every byte between them.

A record is sound if its `Content-Length` leads to two line ends, and these to the next record or to the end of its
member; then its block holds no other record. Where this fails, the reader goes on at the next member, or at the next
header within this one. So no damage costs more than the record or member in which it lies, and no record gets the
content of another.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from udfs.archive.damages import Damages
from udfs.archive.formats import RECORD_START
from udfs.archive.members import PADDING, Fault, open_members
from udfs.archive.recognise import why_no_record
from udfs.archive.source_stream import SourceStream
from udfs.archive.warc_header import FIRST_LINE, FIRST_LINE_BYTES, WarcHeader, blank_line_end, parse_header
from udfs.archive.window import Window

MAX_BLOCK_BYTES = 128 << 20
_USUAL_HEADER_BYTES, _MAX_HEADER_BYTES = 1 << 12, 1 << 17
_CRLF_CRLF, _LF_LF = b"\r\n\r\n", b"\n\n"
_MAX_PADDING_BYTES = 1 << 20
_MAX_TRIALS = 256  # headers within a block that are followed to their end: hostile files have any number
_LONE_BYTES = 1 << 20  # larger members are read piece by piece
_TRACE = re.compile(rb"\n(?:WARC-[A-Za-z-]+:|HTTP/[0-9.]+ [0-9]{3})")  # of a record without its first line
_WRONG_LENGTH = "a record that does not end where its Content-Length says"
_NO_LENGTH = "a record without a usable Content-Length"
_CUT_RECORD = "the file ends within this record"


class ArchiveDamage(Exception):
    """What is wrong with an archive, in one line. The records that were yielded can be used."""


class WarcRecord:
    """A record. Its block can be read until the next record is requested."""

    __slots__ = ("_header", "_kept_bytes", "_window", "content_length", "is_usable", "is_whole", "offset")

    def __init__(
        self,
        window: Window,
        header: WarcHeader,
        content_length: int,
        kept_bytes: int,
        *,
        is_whole: bool = True,
        is_own: bool = True,
    ) -> None:
        self._window = window
        self._header = header
        self._kept_bytes = kept_bytes
        self.offset = window.offset
        """Where the record begins in the file; in a compressed file, where its member begins."""
        self.content_length = content_length
        """The length of the block in bytes, which may be longer than what is kept of it."""
        self.is_whole = is_whole
        """Whether the block has all that belongs to it, as far as its header and what follows tell."""
        self.is_usable = is_own and window.fault is not Fault.BROKEN
        """Whether the block can be trusted: not if it comes from a broken member, or may hold another record's."""

    @property
    def type(self) -> str:
        """`response`, `metadata`, …; empty if the header does not tell."""
        return (self._header.value(b"WARC-Type") or b"").decode("latin-1").lower()

    def value(self, name: bytes) -> bytes | None:
        """The value of a field of the record's own header, the first one of that name; None if there is none."""
        return self._header.value(name)

    @property
    def block(self) -> bytes:
        """The block, as much of it as is kept."""
        start = self._window.start + self._header.size_bytes
        return self._window.data[start : start + self._kept_bytes]


def read_records(stream: SourceStream, max_block_bytes: int = MAX_BLOCK_BYTES) -> Iterator[WarcRecord]:
    """Yield every record of a WARC or WAT file: plain, gzip or zstd, with one record a member or any other number.

    Of longer blocks, `max_block_bytes` are kept. A record whose length is wrong is yielded with what lies before the
    next record; one in a broken member is yielded, but not usable.

    Raises `ArchiveDamage` at the end of a file that is damaged, no archive, or cannot be read to its end.
    """
    damages, last = Damages(), None
    head = stream.peek(1)
    members = open_members(stream, damages)
    if members is not None:
        for last in _Reader(Window(members), damages, max_block_bytes).records():
            yield last
    if stream.failure is not None:
        raise ArchiveDamage(
            f"after the record at byte {last.offset:,}: {stream.failure}" if last else str(stream.failure)
        )
    if last is None:
        raise ArchiveDamage(why_no_record(head))
    if damages:
        raise ArchiveDamage(str(damages))


class _Extent(NamedTuple):
    """Where a record's block ends in the window, and where the next record begins; `fault` says what is wrong if it is
    not sound."""

    block_end: int
    next_start: int
    fault: str | None = None
    is_whole: bool = True
    """Whether the block is whole all the same."""
    is_own: bool = True
    """Whether all of the block is the record's."""


class _Reader:
    """Cuts the content of members into records."""

    def __init__(self, window: Window, damages: Damages, max_block_bytes: int) -> None:
        self._window = window
        self._damages = damages
        self._max_block_bytes = max_block_bytes
        self._line_ends = _CRLF_CRLF  # of the latest header
        self._are_shared = False  # whether the file has members with several records

    def records(self) -> Iterator[WarcRecord]:
        window, most = self._window, self._max_block_bytes
        while window.begin():
            header = self._lone_header()
            if header is not None and header.block_bytes is not None:
                yield WarcRecord(window, header, header.block_bytes, min(header.block_bytes, most))
                continue
            while window.reach(window.start + 1):
                header = self._header_at(window.start)
                if header is None:
                    self._step_over()
                    continue
                extent = self._extent(header)
                if extent is None:
                    yield WarcRecord(window, header, header.block_bytes or 0, most)
                    self._skip_long_block(header)
                    continue
                if extent.fault and window.fault is None:
                    self._damages.add(window.offset, extent.fault)
                size = extent.block_end - window.start - header.size_bytes
                yield WarcRecord(window, header, size, size, is_whole=extent.is_whole, is_own=extent.is_own)
                window.drop(extent.next_start)
                self._are_shared = self._are_shared or window.reach(window.start + 1)

    def _lone_header(self) -> WarcHeader | None:
        """The header of a sound record that fills its member, which is the usual case; None in all others.

        The member's bounds confirm the length. Only where members have several records can one hold another that ends
        where it does; to look for that everywhere would slow down reading.
        """
        window = self._window
        if window.is_plain or window.reach(_LONE_BYTES) or window.fault is not None:
            return None
        data = window.data
        header = parse_header(data[: blank_line_end(data, 0, _USUAL_HEADER_BYTES)])
        if header is None or header.block_bytes is None or not data.endswith(_CRLF_CRLF):
            return None
        if header.size_bytes + header.block_bytes + len(_CRLF_CRLF) != len(data):
            return None
        holds_another = (
            self._are_shared and self._find_whole_record(header.first_line, header.size_bytes, len(data)) >= 0
        )
        return None if holds_another else header

    def _header_at(self, start: int) -> WarcHeader | None:
        """The record header at a position of the window, or None."""
        window = self._window
        window.reach(start + FIRST_LINE_BYTES)
        if FIRST_LINE.match(window.data, start) is None:
            return None
        end = blank_line_end(window.data, start, start + _USUAL_HEADER_BYTES)
        while end < 0:
            # a header ends before the next one: so the search is linear in files full of first lines
            cap = window.data.find(b"\n" + RECORD_START, start, start + _MAX_HEADER_BYTES)
            end = blank_line_end(window.data, start, cap if cap >= 0 else start + _MAX_HEADER_BYTES)
            is_bounded = cap >= 0 or len(window.data) >= start + _MAX_HEADER_BYTES
            if end < 0 and (is_bounded or not window.grow(continues=True)):
                return None
        return parse_header(window.data[start:end])

    def _extent(self, header: WarcHeader) -> _Extent | None:
        """Where a record ends; None if its block is longer than the limit, and holds no other record within that.

        If its length is wrong, its block is what it declares, but nothing of the next record; reading goes on there.
        Where the block would reach beyond that, a record between them may have lost its header; so it is the record's
        own only at the end of a member, and without a trace of a header.
        """
        window = self._window
        start = window.start + header.size_bytes
        most = start + self._max_block_bytes
        declared, fault = most, _NO_LENGTH
        self._line_ends = _CRLF_CRLF if header.data.endswith(_CRLF_CRLF) else _LF_LF
        if header.block_bytes is not None:
            declared, fault = start + header.block_bytes, _WRONG_LENGTH
            if not window.reach(min(declared, most), continues=True):
                fault = _CUT_RECORD if window.is_plain else _WRONG_LENGTH
            elif self._find_whole_record(header.first_line, start, min(declared, most)) < 0:
                if declared > most:
                    return None
                next_start = self._next_start(declared)
                if next_start is not None:
                    return _Extent(declared, next_start)
                line_ends_bytes = self._line_ends_bytes(declared)
                if line_ends_bytes and self._find_header(start, declared) < 0:
                    return _Extent(declared, declared + line_ends_bytes)  # then come stray bytes
        boundary = self._find_header(start, most)
        end = boundary if boundary >= 0 else min(len(window.data), most)
        is_whole = declared <= end and not window.data[declared:end].strip(_CRLF_CRLF)
        is_own = declared <= end or (boundary < 0 and _TRACE.search(window.data, start, end) is None)
        return _Extent(min(declared, end), end, fault, is_whole, is_own)

    def _line_ends_bytes(self, block_end: int) -> int:
        """The size of the two line ends after a block, or 0."""
        data = self._window.data
        ends = [line_ends for line_ends in (_CRLF_CRLF, _LF_LF) if data.startswith(line_ends, block_end)]
        return len(ends[0]) if ends else 0

    def _next_start(self, block_end: int) -> int | None:
        """Where the next record begins, or the member ends, if a block that ends here is followed by two line ends and
        then by one of these; else None."""
        window = self._window
        has_room = window.reach(block_end + len(_CRLF_CRLF), continues=True)
        start = block_end + self._line_ends_bytes(block_end)
        if start == block_end:
            # nothing is lost in a plain file that is cut within its last line ends
            is_cut = window.is_plain and not has_room and self._line_ends.startswith(window.data[block_end:])
            return len(window.data) if is_cut else None
        if not window.reach(start + 1):
            return start
        window.reach(start + len(RECORD_START))
        if window.data.startswith(RECORD_START, start):
            return start
        if window.is_plain and not window.reach(start + _MAX_PADDING_BYTES) and not window.data[start:].strip(PADDING):
            return len(window.data)
        return None

    def _find_whole_record(self, first_line: bytes, start: int, end: int) -> int:
        """The position of the first record in a stretch of the window that has a header and ends as sound ones do; -1
        if there is none. A page that only shows a header, such as a specification of WARC, does not count."""
        window = self._window
        at = window.data.find(first_line, start, end)
        for _ in range(_MAX_TRIALS):
            if at < 0:
                break
            header = self._header_at(at)
            if header is not None and header.block_bytes is not None:
                block_end = at + header.size_bytes + header.block_bytes
                if header.block_bytes > self._max_block_bytes or (
                    window.reach(block_end, continues=True) and self._next_start(block_end) is not None
                ):
                    return at
            at = window.data.find(first_line, at + 1, end)
        return -1

    def _find_header(self, start: int, most: int) -> int:
        """The position of the next header in the window, which may grow to a length of `most`; -1 if there is none."""
        window = self._window
        while True:
            at = window.data.find(RECORD_START, start, most)
            if at < 0:
                start = max(start, len(window.data) - len(RECORD_START) + 1)
                if len(window.data) >= most or not window.grow():
                    return -1
            elif (header := self._header_at(at)) is not None and header.value(b"WARC-Type") is not None:
                return at
            else:
                start = at + 1

    def _step_over(self) -> None:
        """Step over bytes that belong to no record, to the next header or the end of the member."""
        window, offset, size, is_padding, at = self._window, self._window.offset, 0, True, -1
        while at < 0 and window.reach(window.start + 1):
            at = self._find_header(window.start, window.start + self._max_block_bytes)
            end = len(window.data) if at < 0 else at
            is_padding = is_padding and not window.data[window.start : end].strip(PADDING)
            size += end - window.start
            window.drop(end)
        if window.fault is None and not (is_padding and at < 0 and window.is_plain):
            self._damages.add_stray(offset, size)

    def _skip_long_block(self, header: WarcHeader) -> None:
        """Step over a block that is longer than the limit; if its length is wrong, to the next whole record."""
        window, offset = self._window, self._window.offset
        window.drop(window.start + header.size_bytes)
        left = header.block_bytes or 0
        while True:
            end = window.start + left
            record = self._find_whole_record(header.first_line, window.start, end)
            if record >= 0 or end <= len(window.data):
                break
            size = max(len(window.data) - len(header.first_line) - window.start, 0)
            left -= size
            window.drop(window.start + size)
            if not window.grow(continues=True):
                break
        end = window.start + left
        next_start = record if record >= 0 else self._next_start(end) if end <= len(window.data) else None
        if record >= 0 or next_start is None:
            self._damages.add(offset, _WRONG_LENGTH)
        window.drop(min(end, len(window.data)) if next_start is None else next_start)
