"""Data frames by the declared schemas: their DDL, reading committed files, and the fingerprint of the metadata."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.runs.open_storage import open_storage
from jobs.runs.run_folder import EXTRACTED, SUBSET, RunFolder, digest, read_record
from udfs.errors import UsageError
from udfs.schemas import KIND_FILE, KIND_PAIR
from udfs.storage.addresses import name_of, parent_of
from udfs.storage.local import PathKind, Storage, refuse_patterns

_DDL = {
    pa.string(): "string",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float32(): "float",
    pa.float64(): "double",
}
_FINGERPRINT_KEY = "ballast.metadata"
TARGET_PARTITION_BYTES = 64 << 20
PAIRS_PART, FILES_PART = f"kind={KIND_PAIR}", f"kind={KIND_FILE}"
"""The folders that extraction's one write parts its rows into."""


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


class Located(NamedTuple):
    """The Parquet files of a step job's input, relative to `storage`, and the stage of which they are, if of one."""

    storage: Storage
    names: list[str]
    stage: str | None = None

    @property
    def identity(self) -> dict[str, Any]:
        """What identifies them in run.json."""
        return {"files": len(self.names), "sha256": digest(self.storage.describe(name) for name in self.names)}


class Source(NamedTuple):
    """The rows that a step job starts from, and what identifies them in run.json."""

    frame: DataFrame
    identity: dict[str, Any]
    size_bytes: int
    stage: str | None


def locate(path: str, stages: Sequence[str]) -> Located:
    """Find the input of a step job: a Ballast output folder, one of its stage folders, any folder of Parquet files, or
    one such file.

    Of an output folder the first of `stages` that it has is taken, by its manifests. Raises `UsageError` for a path
    that is none of these, an unfinished stage, and an output folder with several subsets.
    """
    storage = open_storage(path)
    kind = storage.kind()
    if kind == PathKind.MISSING:
        raise UsageError(f"{path}: no such folder")
    name, parent = name_of(path), parent_of(path)
    if kind == PathKind.FILE:
        if not path.endswith(".parquet"):
            raise UsageError(f"{path}: is a file, not a folder")
        return Located(open_storage(parent), [name])
    candidates = [(storage, list(stages))]
    if name in stages:
        candidates.append((open_storage(parent), [name]))
    for folder, names in candidates:
        record = read_record(folder)
        if record is None:
            continue
        run = RunFolder(folder, record)
        stage = next((name for name in names if run.stage_facts(name) is not None), None)
        if stage is None:
            raise UsageError(
                f"{path}: holds no finished {' or '.join(names)} (its {record['job']} run is {record['state']})"
            )
        facts = run.stage_facts(stage) or {}
        if len(facts.get("subsets", ())) > 1:
            ts = ", ".join(f"{SUBSET}/t={subset['t']}" for subset in facts["subsets"])
            raise UsageError(f"{path}: holds several subsets: name one ({ts})")
        return Located(folder, run.names(stage, PAIRS_PART if stage == EXTRACTED else ""), stage)
    return Located(storage, [name for name in storage.list_files("") if _is_read_by_spark(name)])


def open_source(spark: SparkSession, path: str, stages: Sequence[str], required: Sequence[str]) -> Source:
    """Open the input of a step job (see `locate`). `required` are the columns that the job needs.

    Raises `UsageError` where there are no rows to read, and for missing columns.
    """
    located = locate(path, stages)
    if not located.names:
        raise UsageError(f"{path}: holds no rows: no Parquet file, or none with pairs")
    for name in located.names:
        refuse_patterns(name)
    frame = spark.read.parquet(*map(located.storage.url, located.names))
    missing = [name for name in required if name not in frame.columns]
    if missing:
        raise UsageError(f"{path}: lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}")
    return Source(frame, located.identity, sum(map(located.storage.size, located.names)), located.stage)


def _is_read_by_spark(name: str) -> bool:
    """Whether a file is Parquet and none of its path's parts is hidden; extraction's rows of files are no pairs."""
    parts = name.split("/")
    return name.endswith(".parquet") and not any(part.startswith(("_", ".")) or part == FILES_PART for part in parts)


def set_shuffle_partitions(spark: SparkSession, size_bytes: int) -> None:
    """As many shuffle partitions as `size_bytes` of compressed rows want, at least one a core, or the user's own."""
    if spark.sparkContext.getConf().contains("spark.sql.shuffle.partitions"):
        return
    wanted = max(-(-size_bytes // TARGET_PARTITION_BYTES), spark.sparkContext.defaultParallelism)
    spark.conf.set("spark.sql.shuffle.partitions", str(wanted))


def rows_and_images(spark: SparkSession, files: Sequence[str]) -> dict[str, int]:
    """How many pairs, and how many distinct images, committed files of pairs hold."""
    if not files:
        return {"pairs": 0, "images": 0}
    row = spark.read.parquet(*files).agg(F.count("*").alias("pairs"), F.count_distinct("uuid").alias("images")).first()
    return row.asDict() if row is not None else {}
