"""What Spark measured of a run's jobs, read from the store that Spark's own pages show, which exists without them too.

Spark keeps only the latest stages there (`spark.ui.retainedStages`), so the figures are read at every commit. A job tag
tells the run's jobs from others of the same session.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import msgspec
from py4j.protocol import Py4JError, Py4JJavaError

from jobs.spark.progress import warn
from jobs.spark.spark_errors import one_line
from udfs.spark_figures import SparkFigures, TaskTimes, add_up

if TYPE_CHECKING:
    from pyspark import SparkContext

_DRAIN_MS = 5000  # Spark's events reach the store within some 10 ms, unless a listener is slow
_RUNNING = "RUNNING"
_NOT_BEGUN = ("PENDING", "SKIPPED")

Read = TypeVar("Read")


class _Job(msgspec.Struct, rename="camel"):
    """A job, by the names of Spark's REST API; so are the following."""

    job_id: int
    status: str
    stage_ids: list[int]
    job_tags: list[str] = []


class _Stage(msgspec.Struct, rename="camel"):
    """An attempt of a Spark stage."""

    stage_id: int
    attempt_id: int
    status: str
    num_complete_tasks: int
    num_failed_tasks: int
    num_killed_tasks: int
    executor_run_time: int
    executor_cpu_time: int
    jvm_gc_time: int
    input_records: int
    input_bytes: int
    output_records: int
    output_bytes: int
    shuffle_write_bytes: int
    shuffle_read_bytes: int
    disk_bytes_spilled: int
    memory_bytes_spilled: int

    def figures(self) -> SparkFigures:
        return SparkFigures(
            core_s=self.executor_run_time / 1e3,
            jvm_cpu_s=self.executor_cpu_time / 1e9,
            gc_s=self.jvm_gc_time / 1e3,
            read_rows=self.input_records,
            read_bytes=self.input_bytes,
            written_rows=self.output_records,
            written_bytes=self.output_bytes,
            shuffle_written_bytes=self.shuffle_write_bytes,
            shuffle_read_bytes=self.shuffle_read_bytes,
            spilled_bytes=self.disk_bytes_spilled,
            spilled_memory_bytes=self.memory_bytes_spilled,
            tasks=self.num_complete_tasks,
            failed_tasks=self.num_failed_tasks,
            killed_tasks=self.num_killed_tasks,
            repeated_stages=int(self.attempt_id > 0),
        )


class _TaskMetrics(msgspec.Struct, rename="camel"):
    executor_run_time: int


class _Task(msgspec.Struct, rename="camel"):
    task_metrics: _TaskMetrics


class SparkMeter:
    """Reads the figures of each job of a run once. Several threads may use it."""

    def __init__(self, context: "SparkContext") -> None:
        self._context = context
        self._tag = f"ballast-{uuid4().hex}"
        self._lock = threading.Lock()
        self._jobs: set[int] = set()
        self._stages: set[tuple[int, int]] = set()
        self._is_off = False

    def count_thread(self) -> None:
        """Count the jobs that this thread starts from now on."""
        self._context.addJobTag(self._tag)

    def stop_thread(self) -> None:
        """Count no more jobs of this thread."""
        with suppress(Py4JError, OSError):  # the JVM may be gone
            self._context.removeJobTag(self._tag)

    def take(self) -> SparkFigures | None:
        """The figures of the jobs that ended since the last call; None where Spark does not give them."""
        with self._lock:
            try:
                return None if self._is_off else self._read()
            # the store is Spark's own, not for programs: another Spark may lack what is read here
            except (Py4JError, OSError, TypeError, msgspec.MsgspecError) as error:
                self._is_off = True
                warn(f"run.json will lack Spark's figures, which could not be read: {one_line(error)}")
                return None

    def _read(self) -> SparkFigures:
        spark: Any = self._context._jsc.sc()  # type: ignore[union-attr]
        with suppress(Py4JJavaError):  # after the deadline, what has arrived by then counts
            spark.listenerBus().waitUntilEmpty(_DRAIN_MS)
        store = _Store(self._context)
        jobs = [job for job in store.jobs() if self._tag in job.job_tags and job.job_id not in self._jobs]
        ended = [job for job in jobs if job.status != _RUNNING]
        attempts = list(self._attempts(store, (stage for job in ended for stage in job.stage_ids)))
        self._jobs.update(job.job_id for job in ended)
        self._stages.update((attempt.stage_id, attempt.attempt_id) for attempt in attempts)
        total = add_up(attempt.figures() for attempt in attempts) or SparkFigures()
        heaviest = max(attempts, key=lambda attempt: attempt.executor_run_time, default=None)
        return msgspec.structs.replace(total, heaviest=store.task_times(heaviest) if heaviest is not None else None)

    def _attempts(self, store: "_Store", stages: Iterable[int]) -> Iterator[_Stage]:
        """The attempts of these stages that have run and were not read before: jobs may share stages."""
        for stage in set(stages):
            for attempt in store.attempts(stage):
                if attempt.status not in _NOT_BEGUN and (stage, attempt.attempt_id) not in self._stages:
                    yield attempt


def session_meter() -> SparkMeter | None:
    """A meter of the active session, None without one."""
    from pyspark.sql import SparkSession

    spark = SparkSession.getActiveSession()
    return SparkMeter(spark.sparkContext) if spark is not None else None


class _Store:
    """Spark's store of jobs, stages and tasks, each answer as one JSON text, to save calls into the JVM."""

    def __init__(self, context: "SparkContext") -> None:
        jvm: Any = context._jvm
        self._store = context._jsc.sc().statusStore()  # type: ignore[union-attr]
        self._types = jvm.org.apache.spark.status.api.v1
        self._mapper = self._types.JacksonMessageWriter().mapper()
        self._no_tasks, self._finished = jvm.java.util.ArrayList(), jvm.java.util.ArrayList()
        self._finished.add(self._types.TaskStatus.SUCCESS)
        self._no_quantiles = context._gateway.new_array(jvm.double, 0)  # type: ignore[union-attr]

    def jobs(self) -> list[_Job]:
        return self._parsed(self._store.jobsList(None), list[_Job])

    def attempts(self, stage: int) -> list[_Stage]:
        """The attempts of a stage, none where the store has dropped it."""
        return self._parsed(
            self._store.stageData(stage, False, self._no_tasks, False, self._no_quantiles), list[_Stage]
        )

    def task_times(self, stage: _Stage) -> TaskTimes | None:
        """The times of a stage's finished tasks, None without any."""
        slowest = self._slowest_tasks(stage, 0)
        median = self._slowest_tasks(stage, stage.num_complete_tasks // 2)
        if not slowest or not median:
            return None
        return TaskTimes(
            core_s=stage.executor_run_time / 1e3,
            tasks=stage.num_complete_tasks,
            slowest_task_s=slowest[0].task_metrics.executor_run_time / 1e3,
            median_task_s=median[0].task_metrics.executor_run_time / 1e3,
        )

    def _slowest_tasks(self, stage: _Stage, offset: int) -> list[_Task]:
        """One task, in the order of their times, the longest first."""
        order = self._types.TaskSorting.DECREASING_RUNTIME
        tasks = self._store.taskList(stage.stage_id, stage.attempt_id, offset, 1, order, self._finished)
        return self._parsed(tasks, list[_Task])

    def _parsed(self, answer: Any, kind: type[Read]) -> Read:
        return msgspec.json.decode(self._mapper.writeValueAsString(answer), type=kind)
