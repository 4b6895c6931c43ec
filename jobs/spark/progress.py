"""Progress of a run: a live display in a terminal, elsewhere one log line per minute.

Stages report what they begin and what is committed. Between commits, Spark's status tracker, which works on every kind
of cluster, counts the finished tasks of the active stages. Nothing here decides or changes a row.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from py4j.protocol import Py4JError
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from jobs.settings.groups import Execution

if TYPE_CHECKING:
    from pyspark import StatusTracker
    from pyspark.sql import SparkSession

_TICK_S = 0.25
_LINE_EVERY_S = 60.0
_STOP_S = 2.0  # how long to wait for the watching thread, which may itself wait for a JVM that is gone
_WIDEST = 100  # columns; a longer bar shows nothing more
_STAGE, _LEAST_BAR = 8, 8


class Read(NamedTuple):
    """How much of the input is committed, and what was in it."""

    done: int
    total: int
    what: str = "files"
    pages: int | None = None
    pairs: int | None = None
    failed: int = 0

    def plus(self, done: int, pages: int, pairs: int, failed: int) -> "Read":
        """Return these figures with the given ones added."""
        return Read(
            self.done + done,
            self.total,
            self.what,
            (self.pages or 0) + pages,
            (self.pairs or 0) + pairs,
            self.failed + failed,
        )


class Tasks(NamedTuple):
    """Tasks of Spark's active stages."""

    done: int
    total: int
    running: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a run at one moment, from which the display and the log line are made. Unknown figures are None."""

    stage: str
    done: int
    total: int
    what: str
    seconds: float
    """Since the stage began."""
    left_s: float | None
    facts: tuple[str, ...]


class Progress:
    """What the stages and Spark have reported so far. `clock` returns seconds; any thread may call any method."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._stage, self._began = "starting", clock()
        self._read: Read | None = None
        self._reading = False
        self._at_begin = self._committed_at = Read(0, 0), self._began
        self._batch, self._batch_share = 0, 0.0
        self._stages: frozenset[int] = frozenset()
        self._tasks, self._tasks_began = Tasks(0, 0), self._began

    def begin(self, stage: str, read: Read | None = None) -> None:
        """Begin a stage. A stage that reads input passes how much of it is committed already."""
        with self._lock:
            self._stage, self._began, self._reading = stage, self._clock(), read is not None
            self._stages, self._tasks = frozenset(), Tasks(0, 0)
            self._batch, self._batch_share = 0, 0.0
            if read is not None:
                self._read = read
                self._at_begin = self._committed_at = read, self._began

    def begin_batch(self, items: int) -> None:
        """Begin to read this many of the stage's input items, in one Spark stage."""
        with self._lock:
            self._batch, self._batch_share = items, 0.0

    def committed(self, read: Read) -> None:
        """End the batch: this much of the input is now committed."""
        with self._lock:
            self._read, self._batch, self._batch_share = read, 0, 0.0
            self._committed_at = read, self._clock()

    def spark_status(self, stages: frozenset[int], tasks: Tasks) -> None:
        """Update the ids of Spark's active stages, and their tasks."""
        with self._lock:
            if stages != self._stages:
                self._stages, self._tasks_began = stages, self._clock()
            self._tasks = tasks
            if self._batch and tasks.total:  # Spark's list drops the stage before its batch is committed
                self._batch_share = max(self._batch_share, tasks.done / tasks.total)

    def snapshot(self) -> Snapshot:
        with self._lock:
            now = self._clock()
            if self._reading and self._read is not None:
                done = self._read.done + int(self._batch * self._batch_share)
                new, seconds = done - self._at_begin[0].done, now - self._began
                left_s = seconds / new * (self._read.total - done) if new else None
                facts = (*_contents(self._read), *self._rates(new, seconds), *_running(self._tasks))
                return Snapshot(self._stage, done, self._read.total, self._read.what, seconds, left_s, facts)
            done, total, _ = self._tasks
            left_s = (now - self._tasks_began) / done * (total - done) if done else None
            facts = _contents(self._read) if self._read is not None else ()
            return Snapshot(self._stage, done, total, "tasks", now - self._began, left_s, facts)

    def _rates(self, new: int, seconds: float) -> Iterator[str]:
        """Yield the rate of items, from Spark's tasks, and of pages, from commits; both since the stage began."""
        if new and seconds and self._read is not None:
            yield f"{rate(new / seconds)[0]} {self._read.what}/{rate(new / seconds)[1]}"
        (before, began), (after, ended) = self._at_begin, self._committed_at
        pages = (after.pages or 0) - (before.pages or 0)
        if pages and ended > began:
            yield f"{rate(pages / (ended - began))[0]} pages/{rate(pages / (ended - began))[1]}"


def _contents(read: Read) -> tuple[str, ...]:
    known = [f"{value:,} {name}" for name, value in (("pages", read.pages), ("pairs", read.pairs)) if value is not None]
    return (*known, f"{read.failed:,} failed") if known or read.failed else ()


def _running(tasks: Tasks) -> Iterator[str]:
    """Yield the running tasks: between commits no other figure moves, since only a commit tells what tasks found."""
    if tasks.running:
        yield f"{tasks.running:,} task{'s' * (tasks.running > 1)} running"


