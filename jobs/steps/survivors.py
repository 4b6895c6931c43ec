"""Survivors: the images that a download or filter left, as other tools report them."""

import re

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from jobs.runs.identity import digest
from jobs.runs.open_storage import open_storage
from jobs.runs.run_folder import stored_run
from jobs.runs.run_record_file import read_record
from jobs.spark.progress import warn
from jobs.spark.spark_errors import one_line
from udfs.errors import UsageError
from udfs.stages import Stage
from udfs.storage.addresses import join, name_of, parent_of
from udfs.storage.local import PathKind, Storage, refuse_patterns

_KINDS = {"parquet": (".parquet",), "csv": (".csv", ".csv.gz")}
_IDS = ("uuid", "url")
_UUID = "^[0-9a-f]{24}$"
_NOT_PARQUET = re.compile(r"(\S+) is not a Parquet file")


def uuid_column(url: str) -> Column:
    """The image id of a URL column, equal to `hashing.image_uuid`."""
    return F.substring(F.sha2(F.translate(F.col(url), " \t", "").cast("binary"), 224), 1, 24)


def survivors_files(path: str) -> tuple[Storage, list[str], str]:
    """The files of `--survivors`, relative to a storage, and their kind: parquet, csv or text.

    In a folder these are the Parquet files, else the CSV files (img2dataset's metadata lie among its shards). Raises
    `UsageError` where there are none.
    """
    storage = open_storage(path)
    path_kind = storage.kind()
    if path_kind == PathKind.FILE:
        name = name_of(path)
        kind = next((kind for kind, endings in _KINDS.items() if name.endswith(endings)), "text")
        return open_storage(parent_of(path)), [name], kind
    if path_kind == PathKind.MISSING:
        raise UsageError(f"--survivors {path}: no such file or folder")
    for kind, endings in _KINDS.items():
        names = [name for name in storage.list_files("") if name.endswith(endings)]
        if names:
            return storage, names, kind
    raise UsageError(f"--survivors {path}: holds neither Parquet nor CSV files")


def survivors_identity(path: str) -> dict[str, object]:
    """What identifies the survivors in run.json."""
    storage, names, _ = survivors_files(path)
    return {"files": len(names), "sha256": digest(storage.describe(name) for name in names)}


def read_survivors(spark: SparkSession, path: str, where: str | None) -> DataFrame:
    """The distinct `uuid` of the images that survived.

    Left out are rows whose `status`, where there is such a column, is not `success`, and those for which the SQL of
    `where` is false or null. Raises `UsageError` for files without `uuid` and `url`, for incomplete Parquet files (a
    stopped download leaves such), and for invalid SQL.
    """
    storage, names, kind = survivors_files(path)
    for name in names:
        refuse_patterns(name)
    urls = [storage.url(name) for name in names]
    if kind == "text":
        if where is not None:
            raise UsageError(f"--where needs columns, and {path} is a list of lines: give Parquet or CSV")
        line = F.trim(F.col("value"))
        lines = spark.read.text(urls).where(line != "").select(line.alias("url"))
        return lines.select(
            F.when(F.col("url").rlike(_UUID), F.col("url")).otherwise(uuid_column("url")).alias("uuid")
        ).distinct()
    rows = _read_parquet(spark, urls, path) if kind == "parquet" else _read_csv(spark, urls)
    if "uuid" not in rows.columns and "url" not in rows.columns:
        raise UsageError(f"--survivors {path}: has neither a column uuid nor url (it has {', '.join(rows.columns)})")
    if "status" in rows.columns:
        rows = rows.where(F.col("status") == "success")
    if where is not None:
        try:
            rows = rows.where(where)
            rows.schema  # noqa: B018 - Spark Connect and some versions analyse only now
        except (AnalysisException, ParseException) as error:
            raise UsageError(f"--where {where}: {one_line(error)}") from error
    uuid = F.col("uuid") if "uuid" in rows.columns else uuid_column("url")
    return rows.select(uuid.alias("uuid")).where(F.col("uuid").isNotNull()).distinct()


def _read_parquet(spark: SparkSession, urls: list[str], path: str) -> DataFrame:
    """The files with the columns of all of them: only some may have a score."""
    try:
        return spark.read.option("mergeSchema", "true").parquet(*urls)
    except Exception as error:
        match = _NOT_PARQUET.search(one_line(error))
        if match is None:
            raise
        raise UsageError(
            f"--survivors {path}: {name_of(match[1])} is an incomplete Parquet file: wait until its writer ends"
        ) from error


def _read_csv(spark: SparkSession, urls: list[str]) -> DataFrame:
    """CSV with inferred types, so that scores compare as numbers; ids stay text, even those of digits alone."""
    form = {"header": "true", "multiLine": "true", "quote": '"', "escape": '"'}
    inferred = spark.read.options(**form, inferSchema="true").csv(urls).schema
    fields = [StructField(field.name, StringType() if field.name in _IDS else field.dataType) for field in inferred]
    return spark.read.options(**form).schema(StructType(fields)).csv(urls)


def warn_of_subset(spark: SparkSession, path: str, left: DataFrame) -> None:
    """Warn where a folder has a pool and a subset of it, and all survivors are in the subset: if only that was
    downloaded, its head is thinned already, and a recount underestimates the head."""
    record = read_record(open_storage(path))
    subsets = record.subsets if record is not None else []
    pool = record.stages.pool if record is not None else None
    if not subsets or pool is None or subsets[-1].facts.images == pool.images:
        return
    largest = stored_run(path).files(Stage.SUBSET, subsets[-1].part)
    if largest and left.join(spark.read.parquet(*largest).select("uuid"), "uuid", "left_anti").isEmpty():
        name = join(path, subsets[0].folder if len(subsets) == 1 else f"{Stage.SUBSET}/t=T")
        warn(f"all survivors are in {path}'s subset: if only that was downloaded, balance {name} instead of {path}")
