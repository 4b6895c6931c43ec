"""New files of Spark's worker processes, which have no JVM: whole under their name, or not there at all."""

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from udfs.storage.addresses import LOCAL, S3, is_hdfs, join, kind_of, local_path, name_of, parent_of, parse_s3
from udfs.storage.local import TEMPORARY_PREFIX


@contextmanager
def new_file(address: str) -> Iterator[BinaryIO]:
    """A file to write, which becomes that of this address when the context ends without an error. It replaces another,
    so that several tasks may write the same file at once.

    Local and HDFS files get their name by a rename; one for S3 is written here first, then uploaded. Raises `OSError`
    and `BallastError`.
    """
    kind = kind_of(address)
    if kind == LOCAL:
        with _local(Path(local_path(address))) as file:
            yield file
        return
    with tempfile.TemporaryFile(prefix=TEMPORARY_PREFIX) as file:
        yield file
        file.seek(0)
        if kind == S3:
            _upload(file, address)
        else:
            _rename_on_hadoop(file, address)


@contextmanager
def _local(path: Path) -> Iterator[BinaryIO]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY_PREFIX)
    try:
        with os.fdopen(handle, "wb", buffering=1 << 20) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _upload(file: BinaryIO, address: str) -> None:
    from udfs.storage.s3_client import s3_client, user_errors  # boto3, which only s3:// needs

    bucket, key = parse_s3(address)
    with user_errors(address):
        s3_client().upload_fileobj(file, bucket, key)


def _rename_on_hadoop(file: BinaryIO, address: str) -> None:
    """Copy to a hidden file beside it, and rename this one."""
    aside = join(parent_of(address), f"{TEMPORARY_PREFIX}{uuid.uuid4().hex[:12]}-{name_of(address)}")
    if is_hdfs(address):
        from udfs.storage.hdfs_client import write_hdfs  # hdfs-native, which only hdfs:// needs

        write_hdfs(file, aside, address)
        return
    from udfs.storage.arrow_files import write_by_arrow  # pyarrow

    write_by_arrow(file, aside, address)
