"""Running a job: it reads inputs and writes an output folder; the result is what is in it."""

from collections.abc import Callable, Sequence
from typing import Any

from jobs.console.command import Command
from jobs.console.next_steps import next_steps
from jobs.console.result import Result
from jobs.console.summary import places_of, summarize
from jobs.console.why_empty import why_empty
from jobs.runs.run_folder import RunFolder
from jobs.settings.flags import execution_settings, identity_settings
from jobs.settings.settings import Settings, names_of
from jobs.spark.early_session import session_for
from jobs.spark.progress import say
from udfs.errors import UsageError
from udfs.run_json import record_fields
from udfs.storage.addresses import join, same_place

Execute = Callable[[list[str], Settings], RunFolder]
"""Runs a job on its inputs; returns the output folder."""


def run_job(command: Command, execute: Execute, inputs: list[str], settings: Settings) -> Result:
    """Run a job on its inputs; returns what it wrote and what to do next."""
    archives = inputs if "input_root" in names_of(command.settings) else ()
    with session_for(settings.execution, command.name, settings.paths(*inputs), archives):
        run_folder = execute(inputs, settings)
    out, output = settings.output.out, str(command.output)
    if run_folder.was_finished:
        say(f"{out} is already finished; nothing to do (--overwrite starts over)")
    record = run_folder.record
    why = why_empty(record)
    return Result(
        record,
        text=lambda record: summarize(record, out, output),
        data=lambda record: {
            "out": out,
            "was_finished": run_folder.was_finished,
            "places": [{"path": join(out, path), "content": content} for path, content in places_of(record, output)],
            "why_empty": why,
            "run": record_fields(record),
        },
        next=() if why else next_steps(record, inputs, settings),
        warning=why,
    )


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
