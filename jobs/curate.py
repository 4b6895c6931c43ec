"""Curate: from WARC and WAT files to a balanced subset, in one folder, resumable at every commit."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["curate", *sys.argv[1:]]))


from jobs.console.commands.curation import CURATE
from jobs.console.run_job import open_run
from jobs.dedup import dedup_stage, excluded_identity, open_excluded
from jobs.extract import PAIRS_READ, extract_stage
from jobs.report import draw_report, drop_report
from jobs.runs.failed_inputs import check_inputs_read
from jobs.runs.input_batches import work_left
from jobs.runs.open_storage import load_lists
from jobs.runs.run_folder import RunFolder
from jobs.settings.settings import Settings
from jobs.spark.frames import read_files
from jobs.spark.progress import say, warn
from jobs.spark.session import spark_session
from jobs.steps.count_files import stage_counts
from jobs.steps.counting import count_stage
from jobs.steps.drawing import DrawnFrom, draw_stage
from jobs.steps.extraction_plan import plan_extraction
from jobs.steps.pairs import wants_spark
from jobs.steps.threshold_choice import check_threshold, threshold_identity
from udfs.schemas import MATCHED_PAIR, with_list
from udfs.schemas import POOL as POOL_SCHEMA
from udfs.stages import PAIRS_PART, Stage


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    """Extract and match in one pass, deduplicate, count, balance; committed stages are skipped."""
    lists = load_lists(settings.entries.metadata, settings.entries.boundaries)
    check_threshold(settings.threshold, lists.codes, draws=True)
    plan = plan_extraction(inputs, settings, lists)
    settings = plan.settings
    out, dedup, seed = settings.output.out, settings.dedup, settings.draws.seed
    exclude = open_excluded(dedup)
    identity = {
        "metadata": lists.fingerprint,
        **threshold_identity(settings.threshold),
        **excluded_identity(exclude),
        **plan.identity,
    }
    run_folder = open_run(CURATE, settings, identity, reads=dedup.exclude)
    if not any(work_left(run_folder, PAIRS_READ, plan.files, settings.reading)):
        check_inputs_read(run_folder)
        if run_folder.finished:
            return run_folder
    languages = settings.captions.kept_languages()
    if not lists.by_language and (languages is None or len(languages) > 1):
        warn("one list of entries for several languages: a German 'die' counts as the English one")
    if run_folder.resumed:
        say(f"resuming the unfinished run in {out}")
    of = f"{len(lists.lists):,} lists of {lists.size:,} entries" if lists.by_language else f"{lists.size:,} entries"
    say(f"{len(plan.files):,} input file{'s' * (len(plan.files) != 1)}, {of} ({lists.source})")
    only_spark = wants_spark(settings.execution)
    with spark_session(settings.execution, "curate", settings.spark_paths()) as spark, run_folder.writing():
        extract_stage(spark, run_folder, plan, settings.reading, lists, settings.entries.hot_lists)
        matched, in_pool = (with_list(s) if lists.by_language else s for s in (MATCHED_PAIR, POOL_SCHEMA))
        pairs = read_files(spark, run_folder.paths(Stage.EXTRACTED, PAIRS_PART), matched, lists.fingerprint)
        dedup_stage(spark, run_folder, pairs, run_folder.bytes_of(Stage.EXTRACTED), dedup, seed, exclude)
        say("deduplicated")
        pool = read_files(spark, run_folder.paths(Stage.POOL), in_pool, lists.fingerprint)
        count_stage(spark, run_folder, pool, lists)
        say("counted")
        drawn_from = DrawnFrom(pool, pool.count())
        draw_stage(
            spark, run_folder, drawn_from, stage_counts(run_folder, names=False).counts, settings.threshold, seed
        )
        say("balanced")
        if settings.reporting.no_report:
            drop_report(run_folder)
        else:
            draw_report(spark, run_folder, out, only_spark=only_spark)
    return run_folder
