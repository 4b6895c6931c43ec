"""Export: write a subset, pool or list of images as files for tools other than Spark."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["export", *sys.argv[1:]]))


import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StructType

from jobs.console.commands.curation import EXPORT
from jobs.console.run_job import open_run
from jobs.runs.run_folder import RunFolder
from jobs.runs.step_input import Source, open_source
from jobs.runs.stopwatch import Stopwatch
from jobs.settings.download import Export
from jobs.settings.settings import Settings
from jobs.spark.session import spark_session
from udfs.errors import BallastError, UsageError
from udfs.stages import ExportFacts, Stage

_SPARK_FORMS = {"parquet": "parquet", "jsonl": "json", "csv": "csv"}
_ONE_FILE = {"maxRecordsPerFile": "0"}  # one file a shard, whatever --spark-conf says
_OPTIONS = {
    "parquet": {},
    "jsonl": {"ignoreNullFields": "false"},
    # RFC 4180 doubles a quotation mark in a field. By default, Spark escapes it, and trims fields.
    "csv": {
        "header": "true",
        "quote": '"',
        "escape": '"',
        "multiLine": "true",
        "ignoreLeadingWhiteSpace": "false",
        "ignoreTrailingWhiteSpace": "false",
    },
}


def run(rows: DataFrame, export: Export) -> DataFrame:
    """Partition the rows into `shards`, with all columns in their order; in csv, lists and structs become JSON.

    A row's shard is Spark's `pmod(hash(uuid), shards)`. A shard is sorted by `uuid`, `caption_hash` if present, and
    then every other column. So it has the same rows in the same order, and as jsonl or csv the same bytes, however the
    input was partitioned; Java formats the numbers. In csv, null is an empty field and the empty string is `""`.
    """
    first = [name for name in ("uuid", "caption_hash") if name in rows.columns]
    order = [*first, *(name for name in rows.columns if name not in first)]
    sharded = rows.repartition(export.shards, "uuid").sortWithinPartitions(*map(_quoted, order))
    if export.format != "csv":
        return sharded
    nested = {field.name for field in rows.schema if isinstance(field.dataType, ArrayType | StructType)}
    columns = [
        (F.to_json(_quoted(name)) if name in nested else F.col(_quoted(name))).alias(name) for name in rows.columns
    ]
    return sharded.select(*columns)


def export_stage(spark: SparkSession, run_folder: RunFolder, source: Source, export: Export) -> None:
    """Write the shards, read them back, and compare the number of rows."""
    watch = Stopwatch()
    run_folder.clean(Stage.EXPORT)
    form, options = _SPARK_FORMS[export.format], _OPTIONS[export.format]
    compression = {} if export.format == "parquet" else {"compression": "none" if export.no_gzip else "gzip"}
    rows = source.frame(spark)
    sharded = run(rows, export)
    ending = export.format if export.format == "parquet" or export.no_gzip else f"{export.format}.gz"
    run_folder.commit(Stage.EXPORT, sharded, form=form, options={**_ONE_FILE, **options, **compression}, ending=ending)
    files, paths = run_folder.files(Stage.EXPORT), run_folder.paths(Stage.EXPORT)
    written = spark.read.format(form).options(**options).schema(sharded.schema).load(paths).count() if files else 0
    expected = rows.count()
    if written != expected:
        raise BallastError(f"a defect in Ballast: {expected:,} rows were read, {written:,} are in the files")
    size_bytes = run_folder.bytes_of(Stage.EXPORT)
    run_folder.finish_stage(
        ExportFacts(rows=written, files=len(files), bytes=size_bytes, of=source.stage, seconds=watch.seconds)
    )


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    export = settings.export
    if export.no_gzip and export.format == "parquet":
        raise UsageError("--no-gzip: Parquet is not gzipped: leave it out, or choose --format jsonl or csv")
    stages = (Stage.SUBSET, Stage.IMAGES, Stage.POOL, Stage.MATCHED)
    source = open_source(inputs[0], stages, ("uuid", "url", "caption"))
    maps = [field.name for field in source.schema if pa.types.is_map(field.type)]
    if maps:
        raise UsageError(f"{inputs[0]}: rows cannot be sorted by a map: drop the column {maps[0]}")
    run_folder = open_run(EXPORT, settings, {"source": source.identity}, reads=inputs)
    if not run_folder.finished:
        paths = settings.spark_paths(*inputs)
        with spark_session(settings.execution, "export", paths) as spark, run_folder.writing():
            export_stage(spark, run_folder, source, export)
    return run_folder


def _quoted(name: str) -> str:
    """Quote a column's name, which may contain dots."""
    return f"`{name.replace('`', '``')}`"
