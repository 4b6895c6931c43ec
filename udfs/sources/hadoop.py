"""Files on HDFS and other file systems, read by Arrow, because Python workers have no JVM."""

from functools import lru_cache
from typing import BinaryIO, cast
from urllib.parse import quote

import pyarrow as pa
from pyarrow import fs

from udfs.errors import SourceRefused
from udfs.storage.addresses import host_of, path_in, redacted

_HDFS = ("hdfs", "viewfs")


def open_hadoop(address: str) -> BinaryIO:
    """Open a file. Raises `FileNotFoundError`, another `OSError` for a file that cannot be read, or `SourceRefused`
    if Arrow cannot reach the file system at all."""
    scheme, _, rest = address.partition("://")
    authority = rest.partition("/")[0]
    try:
        if scheme.lower() in _HDFS:
            file_system, path = _hdfs(f"{scheme}://{authority}" if authority else "default"), f"/{path_in(address)}"
        else:
            file_system, path = fs.FileSystem.from_uri(quote(address, safe=":/@"))
    except (OSError, pa.ArrowException, ValueError) as error:
        why = " ".join(str(error).split())
        if "libhdfs" in why or "libjvm" in why or "CLASSPATH" in why:
            raise SourceRefused(
                f"{host_of(address)}: the Python workers cannot find libhdfs: on every node, install Hadoop's native "
                "client and set HADOOP_HOME (or ARROW_LIBHDFS_DIR), JAVA_HOME and CLASSPATH"
            ) from error
        raise SourceRefused(f"{redacted(address)}: Arrow cannot read from it: {why[:200]}") from error
    return cast(BinaryIO, file_system.open_input_file(path))


@lru_cache(maxsize=8)
def _hdfs(host: str) -> fs.HadoopFileSystem:
    return fs.HadoopFileSystem(host)
