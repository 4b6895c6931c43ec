"""The content of an archive that is being read, as bytes in memory."""

from udfs.archive.formats import begins_record
from udfs.archive.members import Fault, Members

_GROW_BYTES = 1 << 20


class Window:
    """A stretch of a member's content, `data`, which grows at its end and is dropped at its start: what lies before
    `start` is gone, whether it is still there or not. Only `drop` moves what is left.

    It reaches into the next member only if that continues this one: if it adjoins, and begins no record.
    """

    def __init__(self, members: Members) -> None:
        self._members = members
        self._ahead: bytes | None = None  # the first bytes of the next member, if that has been begun
        self._dropped_bytes = 0
        self._joined: list[tuple[int, int]] = []  # where in `data` further members begin, and where in the file
        self._offset = 0
        self._is_broken = False
        self.data = b""
        self.start = 0

    @property
    def is_plain(self) -> bool:
        return self._members.is_plain

    @property
    def fault(self) -> Fault | None:
        """What is wrong with the members that `data` comes from, as far as they were read. What a broken member gives
        may be wrong."""
        return Fault.BROKEN if self._is_broken else self._members.fault if self._ahead is None else None

    @property
    def offset(self) -> int:
        """The place in the file of the byte at `start`, in a compressed file the start of its member."""
        return self._offset + (self._dropped_bytes if self._members.is_plain else 0)

    def begin(self) -> bool:
        """Go to the next member; False at the end of the file."""
        if self._ahead is None and not self._members.begin():
            return False
        self.data, self.start, self._ahead = self._ahead or b"", 0, None
        self._offset, self._dropped_bytes, self._joined = self._members.offset, 0, []
        self._is_broken = self._members.fault is Fault.BROKEN
        return True

    def reach(self, end: int, *, continues: bool = False) -> bool:
        """Grow until `data` has a byte before `end`; False if the member, and those that continue it, end before."""
        size = len(self.data)
        if size >= end:
            return True
        pieces = [self.data]
        while size < end and (piece := self._members.read() or (self._continuation(size) if continues else b"")):
            pieces.append(piece)
            size += len(piece)
        self.data = b"".join(pieces)
        self._is_broken = self._is_broken or (self._ahead is None and self._members.fault is Fault.BROKEN)
        return size >= end

    def grow(self, *, continues: bool = False) -> bool:
        """Grow by a megabyte, or to twice the size if that is more; False if there is nothing more."""
        size = len(self.data)
        self.reach(size + max(size - self.start, _GROW_BYTES), continues=continues)
        return len(self.data) > size

    def drop(self, end: int) -> None:
        """Drop what lies before `end`, a position in `data`."""
        self._dropped_bytes += end - self.start
        self.start = end
        while self._joined and self._joined[0][0] <= end:
            self._offset = self._joined.pop(0)[1]
        if 2 * end >= len(self.data):  # so that many small steps through much data take linear time
            self.data, self.start = self.data[end:], 0
            self._joined = [(position - end, offset) for position, offset in self._joined]

    def _continuation(self, size: int) -> bytes:
        """The first piece of the next member, if that continues the window, which has `size` bytes."""
        members = self._members
        if self._ahead is not None or members.fault is not None or not members.adjoins() or not members.begin():
            return b""
        piece = members.read()
        if begins_record(piece) or not piece:
            self._ahead = piece
            return b""
        self._joined.append((size, members.offset))
        return piece
