"""Splits an archive file into its members: gzip members, zstd frames, or the whole of a plain file.

Archives put each record into a member of its own, so that it can be read alone. Hence the bounds of a member are the
best evidence of where a record ends, and of where to go on after damage.
"""

from enum import StrEnum
from typing import Protocol

from udfs.archive.compressions import (
    BGZIP_END,
    DICTIONARY_FRAME,
    GZIP,
    MAX_DICTIONARY_BYTES,
    SKIPPABLE_FRAMES,
    SKIPPABLE_HEADER_BYTES,
    ZSTD,
    Codec,
    zstd_codec,
)
from udfs.archive.damages import Damages
from udfs.archive.source_stream import SourceStream
from udfs.archive.warc_header import FIRST_LINE

PADDING = b"\0\r\n"
"""Bytes that are no damage at the end of a file."""
_LEADING_BYTES = 1 << 20  # how far into a file its first member may begin
# What is read again after broken members, beside 64 times the bytes of the file: a member of a few hundred bytes costs
# a chunk, but in hostile files each member contains others, and all are broken.
_SEARCH_BUDGET_BYTES, _SEARCH_BUDGET_TIMES = 1 << 30, 64


class Fault(StrEnum):
    """Why a member is not whole."""

    CUT = "cut"  # the file ends within it
    BROKEN = "broken"


class Members(Protocol):
    """The members of a file in order: `begin` one, then `read` it to its end."""

    is_plain: bool
    """Whether the file is not compressed."""
    offset: int
    """Where the current member begins in the file."""
    fault: Fault | None
    """What is wrong with the current member, once it has ended."""

    def begin(self) -> bool:
        """Begin the next member; False at the end of the file."""
        ...

    def adjoins(self) -> bool:
        """Whether the next member follows the current one without bytes between them."""
        ...

    def read(self) -> bytes:
        """The next piece of the current member's content; empty at its end."""
        ...


def open_members(stream: SourceStream, damages: Damages) -> Members | None:
    """The members of a file; None for a file that is no archive, whose head the stream can then still `peek`."""
    head = stream.peek(SKIPPABLE_HEADER_BYTES)
    if head.startswith(GZIP.magic) and GZIP.begins_record(head):  # the usual case
        return CompressedMembers(stream, GZIP, damages)
    if FIRST_LINE.match(head.lstrip(PADDING)):
        return PlainMember(stream)
    if head.startswith(SKIPPABLE_FRAMES):
        return CompressedMembers(stream, ZSTD, damages)
    head = stream.peek(_LEADING_BYTES)
    starts = {_find_member(codec, head, 0): codec for codec in (GZIP, ZSTD)}
    starts.pop(-1, None)
    if starts:
        return CompressedMembers(stream, starts[min(starts)], damages)
    if head.startswith(ZSTD.magic):  # a broken frame can look like a plain record: zstd keeps rare text as it is
        return CompressedMembers(stream, ZSTD, damages)
    if FIRST_LINE.search(head):
        return PlainMember(stream)
    return CompressedMembers(stream, GZIP, damages) if head.startswith(GZIP.magic) else None


class PlainMember:
    """A file without compression, as its only member."""

    def __init__(self, stream: SourceStream) -> None:
        self._stream = stream
        self._has_begun = False
        self.is_plain, self.offset = True, 0
        self.fault: Fault | None = None

    def begin(self) -> bool:
        begins, self._has_begun = not self._has_begun, True
        return begins

    def adjoins(self) -> bool:
        return False

    def read(self) -> bytes:
        return self._stream.take()


