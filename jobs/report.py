"""Report: one self-contained page about a run, from its run.json and a few passes over what it wrote."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["report", *sys.argv[1:]]))

import argparse
from collections.abc import Sequence
from typing import Any, NamedTuple

from pyspark.sql import DataFrame, SparkSession

from jobs.console.command import Command
from jobs.runs.funnel import funnel, subsets_of
from jobs.runs.open_storage import load_metadata
from jobs.runs.run_folder import (
    ENTRY_COUNTS,
    EXTRACTED,
    FILES,
    FILES_PART,
    MATCHED,
    PAIRS_PART,
    POOL,
    REPORT_FILE,
    SUBSET,
    RunFolder,
    stored_run,
)
from jobs.runs.step_input import open_source
from jobs.settings.groups import Entries, Execution, GivenCounts
from jobs.settings.settings import Settings, take
from jobs.spark.frames import check_fingerprint, fingerprint_of, read_files, set_shuffle_partitions
from jobs.spark.progress import progress, warn
from jobs.spark.session import spark_session
from jobs.spark.spark_errors import one_line
from jobs.steps.given_counts import counts_beside, given_counts, pool_entries, read_counts
from jobs.steps.report_figures import (
    PoolFigures,
    bad_files,
    languages,
    pool_figures,
    realised_counts,
    shown_pairs,
    subset_counts,
)
from udfs.balancing.probabilities import Counts
from udfs.errors import UsageError
from udfs.outcomes import FileStatus
from udfs.report.figures import (
    MOST_THRESHOLDS,
    SHOWN_PAIRS,
    TOP_ENTRIES,
    BadFile,
    EntryFigures,
    Reason,
    Report,
    ShownPair,
    SubsetFigures,
    curve_at,
    curve_places,
    entry_figures,
    entry_rows,
    top_ids,
)
from udfs.report.page import render_report
from udfs.schemas import ENTRY_COUNT, FILE

PAPER_ENTRIES = 500_000


class Context(NamedTuple):
    """What a run's own folder may lack: the pool its subset was drawn from, and the names and counts of its entries."""

    pool: DataFrame | None
    names: list[str] | None
    counts: Counts | None


def write_report(
    spark: SparkSession, run: RunFolder, context: Context | None = None, *, paper_list: bool = False
) -> None:
    """Write `report.html` of what the run has made so far; nothing of what it shows is changed."""
    progress().begin("report")
    report = collect(spark, run, context or own_context(spark, run), paper_list=paper_list)
    run.storage.write(REPORT_FILE, render_report(report).encode())


def draw_report(spark: SparkSession, run: RunFolder, out: str) -> None:
    """Write the report of a run that has made all its rows: what goes wrong here is told, and does not undo them."""
    try:
        write_report(spark, run)
    except Exception as error:
        warn(f"{REPORT_FILE} could not be drawn ({one_line(error)}); `ballast report {out}` tries again")
    else:
        run.record_facts(report=REPORT_FILE)


def drop_report(run: RunFolder) -> None:
    """Delete a report of what the folder held before."""
    if run.record.pop("report", None) is not None:
        run.storage.delete(REPORT_FILE)


def own_context(spark: SparkSession, run: RunFolder) -> Context:
    """The pool and the counts in the run's own folder, as far as they are there."""
    names, counts = None, None
    if run.stage_facts(ENTRY_COUNTS) is not None:
        counts, names = read_counts(read_files(spark, run.files(ENTRY_COUNTS), ENTRY_COUNT), str(run.storage.root))
    return Context(_frame(spark, run.files(POOL) or run.files(MATCHED)), names, counts)


def _context(spark: SparkSession, run: RunFolder, folder: str, pool_path: str | None, settings: Settings) -> Context:
    """The run's own context, completed by what the command names."""
    own = own_context(spark, run)
    pool = own.pool
    if pool_path is not None:
        if SUBSET not in run.record["stages"] or pool is not None:
            raise UsageError(f"--pool: {folder} holds no subset of another folder's pool")
        pool = open_source(spark, pool_path, (POOL, MATCHED), ("uuid", "caption_hash", "entry_ids")).frame
    subset = _frame(spark, run.files(SUBSET))
    matched = pool if pool is not None else subset
    matched_with = fingerprint_of(matched, "entry_ids") if matched is not None else None
    if pool_path is not None and subset is not None:
        drawn_with = fingerprint_of(subset, "entry_ids")
        if drawn_with is not None:
            check_fingerprint(matched_with, drawn_with._asdict(), pool_path, folder)
    if own.counts is not None and settings.counts.entry_counts is None:
        return Context(pool, own.names, own.counts)
    beside, metadata = pool_path or folder, settings.entries.metadata
    if settings.counts.entry_counts is not None or counts_beside(beside) is not None:
        given = given_counts(spark, settings.counts.entry_counts, metadata, beside, matched_with)
        return Context(pool, given.entries, given.counts)
    return Context(pool, _names(metadata, beside, matched_with), None)


def _names(metadata: str | None, path: str, matched_with: Any) -> list[str] | None:
    """The names of the entries: those of `--metadata`, else the packaged ones if they are what was matched with."""
    if metadata is not None:
        return list(pool_entries(metadata, path, matched_with).entries)
    packaged = load_metadata(None)
    known = matched_with is not None and matched_with._asdict() == packaged.fingerprint
    return list(packaged.entries) if known else None


