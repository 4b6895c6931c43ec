"""Input files in committed batches: which are done, which are left, and which are read again.

A batch is one Spark write of tagged rows and one manifest, which lists its input files by path. These manifests alone
say what a run has read. They let the same command resume, read added files and, with `--retry-failed`, replace the rows
of files that went wrong.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial, reduce
from typing import Generic, NamedTuple, Protocol, TypeVar

import pyarrow as pa
from py4j.protocol import Py4JJavaError
from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from jobs.runs.batches import next_number, write_batches
from jobs.runs.identity import digest
from jobs.runs.manifests import Manifest
from jobs.runs.run_folder import RunFolder
from jobs.runs.stopwatch import Stopwatch
from jobs.settings.groups import Reading
from jobs.spark.frames import read_files
from jobs.spark.progress import progress, say
from jobs.spark.reported import Read
from jobs.spark.spark_errors import is_dead_worker
from udfs.errors import BallastError, UsageError
from udfs.hashing import file_id
from udfs.outcomes import FileStatus
from udfs.record import FilesIdentity
from udfs.report.words import counted_noun
from udfs.stages import FILES_PART, KIND_FILE, InputFacts, Stage, StageFacts

_NAMED_FAILURES = 20  # logged per batch; the stage of the files' rows has all of them


class InputItem(Protocol):
    """An input file, or what is read like one: `path` is stored."""

    @property
    def path(self) -> str: ...


Item = TypeVar("Item", bound=InputItem)


@dataclass(frozen=True, slots=True)
class Reads(Generic[Item]):
    """What input files are read to."""

    stage: Stage
    """Holds the batches of tagged rows (`schemas.tagged`)."""
    kind: str
    """The kind of the rows beside those of the files."""
    files: Stage
    """Holds the rows of the files."""
    row: pa.Schema
    """The columns of a file's row, among them `path`, `status`, `error` and `bytes`."""
    found: Mapping[str, str]
    """What progress tells of a batch: columns of the files' rows, with what they count."""
    summed: Sequence[str]
    """The columns whose sums `facts` takes."""
    batches: Callable[[int, float], StageFacts]
    """The facts of `stage`, from the number of batches and the seconds."""
    facts: Callable[[Mapping[str, int], dict[FileStatus, int], float], InputFacts]
    """The facts of `files`, from the sums, the statuses and the seconds. Raises `BallastError` where sums do not add
    up."""
    version: Callable[[Item], str] | None = None
    """What changes with a file's content: a file that changed is read again. None where files never change."""
    wave: Callable[[Sequence[Item], int], int] = lambda items, cores: cores
    """How many of the items that are left so many cores read at once."""

    @property
    def made_from_it(self) -> tuple[Stage, ...]:
        """The stages that are made again when more is read."""
        return tuple(stage for stage in Stage if stage not in (self.stage, Stage.EVALUATION))


class Contents(NamedTuple):
    """What a batch holds."""

    found: dict[str, int]
    failed: int


class Work(NamedTuple, Generic[Item]):
    """What is left to read: files that no batch holds, files that changed since, and whether files that went wrong are
    read again."""

    pending: list[Item]
    changed: list[Item]
    retries: bool


def work_left(run_folder: RunFolder, reads: Reads[Item], files: Sequence[Item], reading: Reading) -> Work[Item]:
    """What a run on these files has left to do in this folder.

    Raises `UsageError` when files that the run has read are not among `files`.
    """
    done = {path for manifest in run_folder.manifests(reads.stage) for path in manifest.facts["inputs"]}
    gone = sorted(done - {file.path for file in files})
    if gone:
        raise UsageError(
            f"--out {run_folder.storage.root}: the command leaves out {len(gone):,} of the input files that this run "
            f"has read ({gone[0]}): add them, name another folder, or start over with --overwrite"
        )
    facts = run_folder.record.stages.facts(reads.files)
    # an unfinished run does not know yet whether any file went wrong
    wrong = not isinstance(facts, InputFacts) or bool(facts.damaged)
    pending = [file for file in files if file.path not in done]
    return Work(pending, _changed(run_folder, reads, files), bool(reading.retry_failed and done and wrong))


def _changed(run_folder: RunFolder, reads: Reads[Item], files: Sequence[Item]) -> list[Item]:
    """The files that are not as they were when they were read."""
    version = reads.version
    if version is None:
        return []
    known: dict[str, str] = {}
    for manifest in run_folder.manifests(reads.stage):
        known |= zip(manifest.facts["inputs"], manifest.facts["versions"], strict=True)
    return [file for file in files if file.path in known and known[file.path] != version(file)]


