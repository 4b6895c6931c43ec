"""Data frames by the declared schemas: their DDL, reading committed files, and the fingerprint of the metadata."""

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
    """An Arrow schema of `udfs.schemas` in Spark's DDL."""
    return ", ".join(f"`{field.name}` {_ddl_type(field.type)}" for field in schema)


def _ddl_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"array<{_ddl_type(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{', '.join(f'`{field.name}`: {_ddl_type(field.type)}' for field in kind)}>"
    return _DDL[kind]


class Fingerprint(NamedTuple):
    """Which list of entries ids point into: its length and hash."""

    entries: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.entries:,} entries, sha256 {self.sha256[:12]}…"


def with_fingerprint(frame: DataFrame, column: str, fingerprint: dict[str, Any]) -> DataFrame:
    """Attach the metadata's fingerprint to a column of entry ids. It is stored in the Parquet footers, so that it stays
    with the rows wherever they are copied."""
    return frame.withMetadata(column, {_FINGERPRINT_KEY: json.dumps(fingerprint)})


def fingerprint_of(frame: DataFrame, column: str) -> Fingerprint | None:
    """The fingerprint attached to a column, None when there is none."""
    if column not in frame.columns:
        return None
    value = frame.schema[column].metadata.get(_FINGERPRINT_KEY)
    return Fingerprint(**json.loads(value)) if value else None


def footer_fingerprint(schema: pa.Schema, column: str) -> Fingerprint | None:
    """The same from the schema of a Parquet file that Spark wrote, without Spark."""
    footer = json.loads((schema.metadata or {}).get(_SPARK_FOOTER_KEY, b"{}"))
    for field in footer.get("fields", ()):
        if field["name"] == column and _FINGERPRINT_KEY in field["metadata"]:
            return Fingerprint(**json.loads(field["metadata"][_FINGERPRINT_KEY]))
    return None


def check_fingerprint(found: Fingerprint | None, expected: dict[str, Any], where: str, given: str) -> None:
    """Raise `UsageError` unless the ids of `where` point into the list `given`, whose fingerprint is `expected`."""
    wanted = Fingerprint(**expected)
    if found is not None and found != wanted:
        raise UsageError(
            f"{where} was matched with another list ({found}) than {given} ({wanted}): "
            "give the list it was matched with as --metadata FILE"
        )


def read_files(
    spark: SparkSession, files: Sequence[str], schema: pa.Schema, fingerprint: dict[str, Any] | None = None
) -> DataFrame:
    """The rows of committed Parquet files with the columns of `schema`; no files, no rows."""
    if not files:
        empty = spark.createDataFrame([], ddl(schema))
        return with_fingerprint(empty, "entry_ids", fingerprint) if fingerprint else empty
    return spark.read.parquet(*files).select(*schema.names)


def set_shuffle_partitions(spark: SparkSession, size_bytes: int) -> None:
    """As many shuffle partitions as `size_bytes` of compressed rows want, at least one a core, or the user's own."""
    if spark.sparkContext.getConf().contains("spark.sql.shuffle.partitions"):
        return
    wanted = max(-(-size_bytes // TARGET_PARTITION_BYTES), spark.sparkContext.defaultParallelism)
    spark.conf.set("spark.sql.shuffle.partitions", str(wanted))


class PairCounts(NamedTuple):
    """How many pairs there are, and how many distinct images among them."""

    pairs: int
    images: int


def rows_and_images(spark: SparkSession, files: Sequence[str]) -> PairCounts:
    """The counts of committed files of pairs."""
    row = spark.read.parquet(*files).agg(F.count("*"), F.count_distinct("uuid")).first() if files else None
    return PairCounts(*(row or (0, 0)))
