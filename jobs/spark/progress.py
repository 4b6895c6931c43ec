"""How a run goes on, for the person who waits: a live display in a terminal, elsewhere a line now and then.

Stages say what they begin and what is committed; between commits Spark's status tracker, which the driver has on every
kind of cluster, says how many of the active stages' tasks are done. Nothing here decides or changes a row.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from py4j.protocol import Py4JError
from pyspark import StatusTracker
from pyspark.sql import SparkSession
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from jobs.settings.groups import Execution

_TICK_S = 0.25
_LINE_EVERY_S = 60.0
_STOP_S = 2.0  # what the watching thread may take to end; it may wait for a JVM that is gone
_WIDEST = 100  # columns; a bar across a wide terminal says no more
_STAGE, _LEAST_BAR = 8, 8


class Read(NamedTuple):
    """Input that is committed, of how much, and what was in it."""

    done: int
    total: int
    what: str = "files"
    pages: int | None = None
    pairs: int | None = None
    failed: int = 0

    def plus(self, done: int, pages: int, pairs: int, failed: int) -> "Read":
        """This and so much more."""
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
class Standing:
    """How a run stands at a moment: what a display and a line are drawn from. Unknown figures are None."""

    stage: str
    done: int
    total: int
    what: str
    seconds: float
    """Since the stage began."""
    left_s: float | None
    facts: tuple[str, ...]


class Progress:
    """What a run's stages and Spark have told so far. `clock` gives seconds; any thread may call any method."""

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
        """A stage begins; one that reads input says how much of it is committed already."""
        with self._lock:
            self._stage, self._began, self._reading = stage, self._clock(), read is not None
            self._stages, self._tasks = frozenset(), Tasks(0, 0)
            self._batch, self._batch_share = 0, 0.0
            if read is not None:
                self._read = read
                self._at_begin = self._committed_at = read, self._began

    def begin_batch(self, items: int) -> None:
        """So many of the stage's input items are being read now, in one Spark stage."""
        with self._lock:
            self._batch, self._batch_share = items, 0.0

    def committed(self, read: Read) -> None:
        """The batch is committed, and with it this much of the input."""
        with self._lock:
            self._read, self._batch, self._batch_share = read, 0, 0.0
            self._committed_at = read, self._clock()

    def spark_status(self, stages: frozenset[int], tasks: Tasks) -> None:
        """The ids of Spark's active stages, and their tasks."""
        with self._lock:
            if stages != self._stages:
                self._stages, self._tasks_began = stages, self._clock()
            self._tasks = tasks
            if self._batch and tasks.total:  # the stage leaves Spark's list before its batch is committed
                self._batch_share = max(self._batch_share, tasks.done / tasks.total)

    def standing(self) -> Standing:
        with self._lock:
            now = self._clock()
            if self._reading and self._read is not None:
                done = self._read.done + int(self._batch * self._batch_share)
                new, seconds = done - self._at_begin[0].done, now - self._began
                left_s = seconds / new * (self._read.total - done) if new else None
                facts = (*_contents(self._read), *self._rates(new, seconds), *_running(self._tasks))
                return Standing(self._stage, done, self._read.total, self._read.what, seconds, left_s, facts)
            done, total, _ = self._tasks
            left_s = (now - self._tasks_began) / done * (total - done) if done else None
            facts = _contents(self._read) if self._read is not None else ()
            return Standing(self._stage, done, total, "tasks", now - self._began, left_s, facts)

    def _rates(self, new: int, seconds: float) -> Iterator[str]:
        """Items since the stage began, by Spark's tasks; pages by what was committed since."""
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
    """What moves while no batch is committed: what the running tasks have found is not known before that."""
    if tasks.running:
        yield f"{tasks.running:,} task{'s' * (tasks.running > 1)} running"


def rate(per_s: float) -> tuple[str, str]:
    """A rate as a number and the unit of time in which it is easiest to read."""
    for seconds, unit in ((1, "s"), (60, "min")):
        if per_s * seconds >= 1:
            return f"{per_s * seconds:,.{0 if per_s * seconds >= 10 else 1}f}", unit
    return f"{per_s * 3600:,.1f}", "h"


