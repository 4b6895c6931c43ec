"""Report: one self-contained page about a run, from run.json and a few passes over the rows that it wrote."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["report", *sys.argv[1:]]))

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from jobs.console.result import Result
from jobs.runs.run_folder import RunFolder, stored_run
from jobs.settings.settings import Settings
from jobs.spark.early_session import session_for
from jobs.spark.progress import progress, warn
from jobs.spark.spark_errors import one_line
from jobs.steps.pairs import Pairs, are_small, session_unless_small
from jobs.steps.report_sections import collect, matched_list, report_rows
from jobs.steps.run_context import Context, completed_context, own_context
from udfs.errors import UsageError
from udfs.record import REPORT_FILE
from udfs.report.figures import Thumbnails
from udfs.report.page import PAPER_ENTRIES, render_report
from udfs.storage.addresses import join

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from jobs.images.report_images import ReportImages


def write_report(
    spark: "SparkSession | None",
    run: RunFolder,
    context: Context,
    *,
    paper_list: bool = False,
    thumbnails: Callable[[Sequence[Pairs]], Thumbnails] | None = None,
    other: RunFolder | None = None,
) -> None:
    """Write `report.html` about the finished stages of a run, whose rows pyarrow reads where there is no session.
    Changes nothing else. The page shows `thumbnails` of its pairs, and compares with `other`."""
    progress().begin("report")
    compared = collect(spark, other, own_context(other)) if other is not None else None
    report = replace(collect(spark, run, context, paper_list=paper_list, thumbnails=thumbnails), other=compared)
    run.storage.write(REPORT_FILE, render_report(report).encode())


def draw_report(spark: "SparkSession", run: RunFolder, out: str, *, only_spark: bool) -> None:
    """Write the report of a run that has written all its rows; pyarrow reads them where they are small, except with
    `only_spark`. An error is only a warning: the rows are complete."""
    try:
        context = own_context(run)
        is_small = not only_spark and are_small(report_rows(run, context.pool).located)
        write_report(None if is_small else spark, run, context)
    except Exception as error:
        warn(f"{REPORT_FILE} could not be drawn ({one_line(error)}); `ballast report {out}` tries again")
    else:
        run.record_facts(report=REPORT_FILE)


def drop_report(run: RunFolder) -> None:
    """Delete the report of an earlier run."""
    if run.record.report is not None:
        run.record_facts(report=None)
        run.storage.delete(REPORT_FILE)


def draw(arguments: argparse.Namespace, settings: Settings) -> Result:
    folder, execution = arguments.folder, settings.execution
    named = (arguments.pool, arguments.compare, arguments.images)
    paths = settings.spark_paths(folder, *filter(None, named))
    with session_for(execution, "report", paths):
        run = stored_run(folder)
        context = completed_context(run, folder, arguments.pool, settings)
        rows = report_rows(run, context.pool)
        metadata = matched_list(run, rows.pool)
        is_papers = metadata is not None and metadata.lists is None and metadata.entries == PAPER_ENTRIES
        if arguments.paper_list and not is_papers:
            raise UsageError(f"--paper-list: leave it out; this run's list is not the paper's {PAPER_ENTRIES:,}")
        other = stored_run(arguments.compare) if arguments.compare else None
        located = [*rows.located, *(report_rows(other, own_context(other).pool).located if other else ())]
        images = _open_images(arguments.images) if arguments.images else None
        if images is not None:
            located += images.located
        with session_unless_small(execution, "report", located, paths) as spark:
            drawn = partial(images.thumbnails, spark) if images is not None else None
            write_report(spark, run, context, paper_list=arguments.paper_list, thumbnails=drawn, other=other)
    return Result({"report": join(arguments.folder, REPORT_FILE)}, lambda written: [written["report"]])


def _open_images(path: str) -> "ReportImages":
    from jobs.images.report_images import open_images  # imports Pillow, which only this needs

    return open_images(path)
