"""Files on the file systems of Hadoop other than HDFS, read by Arrow, because Python workers have no JVM."""

from typing import BinaryIO, cast
from urllib.parse import quote

import pyarrow as pa
from pyarrow import fs

from udfs.errors import SourceRefused
from udfs.storage.addresses import redacted


def open_hadoop(address: str) -> BinaryIO:
    """Open a file. Raises `FileNotFoundError`, another `OSError` for a file that cannot be read, or `SourceRefused`
    if Arrow cannot reach the file system at all."""
    try:
        file_system, path = fs.FileSystem.from_uri(quote(address, safe=":/@"))
    except (OSError, pa.ArrowException, ValueError) as error:
        why = " ".join(str(error).split())
        raise SourceRefused(f"{redacted(address)}: Arrow cannot read from it: {why[:200]}") from error
    return cast(BinaryIO, file_system.open_input_file(path))
