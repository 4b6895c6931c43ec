"""Training tars in committed batches: each task writes one tar."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.images.shard_order import PartOfFile, cut, slices_of_parts
from jobs.images.shard_rows import FIRST_PART, SECOND_PART
from jobs.runs.batches import next_number, write_batches
from jobs.runs.manifests import Manifest
from jobs.runs.run_folder import RunFolder
from jobs.runs.stopwatch import Stopwatch
from jobs.settings.groups import Reading
from jobs.spark.progress import progress, say
from jobs.spark.reported import Read
from udfs.errors import BallastError
from udfs.image_stages import ShardsFacts
from udfs.images.image_bytes import ImageBytes
from udfs.images.layouts import TRAIN, tar_path
from udfs.images.training_tars import Slice, TarPlan, TarTask, WrittenTar, write_tar
from udfs.stages import Stage
from udfs.storage.addresses import name_of

SIZES_FILE = "sizes.json"
"""In each folder of tars: `{tar: samples}`, as open_clip and DataComp read it."""

_TASK_DDL = "path string, slices array<struct<file string, first bigint, rows bigint>>"
_WRITTEN = pa.schema(
    [
        ("path", pa.string()),
        *((name, pa.int64()) for name in WrittenTar._fields[1:]),
    ]
)
_WRITTEN_DDL = "path string, " + ", ".join(f"{name} bigint" for name in WrittenTar._fields[1:])
_SIZES_UNIT = "sizes"


def write_tars(
    spark: SparkSession,
    run_folder: RunFolder,
    plan: TarPlan,
    download: str,
    size: int,
    apart: str | None,
    reading: Reading,
) -> None:
    """Write the tars that are not committed yet, then the number of samples of each. `apart` is the folder of the
    images that --split sets apart."""
    watch = Stopwatch()
    tasks = _tasks(spark, run_folder, plan, size, apart)
    done = {path for manifest in run_folder.manifests(Stage.SHARDS) for path in manifest.files}
    pending = [task for task in tasks if task.path not in done]
    run_folder.clean(Stage.SHARDS)
    if len(pending) < len(tasks):
        say(f"{len(tasks) - len(pending):,} of {len(tasks):,} tars were committed before")
    so_far = Read(len(tasks) - len(pending), len(tasks), "tars")
    progress().begin("shards", so_far)

    def write(unit: str, batch: Sequence[TarTask]) -> Manifest:
        tars = _written(spark, batch, plan, download)
        facts = {"tars": [list(tar) for tar in tars]}
        return run_folder.commit_files(Stage.SHARDS, {tar.path: tar.bytes for tar in tars}, unit=unit, facts=facts)

    if pending:
        first = next_number(run_folder.manifests(Stage.SHARDS))
        with closing(write_batches(spark, pending, reading, first, write)) as batches:
            for batch in batches:
                so_far = so_far._replace(done=so_far.done + len(batch.items))
                say(f"wrote {so_far.done:,} of {so_far.total:,} tars", seconds=round(batch.seconds, 1))
                progress().committed(so_far, batch.group)
    written = _committed(run_folder)
    _write_sizes(run_folder, written)
    run_folder.finish_stage(_facts(written, tasks, apart, watch.seconds))


def _tasks(spark: SparkSession, run_folder: RunFolder, plan: TarPlan, size: int, apart: str | None) -> list[TarTask]:
    """Every tar with its samples."""
    files = {name_of(name): name for name in run_folder.files(Stage.SAMPLES)}
    if not files:
        return []
    rows = spark.read.parquet(*run_folder.paths(Stage.SAMPLES)).groupBy(F.input_file_name(), "part").count().collect()
    parts = slices_of_parts(PartOfFile(files[name_of(file)], part, count) for file, part, count in rows)
    folders = {SECOND_PART: Stage.SHARDS.value}
    if apart is not None:
        folders = {FIRST_PART: f"{Stage.SHARDS}/{apart}", SECOND_PART: f"{Stage.SHARDS}/{TRAIN}"}
    tasks = []
    for part, folder in folders.items():
        tars = list(cut(parts.get(part, []), size))
        tasks += [
            TarTask(tar_path(plan.layout, folder, number, len(tars)), slices) for number, slices in enumerate(tars)
        ]
    return tasks


def _written(spark: SparkSession, tasks: Sequence[TarTask], plan: TarPlan, download: str) -> list[WrittenTar]:
    """Write tars by one Spark job."""
    frame = spark.createDataFrame(spark.sparkContext.parallelize(tasks, len(tasks)), _TASK_DDL)
    rows = tar_rows(frame, plan, download).collect()
    return [WrittenTar(*row) for row in sorted(rows)]


def tar_rows(tasks: DataFrame, plan: TarPlan, download: str) -> DataFrame:
    """Write the tar of each row (`TarTask`); returns a row about each (`WrittenTar`)."""

    def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with ImageBytes(download) as images:
            for batch in batches:
                for row in batch.to_pylist():
                    task = TarTask(row["path"], [Slice(**part) for part in row["slices"]])
                    yield pa.RecordBatch.from_pylist([write_tar(task, plan, images)._asdict()], _WRITTEN)

    return tasks.mapInArrow(write, _WRITTEN_DDL)


def _committed(run_folder: RunFolder) -> list[WrittenTar]:
    """The tars of all batches, in order of their paths."""
    units = run_folder.manifests(Stage.SHARDS)
    return sorted(WrittenTar(*tar) for unit in units for tar in unit.facts.get("tars", ()))


def _write_sizes(run_folder: RunFolder, written: Sequence[WrittenTar]) -> None:
    sizes: dict[str, dict[str, int]] = {}
    for tar in written:
        folder, _, name = tar.path.rpartition("/")
        sizes.setdefault(folder, {})[name] = tar.samples
    files = {f"{folder}/{SIZES_FILE}": _json(of_folder) for folder, of_folder in sizes.items()}
    for path, data in files.items():
        run_folder.storage.write(path, data)
    run_folder.commit_files(Stage.SHARDS, {path: len(data) for path, data in files.items()}, unit=_SIZES_UNIT)


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()


def _facts(written: Sequence[WrittenTar], tasks: Sequence[TarTask], apart: str | None, seconds: float) -> ShardsFacts:
    """The facts of all tars. Raises `BallastError` if they hold other samples than they should."""
    expected = sum(part.rows for task in tasks for part in task.slices)
    samples = sum(tar.samples for tar in written)
    if samples != expected:
        raise BallastError(f"a defect in Ballast: {expected:,} samples were ordered, {samples:,} are in the tars")
    aside = [tar for tar in written if apart is not None and tar.path.startswith(f"{Stage.SHARDS}/{apart}/")]
    return ShardsFacts(
        tars=len(written) - len(aside),
        samples=samples - sum(tar.samples for tar in aside),
        apart=apart,
        tars_apart=len(aside) if apart is not None else None,
        samples_apart=sum(tar.samples for tar in aside) if apart is not None else None,
        pairs=sum(tar.pairs for tar in written),
        bytes=sum(tar.bytes for tar in written),
        encoded_again=sum(tar.encoded_again for tar in written),
        seconds=seconds,
    )
