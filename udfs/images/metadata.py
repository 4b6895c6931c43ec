"""img2dataset's Parquet file beside a tar or a folder: a row for each URL, also for those that failed."""

from collections.abc import Collection, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from udfs.image_outcomes import ImageOutcome
from udfs.images.facts import COLUMNS, Carry, Facts, facts_of
from udfs.images.samples import Sample, without_image
from udfs.images.shard_files import ShardFiles

STATUS_COLUMNS = ("key", "status", "error_message")
_SUCCESS = "success"
_ROWS = 500
_LOST = "in the metadata, but not in the shard"
_MOST_REASON = 200


class Metadata:
    """The rows of a shard's metadata by key. It is read when it is first needed; `problem` says why it cannot be."""

    def __init__(self, files: ShardFiles, path: str | None, carry: Carry) -> None:
        self._files, self._path, self._carry = files, path, carry
        self._table: pa.Table | None = None
        self._rows: dict[str, int] = {}
        self.problem: str | None = None

    def facts(self, key: str) -> Facts:
        """What the metadata tells of a sample."""
        self._read()
        row = self._rows.get(key_name(key))
        if row is None or self._table is None:
            return Facts()
        return facts_of(self._table.slice(row, 1).to_pylist()[0], self._carry)

    def unseen(self, seen: Collection[str], shard: str) -> Iterator[Sample]:
        """A sample for each row whose key is not among those seen in the shard: it was not downloaded, or is lost."""
        self._read()
        if self._table is None:
            return
        rows = [row for key, row in self._rows.items() if key not in seen]
        for start in range(0, len(rows), _ROWS):
            for told in self._table.take(rows[start : start + _ROWS]).to_pylist():
                yield sample_without_image(told, str(told["key"]), shard, self._carry, _LOST)

    def _read(self) -> None:
        if self._path is None or self._table is not None or self.problem is not None:
            return
        try:
            with self._files.seekable(self._path) as file:
                parquet = pq.ParquetFile(file)
                table = parquet.read(columns=metadata_columns(parquet.schema_arrow, self._carry))
            table.validate(full=True)  # texts may not be UTF-8
        except (pa.ArrowException, OSError) as error:
            self.problem = f"its metadata {self._path} cannot be read: {one_line(error)}"
            return
        self._table = table
        if not {"key", "status"} <= set(table.column_names):
            self.problem = f"{self._path} beside it is not img2dataset's metadata: give it another name"
        else:
            self._rows = {str(key): row for row, key in enumerate(table["key"].to_pylist())}


def key_name(key: str) -> str:
    """The key without the folders of a tar."""
    return key.rpartition("/")[2]


def metadata_columns(schema: pa.Schema, carry: Carry) -> list[str]:
    """The columns of a Parquet file that are read, without the image's."""
    wanted = {*COLUMNS, *STATUS_COLUMNS, *(name for name, _ in carry)}
    return [field.name for field in schema if field.name in wanted and _is_value(field.type)]


def _is_value(kind: pa.DataType) -> bool:
    """Whether a type's values are numbers, booleans or texts: others may have no form in Python."""
    of = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(
        is_kind(of)
        for is_kind in (
            pa.types.is_integer,
            pa.types.is_floating,
            pa.types.is_boolean,
            pa.types.is_decimal,
            pa.types.is_string,
            pa.types.is_large_string,
        )
    )


def sample_without_image(told: dict[str, Any], key: str, shard: str, carry: Carry, missing: str) -> Sample:
    """The sample of a row that has no image: its download failed, or else, as `missing` says, it is not there."""
    status, facts = told.get("status"), facts_of(told, carry)
    if status is None or status == _SUCCESS:
        return without_image(key, shard, facts, missing)
    error = told.get("error_message") or status
    return Sample(key, shard, facts, outcome=ImageOutcome.DOWNLOAD_FAILED, error=str(error))


def one_line(error: Exception) -> str:
    """Why something could not be read, in one line."""
    reason = (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
    return reason.strip().partition("\n")[0][:_MOST_REASON]
