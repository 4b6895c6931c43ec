"""Shared by the counting of Wikipedia's dumps and page views: scanning files in committed batches, the outcomes of each
file, and what identifies the files."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.runs.batches import next_number, write_batches
from jobs.runs.identity import digest
from jobs.runs.manifests import Manifest
from jobs.runs.run_folder import RunFolder
from jobs.settings.groups import Reading
from jobs.spark.frames import ddl, read_files
from jobs.spark.progress import progress, say, warn
from jobs.spark.reported import Read
from metadata.counting import COUNTED, DAMAGE, OUTCOME
from udfs.stages import InputRecord, Stage
from udfs.storage.local import LocalStorage, open_input

_PARTIAL = pa.schema([item for item in COUNTED if item.name != "kind"])
_HASHED_BYTES = 4 << 20

Count = Callable[[Any], Iterator[pa.RecordBatch]]
"""Counts one item (a `Piece`, a `ViewsFile`) to batches of `COUNTED`; runs in a worker."""


class Scanned(NamedTuple):
    """What became of the contents of scanned files: outcomes summed, outcomes by file, and what was wrong, by file."""

    outcomes: dict[str, int]
    files: dict[str, dict[str, int]]
    damage: dict[str, list[str]]


def files_identity(paths: Sequence[str]) -> dict[str, Any]:
    """What identifies files in run.json: names, sizes and times of change, without reading them."""
    files = sorted(map(Path, paths), key=lambda path: path.name)
    lines = [LocalStorage(str(path.absolute().parent)).stat(path.name).described(path.name) for path in files]
    return {"files": len(paths), "sha256": digest(lines)}


def input_records(spark: SparkSession, paths: Sequence[str]) -> list[InputRecord]:
    """The files by name, with their sizes and hashes, which tasks compute."""
    if not paths:
        return []
    return sorted(spark.sparkContext.parallelize(sorted(paths), len(paths)).map(_input_record).collect())


def _input_record(path: str) -> InputRecord:
    sha256 = hashlib.sha256()
    size = 0
    with open_input(path) as file:
        while chunk := file.read(_HASHED_BYTES):
            sha256.update(chunk)
            size += len(chunk)
    return InputRecord(Path(path).name, size, sha256.hexdigest())


def scan_stage(
    spark: SparkSession, run_folder: RunFolder, items: Sequence[tuple], schema: str, count: Count, reading: Reading
) -> Scanned:
    """Count every item that no committed batch holds yet, one task per item; returns the outcomes of all items.

    Partial counts stay in `scanned/kind=…/` until `RunFolder.drop`.
    """
    done = {tuple(item) for manifest in run_folder.manifests(Stage.SCANNED) for item in manifest.facts["items"]}
    pending = [item for item in items if tuple(item) not in done]
    if done:
        say(f"{len(done):,} of {len(items):,} pieces were committed before; {len(pending):,} are left")
    run_folder.clean(Stage.SCANNED)
    number = next_number(run_folder.manifests(Stage.SCANNED))
    read = Read(len(items) - len(pending), len(items), "pieces")
    progress().begin("scan", read)

    def write(unit: str, batch: Sequence[tuple]) -> Manifest:
        tuples = spark.sparkContext.parallelize([tuple(item) for item in batch], len(batch))
        rows = _counted(spark.createDataFrame(tuples, schema), type(batch[0]), count)
        facts = {"items": [list(item) for item in batch]}
        return run_folder.commit(Stage.SCANNED, rows, unit=unit, partition_by="kind", facts=facts)

    with closing(write_batches(spark, pending, reading, number, write)) as batches:
        for batch in batches:
            read = read._replace(done=read.done + len(batch.items))
            progress().committed(read, batch.group)
            say(f"read {read.done:,} of {len(items):,} pieces", done=read.done, total=len(items))
    return _outcomes(spark, run_folder)


def _counted(rows: DataFrame, item_type: Any, count: Count) -> DataFrame:
    def counted(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for row in batch.to_pylist():
                yield from count(item_type(**row))

    return rows.mapInArrow(counted, ddl(COUNTED))


def partial_counts(spark: SparkSession, run_folder: RunFolder, kind: str) -> DataFrame:
    """The partial counts of one kind (`key`, `second`, `count`); only their sums are counts."""
    return read_files(spark, run_folder.paths(Stage.SCANNED, f"kind={kind}"), _PARTIAL)


def _outcomes(spark: SparkSession, run_folder: RunFolder) -> Scanned:
    files: dict[str, dict[str, int]] = {}
    totals: dict[str, int] = {}
    summed = partial_counts(spark, run_folder, OUTCOME).groupBy("key", "second").agg(F.sum("count").alias("count"))
    for row in summed.orderBy("key", "second").collect():
        files.setdefault(row["key"], {})[row["second"]] = row["count"]
        totals[row["second"]] = totals.get(row["second"], 0) + row["count"]
    damage: dict[str, list[str]] = {}
    for row in partial_counts(spark, run_folder, DAMAGE).orderBy("key", "second").collect():
        damage.setdefault(row["key"], []).append(row["second"])
        warn(f"{row['key']}: {row['second']}; what precedes it was counted")
    return Scanned(dict(sorted(totals.items())), files, damage)