def span(seconds: float) -> str:
    """A length of time in its two largest units: `8.2 s`, `42 s`, `3 min 5 s`, `5 h 12 min`, `2 d 3 h`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, small, small_unit in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // small} {small_unit}"
    return f"{whole} s"


def line_of(now: Standing) -> str:
    """A standing in one line of text."""
    parts = [f"{now.done:,} of {now.total:,} {now.what}"] if now.total else []
    parts += [*now.facts, f"{span(now.seconds)} so far"]
    if now.left_s is not None:
        parts.append(f"about {span(now.left_s)} left")
    return f"{now.stage}: {', '.join(parts)}"


def picture_of(now: Standing, width: int) -> RenderableType:
    """A standing as two lines, at most `width` columns wide: a bar, and what was found. In a narrow terminal the time
    so far makes room first, then the bar, then the time left."""
    width = min(width, _WIDEST)
    stage = f"{now.stage:<{_STAGE}}"
    count = f"{now.done:,} of {now.total:,} {now.what}" if now.total else ""
    left = f"{span(now.left_s)} left" if now.left_s is not None else ""
    said = [text for text in (count, span(now.seconds), left) if text]
    room = width - len(stage) - 1
    room_beside_bar = room - _LEAST_BAR - 1
    if len(said) == 3 and len(_joined(said)) > room_beside_bar:
        del said[1]
    with_bar = len(_joined(said)) <= room_beside_bar
    while len(said) > 1 and len(_joined(said)) > room:
        said.pop()
    bar = Table.grid(padding=(0, 1), pad_edge=False)
    bar.width = width if with_bar else None
    bar.add_column(no_wrap=True, width=len(stage))
    if with_bar:
        bar.add_column(ratio=1)
    bar.add_column(no_wrap=True, justify="right" if with_bar else "left", overflow="ellipsis")
    cells = [ProgressBar(total=now.total or None, completed=now.done, pulse=not now.done)] if with_bar else []
    bar.add_row(Text(stage, "bold"), *cells, Text(_joined(said)))
    if not now.facts:
        return bar
    facts = Text(" " * (_STAGE + 1) + _joined(now.facts), "dim", no_wrap=True, overflow="ellipsis")
    facts.truncate(width, overflow="ellipsis")
    return Group(bar, facts)


def _joined(parts: Iterable[str]) -> str:
    return " · ".join(parts)


class _Shown(NamedTuple):
    progress: Progress
    live: Live | None


_shown = _Shown(Progress(), None)


def progress() -> Progress:
    """What the stages of the run in this process report to."""
    return _shown.progress


def say(text: str) -> None:
    """Log a line about how the run proceeds."""
    _print_line("INFO", f"ballast: {text}")


def warn(text: str) -> None:
    """Log a line about something that the user probably did not intend."""
    _print_line("WARN", f"ballast: warning: {text}")


def _print_line(level: str, text: str) -> None:
    """A line on standard error, above the display where one is live; with the time where it goes to a log."""
    if _shown.live is not None:
        _shown.live.console.print(text, markup=False, highlight=False, emoji=False, soft_wrap=True)
        return
    when = "" if sys.stderr.isatty() else f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {level} "
    print(f"{when}{text}", file=sys.stderr, flush=True)


@contextmanager
def live_display(spark: SparkSession, execution: Execution) -> Iterator[None]:
    """Show what the stages within report: live in a terminal that can, else by a line a minute. The terminal is as it
    was before when this ends, however it ends."""
    global _shown
    before, console = _shown, Console(stderr=True)
    live = None
    if may_be_live(spark, execution, console):
        live = Live(console=console, auto_refresh=False, transient=True, redirect_stdout=sys.stdout.isatty())
    _shown = _Shown(Progress(), live)
    ended = threading.Event()
    arguments = (spark.sparkContext.statusTracker(), _shown, ended)
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
            _shown = before
            if live is not None:
                live.stop()


def may_be_live(spark: SparkSession, execution: Execution, console: Console) -> bool:
    """Whether standard error is a terminal that moves its cursor, and nothing else draws or logs there."""
    if execution.no_progress or execution.debug or not sys.stderr.isatty():
        return False
    if spark.conf.get("spark.ui.showConsoleProgress", "false") == "true":
        return False
    return console.is_terminal and not console.is_dumb_terminal


def _watch(tracker: StatusTracker, shown: _Shown, ended: threading.Event) -> None:
    """Ask Spark and draw, until `ended`."""
    next_line = time.monotonic() + _LINE_EVERY_S
    while not ended.is_set():
        with suppress(Py4JError, OSError):  # the JVM is ending or gone: the run itself finds out
            shown.progress.spark_status(*_active(tracker))
        if ended.is_set():
            return
        if shown.live is not None:
            now = shown.progress.standing()
            shown.live.update(picture_of(now, shown.live.console.width), refresh=True)
        elif time.monotonic() >= next_line:
            say(line_of(shown.progress.standing()))
            next_line += _LINE_EVERY_S
        ended.wait(_TICK_S)


def _active(tracker: StatusTracker) -> tuple[frozenset[int], Tasks]:
    ids = frozenset(tracker.getActiveStageIds())
    found = [stage for stage in map(tracker.getStageInfo, ids) if stage is not None]
    numbers = [(stage.numCompletedTasks, stage.numTasks, stage.numActiveTasks) for stage in found]
    return ids, Tasks(*map(sum, zip(*numbers, strict=True))) if numbers else Tasks(0, 0)