def _input_facts(reads: Reads[Item], files: Sequence[Item]) -> dict[str, list[str]]:
    """What a manifest says of the files of its batch."""
    versions = {} if reads.version is None else {"versions": list(map(reads.version, files))}
    return {"inputs": [file.path for file in files], **versions}


def read_batches(
    spark: SparkSession,
    run_folder: RunFolder,
    reads: Reads[Item],
    files: Sequence[Item],
    read: Callable[[Sequence[Item]], DataFrame],
    reading: Reading,
    share: Callable[[Sequence[Item]], Callable[[], float]] | None = None,
    again: Callable[[Sequence[Item]], DataFrame] | None = None,
) -> None:
    """Read what is left (`work_left`), batch by batch, and gather the rows of the files. Invalidates later stages when
    there is anything to read.

    `read` turns files into tagged rows. `share` takes the files that are left, and gives a function that tells which
    share of all files is read, where that is known more exactly than by whole files. `again` reads a batch with more
    care, once an input has killed its worker.
    """
    work = work_left(run_folder, reads, files, reading)
    if any(work):
        run_folder.discard(reads.made_from_it)
    elif run_folder.record.stages.facts(reads.files) is not None:
        return
    watch = Stopwatch()
    run_folder.clean(reads.stage)
    if len(work.pending) < len(files):
        say(f"{len(files) - len(work.pending):,} of {len(files):,} files were committed before")
    if work.retries or work.changed:
        progress().begin("retry")
        if work.changed:
            say(f"{counted_noun(len(work.changed), 'file')} changed since the last run: reading what changed")
        _retry(spark, run_folder, reads, files, work, again or read)
    number = next_number(run_folder.manifests(reads.stage))
    so_far = _committed(spark, run_folder, reads, len(files) - len(work.pending), len(files))
    _stop_if_too_many(so_far, reading)
    name = reads.stage.removesuffix("ed")
    progress().begin(name, so_far, share(work.pending) if share is not None else None)

    def write(unit: str, batch: Sequence[Item]) -> Manifest:
        facts = _input_facts(reads, batch)
        commit = partial(run_folder.commit, reads.stage, unit=unit, partition_by="kind", facts=facts)
        try:
            return commit(read(batch))
        except (PySparkException, Py4JJavaError) as error:
            if again is None or not is_dead_worker(error):
                raise
            say(f"{unit}: an input killed its worker; reading the batch again, with each image apart")
            return commit(again(batch))

    def wave(left: Sequence[Item]) -> int:
        return reads.wave(left, spark.sparkContext.defaultParallelism)

    written = write_batches(spark, work.pending, reading, number, write, wave=wave)
    with closing(written) as batches:
        for batch in batches:
            how_far = f"{so_far.done + len(batch.items):,} of {len(files):,} files"
            contents = _report_batch(spark, run_folder, reads, batch.written, batch.seconds, how_far)
            so_far = so_far.plus(len(batch.items), *contents)
            progress().committed(so_far, batch.group)
            _stop_if_too_many(so_far, reading)
    run_folder.finish_stage(reads.batches(len(run_folder.manifests(reads.stage)), watch.seconds))
    _gather_files(spark, run_folder, reads, len(files))


def _retry(
    spark: SparkSession,
    run_folder: RunFolder,
    reads: Reads[Item],
    files: Sequence[Item],
    work: Work[Item],
    read: Callable[[Sequence[Item]], DataFrame],
) -> None:
    """Read the files that went wrong or changed again, and rewrite each batch that holds such files: their new rows,
    and the old rows of its other files. A file that was partial and fails now keeps its old rows, unless it changed."""
    by_path, changed = {file.path: file for file in files}, {file.path for file in work.changed}
    for manifest in run_folder.manifests(reads.stage):
        watch = Stopwatch()
        rows = _file_rows(spark, run_folder, reads, manifest)
        before = {
            row["path"]: row["status"]
            for row in rows
            if row["path"] in changed or (work.retries and row["status"] != FileStatus.OK)
        }
        if not before:
            continue
        again = read([by_path[path] for path in before]).persist(StorageLevel.DISK_ONLY)
        try:
            now = again.where(F.col("kind") == KIND_FILE).select("file.path", "file.status").collect()
            worse = {
                path
                for path, status in now
                if path not in changed and (before[path], status) == (FileStatus.PARTIAL, FileStatus.FAILED)
            }
            replaced = [file_id(path) for path in before if path not in worse]
            is_replaced = F.col("file_id").isin(replaced)
            kept = _committed_rows(spark, run_folder, reads, manifest, again).where(~is_replaced)
            written = run_folder.commit(
                reads.stage,
                kept.unionByName(again.where(is_replaced)),
                unit=manifest.unit,
                partition_by="kind",
                facts=_input_facts(reads, [by_path[path] for path in manifest.facts["inputs"]]),
                again=True,
            )
        finally:
            again.unpersist()
        _report_batch(spark, run_folder, reads, written, watch.seconds, f"{len(before):,} files read again")


