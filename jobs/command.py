"""What every command shares: its parser, one-line errors, exit statuses, and what it prints at the end."""

import argparse
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jobs.run_folder import RunFolder
from jobs.settings import COMMANDS, Settings, add_flags, resolve
from jobs.summary import summarize
from udfs.errors import BallastError

INTERRUPTED = 130
_RAISED = re.compile(r"[\w.]+(Error|Exception|Exit|Interrupt|Iteration|Warning): ")


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

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("inputs", metavar=self.input_name, nargs="+" if self.many else 1, help=self.input_help)
        add_flags(parser, COMMANDS[self.name])


def run_job(job: Job, argv: Sequence[str] | None) -> int:
    """Run a job from its command line; gives the exit status."""
    parser = argparse.ArgumentParser(
        prog=f"ballast {job.name}", description=f"{job.purpose[0].upper()}{job.purpose[1:]}."
    )
    job.add_arguments(parser)
    arguments = parser.parse_args(argv)
    return guarded(lambda: _run(job, arguments), debug=getattr(arguments, "debug", False))


def _run(job: Job, arguments: argparse.Namespace) -> None:
    settings = resolve(job.name, arguments)
    run_folder = job.execute(list(arguments.inputs), settings)
    if run_folder.was_finished:
        note(f"{settings.out} holds this run, finished; nothing was done (--overwrite does it anew)")
    print(summarize(run_folder.record, settings.out, job.output))


def guarded(action: Callable[[], None], *, debug: bool) -> int:
    """Run an action; an error becomes one line on standard error and an exit status (2 for the user's mistake)."""
    try:
        action()
    except BallastError as error:
        if debug:
            traceback.print_exc()
        print(f"ballast: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("ballast: stopped; the same command goes on from what was committed", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if debug:
            traceback.print_exc()
        print(f"ballast: failed: {_one_line(error)} (--debug shows the trace)", file=sys.stderr)
        return BallastError.exit_status
    return 0


def note(text: str) -> None:
    """A line about how a run goes on."""
    print(f"ballast: {text}", file=sys.stderr, flush=True)


def warn(text: str) -> None:
    """A line about something that is probably not as meant."""
    note(f"warning: {text}")


def _one_line(error: Exception) -> str:
    """The line of an error that tells most: of a Spark worker's trace, the one that names the exception."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    raised = [line for line in lines if _RAISED.match(line)] if any("Traceback" in line for line in lines) else []
    told = (raised or lines or [""])[-1 if raised else 0]
    return told if raised else f"{type(error).__name__}: {told}".rstrip(": ")
