"""The `ballast` command."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main([*sys.argv[1:]]))

import argparse
import sys
from collections.abc import Sequence

from jobs.console.command import Parser
from jobs.console.registry import COMMANDS, FAMILIES, name_in
from udfs.distribution import ballast_version

_EPILOG = """start with:
  ballast demo                                   curate a small generated web
  ballast curate FILE.warc.gz --out DIR          your own WARC or WAT, with the packaged entries
  ballast curate FILE.warc.gz --out DIR --metadata metadata.json

`ballast COMMAND --help` shows the flags of a command."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `ballast ARGUMENTS`; returns the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    name = name_in(words)
    if name is not None:
        return COMMANDS[name].main(words[len(name.split()) :])
    _parser().parse_args(words or ["--help"])
    return 0


def _parser() -> argparse.ArgumentParser:
    """The parser of a command line that names no command: it shows help, and refuses unknown commands."""
    parser = Parser(
        prog="ballast",
        description="Balanced image-text training sets from CommonCrawl, the MetaCLIP way, on Apache Spark.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ballast {ballast_version()}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    families: dict[str, argparse._SubParsersAction] = {}
    for each in COMMANDS.values():
        first, _, second = each.name.partition(" ")
        if not second:
            commands.add_parser(first, help=each.purpose)
            continue
        if first not in families:
            purpose = FAMILIES[first]
            family = commands.add_parser(first, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.")
            families[first] = family.add_subparsers(title="commands", metavar="COMMAND", required=True)
        families[first].add_parser(second, help=each.purpose)
    return parser
