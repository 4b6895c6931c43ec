"""Images in the rows of a Parquet file."""

from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from udfs.errors import SourceFailed
from udfs.images.image_column import BYTES_FIELD, image_column
from udfs.sources.ranged import RangedFile, ranged_stream


def bytes_of(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The binary values of a column that `image_column` named."""
    if not pa.types.is_struct(column.type):
        return column
    return pa.chunked_array([chunk.field(BYTES_FIELD) for chunk in column.chunks], column.type.field(BYTES_FIELD).type)


class ParquetRows:
    """Reads single rows of a file's images. It keeps the row group that it read last, since it can only read groups
    whole: rows in order are read fastest. Several threads may use it."""

    def __init__(self, file: RangedFile) -> None:
        """Raises `OSError` for a file that is no Parquet file, or has no images."""
        self._file, self._lock = file, Lock()
        try:
            self._parquet = pq.ParquetFile(ranged_stream(file))
        except pa.ArrowException as error:
            raise SourceFailed(f"not a Parquet file: {error}") from error
        column = image_column(self._parquet.schema_arrow)
        if column is None:
            raise SourceFailed("no column holds images")
        self._column = column
        facts = self._parquet.metadata
        sizes = [facts.row_group(group).num_rows for group in range(facts.num_row_groups)]
        self._ends = np.cumsum(np.array(sizes, np.int64))
        self._group, self._images = -1, pa.chunked_array([], pa.binary())

    def image(self, row: int) -> bytes:
        """The image of a row, counted from 0; empty for a null, and for a row that is not there. Raises `OSError`."""
        with self._lock:
            group = int(np.searchsorted(self._ends, row, side="right"))
            if row < 0 or group == len(self._ends):
                return b""
            if group != self._group:
                try:
                    self._images = bytes_of(self._parquet.read_row_group(group, [self._column]).column(0))
                except pa.ArrowException as error:
                    raise SourceFailed(f"row group {group} is damaged: {error}") from error
                self._group = group
            return self._images[row - int(self._ends[group]) + len(self._images)].as_py() or b""

    def close(self) -> None:
        """Close the file."""
        self._parquet.close(force=True)
        self._file.close()
