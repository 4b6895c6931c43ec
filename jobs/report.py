"""Report: one self-contained page about a run, from its run.json and a few passes over what it wrote."""

if __package__ in (None, ""):  # run by spark-submit: the checkout's root takes the place of jobs/ on the path
    import sys
    from pathlib import Path

    if Path(__file__).resolve().parent.name == "jobs":  # not a copy that Spark put somewhere, beside who knows what
        sys.path[0] = str(Path(__file__).resolve().parent.parent)

from collections.abc import Sequence

from pyspark.sql import SparkSession

from jobs.console.command import Parser, guarded
from jobs.runs.run_folder import RunFolder, stored_run
from jobs.settings.fields import COMMANDS
from jobs.settings.flags import add_flags, resolve
from jobs.spark.progress import progress, warn
from jobs.spark.session import spark_session
from jobs.spark.spark_errors import one_line
from jobs.steps.report_sections import collect
from jobs.steps.run_context import Context, completed_context, own_context
from udfs.record import REPORT_FILE
from udfs.report.page import render_report

PURPOSE = "draw report.html for a folder that Ballast wrote: figures, curves and samples on one page"


def main(argv: Sequence[str] | None = None) -> int:
    arguments = command_parser().parse_args(argv)

    def draw() -> None:
        settings = resolve("report", arguments)
        paths = [arguments.folder, *([arguments.pool] if arguments.pool else [])]
        with spark_session(settings, "report", paths) as spark:
            run = stored_run(arguments.folder)
            context = completed_context(spark, run, arguments.folder, arguments.pool, settings)
            write_report(spark, run, context, paper_list=arguments.paper_list)
        print(f"{arguments.folder.rstrip('/')}/{REPORT_FILE}")

    return guarded(draw, debug=getattr(arguments, "debug", False))


def command_parser() -> Parser:
    parser = Parser(prog="ballast report", description=f"{PURPOSE[0].upper()}{PURPOSE[1:]}.")
    parser.add_argument("folder", metavar="DIR", help="output folder of curate or of any other job")
    parser.add_argument(
        "--pool", metavar="POOL", help="of the output of `balance`: the pool that it balanced, with its counts"
    )
    parser.add_argument(
        "--paper-list",
        action="store_true",
        help="say that the entries are the paper's own 500,000 (MetaCLIP's metadata.json): its figures stand beside",
    )
    add_flags(parser, COMMANDS["report"])
    return parser


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
    if run.record.report is not None:
        run.record_facts(report=None)
        run.storage.delete(REPORT_FILE)


if __name__ == "__main__":
    raise SystemExit(main())
