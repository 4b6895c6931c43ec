"""Files on HDFS, read by hdfs-native: it needs neither Java nor Hadoop's native library."""

import errno
import io
import os
from typing import Any, BinaryIO, cast

import hdfs_native

from udfs.errors import SourceFailed, SourceRefused
from udfs.storage.addresses import host_of, path_in
from udfs.storage.hdfs_client import first_line, hdfs_client

_BUFFER_BYTES = 1 << 20  # each read opens a connection to a DataNode
_DENIED = "AccessControlException"


def open_hdfs(address: str) -> BinaryIO:
    """Open a file for reading from its start. Raises as `find_hdfs` does."""
    return cast(BinaryIO, io.BufferedReader(_HdfsFile(find_hdfs(address)), _BUFFER_BYTES))


def find_hdfs(address: str) -> hdfs_native.FileReader:
    """A file of hdfs-native. Raises `FileNotFoundError`, another `OSError` for a file that may not be read, or
    `SourceRefused` if no NameNode answers; before that, it tries for about three minutes (hdfs-native's
    `dfs.client.failover.…`)."""
    try:
        return hdfs_client(host_of(address)).read(f"/{path_in(address)}")
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), address) from error
    except (OSError, RuntimeError) as error:
        if _DENIED in str(error):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), address) from error
        raise SourceRefused(f"{host_of(address)}: HDFS cannot be read: {first_line(error)}") from error


def read_hdfs(file: hdfs_native.FileReader, start: int, length: int) -> bytes:
    """A range within a file, by a connection of its own. Raises `SourceFailed` if no replica of a block can be read."""
    try:
        return file.read_range(start, length)
    except (OSError, RuntimeError) as error:
        raise SourceFailed(first_line(error)) from error


class _HdfsFile(io.RawIOBase):
    """A file of hdfs-native, for a buffer."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        try:
            data = self._file.read(len(buffer))
        except (OSError, RuntimeError) as error:  # no replica of a block can be read
            raise SourceFailed(first_line(error)) from error
        buffer[: len(data)] = data
        return len(data)
