"""Files on the file systems of Hadoop other than HDFS, read by Arrow, because Python workers have no JVM."""

from typing import BinaryIO, cast

from udfs.storage.arrow_files import file_system_of


def open_hadoop(address: str) -> BinaryIO:
    """Open a file. Raises `FileNotFoundError`, another `OSError` for a file that cannot be read, or `SourceRefused`
    if Arrow cannot reach the file system at all."""
    file_system, path = file_system_of(address)
    return cast(BinaryIO, file_system.open_input_file(path))
