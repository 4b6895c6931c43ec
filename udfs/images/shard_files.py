"""Reads the files of one shard: as streams, so many bytes at a time, or as files that can seek."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from udfs.errors import BallastError

_CHUNK_BYTES = 256 << 10

OpenFile = Callable[[str], BinaryIO]
"""Opens a file by its path relative to the downloaded folder. The stream has `read(size)` and is a context manager; it
may be unable to seek."""


class ShardDamage(BallastError):
    """A shard cannot be read, or not to its end; the message goes into its row."""


class ShardStream:
    """A stream that is read once, so many bytes at a time."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._chunk, self._at = b"", 0
        self._before = 0  # bytes before the chunk

    @property
    def position(self) -> int:
        """The offset of the next byte."""
        return self._before + self._at

    @property
    def bytes_read(self) -> int:
        """The bytes that were read of the stream."""
        return self._before + len(self._chunk)

    def take(self, size: int) -> bytes:
        """The next `size` bytes, or those that are left."""
        end = self._at + size
        if end <= len(self._chunk):
            data = self._chunk[self._at : end]
            self._at = end
            return data
        pieces = [self._chunk[self._at :]]
        missing = size - len(pieces[0])
        while missing and self._next_chunk():
            self._at = min(missing, len(self._chunk))
            missing -= self._at
            pieces.append(self._chunk[: self._at])
        return b"".join(pieces)

    def skip(self, size: int) -> int:
        """Pass over the next `size` bytes, or those that are left; returns how many."""
        missing = size
        ahead = len(self._chunk) - self._at
        while missing > ahead:
            missing -= ahead
            if not self._next_chunk():
                return size - missing
            ahead = len(self._chunk)
        self._at += missing
        return size

    def _next_chunk(self) -> bool:
        """Replace the chunk, all of which was taken, by the next one. At the end of the stream, there is none."""
        self._before += len(self._chunk)
        self._chunk, self._at = b"", 0
        self._chunk = self._stream.read(_CHUNK_BYTES)
        return bool(self._chunk)


class ShardFiles:
    """Opens the files of one shard, and counts what is read of them."""

    def __init__(self, open_file: OpenFile) -> None:
        self._open = open_file
        self.bytes_read = 0

    @contextmanager
    def stream(self, path: str) -> Iterator[ShardStream]:
        """A file to be read once from its start."""
        with self._open(path) as file:
            stream = ShardStream(file)
            try:
                yield stream
            finally:
                self.bytes_read += stream.bytes_read

    @contextmanager
    def seekable(self, path: str) -> Iterator[BinaryIO]:
        """A file that can seek. One that cannot, such as a file on S3, is first copied into a temporary file."""
        with self._open(path) as file:
            if getattr(file, "seekable", bool)():
                self.bytes_read += file.seek(0, 2)
                file.seek(0)
                yield file
                return
            with tempfile.TemporaryFile() as copy:
                shutil.copyfileobj(file, copy, 1 << 20)
                self.bytes_read += copy.tell()
                copy.seek(0)
                yield copy
