"""Extract: WARC and WAT files to (image URL, caption) pairs, in batches of files; with a matcher, matched as well."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["extract", *sys.argv[1:]]))

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyarrow as pa
from pyspark import Broadcast, SparkFiles
from pyspark.sql import DataFrame, SparkSession

from jobs.console.commands.curation import EXTRACT
from jobs.console.run_job import open_run
from jobs.runs.failed_inputs import check_inputs_read
from jobs.runs.input_batches import Reads, inputs_identity, read_batches, work_left
from jobs.runs.read_share import ReadShare, meter_folder
from jobs.runs.run_folder import RunFolder
from jobs.settings.groups import Reading
from jobs.settings.settings import Settings
from jobs.spark.frames import ddl, with_fingerprint
from jobs.spark.session import spark_session
from jobs.spark.shared_entries import SharedEntries, SharedLists, share_entries
from jobs.spark.shipped_files import ship_file
from jobs.steps.extraction_plan import ExtractionPlan, plan_extraction
from metadata.lists import EntryLists
from udfs.errors import BallastError
from udfs.extraction.block_lists import Blocker, BlockList
from udfs.extraction.extractor import Extractor
from udfs.outcomes import COUNTERS, FileStatus, conservation_errors
from udfs.schemas import FILE, MATCHED_PAIR, PAIR, tagged, with_list
from udfs.sources.file_tasks import file_tasks
from udfs.sources.input_files import InputFile
from udfs.sources.opener import SourceOpener
from udfs.sources.read_meter import ReadMeter
from udfs.stages import KIND_PAIR, ExtractedFacts, FilesFacts, Stage

_INPUT_DDL = "path string, name string, archive_format string, address string, size_bytes bigint"


def _files_facts(totals: Mapping[str, int], statuses: dict[FileStatus, int], seconds: float) -> FilesFacts:
    """The facts of `files/`, once each record, image and text has its outcome."""
    errors = conservation_errors(totals)
    if errors:
        raise BallastError(f"a defect in Ballast: outcomes do not add up: {'; '.join(errors)}")
    counters = {counter: totals[counter] for counter in COUNTERS}
    return FilesFacts(
        files=sum(statuses.values()), bytes=totals["bytes"], statuses=statuses, counters=counters, seconds=seconds
    )


def _read_at_once(files: Sequence[InputFile], cores: int) -> int:
    return sum(map(len, file_tasks(files, cores)[:cores]))


PAIRS_READ: Reads[InputFile] = Reads(
    stage=Stage.EXTRACTED,
    kind=KIND_PAIR,
    files=Stage.FILES,
    row=FILE,
    found={"pages": "pages", "pairs": "pairs"},
    summed=(*COUNTERS, "bytes"),
    batches=lambda batches, seconds: ExtractedFacts(batches=batches, seconds=seconds),
    facts=_files_facts,
    wave=_read_at_once,
)


def run(
    files: DataFrame,
    plan: ExtractionPlan,
    entries: SharedEntries | None = None,
    blocks: Broadcast[BlockList] | None = None,
    meter: Path | None = None,
) -> DataFrame:
    """Input files (`input_files.InputFile`) to tagged rows (`schemas.tagged`): pairs, and one row per file.

    With `entries`, pairs are matched, and those without a match are dropped. `blocks` is the plan's block list as a
    broadcast. In the folder `meter`, tasks show how far they are in their files.
    """
    options, opening = plan.options, plan.opening
    model = None
    if plan.language_model is not None:
        name = f"ballast-{plan.language_model.sha256}.bin"
        model = ship_file(files.sparkSession.sparkContext, plan.language_model.path, name)

    def extract(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        matcher = entries.matcher() if entries is not None else None
        here = options if model is None else replace(options, language_model=SparkFiles.get(model))
        extractor = Extractor(here, matcher, Blocker(blocks.value) if blocks is not None else None)
        # a folder of this executor, which is deleted with it
        connections = Path(SparkFiles.getRootDirectory(), "ballast-connections")
        open_input = SourceOpener(opening, connections, ReadMeter(meter) if meter is not None else None)
        for batch in batches:
            for row in batch.to_pylist():
                yield from extractor.file_batches(InputFile(**row), open_input)

    pairs = PAIR if entries is None else MATCHED_PAIR
    return files.mapInArrow(extract, ddl(tagged(with_list(pairs) if isinstance(entries, SharedLists) else pairs)))


def input_frame(spark: SparkSession, files: Sequence[InputFile]) -> DataFrame:
    """Input files as a frame, as `run` takes them: a task for each large file, and for each group of small ones."""
    context = spark.sparkContext
    tasks = [[tuple(file) for file in task] for task in file_tasks(files, context.defaultParallelism)]
    return spark.createDataFrame(context.parallelize(tasks, len(tasks)).flatMap(lambda task: task), _INPUT_DDL)


def extract_stage(
    spark: SparkSession,
    run_folder: RunFolder,
    plan: ExtractionPlan,
    reading: Reading,
    lists: EntryLists | None,
    hot_lists: int = 0,
) -> None:
    """Extract every file that no committed batch holds yet, and gather the file rows; with `lists`, match too.

    Raises `BallastError` if all files failed.
    """
    shared = share_entries(spark, lists, hot_lists, plan.options.languages) if lists is not None else None
    blocked = spark.sparkContext.broadcast(plan.blocks) if plan.blocks is not None else None

    meter = meter_folder(spark, plan.files)

    def extract(batch: Sequence[InputFile]) -> DataFrame:
        tagged_rows = run(input_frame(spark, batch), plan, shared, blocked, meter)
        return tagged_rows if lists is None else with_fingerprint(tagged_rows, "entry_ids", lists.fingerprint)

    share = None if meter is None else partial(ReadShare, meter, plan.files)
    read_batches(spark, run_folder, PAIRS_READ, plan.files, extract, reading, share)
    run_folder.record_facts(inputs=inputs_identity(plan.files))
    for sent in (shared, blocked):
        if sent is not None:
            sent.destroy()
    check_inputs_read(run_folder)


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    """Extract the inputs into the output folder."""
    plan = plan_extraction(inputs, settings)
    settings = plan.settings
    run_folder = open_run(EXTRACT, settings, plan.identity)
    is_read = not any(work_left(run_folder, PAIRS_READ, plan.files, settings.reading))
    if is_read:
        check_inputs_read(run_folder)
    if not (run_folder.finished and is_read):
        with spark_session(settings.execution, "extract", settings.spark_paths()) as spark, run_folder.writing():
            extract_stage(spark, run_folder, plan, settings.reading, None)
    return run_folder
