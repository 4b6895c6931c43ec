"""How far the processes of one machine are within the local files that they read, in a folder that they share.

Each process writes one small file: the bytes of the files that it has finished, and of the present one as far as it has
come. They only move a progress bar, so a failure to write or read them is ignored.
"""

import os
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

_EVERY_S = 0.25


class ReadMeter:
    """Counts what this process reads. A process that makes several, one after the other, counts on."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / str(os.getpid())
        self._finished = _number(self._path)
        self._next = 0.0

    def opened(self, file: BinaryIO) -> "MeteredFile":
        """Count what is read of an open file."""
        return MeteredFile(file, self)

    def advance(self, position: int) -> None:
        """The present file is read up to here. Written a few times a second."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _EVERY_S
            self._write(position)

    def finish(self, size: int) -> None:
        """The present file is done, whether all of it was read or not."""
        self._finished += size
        self._write(0)

    def _write(self, position: int) -> None:
        with suppress(OSError):
            self._path.write_text(f"{self._finished + position:020}", encoding="ascii")


class MeteredFile:
    """A binary file whose reading is counted."""

    def __init__(self, file: BinaryIO, meter: ReadMeter) -> None:
        self._file, self._meter = file, meter
        self._position = 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._position += len(data)
        self._meter.advance(self._position)
        return data

    def __enter__(self) -> "MeteredFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._meter.finish(os.fstat(self._file.fileno()).st_size)
        self._file.close()


def bytes_read(folder: Path) -> int:
    """The bytes that all processes have counted."""
    return sum(map(_number, folder.iterdir()))


def _number(path: Path) -> int:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):  # not there, or just being written
        return 0
