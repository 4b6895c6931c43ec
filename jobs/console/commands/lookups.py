"""The commands that look something up, and print it."""

import argparse

from jobs.console.command import Command
from jobs.settings import values
from jobs.settings.groups import Blocking, Captions, Draws, Entries, Execution, GivenCounts, Inputs, Parsing, Threshold
from jobs.settings.settings import take, takes

_DEFAULT_LIMIT = 10
_MATCHING = take(Entries, "metadata", "boundaries")
"""What decides which entries match; the others are for workers."""


def _plan_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "pool",
        type=values.path,
        metavar="POOL",
        help="output folder of curate, dedup or merge, or a folder of Parquet files",
    )
    parser.add_argument("--csv", action="store_true", help="print the curve of exact sizes over t as CSV")


PLAN = Command(
    name="plan",
    purpose="show the size that each threshold would give, before balancing",
    work="jobs.plan:run_plan",
    settings=takes(Threshold, GivenCounts, take(Entries, "metadata"), Blocking, Draws, Execution),
    add_arguments=_plan_arguments,
)


def _report_arguments(parser: argparse.ArgumentParser) -> None:
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
    parser.add_argument(
        "--compare",
        type=values.path,
        metavar="DIR",
        help="output folder of another run, shown beside this one: key figures, funnel, languages, frequent entries",
    )
    parser.add_argument(
        "--images",
        type=values.path,
        metavar="DIR",
        help="output folder of check, or a folder to which img2dataset downloaded: shows up to forty small images",
    )


REPORT = Command(
    name="report",
    purpose="draw report.html for a folder that Ballast wrote: figures, curves and samples on one page",
    work="jobs.report:draw",
    settings=takes(take(GivenCounts, "entry_counts"), take(Entries, "metadata"), Execution),
    add_arguments=_report_arguments,
)


def _explain_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("caption", metavar="CAPTION", help="the text, in quotation marks")
    parser.add_argument(
        "--counts",
        type=values.path,
        metavar="PATH",
        help="the counts to use: an output folder of curate or count, its entry_counts/, a Parquet file, or JSON of "
        "{entry: count}; without --metadata, its entries are the list",
    )
    parser.add_argument(
        "--t", type=values.at_least_one, metavar="T", help="with --counts: the threshold (default: that of the run)"
    )
    parser.add_argument(
        "--list", metavar="CODE", help="of a list for each language: the list to use (default: that of its language)"
    )


EXPLAIN = Command(
    name="explain",
    purpose="show which entries a caption holds, and how likely it is to be kept",
    work="jobs.explain:run_explain",
    settings=takes(_MATCHING, take(Parsing, "language_model"), take(Execution, "debug")),
    add_arguments=_explain_arguments,
)


def _inspect_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=values.path, help="a WARC or WAT file, local or remote")
    parser.add_argument(
        "--limit",
        type=values.at_least_one,
        default=_DEFAULT_LIMIT,
        metavar="N",
        help=f"pages to show (default: {_DEFAULT_LIMIT})",
    )


INSPECT = Command(
    name="inspect",
    purpose="show what extraction makes of a WARC or WAT file, page by page",
    work="jobs.inspect_file:run_inspect",
    settings=takes(_MATCHING, Captions, Parsing, Blocking, take(Inputs, "s3_anonymous"), take(Execution, "debug")),
    add_arguments=_inspect_arguments,
)


def _trace_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", metavar="URL|UUID", help="the image: its address, or its uuid")
    parser.add_argument(
        "folder", metavar="DIR", type=values.path, help="output folder of curate, or of another job that writes pairs"
    )
    parser.add_argument(
        "--copies", action="store_true", help="list every copy in extracted/ too, even dropped ones: for take-downs"
    )


TRACE = Command(
    name="trace",
    purpose="show where an image's pairs came from, and why they are or are not in the subset",
    work="jobs.trace_pair:run_trace",
    settings=takes(Execution),
    add_arguments=_trace_arguments,
)
