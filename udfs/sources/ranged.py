"""Files read at any place, in Spark's worker processes: on this machine, S3, HDFS, and what Arrow knows."""

import io
import os
import time
from functools import cached_property
from http import HTTPStatus
from typing import Any, BinaryIO, Protocol, cast

from udfs.errors import SourceFailed, SourceRefused
from udfs.storage.addresses import HTTP, LOCAL, S3, is_hdfs, kind_of, local_path, parse_s3, redacted

_CONNECTIONS = 32
_BREAKS, _BREAK_WAIT_S = 4, 0.5


class RangedFile(Protocol):
    """A file that is open for reads at places. Several threads may read at once."""

    def read(self, start: int, length: int) -> bytes:
        """The bytes from `start` on: at most `length`, fewer only where the file ends. Raises `OSError` if this file
        cannot be read, and `BallastError` if none of its server can."""
        ...

    def size(self) -> int:
        """The bytes of the whole file. Raises as `read` does."""
        ...

    def close(self) -> None: ...


def open_ranged(address: str, *, s3_anonymous: bool = False) -> RangedFile:
    """Open a file, except on S3, where the first read finds out whether it exists.

    Raises `FileNotFoundError` or another `OSError` for a file that cannot be read, and `SourceRefused` if nothing of
    its server can.
    """
    kind = kind_of(address)
    if kind == LOCAL:
        return _LocalFile(local_path(address))
    if kind == S3:
        return _S3File(address, anonymous=s3_anonymous)
    if kind == HTTP:
        raise SourceRefused(f"{redacted(address)}: parts of files on web servers are not read: copy the folder first")
    return _HdfsFile(address) if is_hdfs(address) else _ArrowFile(address)


class _LocalFile:
    def __init__(self, path: str) -> None:
        self._file = open(path, "rb", buffering=0)  # noqa: PTH123, SIM115 - `close` closes it

    def read(self, start: int, length: int) -> bytes:
        parts = []
        while length > 0 and (part := os.pread(self._file.fileno(), length, start)):
            parts.append(part)
            start, length = start + len(part), length - len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def close(self) -> None:
        self._file.close()


class _S3File:
    """An object. boto3 repeats refused requests; a body that breaks is requested again here."""

    def __init__(self, address: str, *, anonymous: bool) -> None:
        self._address, self._anonymous = address, anonymous

    def read(self, start: int, length: int) -> bytes:
        from botocore.exceptions import HTTPClientError  # boto3, which only s3:// needs

        for tries in range(1, _BREAKS + 1):
            answer = self._get(start, length)
            try:
                return b"" if answer is None else bytes(answer["Body"].read())
            except (HTTPClientError, OSError) as error:
                if tries == _BREAKS:
                    raise SourceFailed(f"the connection broke {tries} times ({type(error).__name__})") from error
                time.sleep(_BREAK_WAIT_S * 2 ** (tries - 1))
        raise AssertionError

    def size(self) -> int:
        return int(self._request("head_object")["ContentLength"])

    def close(self) -> None:
        """Nothing is open between reads."""

    def _get(self, start: int, length: int) -> dict[str, Any] | None:
        """The answer of S3; None where the object ends before `start`."""
        try:
            return self._request("get_object", Range=f"bytes={start}-{start + length - 1}") if length > 0 else None
        except _OutOfRange:
            return None

    def _request(self, operation: str, **arguments: str) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        from udfs.storage.s3_client import MISSING_KEY, error_code, s3_client, user_errors

        bucket, key = parse_s3(self._address)
        client = s3_client(anonymous=self._anonymous, max_connections=_CONNECTIONS)
        with user_errors(self._address):
            try:
                answer: dict[str, Any] = getattr(client, operation)(Bucket=bucket, Key=key, **arguments)
            except ClientError as error:
                status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
                if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                    raise _OutOfRange from error
                if error_code(error) in MISSING_KEY:
                    raise FileNotFoundError(2, "no such object", self._address) from error
                raise
        return answer


class _OutOfRange(Exception):
    """The object ends before the first byte that was asked for."""


class _HdfsFile:
    def __init__(self, address: str) -> None:
        from udfs.sources.hdfs import find_hdfs  # hdfs-native, which only hdfs:// needs

        self._file = find_hdfs(address)

    def read(self, start: int, length: int) -> bytes:
        from udfs.sources.hdfs import read_hdfs

        length = min(length, self.size() - start)  # hdfs-native fails on a range beyond the end
        return read_hdfs(self._file, start, length) if length > 0 else b""

    def size(self) -> int:
        return len(self._file)

    def close(self) -> None:
        """hdfs-native opens a connection for each read."""


class _ArrowFile:
    def __init__(self, address: str) -> None:
        from udfs.sources.hadoop import open_hadoop

        self._file: Any = open_hadoop(address)

    def read(self, start: int, length: int) -> bytes:
        return bytes(self._file.read_at(length, start)) if length > 0 else b""

    def size(self) -> int:
        return self._size

    @cached_property
    def _size(self) -> int:
        return int(self._file.size())

    def close(self) -> None:
        self._file.close()


def ranged_stream(file: RangedFile) -> BinaryIO:
    """A file as a stream that seeks, for libraries. Each of its reads is one of the file's."""
    return cast(BinaryIO, _Stream(file))


class _Stream(io.RawIOBase):
    def __init__(self, file: RangedFile) -> None:
        self._file, self._position = file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position}.get(whence)
        self._position = offset + (self._file.size() if start is None else start)
        return self._position

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        data = self._file.read(self._position, len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