class CompressedMembers:
    """The gzip members or zstd frames of a file.

    Stray bytes between them are stepped over and added to `damages`, as are empty and broken members. After a broken
    one, the next is first looked for in its bytes, because a member that was cut short swallows those behind it.
    """

    def __init__(self, stream: SourceStream, codec: Codec, damages: Damages) -> None:
        self._stream = stream
        self._codec = codec
        self._damages = damages
        self._decompressor = codec.decompressor()
        self._has_content, self._has_ended = False, True
        self._searched_bytes = 0
        self.is_plain, self.offset = False, 0
        self.fault: Fault | None = None

    def begin(self) -> bool:
        if not self.adjoins() and not self._step_over(self._stream.position):
            return False
        self.offset = self._stream.position
        self._stream.mark()
        self._decompressor = self._codec.decompressor()
        self.fault, self._has_ended, self._has_content = None, False, False
        return True

    def adjoins(self) -> bool:
        head = self._stream.peek(SKIPPABLE_HEADER_BYTES)
        while self._codec.magic == ZSTD.magic and head.startswith(SKIPPABLE_FRAMES):
            self._skip_frame(head)
            head = self._stream.peek(SKIPPABLE_HEADER_BYTES)
        return head.startswith(self._codec.magic)

    def _skip_frame(self, head: bytes) -> None:
        """Step over a zstd frame without compressed data; a dictionary is for the frames after it."""
        size = int.from_bytes(head[4:SKIPPABLE_HEADER_BYTES], "little")
        if head.startswith(DICTIONARY_FRAME) and size <= MAX_DICTIONARY_BYTES:
            dictionary = self._stream.peek(SKIPPABLE_HEADER_BYTES + size)[SKIPPABLE_HEADER_BYTES:][:size]
            try:
                self._codec = zstd_codec(dictionary)
            except ZSTD.errors as error:
                self._damages.add(self._stream.position, f"a broken zstd dictionary ({error})")
        self._stream.skip(SKIPPABLE_HEADER_BYTES + size)

    def read(self) -> bytes:
        piece = b""
        while not (piece or self._has_ended):
            data = self._stream.take()
            if not data:
                self._end_cut()
                break
            try:
                piece, rest = self._decompressor.feed(data)
            except self._codec.errors as error:
                self._end_broken(str(error))
                break
            self._stream.give_back(rest)
            self._has_content = self._has_content or bool(piece)
            if self._decompressor.is_done:
                self._has_ended = True
                if not self._has_content and not self._stream.since_mark().startswith(BGZIP_END):
                    self._damages.add(self.offset, f"an empty {self._codec.member}")
        return piece

    def _end_cut(self) -> None:
        """End the member because the file ends, unless it swallowed other members."""
        if _find_member(self._codec, self._stream.since_mark(), 1) > 0:
            self._end_broken("cut short")
            return
        self._has_ended, self.fault = True, Fault.CUT
        self._damages.add(self.offset, f"the file ends within this {self._codec.member}")

    def _end_broken(self, why: str) -> None:
        self._has_ended, self.fault = True, Fault.BROKEN
        self._damages.add(self.offset, f"a broken {self._codec.member} ({why})")
        self._searched_bytes += self._stream.position - self.offset
        self._stream.rewind()
        self._stream.skip(1)
        self._step_over(None)

    def _step_over(self, stray_from: int | None) -> bool:
        """Go to the next member with a record, and report the bytes from `stray_from` on as stray; False at the end."""
        stream, codec = self._stream, self._codec
        is_padding = True
        while True:
            ahead = stream.peek(2 * codec.trial_bytes)
            is_end = len(ahead) < 2 * codec.trial_bytes
            last = len(ahead) if is_end else len(ahead) - codec.trial_bytes
            start = _find_member(codec, ahead, 0, last)
            size = last if start < 0 else start
            is_padding = is_padding and not ahead[:size].strip(PADDING)
            self._searched_bytes += size
            stream.skip(size)
            if start >= 0 or is_end:
                break
        if stray_from is not None and stream.position > stray_from and not (is_padding and start < 0):
            self._damages.add_stray(stray_from, stream.position - stray_from)
        if self._searched_bytes > _SEARCH_BUDGET_BYTES + _SEARCH_BUDGET_TIMES * stream.bytes_read:
            self._damages.add_end(stream.position, "too much damage: the rest was not read")
            stream.end()
            return False
        return start >= 0


def _find_member(codec: Codec, data: bytes, start: int, end: int | None = None) -> int:
    """The first position, from `start` to before `end`, where a member begins that holds a record; -1 if there is
    none."""
    at = data.find(codec.magic, start)
    while at >= 0 and (end is None or at < end):
        if codec.begins_record(data, at):
            return at
        at = data.find(codec.magic, at + 1)
    return -1
