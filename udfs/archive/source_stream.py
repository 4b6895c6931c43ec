"""The bytes of an input file, read once from its start to its end."""

from io import BytesIO
from typing import BinaryIO

_CHUNK_BYTES = 1 << 16
_REMEMBERED_BYTES = 64 << 20


class SourceStream:
    """A file's bytes in chunks. What was taken since `mark` is remembered, up to 64 MiB, and can be taken again.

    If the source raises an `OSError`, the file ends there, and `failure` is set.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._ahead = b""  # read, but not yet taken
        self._marked: list[bytes] = []
        self._marked_bytes = 0
        self.bytes_read = 0
        self.failure: OSError | None = None

    @property
    def idle_s(self) -> float:
        """Seconds that a remote source waited for its server; they do not count towards the file's time limit."""
        return getattr(self._source, "idle_s", 0.0)

    @property
    def position(self) -> int:
        """The offset in the file of the next byte to take."""
        return self.bytes_read - len(self._ahead)

    def take(self) -> bytes:
        """The next chunk, of any size; empty at the end of the file."""
        chunk = self._ahead or self._read()
        self._ahead = b""
        return chunk

    def give_back(self, data: bytes) -> None:
        """Give back the end of the chunk that was taken last."""
        self._ahead = data

    def peek(self, size_bytes: int) -> bytes:
        """What comes next, at least `size_bytes` unless the file ends before."""
        if len(self._ahead) < size_bytes:
            chunks, size = [self._ahead], len(self._ahead)
            while size < size_bytes and (chunk := self._read()):
                chunks.append(chunk)
                size += len(chunk)
            self._ahead = b"".join(chunks)
        return self._ahead

    def skip(self, size_bytes: int) -> None:
        """Take so many bytes, or those that are left."""
        while size_bytes > len(self._ahead):
            size_bytes -= len(self._ahead)
            self._ahead = self._read()
            if not self._ahead:
                return
        self._ahead = self._ahead[size_bytes:]

    def end(self) -> None:
        """End the file here: nothing more is read."""
        self._ahead, self._source = b"", BytesIO()

    def mark(self) -> None:
        """Remember what is taken from here on."""
        self._marked, self._marked_bytes = [self._ahead], len(self._ahead)

    def since_mark(self) -> bytes:
        """What was read since the mark, as far as it is remembered, with what is still ahead."""
        return b"".join(self._marked)

    def rewind(self) -> None:
        """Return to the mark, or to the first byte since then that is remembered."""
        self._ahead = self.since_mark()
        self.mark()

    def _read(self) -> bytes:
        try:
            data = self._source.read(_CHUNK_BYTES)
        except OSError as error:
            self.failure = error
            return b""
        self.bytes_read += len(data)
        self._marked.append(data)
        self._marked_bytes += len(data)
        if self._marked_bytes > _REMEMBERED_BYTES:
            self._marked, self._marked_bytes = [data], len(data)
        return data
