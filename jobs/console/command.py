"""What a command is, and what every command shares: its parser, one-line errors and exit statuses.

A command is declared without what it does: its module, which may import Spark, is imported only when the command runs.
"""

import argparse
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NoReturn

from jobs.settings.flags import add_flags, resolve
from jobs.settings.settings import Settings, Taken
from jobs.spark.spark_errors import one_line, plain_error
from udfs.errors import BallastError, UsageError

INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(UsageError.exit_status, f"{self.prog}: {message} (--help shows all flags)\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command: `ballast NAME ARGUMENTS`, and `spark-submit jobs/FILE.py ARGUMENTS`."""

    name: str
    """One word, or two for a command of a family, such as `metadata build`."""
    purpose: str
    work: str
    """What it does, as `MODULE:FUNCTION`. The function takes the arguments and the settings; that of a job takes the
    list of inputs and the settings, and returns the output folder (`run_job`)."""
    settings: tuple[Taken, ...] = ()
    add_arguments: Callable[[argparse.ArgumentParser], object] = lambda parser: None
    """Adds the arguments that are not settings."""
    output: str | None = None
    """Of a job, which reads and writes folders only through Spark, so that it can be a step on EMR: the stage of its
    result."""
    takes_rest: bool = False
    """Whether `--` and words for another command may follow: these become `arguments.rest`."""

    @property
    def is_job(self) -> bool:
        return self.output is not None

    @property
    def file(self) -> str:
        """The file that runs it, relative to the checkout. A family's file takes the second word of the name."""
        return self.work.partition(":")[0].replace(".", "/") + ".py"

    def parser(self, kind: type[Parser] = Parser) -> Parser:
        """The parser of its arguments and settings."""
        parser = kind(prog=f"ballast {self.name}", description=f"{self.purpose[0].upper()}{self.purpose[1:]}.")
        self.add_arguments(parser)
        if self.settings:
            add_flags(parser, self.settings)
            inputs = [_spelled(action) for action in parser._actions if not action.option_strings]
            out = [f"--out {action.metavar}" for action in parser._actions if action.dest == "out"]
            parser.usage = " ".join(["%(prog)s", *inputs, *out, "[FLAGS]"])
        return parser

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """The arguments and flags. Exits with status 2 for invalid ones."""
        end = words.index("--") if self.takes_rest and "--" in words else len(words)
        arguments = self.parser().parse_args(list(words[:end]))
        arguments.rest = list(words[end + 1 :])
        return arguments

    def resolve(self, arguments: argparse.Namespace) -> Settings:
        """The settings that the arguments and the TOML file give. Raises `UsageError` for invalid ones."""
        return resolve(self.name, self.settings, arguments)

    def run(self, arguments: argparse.Namespace, settings: Settings) -> None:
        """Import what it does, and do it."""
        module, _, function = self.work.partition(":")
        work = getattr(import_module(module), function)
        if self.is_job:
            from jobs.console.run_job import run_job  # imports Spark

            run_job(self, work, list(arguments.inputs), settings)
        else:
            work(arguments, settings)

    def main(self, words: Sequence[str]) -> int:
        """Run the command from its command line; returns the exit status."""
        arguments = self.parse(words)
        debug = getattr(arguments, "debug", False)
        return guarded(lambda: self.run(arguments, self.resolve(arguments)), debug=debug)


def _spelled(action: argparse.Action) -> str:
    """A positional argument as usage shows it."""
    name = str(action.metavar)
    return {"*": f"[{name} ...]", "+": f"{name} [{name} ...]", "?": f"[{name}]"}.get(str(action.nargs), name)


def guarded(action: Callable[[], None], *, debug: bool) -> int:
    """Run an action; an error becomes one line on standard error and an exit status (2 for the user's mistake)."""
    try:
        action()
    except KeyboardInterrupt:
        print("ballast: stopped; rerun the same command to resume from the last commit", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        plain = plain_error(error) or BallastError(f"failed: {one_line(error)} (--debug shows the trace)")
    else:
        return 0
    if debug:
        traceback.print_exc()
    print(f"ballast: {plain}", file=sys.stderr)
    return plain.exit_status
