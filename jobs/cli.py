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
from collections.abc import Callable, Sequence
from typing import Any

from jobs.console.command import Parser
from jobs.console.registry import COMMANDS, FAMILIES, name_in
from udfs.distribution import ballast_version
from udfs.errors import UsageError, did_you_mean
from udfs.html.skeleton import skeleton

_EPILOG = """start with:
  ballast demo                                   curate a small generated web
  ballast curate FILE.warc.gz --out DIR          curate your own WARC or WAT
  ballast curate FILE.warc.gz --out DIR --metadata metadata.json

`ballast COMMAND --help` shows the flags of a command."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `ballast ARGUMENTS`; returns the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    name = name_in(words)
    if name is not None:
        return COMMANDS[name].main(words[len(name.split()) :])
    unknown = _unknown_command(words)
    if unknown is not None:
        print(f"{unknown} (--help shows all commands)", file=sys.stderr)
        return UsageError.exit_status
    command_tree().parse_args(words or ["--help"])
    return 0


def _unknown_command(words: Sequence[str]) -> str | None:
    """What to say of words that begin with a command that does not exist, None for others."""
    family = words[0] if words and words[0] in FAMILIES else ""
    typed = next(iter(words[1:2] if family else words[:1]), "-")
    if typed.startswith("-"):
        return None
    known = [name.removeprefix(f"{family} ") for name in COMMANDS if name.startswith(family)]
    meant = did_you_mean(typed, known if family else [*known, *FAMILIES])
    return f"{' '.join(filter(None, ('ballast', family)))}: unknown command '{typed}'{meant}"


def _html_parsing() -> str:
    if skeleton is None:
        return "HTML: whole pages, by turbohtml (no compiled skeleton: installing with a C compiler makes it faster)"
    return "HTML: compiled skeleton, then turbohtml"


def command_tree(parser_of: Callable[..., argparse.ArgumentParser] = Parser) -> argparse.ArgumentParser:
    """The parser of `ballast` with a parser below it for each command, which `parser_of` makes; by default these only
    show help, since a command has its own parser. `parser_of` gets `prog`, such as `ballast plan`, and more options."""
    parser = Parser(
        prog="ballast",
        description="Balanced image-text training sets from CommonCrawl, the MetaCLIP way, on Apache Spark.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ballast {ballast_version()}\n{_html_parsing()}")
    kind: Any = parser_of  # argparse calls it as it would call a class
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=kind)
    families: dict[str, argparse._SubParsersAction] = {}
    for each in COMMANDS.values():
        first, _, second = each.name.partition(" ")
        if not second:
            commands.add_parser(first, help=each.purpose)
            continue
        if first not in families:
            purpose = FAMILIES[first]
            family = commands.add_parser(first, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.")
            families[first] = family.add_subparsers(
                title="commands", metavar="COMMAND", required=True, parser_class=kind
            )
        families[first].add_parser(second, help=each.purpose)
    return parser
