"""Data frames with the declared schemas: DDL, reading of committed files, and the fingerprint of the metadata."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from udfs.fingerprint import FINGERPRINT_KEY, SPARK_FOOTER_KEY, Fingerprint

_DDL = {
    pa.string(): "string",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.binary(): "binary",
}
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


def with_fingerprint(frame: DataFrame, column: str, fingerprint: dict[str, Any]) -> DataFrame:
    """Attach the metadata's fingerprint to a column of entry ids. The Parquet footers store it, so it stays with the
    rows wherever they are copied."""
    return frame.withMetadata(column, {FINGERPRINT_KEY: json.dumps(fingerprint)})


def table_with_fingerprint(spark: SparkSession, table: pa.Table, column: str, fingerprint: dict[str, Any]) -> pa.Table:
    """The same for a table of the driver: its Parquet file gets the footer that Spark would write."""
    frame = with_fingerprint(spark.createDataFrame([], ddl(table.schema)), column, fingerprint)
    return table.replace_schema_metadata({SPARK_FOOTER_KEY: frame.schema.json()})


def fingerprint_of(frame: DataFrame, column: str) -> Fingerprint | None:
    """Return the fingerprint attached to a column, or None."""
    if column not in frame.columns:
        return None
    value = frame.schema[column].metadata.get(FINGERPRINT_KEY)
    return Fingerprint(**json.loads(value)) if value else None


def read_files(
    spark: SparkSession, files: Sequence[str], schema: pa.Schema, fingerprint: dict[str, Any] | None = None
) -> DataFrame:
    """Read the columns of `schema` from committed Parquet files. Without files there are no rows."""
    if not files:
        empty = spark.createDataFrame([], ddl(schema))
        return with_fingerprint(empty, "entry_ids", fingerprint) if fingerprint else empty
    return spark.read.parquet(*files).select(*schema.names)


def in_few_files(rows: DataFrame) -> DataFrame:
    """The same rows for a writer, gathered from all tasks into files of about
    `spark.sql.adaptive.advisoryPartitionSizeInBytes`, however many tasks there are.

    Spark shuffles all rows to one partition, then cuts it between the tasks' outputs. So the rows of a task come into
    one file, even if the task is run again after another part was written.
    """
    return rows.hint("rebalance", 1)


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
