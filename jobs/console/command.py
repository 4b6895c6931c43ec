"""What a command is, and what every command shares: its parser, one-line errors, exit statuses, its printed result.

A command is declared without what it does: its module, which may import Spark, is imported only when the command runs.
"""

import argparse
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NoReturn

from jobs.console.result import Failure, Result, print_document, print_text
from jobs.settings.flags import add_flags, resolve
from jobs.settings.groups import TEXT_LOG
from jobs.settings.settings import Settings, Taken
from jobs.spark.log_lines import fail, log_as
from jobs.spark.progress import warn, warnings_to
from jobs.spark.spark_errors import one_line, plain_error
from udfs.errors import BallastError, UsageError, did_you_mean

INTERRUPTED = 130


class BadArguments(SystemExit):
    """The arguments are invalid, which a line on standard error has said already."""

    def __init__(self, message: str) -> None:
        super().__init__(UsageError.exit_status)
        self.message = message


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message} (--help shows all flags)", file=sys.stderr)
        raise BadArguments(message)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, but an unknown flag is compared with the known ones."""
        arguments, unknown = self.parse_known_args(args, namespace)
        if unknown:
            flags = (word.partition("=")[0] for word in unknown if word.startswith("-"))
            meant = filter(None, (did_you_mean(flag, self._option_string_actions) for flag in flags))
            self.error(f"unrecognized arguments: {' '.join(unknown)}{next(meant, '')}")
        return arguments


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command: `ballast NAME ARGUMENTS`, and `spark-submit jobs/FILE.py ARGUMENTS`."""

    name: str
    """One word, or two for a command of a family, such as `metadata build`."""
    purpose: str
    work: str
    """What it does, as `MODULE:FUNCTION`. The function takes the arguments and the settings and returns a
    `Result`; that of a job takes the list of inputs and the settings, and returns the output folder (`run_job`)."""
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
        parser.add_argument("--json", action="store_true", help="print the result as one JSON document, for programs")
        if self.settings:
            add_flags(parser, self.settings)
            inputs = [_spelled(action) for action in parser._actions if not action.option_strings]
            out = [f"--out {action.metavar}" for action in parser._actions if action.dest == "out"]
            parser.usage = " ".join(["%(prog)s", *inputs, *out, "[FLAGS]"])
        return parser

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """The arguments and flags. Exits with status 2 for invalid ones."""
        own, rest = self._split(words)
        arguments = self.parser().parse_args(own)
        arguments.rest = rest
        return arguments

    def _split(self, words: Sequence[str]) -> tuple[list[str], list[str]]:
        """The command's own words, and those after `--` for other commands."""
        end = words.index("--") if self.takes_rest and "--" in words else len(words)
        return list(words[:end]), list(words[end + 1 :])

    def resolve(self, arguments: argparse.Namespace) -> Settings:
        """The settings that the arguments and the TOML file give. Raises `UsageError` for invalid ones."""
        return resolve(self.name, self.settings, arguments)

    def run(self, arguments: argparse.Namespace, settings: Settings) -> Result:
        """Import what it does, and do it."""
        module, _, function = self.work.partition(":")
        work = getattr(import_module(module), function)
        if self.is_job:
            from jobs.console.run_job import run_job  # imports Spark

            return run_job(self, work, list(arguments.inputs), settings)
        result: Result = work(arguments, settings)
        return result

    def main(self, words: Sequence[str]) -> int:
        """Run the command from its command line; returns the exit status. With --json, standard output gets exactly
        one document, also after an error."""
        warnings: list[str] = []
        with warnings_to(warnings.append):
            try:
                arguments = self.parse(words)
            except BadArguments as refused:
                if "--json" in self._split(words)[0]:
                    print_document(self.name, Failure(refused.message, UsageError.exit_status), warnings)
                raise
            log_as(getattr(arguments, "log_format", TEXT_LOG))
            failure = guarded(lambda: self._show(arguments, warnings), debug=getattr(arguments, "debug", False))
            if failure is None:
                return 0
            if arguments.json:
                print_document(self.name, failure, warnings)
            return failure.exit_status

    def _show(self, arguments: argparse.Namespace, warnings: list[str]) -> None:
        """Run the command and print its result."""
        settings = self.resolve(arguments)
        log_as(settings.execution.log_format)  # the TOML file may name it
        result = self.run(arguments, settings)
        if not arguments.json:
            print_text(result)
        if result.warning is not None:
            warn(result.warning)
        if arguments.json:
            print_document(self.name, result, warnings)


def _spelled(action: argparse.Action) -> str:
    """A positional argument as usage shows it."""
    name = str(action.metavar)
    return {"*": f"[{name} ...]", "+": f"{name} [{name} ...]", "?": f"[{name}]"}.get(str(action.nargs), name)


def guarded(action: Callable[[], None], *, debug: bool) -> Failure | None:
    """Run an action; an error becomes one line on standard error and an exit status (2 for the user's mistake).
    Returns None if there was no error."""
    try:
        action()
    except KeyboardInterrupt as stop:
        failure = Failure(str(stop) or "stopped", INTERRUPTED)
    except Exception as error:
        plain = plain_error(error) or BallastError(f"failed: {one_line(error)} (--debug shows the trace)")
        failure = Failure(str(plain), plain.exit_status)
    else:
        return None
    if debug:
        traceback.print_exc()
    fail(failure.message)
    return failure
