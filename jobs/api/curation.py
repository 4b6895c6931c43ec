"""Curating from Python."""

from contextlib import nullcontext
from dataclasses import replace

from jobs.api.conduct import as_python, own_errors, settings_kept
from jobs.api.run import Run
from jobs.console.why_empty import why_empty
from jobs.curate import execute
from jobs.settings.settings import Settings
from jobs.spark.early_session import session_for
from jobs.spark.progress import warn


def run_curate(inputs: list[str], settings: Settings, *, progress: bool) -> Run:
    """Curate as the command does; `progress` prints what it prints while it runs."""
    if not progress:
        settings = replace(settings, execution=replace(settings.execution, no_progress=True))
    with own_errors(), settings_kept(), nullcontext() if progress else as_python():
        with session_for(settings.execution, "curate", settings.paths(*inputs), inputs):
            execute(inputs, settings)
            run = Run(settings.output.out)
        if why := why_empty(run.record):
            warn(why)
        return run
