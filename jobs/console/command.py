"""What a command is, and what every command shares: its parser, one-line errors, exit statuses, its result."""

import argparse
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from jobs.console.next_steps import next_steps
from jobs.console.summary import summarize
from jobs.console.why_empty import why_empty
from jobs.runs.run_folder import RunFolder
from jobs.settings import values
from jobs.settings.flags import add_flags, execution_settings, identity_settings, resolve
from jobs.settings.settings import Settings, Taken
from jobs.spark.progress import say, warn
from jobs.spark.session import session_for
from jobs.spark.spark_errors import one_line, plain_error
from udfs.errors import BallastError, UsageError
from udfs.storage.addresses import same_place

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
    run: Callable[[argparse.Namespace, Settings], None]
    settings: tuple[Taken, ...] = ()
    add_arguments: Callable[[argparse.ArgumentParser], object] = lambda parser: None
    """Adds the arguments that are not settings."""
    is_step: bool = False
    """Whether it reads and writes folders only through Spark, so that it can be a step on EMR."""
    takes_rest: bool = False
    """Whether `--` and words for another command may follow: these become `arguments.rest`."""

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

    def main(self, words: Sequence[str]) -> int:
        """Run the command from its command line; returns the exit status."""
        arguments = self.parse(words)
        debug = getattr(arguments, "debug", False)
        return guarded(lambda: self.run(arguments, self.resolve(arguments)), debug=debug)


def _spelled(action: argparse.Action) -> str:
    """A positional argument as usage shows it."""
    name = str(action.metavar)
    return {"*": f"[{name} ...]", "+": f"{name} [{name} ...]", "?": f"[{name}]"}.get(str(action.nargs), name)


Execute = Callable[[list[str], Settings], RunFolder]
"""Runs a job on its inputs; returns the output folder."""


def job(
    name: str,
    purpose: str,
    *,
    inputs: tuple[str, str],
    nargs: int | str = 1,
    settings: tuple[Taken, ...],
    execute: Execute,
    output: str,
) -> Command:
    """A command that reads inputs (a name and a help text), writes an output folder, and prints what is in it.

    `output` is the stage of its result.
    """

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("inputs", metavar=inputs[0], nargs=nargs, type=values.path, help=inputs[1])

    def run(arguments: argparse.Namespace, settings: Settings) -> None:
        paths = list(arguments.inputs)
        with session_for(settings.execution, name, settings.paths(*paths)):
            run_folder = execute(paths, settings)
        out = settings.output.out
        if run_folder.was_finished:
            say(f"{out} is already finished; nothing to do (--overwrite starts over)")
        record = run_folder.record
        why = why_empty(record)
        parts = (summarize(record, out, output), "" if why else next_steps(record, paths, settings))
        print("\n\n".join(filter(None, parts)), flush=True)
        if why:
            warn(why)

    return Command(name=name, purpose=purpose, run=run, settings=settings, add_arguments=add_arguments, is_step=True)


def open_run(command: Command, settings: Settings, identity: dict[str, Any], reads: Sequence[str] = ()) -> RunFolder:
    """Open the output folder of a job. `reads` are the folders it reads: writing to them is refused."""
    output = settings.output
    out = same_place(output.out)
    for path in map(same_place, reads):
        if path == out or path.startswith(out.rstrip("/") + "/"):
            raise UsageError(f"--out {output.out}: the job reads from there ({path}): name another folder")
    return RunFolder.open(
        output.out,
        {"job": command.name, "settings": identity_settings(command.settings, settings), **identity},
        execution_settings(command.settings, settings),
        overwrite=output.overwrite,
        break_lock=output.break_lock,
    )


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
