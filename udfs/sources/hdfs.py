"""Files on HDFS, read by hdfs-native: it needs neither Java nor Hadoop's native library."""

import errno
import io
import os
from functools import lru_cache
from typing import Any, BinaryIO, cast

import hdfs_native

from udfs.errors import SourceFailed, SourceRefused
from udfs.storage.addresses import host_of, path_in

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
        return _client(host_of(address)).read(f"/{path_in(address)}")
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), address) from error
    except (OSError, RuntimeError) as error:
        if _DENIED in str(error):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), address) from error
        raise SourceRefused(f"{host_of(address)}: HDFS cannot be read: {_first_line(error)}") from error


def read_hdfs(file: hdfs_native.FileReader, start: int, length: int) -> bytes:
    """A range within a file, by a connection of its own. Raises `SourceFailed` if no replica of a block can be read."""
    try:
        return file.read_range(start, length)
    except (OSError, RuntimeError) as error:
        raise SourceFailed(_first_line(error)) from error


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
            raise SourceFailed(_first_line(error)) from error
        buffer[: len(data)] = data
        return len(data)


@lru_cache(maxsize=8)
def _client(host: str) -> hdfs_native.Client:
    """The client of a file system. Without Kerberos, it is the user that Spark is there: a worker on YARN may run as
    another one."""
    if "SPARK_USER" in os.environ:
        os.environ.setdefault("HADOOP_USER_NAME", os.environ["SPARK_USER"])
    return hdfs_native.Client(host if host.partition("://")[2] else None)


def _first_line(error: Exception) -> str:
    """The message without the NameNode's stack trace."""
    return str(error).replace("\\n", "\n").partition("\n")[0][:200]