def collect(spark: SparkSession, run: RunFolder, context: Context, *, paper_list: bool = False) -> Report:
    """Everything the page shows, as small aggregates. Raises `UsageError` where `paper_list` cannot be true."""
    record, stages = run.record, run.record["stages"]
    saved = record["settings"]
    seed, per_image = saved.get("seed", 0), saved.get("per_image", "all")  # these decide which pairs were drawn
    set_shuffle_partitions(spark, run.bytes_of(POOL))
    pool, names, counts = context
    if pool is None and SUBSET not in stages:
        pool = _frame(spark, run.files(EXTRACTED, PAIRS_PART))
    metadata = _metadata(record, pool if pool is not None else _frame(spark, run.files(SUBSET)))
    if paper_list and (metadata or {}).get("entries") != PAPER_ENTRIES:
        raise UsageError(f"--paper-list: the paper's list has {PAPER_ENTRIES:,} entries, this run's has not")
    subsets = subsets_of(stages)[:MOST_THRESHOLDS]
    thresholds = [facts["t"] for facts in subsets]
    pool_pairs = _pool_pairs(stages)
    measured, spoken, pairs = PoolFigures([], [], {}), {}, []
    is_blocked = "blocks" in record and POOL not in stages  # the pool of --pool still has what was left out
    if pool is not None:
        pool_pairs = pool_pairs if pool_pairs is not None else pool.count()
        if "entry_ids" in pool.columns:
            drawn_from_it = "survivors" not in record and not is_blocked  # these leave fewer than --pool has
            measured = pool_figures(pool, seed, per_image, counts if drawn_from_it else None, thresholds)
        spoken = languages(pool)
        pairs = [] if is_blocked else shown_pairs(pool, pool_pairs, seed, names, counts, thresholds)
    reasons: list[Reason] = []
    bad: list[BadFile] = []
    if any(stages.get(FILES, {}).get(status) for status in (FileStatus.PARTIAL, FileStatus.FAILED)):
        reasons, bad = bad_files(read_files(spark, run.files(FILES), FILE), SHOWN_PAIRS)
    kept: dict[int, Counts] = {}
    drawn: list[SubsetFigures] = []
    several = len(subsets_of(stages)) > 1
    for facts in subsets:
        frame = _frame(spark, run.files(SUBSET, f"t={facts['t']}" if several else ""))
        if frame is None:
            continue
        if counts is not None:
            kept[facts["t"]] = realised_counts(frame, len(counts))
        shown = shown_pairs(frame, facts["pairs"], seed, names, counts, [facts["t"]])
        drawn.append(_subset_figures(frame, facts, names, counts, kept.get(facts["t"]), measured, shown))
    entries: EntryFigures | None = None
    if counts is not None and names is not None:
        entries = entry_figures(names, counts, kept)
    return Report(
        folder=str(run.storage.root).rstrip("/").rsplit("/", 1)[-1],
        record=record,
        metadata=metadata,
        paper_list=paper_list,
        funnel=funnel(record),
        reasons=reasons,
        bad_files=bad,
        pool_pairs=pool_pairs,
        matches=measured.matches,
        languages=spoken,
        sizes=measured.sizes,
        entries=entries,
        subsets=drawn,
        pairs=pairs,
    )


def _subset_figures(
    frame: DataFrame,
    facts: dict[str, Any],
    names: list[str] | None,
    counts: Counts | None,
    kept: Counts | None,
    measured: PoolFigures,
    shown: list[ShownPair],
) -> SubsetFigures:
    t = facts["t"]
    found = subset_counts(frame)
    limited = realised = None
    top = []
    if counts is not None and kept is not None:
        order, places = curve_places(counts, [t])
        limited = curve_at(counts.clip(max=t), order, places)
        realised = curve_at(kept, order, places)
        if names is not None:
            top = entry_rows(top_ids(counts, TOP_ENTRIES), names, counts, {t: kept})
    return SubsetFigures(
        t=t,
        facts=facts,
        limited=limited,
        realised=realised,
        top=top,
        pool_keep=measured.keep.get(t, []),
        kept_keep=found.keep,
        matches=found.matches,
        languages=found.languages,
        pairs=shown,
    )


def _pool_pairs(stages: dict[str, Any]) -> int | None:
    for stage, name in ((POOL, "pairs"), (MATCHED, "pairs"), (SUBSET, "pool_pairs")):
        if stage in stages:
            return int(stages[stage][name])
    return None


def _metadata(record: dict[str, Any], pairs: DataFrame | None) -> dict[str, Any] | None:
    """The fingerprint of the list of entries: the run's own, else that which the pairs carry."""
    if "metadata" in record:
        return dict(record["metadata"])
    found = fingerprint_of(pairs, "entry_ids") if pairs is not None else None
    return found._asdict() if found is not None else None


def _frame(spark: SparkSession, files: Sequence[str]) -> DataFrame | None:
    files = [file for file in files if f"/{FILES_PART}/" not in file]
    return spark.read.parquet(*files) if files else None


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="output folder of curate or of any other job")
    parser.add_argument(
        "--pool", metavar="POOL", help="for the output of `balance`: the pool that it balanced, with its counts"
    )
    parser.add_argument(
        "--paper-list",
        action="store_true",
        help="state that the entries are the paper's own 500,000 (MetaCLIP's metadata.json): shows its figures beside",
    )


def _run(arguments: argparse.Namespace, settings: Settings) -> None:
    paths = [arguments.folder, *([arguments.pool] if arguments.pool else [])]
    with spark_session(settings.execution, "report", settings.spark_paths(*paths)) as spark:
        run = stored_run(arguments.folder)
        context = _context(spark, run, arguments.folder, arguments.pool, settings)
        write_report(spark, run, context, paper_list=arguments.paper_list)
    print(f"{arguments.folder.rstrip('/')}/{REPORT_FILE}")


COMMAND = Command(
    name="report",
    purpose="draw report.html for a folder that Ballast wrote: figures, curves and samples on one page",
    run=_run,
    settings=(take(GivenCounts, "entry_counts"), take(Entries), take(Execution)),
    add_arguments=_add_arguments,
)
