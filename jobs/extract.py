"""Extract: WARC and WAT files to (image URL, caption) pairs, in batches of files; with a matcher, matched as well."""

if __package__ in (None, ""):  # run by spark-submit: the checkout's root takes the place of jobs/ on the path
    import sys
    from pathlib import Path

    if Path(__file__).resolve().parent.name == "jobs":  # not a copy that Spark put somewhere, beside who knows what
        sys.path[0] = str(Path(__file__).resolve().parent.parent)

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark import Broadcast, SparkFiles
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.command import Job, note, open_run, run_job
from jobs.frames import FILES_PART, ddl, read_files, with_fingerprint
from jobs.run_folder import EXTRACTED, FILES, RunFolder, Stopwatch, digest
from jobs.session import spark_session
from jobs.settings import Settings
from jobs.storages import open_storage
from metadata.entries import EntryList
from udfs.errors import BallastError, UsageError
from udfs.extraction import ExtractOptions, Extractor
from udfs.inputs import InputFile, Sources, crawl_listing, plan_inputs, sample_files
from udfs.matcher import held_matcher, pack_entries
from udfs.outcomes import COUNTERS, conservation_errors
from udfs.remote import RetryPolicy
from udfs.schemas import FILE, MATCHED_PAIR, PAIR, tagged
from udfs.sources import SourceOpener, SourceOptions, choose_witnesses

INPUT_HELP = (
    "WARC or WAT files, folders, globs, or listings of paths (*.paths, *.paths.gz): local, on s3://, hdfs:// and the "
    "like, or https:// (files and listings); may be left out with --crawl"
)
_INPUT_DDL = "path string, name string, archive_format string, address string"


