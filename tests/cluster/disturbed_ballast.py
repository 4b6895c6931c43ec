"""Run `ballast` and disturb its tasks: `disturbed_ballast.py HOW MARKS curate …`.

Extraction, dedup and balancing are disturbed in the middle of a task's rows. The rows come one by one, so Spark has
already written some of them. Each disturbed task leaves a file in the folder MARKS, which all hosts share. As the main
module, this one is sent to the executors by value.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import DataFrame

import jobs.dedup
import jobs.extract
import jobs.steps.drawing
import udfs.extraction.extractor
from jobs.cli import main

DOOMED_HOST = "127.0.0.2"
HOST_IS_LOST = "host-is-lost"
"""The file in MARKS that the test writes after it has killed that host."""

_WAIT_S = 600
Batches = Iterator[pa.RecordBatch]


class Attempt(NamedTuple):
    """An attempt of a task: its step, host, Spark stage and partition, and the number of earlier attempts.

    These make the name of its mark. The mark contains the `Worker` that it ran in.
    """

    step: str
    host: str
    stage: int
    partition: int
    number: int

    @classmethod
    def all(cls, marks: Path, pattern: str = "*") -> "list[Attempt]":
        """List the attempts that left a mark."""
        fields = [mark.name.split(",") for mark in marks.glob(pattern)]
        return [cls(step, host, *map(int, rest)) for step, host, *rest in fields]


class Worker(NamedTuple):
    """A Python worker: its process, its environment, and the file from which it imported Ballast's extractor."""

    pid: int
    prefix: str
    ballast: str

    @classmethod
    def all(cls, marks: Path, pattern: str = "*") -> "list[Worker]":
        """List the workers of the attempts that left a mark."""
        texts = [mark.read_text(encoding="utf-8") for mark in marks.glob(pattern)]
        return [cls(int(pid), *rest) for pid, *rest in map(str.splitlines, filter(None, texts))]


def fail_once(attempt: Attempt, marks: Path) -> None:
    """Let every task's first attempt fail."""
    if attempt.number == 0:
        raise RuntimeError("injected: the first attempt dies between its rows")


def wait_for_copy(attempt: Attempt, marks: Path) -> None:
    """Let the first task of a stage wait until its speculative copy is at the same row. Then both race to the commit;
    in extraction the copy wins."""
    if attempt.partition == attempt.number == 0:
        _wait_until(lambda: Attempt.all(marks, f"{attempt.step},*,{attempt.stage},0,1"))
        if attempt.step == "extract":
            time.sleep(_WAIT_S)


def lose_host(attempt: Attempt, marks: Path) -> None:
    """Let the doomed host hang in its second file, and the other in its first until the doomed one is lost."""
    if attempt.host != DOOMED_HOST:
        _wait_until((marks / HOST_IS_LOST).exists)
    elif len(Attempt.all(marks, f"extract,{DOOMED_HOST},*")) > 1:
        time.sleep(_WAIT_S)


def lose_host_and_worker(attempt: Attempt, marks: Path) -> None:
    """Do the same as `lose_host`, and let the Python worker that balances the first partition wait to be killed."""
    if attempt.step == "extract":
        lose_host(attempt, marks)
    elif attempt.step == "balance" and attempt.partition == attempt.number == 0:
        time.sleep(_WAIT_S)


def lose_host_and_executor(attempt: Attempt, marks: Path) -> None:
    """Do the same as `lose_host`, and let the first task of dedup wait until its executor is killed."""
    if attempt.step == "extract":
        lose_host(attempt, marks)
    elif attempt.step == "dedup" and attempt.partition == attempt.number == 0:
        time.sleep(_WAIT_S)


HOW = {
    function.__name__: function
    for function in (fail_once, wait_for_copy, lose_host, lose_host_and_worker, lose_host_and_executor)
}


def _wait_until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + _WAIT_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the event that this task waits for did not happen")
        time.sleep(0.01)


def disturbed(how: str, marks: Path, step: str, function: Callable[..., Batches]) -> Callable[..., Batches]:
    """Yield the same batches row by row, and disturb the task halfway through the first batch."""

    def wrapper(*arguments: Any) -> Batches:
        context: Any = TaskContext.get()
        host = os.environ.get("NM_HOST") or os.environ["SPARK_LOCAL_IP"]  # the first is YARN's
        attempt = Attempt(step, host, context.stageId(), context.partitionId(), context.attemptNumber())
        for number, batch in enumerate(function(*arguments)):
            for row in range(batch.num_rows):
                if number == 0 and row == batch.num_rows // 2:
                    worker = Worker(os.getpid(), sys.prefix, os.path.abspath(udfs.extraction.extractor.__file__))
                    (marks / ",".join(map(str, attempt))).write_text("\n".join(map(str, worker)), encoding="utf-8")
                    HOW[how](attempt, marks)
                yield batch.slice(row, 1)

    return wrapper


def disturb(how: str, marks: Path) -> None:
    """Patch the jobs with the disturbance."""

    class Extractor(jobs.extract.Extractor):
        file_batches = disturbed(how, marks, "extract", jobs.extract.Extractor.file_batches)

    def and_pass_on(step: str, function: Callable[..., DataFrame]) -> Callable[..., DataFrame]:
        """The JVM's rows of a step, passed through a Python worker, which the disturbance needs."""
        pass_on = disturbed(how, marks, step, lambda batches: batches)

        def passed_on(*arguments: Any) -> DataFrame:
            rows = function(*arguments)
            return rows.mapInArrow(pass_on, rows.schema)  # the schema includes the fingerprint

        return passed_on

    jobs.extract.Extractor = Extractor  # type: ignore[misc]
    jobs.dedup.run = and_pass_on("dedup", jobs.dedup.run)
    jobs.steps.drawing.draw = and_pass_on("balance", jobs.steps.drawing.draw)


if __name__ == "__main__":
    disturb(sys.argv[1], Path(sys.argv[2]))
    sys.exit(main(sys.argv[3:]))