def rate(per_s: float) -> tuple[str, str]:
    """Return a rate as a number and the unit of time that makes it easiest to read."""
    for seconds, unit in ((1, "s"), (60, "min")):
        if per_s * seconds >= 1:
            return f"{per_s * seconds:,.{0 if per_s * seconds >= 10 else 1}f}", unit
    return f"{per_s * 3600:,.1f}", "h"


def span(seconds: float) -> str:
    """Format a duration in its two largest units: `8.2 s`, `42 s`, `3 min 5 s`, `5 h 12 min`, `2 d 3 h`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, small, small_unit in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // small} {small_unit}"
    return f"{whole} s"


def line_of(now: Snapshot) -> str:
    """Format a snapshot as one line of text."""
    parts = [f"{now.done:,} of {now.total:,} {now.what}"] if now.total else []
    parts += [*now.facts, f"{span(now.seconds)} so far"]
    if now.left_s is not None:
        parts.append(f"about {span(now.left_s)} left")
    return f"{now.stage}: {', '.join(parts)}"


def picture_of(now: Snapshot, width: int) -> RenderableType:
    """Draw a snapshot as two lines of at most `width` columns: a bar, and what was found. A narrow terminal drops the
    time so far first, then the bar, then the time left."""
    width = min(width, _WIDEST)
    stage = f"{now.stage:<{_STAGE}}"
    count = f"{now.done:,} of {now.total:,} {now.what}" if now.total else ""
    left = f"{span(now.left_s)} left" if now.left_s is not None else ""
    parts = [text for text in (count, span(now.seconds), left) if text]
    room = width - len(stage) - 1
    room_beside_bar = room - _LEAST_BAR - 1
    if len(parts) == 3 and len(_joined(parts)) > room_beside_bar:
        del parts[1]
    with_bar = len(_joined(parts)) <= room_beside_bar
    while len(parts) > 1 and len(_joined(parts)) > room:
        parts.pop()
    bar = Table.grid(padding=(0, 1), pad_edge=False)
    bar.width = width if with_bar else None
    bar.add_column(no_wrap=True, width=len(stage))
    if with_bar:
        bar.add_column(ratio=1)
    bar.add_column(no_wrap=True, justify="right" if with_bar else "left", overflow="ellipsis")
    cells = [ProgressBar(total=now.total or None, completed=now.done, pulse=not now.done)] if with_bar else []
    bar.add_row(Text(stage, "bold"), *cells, Text(_joined(parts)))
    if not now.facts:
        return bar
    facts = Text(" " * (_STAGE + 1) + _joined(now.facts), "dim", no_wrap=True, overflow="ellipsis")
    facts.truncate(width, overflow="ellipsis")
    return Group(bar, facts)


def _joined(parts: Iterable[str]) -> str:
    return " · ".join(parts)


class _Display(NamedTuple):
    progress: Progress
    live: Live | None


_display = _Display(Progress(), None)


def progress() -> Progress:
    """Return the object to which the stages of this process report."""
    return _display.progress


_on_warning: Callable[[str], None] | None = None
"""What takes the warnings while nothing is printed."""


@contextmanager
def silent(on_warning: Callable[[str], None]) -> Iterator[None]:
    """Print nothing: drop the lines of `say`, and give those of `warn` to a function."""
    global _on_warning
    before, _on_warning = _on_warning, on_warning
    try:
        yield
    finally:
        _on_warning = before


def say(text: str) -> None:
    """Log a line about the run's progress."""
    if _on_warning is None:
        _print_line("INFO", f"ballast: {text}")


def warn(text: str) -> None:
    """Log a line about something that the user probably did not intend."""
    if _on_warning is not None:
        _on_warning(text)
    else:
        _print_line("WARN", f"ballast: warning: {text}")


def _print_line(level: str, text: str) -> None:
    """Print a line on standard error: above a live display, or with the time if it is not a terminal."""
    if _display.live is not None:
        _display.live.console.print(text, markup=False, highlight=False, emoji=False, soft_wrap=True)
        return
    when = "" if sys.stderr.isatty() else f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {level} "
    print(f"{when}{text}", file=sys.stderr, flush=True)


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
    if execution.no_progress or execution.debug or not sys.stderr.isatty():
        return False
    if spark.conf.get("spark.ui.showConsoleProgress", "false") == "true":
        return False
    return console.is_terminal and not console.is_dumb_terminal


def _watch(tracker: "StatusTracker", display: _Display, ended: threading.Event) -> None:
    """Query Spark and draw, until `ended`."""
    next_line = time.monotonic() + _LINE_EVERY_S
    while not ended.is_set():
        with suppress(Py4JError, OSError):  # the JVM is ending or gone: the run itself reports it
            display.progress.spark_status(*_active(tracker))
        if ended.is_set():
            return
        if display.live is not None:
            now = display.progress.snapshot()
            display.live.update(picture_of(now, display.live.console.width), refresh=True)
        elif time.monotonic() >= next_line:
            say(line_of(display.progress.snapshot()))
            next_line += _LINE_EVERY_S
        ended.wait(_TICK_S)


def _active(tracker: "StatusTracker") -> tuple[frozenset[int], Tasks]:
    ids = frozenset(tracker.getActiveStageIds())
    stages = [stage for stage in map(tracker.getStageInfo, ids) if stage is not None]
    numbers = [(stage.numCompletedTasks, stage.numTasks, stage.numActiveTasks) for stage in stages]
    return ids, Tasks(*map(sum, zip(*numbers, strict=True))) if numbers else Tasks(0, 0)
