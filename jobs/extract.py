"""Extract: WARC and WAT files to (image URL, caption) pairs, in batches of files; with a matcher, matched as well."""

if __package__ in (None, ""):  # run by spark-submit: the checkout's root takes the place of jobs/ on the path
    import sys
    from pathlib import Path

    if Path(__file__).resolve().parent.name == "jobs":  # not a copy that Spark put somewhere, beside who knows what
        sys.path[0] = str(Path(__file__).resolve().parent.parent)

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
from pyspark import Broadcast, SparkFiles
from pyspark.sql import DataFrame, SparkSession

from jobs.console.command import Job, open_run, run_job
from jobs.runs.input_batches import extract_batches, inputs_facts, work_left
from jobs.runs.open_storage import load_block_words, open_storage
from jobs.runs.run_folder import EXTRACTED, RunFolder
from jobs.settings.fields import Settings
from jobs.spark.frames import ddl, with_fingerprint
from jobs.spark.session import spark_session
from jobs.steps.blocks import blocks_identity, load_blocks
from metadata.entries import EntryList
from udfs.captions.block_words import NO_WORDS, BlockWords
from udfs.captions.rules import CaptionRules
from udfs.errors import UsageError
from udfs.extraction.block_lists import Blocker, BlockList
from udfs.extraction.extractor import Extractor
from udfs.extraction.options import ExtractOptions
from udfs.matching.matcher import cached_matcher, pack_entries
from udfs.outcomes import MAX_TEXT_CHARACTERS
from udfs.schemas import MATCHED_PAIR, PAIR, tagged
from udfs.sources.input_files import InputFile, Sources, crawl_listing, plan_inputs, sample_files
from udfs.sources.opener import SourceOpener, SourceOptions, choose_witnesses
from udfs.sources.remote_stream import RetryPolicy

INPUT_HELP = (
    "WARC or WAT files, folders, globs, or listings of paths (*.paths, *.paths.gz): local, on s3://, hdfs:// and the "
    "like, or https:// (files and listings); may be left out with --crawl"
)
_INPUT_DDL = "path string, name string, archive_format string, address string"


def run(
    files: DataFrame,
    settings: Settings,
    entries: Broadcast[bytes] | None = None,
    witnesses: Sequence[str] = (),
    blocks: Broadcast[BlockList] | None = None,
    block_words: BlockWords = NO_WORDS,
) -> DataFrame:
    """Input files (`input_files.InputFile`) to tagged rows (`schemas.tagged`): pairs, and a row a file.

    With `entries` (a broadcast of `matcher.pack_entries`), pairs are matched and those without a match dropped.
    `witnesses` are addresses of some of all the run's files (`opener.SourceOptions`). What `blocks` list is left out.
    """
    opened_how = source_options(settings, witnesses)
    options = extract_options(settings, block_words)

    def extract(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        matcher = cached_matcher(entries.value) if entries is not None else None
        extractor = Extractor(options, matcher, Blocker(blocks.value) if blocks is not None else None)
        # a folder of this executor, which goes with it
        open_input = SourceOpener(opened_how, Path(SparkFiles.getRootDirectory(), "ballast-connections"))
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
    blocks: BlockList | None,
    block_words: BlockWords,
) -> None:
    """Extract every file that no committed batch holds yet, and gather the file rows; with `entries`, match too."""
    packed = spark.sparkContext.broadcast(pack_entries(entries.entries)) if entries is not None else None
    blocked = spark.sparkContext.broadcast(blocks) if blocks is not None else None
    witnesses = choose_witnesses([file.opened_as for file in files])

    def extract(batch: Sequence[InputFile]) -> DataFrame:
        slices = -(-len(batch) // settings.files_per_task)
        rows = spark.createDataFrame(
            spark.sparkContext.parallelize([tuple(file) for file in batch], slices), _INPUT_DDL
        )
        tagged_rows = run(rows, settings, packed, witnesses, blocked, block_words)
        return tagged_rows if entries is None else with_fingerprint(tagged_rows, "entry_ids", entries.fingerprint)

    extract_batches(spark, run_folder, files, extract, settings)
    run_folder.record_facts(inputs=inputs_facts(files))
    for shared in (packed, blocked):
        if shared is not None:
            shared.destroy()


def extract_options(settings: Settings, block_words: BlockWords = NO_WORDS) -> ExtractOptions:
    """How these settings have files extracted. Raises `UsageError` for bounds that no caption keeps."""
    rules = CaptionRules(
        min_characters=settings.min_caption_characters,
        max_characters=settings.max_caption_characters or MAX_TEXT_CHARACTERS,
        min_words=settings.min_caption_words,
        max_words=settings.max_caption_words,
        strip_invisible=settings.strip_invisible,
        drop_file_names=settings.drop_file_names,
        block_words=block_words,
    )
    return ExtractOptions(
        languages=settings.kept_languages(),
        language_score=settings.language_score,
        caption_rules=rules,
        profile=settings.profile(),
        opt_outs=frozenset(settings.opt_outs),
        html_parser=settings.html_parser,
        language_detector=settings.language_detector,
        max_page_bytes=settings.max_page_bytes,
        max_record_bytes=settings.max_record_bytes,
        max_file_seconds=settings.max_file_seconds,
    )


def source_options(settings: Settings, witnesses: Sequence[str] = ()) -> SourceOptions:
    """How these settings have input files opened."""
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
        SourceOpener(source_options(settings)),
    )
    files = plan_inputs(arguments, settings.input_root, sources)
    return sample_files(files, settings.sample, settings.seed) if settings.sample is not None else files


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    block_words = load_block_words(settings.block_words)
    extract_options(settings, block_words)  # what does not fit is said before anything begins
    files = input_files(inputs, settings)
    blocks = load_blocks(settings)
    identity = {"block_words": block_words.fingerprint, **blocks_identity(blocks)}
    run_folder = open_run("extract", settings, identity)
    if not run_folder.finished or any(work_left(run_folder, files, settings)):
        with spark_session(settings, "extract") as spark, run_folder.writing():
            extract_stage(spark, run_folder, files, settings, None, blocks, block_words)
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
