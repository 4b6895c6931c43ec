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

from jobs.runs.run_folder import RunFolder, stored_run
from jobs.settings.settings import Settings
from jobs.spark.progress import progress, warn
from jobs.spark.session import spark_session
from jobs.spark.spark_errors import one_line
from jobs.steps.report_sections import collect
from jobs.steps.run_context import Context, completed_context, own_context
from udfs.record import REPORT_FILE
from udfs.report.page import render_report


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


def draw(arguments: argparse.Namespace, settings: Settings) -> None:
    paths = [arguments.folder, *([arguments.pool] if arguments.pool else [])]
    with spark_session(settings.execution, "report", settings.spark_paths(*paths)) as spark:
        run = stored_run(arguments.folder)
        context = completed_context(spark, run, arguments.folder, arguments.pool, settings)
        write_report(spark, run, context, paper_list=arguments.paper_list)
    print(f"{arguments.folder.rstrip('/')}/{REPORT_FILE}")
