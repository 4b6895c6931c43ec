"""What every command shares: its parser, one-line errors, exit statuses, and what it prints at the end."""

import argparse
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from jobs.console.next_steps import next_steps
from jobs.console.summary import summarize
from jobs.runs.run_folder import RunFolder
from jobs.settings.fields import COMMANDS, Settings
from jobs.settings.flags import add_flags, execution, resolve, saved
from jobs.spark.progress import say
from jobs.spark.session import session_for
from jobs.spark.spark_errors import of_worker, one_line
from udfs.errors import BallastError, UsageError
from udfs.storage.addresses import same_place

INTERRUPTED = 130
_USERS_PATHS = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(UsageError.exit_status, f"{self.prog}: {message} (--help tells more)\n")


@dataclass(frozen=True, slots=True)
class Job:
    """A job that `ballast NAME` and `spark-submit jobs/NAME.py` run with the same flags."""

    name: str
    purpose: str
    input_name: str
    input_help: str
    many: bool
    execute: Callable[[list[str], Settings], RunFolder]
    output: str
    """The stage folder that holds its result."""
    optional: bool = False
    """Whether inputs may be left out, since a setting may name them."""

    def command_parser(self) -> Parser:
        parser = Parser(prog=f"ballast {self.name}", description=f"{self.purpose[0].upper()}{self.purpose[1:]}.")
        self.add_arguments(parser)
        return parser

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "inputs",
            metavar=self.input_name,
            nargs=("*" if self.optional else "+") if self.many else 1,
            help=self.input_help,
        )
        add_flags(parser, COMMANDS[self.name])


def run_job(job: Job, argv: Sequence[str] | None) -> int:
    """Run a job from its command line; gives the exit status."""
    arguments = job.command_parser().parse_args(argv)
    return guarded(lambda: _run(job, arguments), debug=getattr(arguments, "debug", False))


def _run(job: Job, arguments: argparse.Namespace) -> None:
    settings = resolve(job.name, arguments)
    inputs = list(arguments.inputs)
    with session_for(settings, job.name, inputs):
        run_folder = job.execute(inputs, settings)
    if run_folder.was_finished:
        say(f"{settings.out} holds this run, finished; nothing was done (--overwrite does it anew)")
    print_result(job, inputs, settings, run_folder)


def print_result(job: Job, inputs: Sequence[str], settings: Settings, run_folder: RunFolder) -> None:
    """Print what a run made, where, and what to do next."""
    record = run_folder.record
    parts = (summarize(record, settings.out, job.output), next_steps(record, inputs, settings))
    print("\n\n".join(filter(None, parts)))


def open_run(job: str, settings: Settings, identity: dict[str, Any], reads: Sequence[str] = ()) -> RunFolder:
    """Open the output folder of a job. `reads` are the folders it reads: writing to them is refused."""
    out = same_place(settings.out)
    for path in map(same_place, reads):
        if path == out or path.startswith(out.rstrip("/") + "/"):
            raise UsageError(f"--out {settings.out}: is what the job reads from ({path}): name another folder")
    return RunFolder.open(
        settings.out,
        {"job": job, "settings": saved(job, settings), **identity},
        execution(job, settings),
        overwrite=settings.overwrite,
        break_lock=settings.break_lock,
    )


def guarded(action: Callable[[], None], *, debug: bool) -> int:
    """Run an action; an error becomes one line on standard error and an exit status (2 for the user's mistake)."""
    try:
        action()
    except BallastError as error:
        if debug:
            traceback.print_exc()
        print(f"ballast: {error}", file=sys.stderr)
        return error.exit_status
    except _USERS_PATHS as error:
        if debug:
            traceback.print_exc()
        print(f"ballast: {error.filename}: {error.strerror}", file=sys.stderr)
        return UsageError.exit_status
    except KeyboardInterrupt:
        print("ballast: stopped; the same command goes on from what was committed", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if debug:
            traceback.print_exc()
        own = of_worker(error)
        said = str(own) if own else f"failed: {one_line(error)} (--debug shows the trace)"
        print(f"ballast: {said}", file=sys.stderr)
        return BallastError.exit_status
    return 0
