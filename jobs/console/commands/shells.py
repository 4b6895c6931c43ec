"""The command for shells."""

import argparse

from jobs.console.command import Command
from jobs.settings.values import choice

SHELLS = ("bash", "zsh", "fish")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, type=choice(SHELLS), help="the shell")


COMPLETION = Command(
    name="completion",
    purpose="print a script with which bash, zsh or fish completes commands, flags and paths",
    work="jobs.completion:make_script",
    add_arguments=_add_arguments,
)
