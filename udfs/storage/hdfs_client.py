"""HDFS by hdfs-native, which needs neither Java nor Hadoop's native library: the client, and writing a file."""

import os
from functools import lru_cache
from typing import BinaryIO

import hdfs_native

from udfs.errors import BallastError
from udfs.storage.addresses import host_of, parent_of, path_in

_COPY_BYTES = 8 << 20


@lru_cache(maxsize=8)
def hdfs_client(host: str) -> hdfs_native.Client:
    """The client of a file system. Without Kerberos, it is the user that Spark is there: a worker on YARN may run as
    another one."""
    if "SPARK_USER" in os.environ:
        os.environ.setdefault("HADOOP_USER_NAME", os.environ["SPARK_USER"])
    return hdfs_native.Client(host if host.partition("://")[2] else None)


def write_hdfs(file: BinaryIO, aside: str, address: str) -> None:
    """Copy a stream to the address `aside`, then rename it, replacing another file. Raises `BallastError`."""
    client = hdfs_client(host_of(address))
    try:
        client.mkdirs(f"/{path_in(parent_of(address))}", create_parent=True)
        with client.create(f"/{path_in(aside)}") as target:
            while data := file.read(_COPY_BYTES):
                target.write(data)
        client.rename(f"/{path_in(aside)}", f"/{path_in(address)}", overwrite=True)
    except (OSError, RuntimeError) as error:
        raise BallastError(f"{address}: cannot be written: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """The message without the NameNode's stack trace."""
    return str(error).replace("\\n", "\n").partition("\n")[0][:200]
