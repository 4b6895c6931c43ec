"""What the stages and Spark have reported of a run so far."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple

from jobs.spark.spark_jobs import Tasks

STARTING = "starting"
"""The stage before the first."""

_LEAST_SHARE = 0.02
"""Before the first file is read, the time left is told from this share on: until then the start of the workers counts
too much."""


class Read(NamedTuple):
    """How much of the input is committed, and what was in it."""

    done: int
    total: int
    what: str = "files"
    found: Mapping[str, int] = MappingProxyType({})
    """How many of each kind, such as pages and pairs: the rate of the first kind is shown, too."""
    failed: int = 0

    def plus(self, done: int, found: Mapping[str, int], failed: int) -> "Read":
        """Return these figures with the given ones added."""
        both = {name: self.found.get(name, 0) + number for name, number in found.items()}
        return Read(self.done + done, self.total, self.what, {**self.found, **both}, self.failed + failed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The state of a run at one moment, from which the display and the log line are made. Unknown figures are None."""

    stage: str
    done: int
    """Items read, whether they are committed or not, or Spark's finished tasks."""
    total: int
    what: str
    seconds: float
    """Since the stage began."""
    reads_input: bool = False
    committed: int = 0
    """Those items that are known to be committed."""
    share: float | None = None
    """How much of the input is read, 0 to 1, where the tasks tell how far they are within a file."""
    left_s: float | None = None
    found: Mapping[str, int] = field(default_factory=dict)
    failed: int = 0
    items_per_s: float | None = None
    found_per_s: float | None = None
    """Of the first kind that was found. By commits only, since only a commit tells what the tasks found."""
    running: int = 0
    """Spark's running tasks."""


class _Batch(NamedTuple):
    items: int
    share: float


class Progress:
    """What the stages and Spark have reported so far. `clock` returns seconds; any thread may call any method."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._stage, self._began = STARTING, clock()
        self._read: Read | None = None
        self._reading = False
        self._share_read: Callable[[], float] | None = None
        self._share_at_begin = 0.0
        self._at_begin = self._committed_at = Read(0, 0), self._began
        self._batches: dict[str, _Batch] = {}
        self._stages: frozenset[int] = frozenset()
        self._tasks, self._tasks_began = Tasks(0, 0), self._began

    def begin(self, stage: str, read: Read | None = None, share_read: Callable[[], float] | None = None) -> None:
        """Begin a stage. A stage that reads input passes how much of it is committed already. `share_read` returns the
        share of the input that is read, from 0 to 1, where that is known more exactly than by whole items."""
        with self._lock:
            self._stage, self._began, self._reading = stage, self._clock(), read is not None
            self._stages, self._tasks, self._batches = frozenset(), Tasks(0, 0), {}
            self._share_read = share_read
            self._share_at_begin = share_read() if share_read is not None else 0.0
            if read is not None:
                self._read = read
                self._at_begin = self._committed_at = read, self._began

    def begin_batch(self, group: str, items: int) -> None:
        """Begin to read this many of the stage's input items, in a Spark job of this job group."""
        with self._lock:
            self._batches[group] = _Batch(items, 0.0)

    def batches(self) -> list[str]:
        """The job groups of the batches that are being read."""
        with self._lock:
            return list(self._batches)

    def committed(self, read: Read, group: str) -> None:
        """End the batch of this job group: this much of the input is now committed."""
        with self._lock:
            self._read = read
            self._batches.pop(group, None)
            self._committed_at = read, self._clock()

    def spark_status(self, stages: frozenset[int], tasks: Tasks) -> None:
        """Update the ids of Spark's active stages, and their tasks."""
        with self._lock:
            if stages != self._stages:
                self._stages, self._tasks_began = stages, self._clock()
            self._tasks = tasks

    def batch_status(self, group: str, tasks: Tasks) -> None:
        """Update the tasks of a batch."""
        with self._lock:
            if group in self._batches and tasks.total:
                self._batches[group] = _Batch(self._batches[group].items, tasks.done / tasks.total)

    def snapshot(self) -> Snapshot:
        with self._lock:
            now = Snapshot(stage=self._stage, done=0, total=0, what="tasks", seconds=self._clock() - self._began)
            if self._read is not None:
                now = replace(now, found=self._read.found, failed=self._read.failed)
                if self._reading:
                    return self._of_reading(now, self._read)
            done, total = self._tasks.done, self._tasks.total
            left_s = (self._clock() - self._tasks_began) / done * (total - done) if done else None
            return replace(now, done=done, total=total, left_s=left_s)

    def _of_reading(self, now: Snapshot, read: Read) -> Snapshot:
        """Add what a stage that reads input has done so far."""
        done = read.done + sum(int(batch.items * batch.share) for batch in self._batches.values())
        new, share = done - self._at_begin[0].done, self._share(done)
        if share is not None:
            new_share, rest = share - self._share_at_begin, 1 - share
        else:
            new_share, rest = new / max(read.total, 1), 1 - done / max(read.total, 1)
        return replace(
            now,
            done=done,
            total=read.total,
            what=read.what,
            reads_input=True,
            committed=read.done,
            share=share,
            left_s=now.seconds / new_share * rest if new_share > (0 if new else _LEAST_SHARE) and rest > 0 else None,
            items_per_s=new / now.seconds if new and now.seconds else None,
            found_per_s=self._found_per_s(),
            running=self._tasks.running,
        )

    def _share(self, done: int) -> float | None:
        """The share of the input that is read: all of it only with the last item."""
        if self._share_read is None or self._read is None:
            return None
        return 1.0 if done >= self._read.total else min(self._share_read(), 0.999)

    def _found_per_s(self) -> float | None:
        (before, began), (after, ended) = self._at_begin, self._committed_at
        first = next(iter(after.found), "")
        new = after.found.get(first, 0) - before.found.get(first, 0)
        return new / (ended - began) if new and ended > began else None
