"""The file systems of Hadoop other than HDFS, by Arrow, because Python workers have no JVM."""

from typing import BinaryIO
from urllib.parse import quote

import pyarrow as pa
from pyarrow import fs

from udfs.errors import BallastError, SourceRefused
from udfs.storage.addresses import redacted

_COPY_BYTES = 8 << 20


def file_system_of(address: str) -> tuple[fs.FileSystem, str]:
    """The file system of an address, and the path there. Raises `SourceRefused` if Arrow cannot reach it."""
    try:
        found: tuple[fs.FileSystem, str] = fs.FileSystem.from_uri(quote(address, safe=":/@"))
    except (OSError, pa.ArrowException, ValueError) as error:
        why = " ".join(str(error).split())
        raise SourceRefused(f"{redacted(address)}: Arrow cannot read from it: {why[:200]}") from error
    return found


def write_by_arrow(file: BinaryIO, aside: str, address: str) -> None:
    """Copy a stream to the address `aside`, then rename it, replacing another file. Raises `BallastError`."""
    file_system, path = file_system_of(address)
    _, path_aside = file_system_of(aside)
    try:
        file_system.create_dir(path.rpartition("/")[0], recursive=True)
        with file_system.open_output_stream(path_aside) as target:
            while data := file.read(_COPY_BYTES):
                target.write(data)
        file_system.move(path_aside, path)
    except OSError as error:
        raise BallastError(f"{redacted(address)}: cannot be written: {error}") from error
