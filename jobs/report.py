"""Report: one self-contained page about a run, from run.json and a few passes over the rows that it wrote."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["report", *sys.argv[1:]]))

import argparse

from pyspark.sql import SparkSession

from jobs.console.command import Command
from jobs.console.result import Result
from jobs.runs.run_folder import RunFolder, stored_run
from jobs.settings import values
from jobs.settings.groups import Entries, Execution, GivenCounts
from jobs.settings.settings import Settings, take, takes
from jobs.spark.progress import progress, warn
from jobs.spark.session import spark_session
from jobs.spark.spark_errors import one_line
from jobs.steps.report_sections import collect
from jobs.steps.run_context import Context, completed_context, own_context
from udfs.record import REPORT_FILE
from udfs.report.page import render_report
from udfs.storage.addresses import join


def write_report(
    spark: SparkSession, run: RunFolder, context: Context | None = None, *, paper_list: bool = False
) -> None:
    """Write `report.html` about the finished stages of a run. Changes nothing else."""
    progress().begin("report")
    report = collect(spark, run, context or own_context(spark, run), paper_list=paper_list)
    run.storage.write(REPORT_FILE, render_report(report).encode())


def draw_report(spark: SparkSession, run: RunFolder, out: str) -> None:
    """Write the report of a run that has written all its rows. An error is only a warning: the rows are complete."""
    try:
        write_report(spark, run)
    except Exception as error:
        warn(f"{REPORT_FILE} could not be drawn ({one_line(error)}); `ballast report {out}` tries again")
    else:
        run.record_facts(report=REPORT_FILE)


def drop_report(run: RunFolder) -> None:
    """Delete the report of an earlier run."""
    if run.record.report is not None:
        run.record_facts(report=None)
        run.storage.delete(REPORT_FILE)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", type=values.path, help="output folder of curate or of any other job")
    parser.add_argument(
        "--pool",
        type=values.path,
        metavar="POOL",
        help="for the output of `balance`: the pool that it balanced, with its counts",
    )
    parser.add_argument(
        "--paper-list",
        action="store_true",
        help="state that the entries are the paper's 500,000 (MetaCLIP's metadata.json): shows the paper's figures too",
    )


def _run(arguments: argparse.Namespace, settings: Settings) -> Result:
    paths = [arguments.folder, *([arguments.pool] if arguments.pool else [])]
    with spark_session(settings.execution, "report", settings.spark_paths(*paths)) as spark:
        run = stored_run(arguments.folder)
        context = completed_context(spark, run, arguments.folder, arguments.pool, settings)
        write_report(spark, run, context, paper_list=arguments.paper_list)
    return Result({"report": join(arguments.folder, REPORT_FILE)}, lambda written: [written["report"]])


COMMAND = Command(
    name="report",
    purpose="draw report.html for a folder that Ballast wrote: figures, curves and samples on one page",
    run=_run,
    settings=takes(take(GivenCounts, "entry_counts"), Entries, Execution),
    add_arguments=_add_arguments,
)
