"""Batches of input items: how many items each holds, and Spark writing a few batches at once.

A batch is as large as what is read between two commits. The next one is handed to Spark as soon as no task of the
earlier ones waits for a core, so no core is idle while the last tasks of a batch end. Rows do not depend on batches.
"""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Generic, NamedTuple, TypeVar
from uuid import uuid4

from py4j.protocol import Py4JError
from pyspark.sql import SparkSession

from jobs.runs.manifests import Manifest
from jobs.runs.stopwatch import Stopwatch
from jobs.settings.groups import Reading
from jobs.spark.progress import progress
from jobs.spark.spark_jobs import POOL, POOL_OF_BATCHES, tasks_of_group

_AT_ONCE = 4  # more only if each batch has a task that takes longer than three whole batches
_GROWTH = 8  # so that a few tiny files before huge ones make no batch of hours
_POLL_S = 0.2
_UNIT = "batch="

Item = TypeVar("Item")
Written = TypeVar("Written")


class Measured(NamedTuple):
    """A committed batch: its items, and the seconds from handing it to Spark until its commit."""

    items: int
    seconds: float


class _Running(NamedTuple, Generic[Item]):
    group: str
    items: Sequence[Item]


class Committed(NamedTuple, Generic[Item, Written]):
    """A committed batch: Spark's job group, the items, what `write` returned, and the seconds that it took."""

    group: str
    items: Sequence[Item]
    written: Written
    seconds: float


def batch_size(wave: int, last: Measured | None, reading: Reading) -> int:
    """How many items the next batch should hold, so that it is committed `commit_every` seconds after its start.

    `wave` is the number of items that the cluster reads at once. A batch holds a wave at first and never less, but
    never more than `batch_files`.
    """
    size = wave
    if last is not None:
        in_time = int(last.items * reading.commit_every / max(last.seconds, 0.001))
        size = max(wave, min(in_time, last.items * _GROWTH))
    return size if reading.batch_files is None else min(size, reading.batch_files)


def next_number(committed: Sequence[Manifest]) -> int:
    """The number of the first batch that a resumed run writes; one that was lost may have had a smaller one."""
    return max((int(manifest.unit.removeprefix(_UNIT)) for manifest in committed), default=-1) + 1


def write_batches(
    spark: SparkSession,
    items: Sequence[Item],
    reading: Reading,
    first: int,
    write: Callable[[str, Sequence[Item]], Written],
    *,
    wave: Callable[[Sequence[Item]], int] | None = None,
) -> Generator[Committed[Item, Written]]:
    """Cut items into batches and write them, numbered from `first`; yield each when it is committed.

    `write` takes the batch's name and items, writes them in one Spark job and commits them; several threads call it at
    once. `wave` tells how many of the items that are left the cluster reads at once, one per core by default. When a
    batch fails, no other is begun; those that run may end and are yielded, then its error is raised. When
    the caller stops (an error, Ctrl-C), the running batches are cancelled.
    """
    context = spark.sparkContext
    tracker, run_id = context.statusTracker(), uuid4().hex
    running: dict[Future[tuple[Written, float]], _Running[Item]] = {}
    last: Measured | None = None
    error: BaseException | None = None
    start, number = 0, first

    def written(group: str, number: int, batch: Sequence[Item]) -> tuple[Written, float]:
        watch, unit = Stopwatch(), f"{_UNIT}{number:05d}"
        context.setJobGroup(group, f"{unit}: {len(batch):,} items")
        context.setLocalProperty(POOL, f"{POOL_OF_BATCHES}-{number % _AT_ONCE}")
        return write(unit, batch), watch.seconds

    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="ballast-batch")
    try:
        while running or (start < len(items) and error is None):
            all_begun = all(tasks_of_group(tracker, one.group).waiting == 0 for one in running.values())
            if start < len(items) and error is None and len(running) < _AT_ONCE and all_begun:
                size = batch_size(
                    wave(items[start:]) if wave is not None else context.defaultParallelism, last, reading
                )
                batch, group = items[start : start + size], f"{run_id} {number}"
                progress().begin_batch(group, len(batch))
                running[pool.submit(written, group, number, batch)] = _Running(group, batch)
                start, number = start + len(batch), number + 1
            for ended in wait(running, timeout=_POLL_S, return_when=FIRST_COMPLETED).done:
                group, batch = running.pop(ended)
                if failure := ended.exception():
                    error = error or failure
                    continue
                result, seconds = ended.result()
                last = Measured(len(batch), seconds)
                yield Committed(group, batch, result, seconds)
        if error is not None:
            raise error
    finally:
        while running and wait(running, timeout=0).not_done:
            with suppress(Py4JError, OSError):  # the JVM may be gone
                for one in running.values():
                    context.cancelJobGroup(one.group)
            wait(running, timeout=_POLL_S)
        pool.shutdown()
