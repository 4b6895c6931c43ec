"""Progress of a run: a live display in a terminal, elsewhere one log line per minute, as text or as JSON.

Stages report what they begin and what is committed (`reported.Progress`). Between commits, Spark's status tracker,
which works on every kind of cluster, counts the finished tasks. Nothing here decides or changes a row.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from py4j.protocol import Py4JError
from rich.console import Console
from rich.live import Live

from jobs.settings.groups import JSON_LOG, Execution
from jobs.spark.log_lines import INFO, WARN, log_line
from jobs.spark.pictures import figures_of, line_of, picture_of
from jobs.spark.reported import Progress
from jobs.spark.spark_jobs import active_tasks, tasks_of_group

if TYPE_CHECKING:
    from pyspark import StatusTracker
    from pyspark.sql import SparkSession

_TICK_S = 0.25
_LINE_EVERY_S = 60.0
_STOP_S = 2.0  # how long to wait for the watching thread, which may itself wait for a JVM that is gone


class _Display(NamedTuple):
    progress: Progress
    live: Live | None


_display = _Display(Progress(), None)


def progress() -> Progress:
    """Return the object to which the stages of this process report."""
    return _display.progress


class _Listener(NamedTuple):
    hear: Callable[[str], object]
    is_silent: bool


_listeners: list[_Listener] = []


@contextmanager
def warnings_to(hear: Callable[[str], object], *, silent: bool = False) -> Iterator[None]:
    """Pass the text of each warning to a function too; if `silent`, print no line meanwhile."""
    _listeners.append(_Listener(hear, silent))
    try:
        yield
    finally:
        _listeners.pop()


def say(text: str, **figures: Any) -> None:
    """Log a line about the run's progress. A JSON line also has the figures."""
    if not _is_silent():
        log_line(INFO, text, figures, _printer())


def warn(text: str) -> None:
    """Log a line about something that the user probably did not intend."""
    for listener in _listeners:
        listener.hear(text)
    if not _is_silent():
        log_line(WARN, text, print_above=_printer())


def _is_silent() -> bool:
    return any(listener.is_silent for listener in _listeners)


def _printer() -> Callable[[str], object] | None:
    """What prints a line above the live display, if there is one."""
    if _display.live is None:
        return None
    return partial(_display.live.console.print, markup=False, highlight=False, emoji=False, soft_wrap=True)


@contextmanager
def live_display(spark: "SparkSession", execution: Execution) -> Iterator[None]:
    """Show what the stages report: live if the terminal supports it, else one line per minute. At the end, also after
    an error, the terminal is as it was before."""
    global _display
    before, console = _display, Console(stderr=True)
    live = None
    if may_be_live(spark, execution, console):
        live = Live(console=console, auto_refresh=False, transient=True, redirect_stdout=sys.stdout.isatty())
    _display = _Display(Progress(), live)
    ended = threading.Event()
    arguments = (spark.sparkContext.statusTracker(), _display, ended)
    watcher = threading.Thread(target=_watch, args=arguments, name="ballast-progress", daemon=True)
    try:
        if live is not None:
            live.start()
        watcher.start()
        yield
    finally:
        try:
            ended.set()
            watcher.join(_STOP_S)
        finally:
            _display = before
            if live is not None:
                live.stop()


def may_be_live(spark: "SparkSession", execution: Execution, console: Console) -> bool:
    """Return whether standard error is a terminal with a movable cursor, and nothing else draws or logs there."""
    if execution.no_progress or execution.debug or execution.log_format == JSON_LOG or not sys.stderr.isatty():
        return False
    if spark.conf.get("spark.ui.showConsoleProgress", "false") == "true":
        return False
    return console.is_terminal and not console.is_dumb_terminal


def _watch(tracker: "StatusTracker", display: _Display, ended: threading.Event) -> None:
    """Query Spark and draw, until `ended`."""
    next_line = time.monotonic() + _LINE_EVERY_S
    while not ended.is_set():
        with suppress(Py4JError, OSError):  # the JVM is ending or gone: the run itself reports it
            display.progress.spark_status(*active_tasks(tracker))
            for group in display.progress.batches():
                display.progress.batch_status(group, tasks_of_group(tracker, group))
        if ended.is_set():
            return
        if display.live is not None:
            now = display.progress.snapshot()
            display.live.update(picture_of(now, display.live.console.width), refresh=True)
        elif time.monotonic() >= next_line:
            now = display.progress.snapshot()
            say(line_of(now), **figures_of(now))
            next_line += _LINE_EVERY_S
        ended.wait(_TICK_S)
