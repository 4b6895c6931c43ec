"""The `ballast` command."""

import argparse
import sys
from collections.abc import Sequence

from jobs import (
    balance,
    count,
    curate,
    dedup,
    demo,
    emr,
    explain,
    export,
    extract,
    group,
    inspect_file,
    match,
    merge,
    metadata,
    plan,
    report,
    sample,
    trace_pair,
)
from jobs.console.command import Parser, run_job
from jobs.runs.identity import ballast_version

JOBS = {module.JOB.name: module.JOB for module in (curate, extract, match, dedup, merge, count, balance, group, export)}
HELPERS = {
    "plan": plan,
    "report": report,
    "explain": explain,
    "inspect": inspect_file,
    "trace": trace_pair,
    "metadata": metadata,
    "demo": demo,
    "sample": sample,
    "emr": emr,
}

_EPILOG = """start with:
  ballast demo                                   curate a small generated web
  ballast curate FILE.warc.gz --out DIR          your own WARC or WAT, with the packaged entries
  ballast curate FILE.warc.gz --out DIR --metadata metadata.json

ballast COMMAND --help tells more."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `ballast ARGUMENTS`; gives the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and arguments[0] in JOBS:
        return run_job(JOBS[arguments[0]], arguments[1:])
    if arguments and arguments[0] in HELPERS:
        return HELPERS[arguments[0]].main(arguments[1:])
    _parser().parse_args(arguments or ["--help"])
    return 0


def _parser() -> argparse.ArgumentParser:
    """The parser of the bare command: it only helps, and refuses commands that there are not."""
    parser = Parser(
        prog="ballast",
        description="Balanced image-text training sets from CommonCrawl, the MetaCLIP way, on Apache Spark.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ballast {ballast_version()}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, job in JOBS.items():
        commands.add_parser(name, help=job.purpose)
    for name, module in HELPERS.items():
        commands.add_parser(name, help=module.PURPOSE)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
