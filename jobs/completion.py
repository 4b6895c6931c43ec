"""Completion: the script that lets a shell complete commands, flags, choices and paths."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["completion", *sys.argv[1:]]))

import argparse
from typing import Any

import shtab

from jobs.cli import command_tree
from jobs.console.command import Parser
from jobs.console.registry import COMMANDS
from jobs.console.result import Result
from jobs.settings import values
from jobs.settings.settings import Settings


def make_script(arguments: argparse.Namespace, settings: Settings) -> Result:
    script = {"shell": arguments.shell, "script": completion_script(arguments.shell)}
    return Result(script, lambda script: script["script"].splitlines())


def completion_script(shell: str) -> str:
    """The script for a shell: commands, flags, choices, and files or folders where a path is expected."""
    parsers = {f"ballast {command.name}": command.parser() for command in COMMANDS.values()}
    for parser in parsers.values():
        for action in parser._actions:
            if action.type is values.path:
                action.complete = shtab.DIRECTORY if action.metavar == "DIR" else shtab.FILE  # type: ignore[attr-defined]

    def parser_of(prog: str, **options: Any) -> argparse.ArgumentParser:
        return parsers.get(prog) or Parser(prog=prog, **options)  # a family has no parser of its own

    return shtab.complete(command_tree(parser_of), shell)