def _committed_rows(
    spark: SparkSession, run_folder: RunFolder, reads: Reads[Item], manifest: Manifest, like: DataFrame
) -> DataFrame:
    """The committed tagged rows of a batch, with the columns of `like`."""
    parts = []
    for kind in (reads.kind, KIND_FILE):
        names = run_folder.paths(reads.stage, f"kind={kind}", manifest.unit)
        if names:
            parts.append(spark.read.parquet(*names).withColumn("kind", F.lit(kind)).select(*like.columns))
    return reduce(DataFrame.unionByName, parts)


def _file_rows(spark: SparkSession, run_folder: RunFolder, reads: Reads[Item], manifest: Manifest) -> list[Row]:
    """Path, status and error of each file of a batch, and what was found in it."""
    rows = spark.read.parquet(*run_folder.paths(reads.stage, FILES_PART, manifest.unit))
    return rows.select(*(f"file.{name}" for name in ("path", "status", "error", *reads.found))).collect()


def _report_batch(
    spark: SparkSession, run_folder: RunFolder, reads: Reads[Item], manifest: Manifest, seconds: float, how_far: str
) -> Contents:
    """Log a committed batch and each of its failed files; return what the batch holds."""
    rows = _file_rows(spark, run_folder, reads, manifest)
    statuses = Counter(row["status"] for row in rows)
    found = {name: sum(row[column] for row in rows) for column, name in reads.found.items()}
    figures = {**{status.value: statuses[status] for status in FileStatus}, **found}
    counts = " ".join(f"{name}={number}" for name, number in figures.items())
    say(
        f"{manifest.unit} {counts} seconds={seconds:.1f} ({how_far})",
        batch=manifest.unit,
        **figures,
        seconds=round(seconds, 3),
    )
    failures = sorted((row["path"], row["error"]) for row in rows if row["status"] == FileStatus.FAILED)
    for path, error in failures[:_NAMED_FAILURES]:
        say(f"failed file={path} error={error}")
    if len(failures) > _NAMED_FAILURES:
        rest = len(failures) - _NAMED_FAILURES
        say(f"failed files={rest} more in {manifest.unit}: {reads.files}/ lists them all at the end")
    return Contents(found, len(failures))


def _committed(spark: SparkSession, run_folder: RunFolder, reads: Reads[Item], done: int, total: int) -> Read:
    """The totals of the committed batches, which have read `done` of `total` files."""
    files = run_folder.paths(reads.stage, FILES_PART)
    if not files:
        return Read(done, total)
    sums = [F.sum(f"file.{column}").alias(name) for column, name in reads.found.items()]
    failed = F.count_if(F.col("file.status") == FileStatus.FAILED.value).alias("failed")
    row: dict[str, int] = spark.read.parquet(*files).agg(*sums, failed).collect()[0].asDict()
    return Read(0, total).plus(done, {name: row[name] or 0 for name in reads.found.values()}, row["failed"])


def _stop_if_too_many(read: Read, reading: Reading) -> None:
    if reading.max_failed_files is not None and read.failed > reading.max_failed_files:
        raise BallastError(
            f"{read.failed:,} of the {read.done:,} files read so far failed, and --max-failed-files is "
            f"{reading.max_failed_files:,}: see the reasons above; rerun the command with --retry-failed, or with a "
            "larger number"
        )


def _gather_files(spark: SparkSession, run_folder: RunFolder, reads: Reads[Item], expected: int) -> None:
    """Write the rows of the files, which the batches hold; check that every file has one."""
    watch = Stopwatch()
    progress().begin(reads.files)
    run_folder.clean(reads.files)
    tagged_rows = spark.read.parquet(*run_folder.paths(reads.stage, FILES_PART))
    run_folder.commit(reads.files, tagged_rows.select("file.*").coalesce(1).sortWithinPartitions("path"))
    rows = read_files(spark, run_folder.paths(reads.files), reads.row)
    totals = rows.agg(*(F.sum(name).alias(name) for name in reads.summed)).collect()[0].asDict()
    by_status = rows.groupBy("status").count().collect()
    statuses = Counter({FileStatus(row["status"]): row["count"] for row in by_status})
    if statuses.total() != expected:
        raise BallastError(f"a defect in Ballast: {statuses.total():,} rows for {expected:,} input files")
    run_folder.finish_stage(reads.facts(totals, dict(statuses), watch.seconds))


def inputs_identity(files: Sequence[InputItem]) -> FilesIdentity:
    """What identifies the input files in run.json."""
    return FilesIdentity(files=len(files), sha256=digest(file.path for file in files))
