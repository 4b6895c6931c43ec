"""Data frames with the declared schemas: DDL, reading of committed files, and the fingerprint of the metadata."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from udfs.errors import UsageError

_DDL = {
    pa.string(): "string",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float32(): "float",
    pa.float64(): "double",
}
_FINGERPRINT_KEY = "ballast.metadata"
_SPARK_FOOTER_KEY = b"org.apache.spark.sql.parquet.row.metadata"
"""Where Spark keeps a schema with its columns' metadata in a Parquet file, as JSON."""
TARGET_PARTITION_BYTES = 64 << 20


def ddl(schema: pa.Schema) -> str:
    """Translate an Arrow schema of `udfs.schemas` into Spark's DDL."""
    return ", ".join(f"`{field.name}` {_ddl_type(field.type)}" for field in schema)


def _ddl_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"array<{_ddl_type(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{', '.join(f'`{field.name}`: {_ddl_type(field.type)}' for field in kind)}>"
    return _DDL[kind]


class Fingerprint(NamedTuple):
    """Identifies the list of entries that ids index: its length and hash."""

    entries: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.entries:,} entries, sha256 {self.sha256[:12]}…"


def with_fingerprint(frame: DataFrame, column: str, fingerprint: dict[str, Any]) -> DataFrame:
    """Attach the metadata's fingerprint to a column of entry ids. The Parquet footers store it, so it stays with the
    rows wherever they are copied."""
    return frame.withMetadata(column, {_FINGERPRINT_KEY: json.dumps(fingerprint)})


def fingerprint_of(frame: DataFrame, column: str) -> Fingerprint | None:
    """Return the fingerprint attached to a column, or None."""
    if column not in frame.columns:
        return None
    value = frame.schema[column].metadata.get(_FINGERPRINT_KEY)
    return Fingerprint(**json.loads(value)) if value else None


def footer_fingerprint(schema: pa.Schema, column: str) -> Fingerprint | None:
    """Return the fingerprint from the schema of a Parquet file that Spark wrote, without Spark."""
    footer = json.loads((schema.metadata or {}).get(_SPARK_FOOTER_KEY, b"{}"))
    for field in footer.get("fields", ()):
        if field["name"] == column and _FINGERPRINT_KEY in field["metadata"]:
            return Fingerprint(**json.loads(field["metadata"][_FINGERPRINT_KEY]))
    return None


def check_fingerprint(actual: Fingerprint | None, expected: dict[str, Any], pairs: str, entries: str) -> None:
    """Raise `UsageError` if the ids of `pairs` do not index the list `entries`, whose fingerprint is `expected`."""
    wanted = Fingerprint(**expected)
    if actual is not None and actual != wanted:
        raise UsageError(
            f"{pairs} was matched with another list ({actual}) than {entries} ({wanted}): "
            "give the list it was matched with as --metadata FILE"
        )


def read_files(
    spark: SparkSession, files: Sequence[str], schema: pa.Schema, fingerprint: dict[str, Any] | None = None
) -> DataFrame:
    """Read the columns of `schema` from committed Parquet files. Without files there are no rows."""
    if not files:
        empty = spark.createDataFrame([], ddl(schema))
        return with_fingerprint(empty, "entry_ids", fingerprint) if fingerprint else empty
    return spark.read.parquet(*files).select(*schema.names)


def set_shuffle_partitions(spark: SparkSession, size_bytes: int) -> None:
    """Set the shuffle partitions for `size_bytes` of compressed rows, at least one per core, unless the user did."""
    if spark.sparkContext.getConf().contains("spark.sql.shuffle.partitions"):
        return
    wanted = max(-(-size_bytes // TARGET_PARTITION_BYTES), spark.sparkContext.defaultParallelism)
    spark.conf.set("spark.sql.shuffle.partitions", str(wanted))


class PairCounts(NamedTuple):
    """The numbers of pairs and of distinct images."""

    pairs: int
    images: int


def rows_and_images(spark: SparkSession, files: Sequence[str]) -> PairCounts:
    """Count the pairs and the distinct images in committed files of pairs."""
    row = spark.read.parquet(*files).agg(F.count("*"), F.count_distinct("uuid")).first() if files else None
    return PairCounts(*(row or (0, 0)))
