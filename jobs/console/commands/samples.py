"""The commands that make the generated web of the demo."""

import argparse

from jobs.console.command import Command
from jobs.settings import values

DEFAULT_OUT = "ballast-demo"
DEFAULT_PAGES = 200


def _demo_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=values.path, metavar="DIR", default=DEFAULT_OUT, help=f"folder to write (default: {DEFAULT_OUT})"
    )


DEMO = Command(
    name="demo",
    purpose="generate a small web, curate it, and show what came out",
    work="jobs.demo:run_demo",
    add_arguments=_demo_arguments,
)


def _sample_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "out", metavar="OUT.warc.gz", type=values.path, help="file to write (.warc.gz, or .warc uncompressed)"
    )
    parser.add_argument("--pages", type=int, default=DEFAULT_PAGES, help=f"pages to make (default: {DEFAULT_PAGES})")
    parser.add_argument("--seed", type=int, default=0, help="the same pages and seed give the same bytes (default: 0)")
    parser.add_argument("--wat", action="store_true", help="write the WAT of the same pages beside it")
    parser.add_argument(
        "--lists",
        type=values.path,
        metavar="DIR",
        help="write lists of entries for six of its languages to this folder, for --metadata DIR",
    )


SAMPLE = Command(
    name="sample",
    purpose="write a small generated web as a WARC (and WAT)",
    work="jobs.sample:make_sample",
    add_arguments=_sample_arguments,
)
