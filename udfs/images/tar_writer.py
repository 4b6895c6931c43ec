"""Tars whose bytes depend only on the names and contents of their members."""

from tarfile import BLOCKSIZE, NUL, PAX_FORMAT, RECORDSIZE, TarInfo
from typing import BinaryIO

_MODE = 0o644


class TarWriter:
    """Writes files one after the other: USTAR, and PAX for long names and those with other letters than ASCII. Times,
    users and groups are 0."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.size = file, 0

    def add(self, name: str, data: bytes) -> None:
        """Write a file."""
        member = TarInfo(name)
        member.size, member.mode = len(data), _MODE
        self._write(member.tobuf(PAX_FORMAT, "utf-8", "surrogateescape"))
        self._write(data)
        self._write(NUL * (-len(data) % BLOCKSIZE))

    def end(self) -> None:
        """Write the end of the tar: two empty blocks, and what fills a record."""
        self._write(NUL * (2 * BLOCKSIZE))
        self._write(NUL * (-self.size % RECORDSIZE))

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self.size += len(data)
