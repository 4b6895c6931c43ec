"""Curate: the whole way from WARC and WAT files to a balanced subset, one folder, resumable at every commit."""

if __package__ in (None, ""):  # run by spark-submit: the checkout's root takes the place of jobs/ on the path
    import sys
    from pathlib import Path

    if Path(__file__).resolve().parent.name == "jobs":  # not a copy that Spark put somewhere, beside who knows what
        sys.path[0] = str(Path(__file__).resolve().parent.parent)

from collections.abc import Sequence

from jobs.console.command import Job, open_run, run_job
from jobs.dedup import dedup_stage, excluded_identity, open_excluded
from jobs.extract import INPUT_HELP, extract_options, extract_stage, input_files
from jobs.report import draw_report, drop_report
from jobs.runs.input_batches import work_left
from jobs.runs.open_storage import load_block_words, load_metadata
from jobs.runs.run_folder import RunFolder
from jobs.settings.fields import Settings
from jobs.spark.frames import read_files
from jobs.spark.progress import say, warn
from jobs.spark.session import spark_session
from jobs.steps.blocks import blocks_identity, load_blocks
from jobs.steps.count_files import stage_counts
from jobs.steps.counting import count_stage
from jobs.steps.drawing import DrawnFrom, draw_stage, write_card
from udfs.schemas import MATCHED_PAIR
from udfs.schemas import POOL as POOL_SCHEMA
from udfs.stages import PAIRS_PART, Stage


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    """Extract and match in one pass, deduplicate, count, balance; stages that are committed already are skipped."""
    entries = load_metadata(settings.metadata)
    block_words = load_block_words(settings.block_words)
    extract_options(settings, block_words)  # what does not fit is said before anything begins
    files = input_files(inputs, settings)
    blocks = load_blocks(settings)
    identity = {
        "metadata": entries.fingerprint,
        "block_words": block_words.fingerprint,
        **excluded_identity(settings),
        **blocks_identity(blocks),
    }
    run_folder = open_run("curate", settings, identity, reads=settings.exclude)
    if run_folder.finished and not any(work_left(run_folder, files, settings)):
        return run_folder
    if settings.kept_languages() is None or len(settings.languages) > 1:
        warn("one list of entries for several languages: a German 'die' counts as the English one")
    if run_folder.resumed:
        say(f"resuming the unfinished run in {settings.out}")
    say(f"{len(files):,} input file{'s' * (len(files) != 1)}, {entries.size:,} entries ({entries.source})")
    with spark_session(settings, "curate") as spark, run_folder.writing():
        extract_stage(spark, run_folder, files, settings, entries, blocks, block_words)
        pairs = read_files(spark, run_folder.files(Stage.EXTRACTED, PAIRS_PART), MATCHED_PAIR, entries.fingerprint)
        exclude = open_excluded(spark, settings)
        dedup_stage(spark, run_folder, pairs, run_folder.bytes_of(Stage.EXTRACTED), settings, exclude)
        say("deduplicated")
        pool = read_files(spark, run_folder.files(Stage.POOL), POOL_SCHEMA, entries.fingerprint)
        count_stage(spark, run_folder, pool, entries, settings)
        say("counted")
        counts = stage_counts(run_folder).counts
        draw_stage(spark, run_folder, DrawnFrom(pool, pool.count()), counts, settings)
        say("balanced")
        write_card(run_folder)
        if settings.no_report:
            drop_report(run_folder)
        else:
            draw_report(spark, run_folder, settings.out)
    return run_folder


JOB = Job(
    "curate",
    "run it all: WARC and WAT files in, pool, entry counts and balanced subset out",
    "INPUT",
    INPUT_HELP,
    many=True,
    optional=True,
    execute=execute,
    output=Stage.SUBSET,
)


def main(argv: Sequence[str] | None = None) -> int:
    return run_job(JOB, argv)


if __name__ == "__main__":
    raise SystemExit(main())