def run(
    files: DataFrame, settings: Settings, entries: Broadcast[bytes] | None = None, witnesses: Sequence[str] = ()
) -> DataFrame:
    """Input files (`inputs.InputFile`) to tagged rows (`schemas.tagged`): pairs, and a row a file.

    With `entries` (a broadcast of `matcher.pack_entries`), pairs are matched and those without a match dropped.
    `witnesses` are addresses of some of all the run's files (`sources.SourceOptions`).
    """
    source_options = _source_options(settings, witnesses)
    options = ExtractOptions(
        languages=settings.kept_languages(),
        html_parser=settings.html_parser,
        language_detector=settings.language_detector,
        max_page_bytes=settings.max_page_bytes,
        max_record_bytes=settings.max_record_bytes,
        max_file_seconds=settings.max_file_seconds,
    )

    def extract(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        matcher = held_matcher(entries.value) if entries is not None else None
        extractor = Extractor(options, matcher)
        # a folder of this executor, which goes with it
        open_input = SourceOpener(source_options, Path(SparkFiles.getRootDirectory(), "ballast-connections"))
        for batch in batches:
            for row in batch.to_pylist():
                yield from extractor.file_batches(InputFile(**row), open_input)

    return files.mapInArrow(extract, ddl(tagged(PAIR if entries is None else MATCHED_PAIR)))


def extract_stage(
    spark: SparkSession,
    run_folder: RunFolder,
    files: Sequence[InputFile],
    settings: Settings,
    entries: EntryList | None,
) -> None:
    """Extract every file that no committed batch holds yet, and gather the file rows."""
    if run_folder.stage_facts(FILES) is not None:
        return
    watch = Stopwatch()
    done = {path for manifest in run_folder.manifests(EXTRACTED) for path in manifest.facts["inputs"]}
    pending = [file for file in files if file.path not in done]
    if done:
        note(f"{len(done):,} of {len(files):,} files were committed before; {len(pending):,} to go")
    run_folder.clean(EXTRACTED)
    numbers = [int(manifest.unit.removeprefix("batch=")) for manifest in run_folder.manifests(EXTRACTED)]
    batch_number = max(numbers, default=-1) + 1
    packed = spark.sparkContext.broadcast(pack_entries(entries.entries)) if entries is not None else None
    witnesses = choose_witnesses([file.opened_as for file in files])
    for start in range(0, len(pending), settings.batch_files):
        batch = pending[start : start + settings.batch_files]
        slices = -(-len(batch) // settings.files_per_task)
        rows = spark.createDataFrame(
            spark.sparkContext.parallelize([tuple(file) for file in batch], slices), _INPUT_DDL
        )
        tagged_rows = run(rows, settings, packed, witnesses)
        if entries is not None:
            tagged_rows = with_fingerprint(tagged_rows, "entry_ids", entries.fingerprint)
        run_folder.commit(
            EXTRACTED,
            tagged_rows,
            unit=f"batch={batch_number:05d}",
            partition_by="kind",
            facts={"inputs": [file.path for file in batch]},
        )
        batch_number += 1
        note(f"extracted {len(files) - len(pending) + start + len(batch):,} of {len(files):,} files")
    if packed is not None:
        packed.destroy()
    run_folder.finish_stage(EXTRACTED, {"batches": len(run_folder.manifests(EXTRACTED)), "seconds": watch.seconds})
    _gather_files(spark, run_folder, len(files))


def _gather_files(spark: SparkSession, run_folder: RunFolder, expected: int) -> None:
    """Write `files/` from the file rows of the batches; check that every file has its row and every counter adds up."""
    watch = Stopwatch()
    run_folder.clean(FILES)
    tagged_rows = spark.read.parquet(*run_folder.files(EXTRACTED, FILES_PART))
    run_folder.commit(FILES, tagged_rows.select("file.*").coalesce(1).sortWithinPartitions("path"))
    rows = read_files(spark, run_folder.files(FILES), FILE)
    sums = rows.agg(*[F.sum(counter.value).alias(counter.value) for counter in COUNTERS], F.sum("bytes").alias("bytes"))
    totals: dict[str, Any] = (sums.first() or {}).asDict()  # type: ignore[union-attr]
    errors = conservation_errors(totals)
    if errors:
        raise BallastError(f"a defect in Ballast: outcomes do not add up: {'; '.join(errors)}")
    statuses = Counter({row["status"]: row["count"] for row in rows.groupBy("status").count().collect()})
    if statuses.total() != expected:
        raise BallastError(f"a defect in Ballast: {statuses.total():,} rows for {expected:,} input files")
    facts = {"files": statuses.total(), **statuses, **totals, "seconds": watch.seconds}
    run_folder.finish_stage(FILES, facts)


def _source_options(settings: Settings, witnesses: Sequence[str] = ()) -> SourceOptions:
    return SourceOptions(
        s3_anonymous=settings.s3_anonymous,
        max_connections=settings.max_connections,
        policy=RetryPolicy(patience_s=settings.patience),
        witnesses=tuple(witnesses),
    )


def input_files(inputs: Sequence[str], settings: Settings) -> list[InputFile]:
    """The files to read: those of the INPUT arguments and of `--crawl`, or a sample of them."""
    arguments = list(inputs)
    if settings.crawl is not None:
        arguments.append(crawl_listing(settings.crawl, settings.crawl_format, settings.input_root))
    if not arguments:
        raise UsageError("nothing to read: name INPUTs, or a crawl by --crawl ID")
    sources = Sources(
        lambda address: open_storage(address, s3_anonymous=settings.s3_anonymous),
        SourceOpener(_source_options(settings)),
    )
    files = plan_inputs(arguments, settings.input_root, sources)
    return sample_files(files, settings.sample, settings.seed) if settings.sample is not None else files


def inputs_identity(files: Sequence[InputFile]) -> dict[str, Any]:
    """What identifies the input files in run.json."""
    return {"files": len(files), "sha256": digest(file.path for file in files)}


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    files = input_files(inputs, settings)
    run_folder = open_run("extract", settings, {"inputs": inputs_identity(files)})
    if not run_folder.finished:
        with spark_session(settings, "extract") as spark:
            run_folder.begin()
            extract_stage(spark, run_folder, files, settings, None)
        run_folder.finish()
    return run_folder


JOB = Job(
    "extract",
    "parse WARC and WAT files into (image URL, caption) pairs",
    "INPUT",
    INPUT_HELP,
    many=True,
    optional=True,
    execute=execute,
    output=EXTRACTED,
)


def main(argv: Sequence[str] | None = None) -> int:
    return run_job(JOB, argv)


if __name__ == "__main__":
    raise SystemExit(main())
