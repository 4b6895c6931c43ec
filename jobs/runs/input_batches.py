"""Input files in committed batches: which are done, which are left, and which are read again.

A batch is one Spark write of tagged rows and one manifest, which lists its input files by path. These manifests alone
say what a run has read. They let the same command resume, read added files and, with `--retry-failed`, replace the rows
of files that went wrong.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

from pyspark import StorageLevel
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from jobs.runs.batches import next_number, write_batches
from jobs.runs.identity import digest
from jobs.runs.manifests import Manifest
from jobs.runs.read_share import ReadShare
from jobs.runs.run_folder import RunFolder
from jobs.runs.stopwatch import Stopwatch
from jobs.settings.groups import Reading
from jobs.spark.frames import read_files
from jobs.spark.progress import progress, say
from jobs.spark.reported import Read
from udfs.errors import BallastError, UsageError
from udfs.hashing import file_id
from udfs.outcomes import COUNTERS, FileStatus, conservation_errors
from udfs.record import FilesIdentity
from udfs.schemas import FILE
from udfs.sources.file_tasks import file_tasks
from udfs.sources.input_files import InputFile
from udfs.stages import FILES_PART, KIND_FILE, KIND_PAIR, PAIRS_PART, ExtractedFacts, FilesFacts, Stage

Extract = Callable[[Sequence[InputFile]], DataFrame]
"""Input files to tagged rows (`schemas.tagged`)."""

_MADE_FROM_IT = tuple(stage for stage in Stage if stage != Stage.EXTRACTED)
_NAMED_FAILURES = 20  # logged per batch; `files/` has all of them


class Contents(NamedTuple):
    """What a batch holds."""

    pages: int
    pairs: int
    failed: int


class Work(NamedTuple):
    """What is left to read: files that no batch holds, and whether files that went wrong are read again."""

    pending: list[InputFile]
    retries: bool


def work_left(run_folder: RunFolder, files: Sequence[InputFile], reading: Reading) -> Work:
    """What a run on these files has left to do in this folder.

    Raises `UsageError` when files that the run has read are not among `files`.
    """
    done = {path for manifest in run_folder.manifests(Stage.EXTRACTED) for path in manifest.facts["inputs"]}
    gone = sorted(done - {file.path for file in files})
    if gone:
        raise UsageError(
            f"--out {run_folder.storage.root}: the command leaves out {len(gone):,} of the input files that this run "
            f"has read ({gone[0]}): add them, name another folder, or start over with --overwrite"
        )
    facts = run_folder.record.stages.files
    # an unfinished run does not know yet whether any file went wrong
    wrong = facts is None or bool(facts.damaged)
    return Work([file for file in files if file.path not in done], bool(reading.retry_failed and done and wrong))


def extract_batches(
    spark: SparkSession,
    run_folder: RunFolder,
    files: Sequence[InputFile],
    extract: Extract,
    reading: Reading,
    meter: Path | None,
) -> None:
    """Read what is left (`work_left`), batch by batch, and gather the file rows. Invalidates later stages when there
    is anything to read. `meter` is the folder in which tasks show how far they are (`read_share`)."""
    work = work_left(run_folder, files, reading)
    if work.pending or work.retries:
        run_folder.discard(_MADE_FROM_IT)
    elif run_folder.record.stages.files is not None:
        return
    watch = Stopwatch()
    run_folder.clean(Stage.EXTRACTED)
    if len(work.pending) < len(files):
        say(f"{len(files) - len(work.pending):,} of {len(files):,} files were committed before")
    if work.retries:
        progress().begin("retry")
        _retry(spark, run_folder, {file.path: file for file in files}, extract)
    number = next_number(run_folder.manifests(Stage.EXTRACTED))
    so_far = _committed(spark, run_folder, len(files) - len(work.pending), len(files))
    _stop_if_too_many(so_far, reading)
    progress().begin("extract", so_far, ReadShare(meter, files, work.pending) if meter is not None else None)

    def write(unit: str, batch: Sequence[InputFile]) -> Manifest:
        facts = {"inputs": [file.path for file in batch]}
        return run_folder.commit(Stage.EXTRACTED, extract(batch), unit=unit, partition_by="kind", facts=facts)

    def wave(left: Sequence[InputFile]) -> int:
        cores = spark.sparkContext.defaultParallelism
        return sum(map(len, file_tasks(left, cores)[:cores]))

    written = write_batches(spark, work.pending, reading, number, write, wave=wave)
    with closing(written) as batches:
        for batch in batches:
            how_far = f"{so_far.done + len(batch.items):,} of {len(files):,} files"
            contents = _report_batch(spark, run_folder, batch.written, batch.seconds, how_far)
            so_far = so_far.plus(len(batch.items), *contents)
            progress().committed(so_far, batch.group)
            _stop_if_too_many(so_far, reading)
    committed = run_folder.manifests(Stage.EXTRACTED)
    run_folder.finish_stage(ExtractedFacts(batches=len(committed), seconds=watch.seconds))
    _gather_files(spark, run_folder, len(files))


def _retry(spark: SparkSession, run_folder: RunFolder, files: dict[str, InputFile], extract: Extract) -> None:
    """Read the files that went wrong again, and rewrite each batch that holds such files: their new rows, and the old
    rows of its other files. A file that was partial and fails now keeps its old rows."""
    for manifest in run_folder.manifests(Stage.EXTRACTED):
        watch = Stopwatch()
        rows = _file_rows(spark, run_folder, manifest)
        before = {row["path"]: row["status"] for row in rows if row["status"] != FileStatus.OK}
        if not before:
            continue
        again = extract([files[path] for path in before]).persist(StorageLevel.DISK_ONLY)
        try:
            now = again.where(F.col("kind") == KIND_FILE).select("file.path", "file.status").collect()
            worse = [path for path, status in now if (before[path], status) == (FileStatus.PARTIAL, FileStatus.FAILED)]
            replaced = [file_id(path) for path in before if path not in worse]
            is_replaced = F.col("file_id").isin(replaced)
            kept = _committed_rows(spark, run_folder, manifest, again).where(~is_replaced)
            written = run_folder.commit(
                Stage.EXTRACTED,
                kept.unionByName(again.where(is_replaced)),
                unit=manifest.unit,
                partition_by="kind",
                facts=manifest.facts,
                again=True,
            )
        finally:
            again.unpersist()
        _report_batch(spark, run_folder, written, watch.seconds, f"{len(before):,} files read again")


def _committed_rows(spark: SparkSession, run_folder: RunFolder, manifest: Manifest, like: DataFrame) -> DataFrame:
    """The committed tagged rows of a batch, with the columns of `like`."""
    parts = []
    for part, kind in ((PAIRS_PART, KIND_PAIR), (FILES_PART, KIND_FILE)):
        names = run_folder.paths(Stage.EXTRACTED, part, manifest.unit)
        if names:
            parts.append(spark.read.parquet(*names).withColumn("kind", F.lit(kind)).select(*like.columns))
    return reduce(DataFrame.unionByName, parts)


def _file_rows(spark: SparkSession, run_folder: RunFolder, manifest: Manifest) -> list[Row]:
    """Path, status, error, pages and pairs of each file of a batch."""
    rows = spark.read.parquet(*run_folder.paths(Stage.EXTRACTED, FILES_PART, manifest.unit))
    return rows.select("file.path", "file.status", "file.error", "file.pages", "file.pairs").collect()


def _report_batch(
    spark: SparkSession, run_folder: RunFolder, manifest: Manifest, seconds: float, how_far: str
) -> Contents:
    """Log a committed batch and each of its failed files; return what the batch holds."""
    rows = _file_rows(spark, run_folder, manifest)
    statuses = Counter(row["status"] for row in rows)
    counts = " ".join(f"{status.value}={statuses[status]}" for status in FileStatus)
    pages, pairs = (sum(row[name] for row in rows) for name in ("pages", "pairs"))
    figures = {"batch": manifest.unit, **{status.value: statuses[status] for status in FileStatus}}
    say(
        f"{manifest.unit} {counts} pages={pages} pairs={pairs} seconds={seconds:.1f} ({how_far})",
        **figures,
        pages=pages,
        pairs=pairs,
        seconds=round(seconds, 3),
    )
    failures = sorted((row["path"], row["error"]) for row in rows if row["status"] == FileStatus.FAILED)
    for path, error in failures[:_NAMED_FAILURES]:
        say(f"failed file={path} error={error}")
    if len(failures) > _NAMED_FAILURES:
        say(f"failed files={len(failures) - _NAMED_FAILURES} more in {manifest.unit}: files/ lists them all at the end")
    return Contents(pages, pairs, len(failures))


def _committed(spark: SparkSession, run_folder: RunFolder, done: int, total: int) -> Read:
    """The totals of the committed batches, which have read `done` of `total` files."""
    files = run_folder.paths(Stage.EXTRACTED, FILES_PART)
    if not files:
        return Read(done, total)
    failed = F.count_if(F.col("file.status") == FileStatus.FAILED.value)
    sums = spark.read.parquet(*files).agg(F.sum("file.pages"), F.sum("file.pairs"), failed).first() or (0, 0, 0)
    return Read(0, total).plus(done, *sums)


def _stop_if_too_many(read: Read, reading: Reading) -> None:
    if reading.max_failed_files is not None and read.failed > reading.max_failed_files:
        raise BallastError(
            f"{read.failed:,} of the {read.done:,} files read so far failed, and --max-failed-files is "
            f"{reading.max_failed_files:,}: see the reasons above; rerun the command with --retry-failed, or with a "
            "larger number"
        )


def _gather_files(spark: SparkSession, run_folder: RunFolder, expected: int) -> None:
    """Write `files/` from the file rows of the batches; check that every file has its row and that counters add up."""
    watch = Stopwatch()
    progress().begin("files")
    run_folder.clean(Stage.FILES)
    tagged_rows = spark.read.parquet(*run_folder.paths(Stage.EXTRACTED, FILES_PART))
    run_folder.commit(Stage.FILES, tagged_rows.select("file.*").coalesce(1).sortWithinPartitions("path"))
    rows = read_files(spark, run_folder.paths(Stage.FILES), FILE)
    sums = rows.agg(*[F.sum(counter.value).alias(counter.value) for counter in COUNTERS], F.sum("bytes").alias("bytes"))
    totals: dict[str, Any] = (sums.first() or {}).asDict()  # type: ignore[union-attr]
    errors = conservation_errors(totals)
    if errors:
        raise BallastError(f"a defect in Ballast: outcomes do not add up: {'; '.join(errors)}")
    by_status = rows.groupBy("status").count().collect()
    statuses = Counter({FileStatus(row["status"]): row["count"] for row in by_status})
    if statuses.total() != expected:
        raise BallastError(f"a defect in Ballast: {statuses.total():,} rows for {expected:,} input files")
    facts = FilesFacts(
        files=statuses.total(),
        bytes=totals["bytes"],
        statuses=dict(statuses),
        counters={counter: totals[counter] for counter in COUNTERS},
        seconds=watch.seconds,
    )
    run_folder.finish_stage(facts)


def inputs_identity(files: Sequence[InputFile]) -> FilesIdentity:
    """What identifies the input files in run.json."""
    return FilesIdentity(files=len(files), sha256=digest(file.path for file in files))
