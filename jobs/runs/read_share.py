"""The share of the input that is read, where the driver can see how far the tasks are within their files."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

from pyspark import SparkFiles
from pyspark.sql import SparkSession

from udfs.sources.input_files import InputFile
from udfs.sources.read_meter import bytes_read
from udfs.storage.addresses import LOCAL, kind_of


def meter_folder(spark: SparkSession, files: Sequence[InputFile]) -> Path | None:
    """A folder for `ReadMeter`, deleted with the session. None where tasks run on other machines, and for files whose
    sizes are not known before they are read."""
    if not str(spark.sparkContext.master).startswith("local") or any(
        kind_of(file.opened_as) != LOCAL for file in files
    ):
        return None
    return Path(mkdtemp(prefix="ballast-read-", dir=SparkFiles.getRootDirectory()))


class ReadShare:
    """Returns the share of the files' bytes that is read, from 0 to 1, when it is called."""

    def __init__(self, folder: Path, files: Sequence[InputFile], pending: Sequence[InputFile]) -> None:
        """`pending` are those of the files that are to be read; what the meters show already is something else."""
        self._folder = folder
        self._total = max(sum(map(_size, files)), 1)
        self._before = self._total - sum(map(_size, pending)) - bytes_read(folder)
        self._share = 0.0

    def __call__(self) -> float:
        with suppress(OSError):
            self._share = max(self._share, min((self._before + bytes_read(self._folder)) / self._total, 1.0))
        return self._share


def _size(file: InputFile) -> int:
    return file.size_bytes or 0
