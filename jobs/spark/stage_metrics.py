"""What Spark measured of a run's jobs, read from the store that Spark's own pages show, which exists without them too.

Spark keeps only the latest stages there (`spark.ui.retainedStages`), so the figures are read at every commit. A job tag
tells the run's jobs from others of the same session.
"""

import threading
from contextlib import suppress
from functools import cached_property
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

    @property
    def key(self) -> tuple[int, int]:
        return self.stage_id, self.attempt_id

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
        self._attempts: set[tuple[int, int]] = set()
        self._is_off = False

    def count_thread(self) -> None:
        """Count the jobs that this thread starts from now on."""
        self._context.addJobTag(self._tag)

    def stop_thread(self) -> None:
        """Count no more jobs of this thread."""
        with suppress(Py4JError, OSError, AttributeError):  # the JVM may be gone, or the context stopped
            self._context.removeJobTag(self._tag)

    def take(self) -> SparkFigures | None:
        """The figures of the jobs that ended since the last call; None where Spark does not give them."""
        with self._lock:
            try:
                return None if self._is_off else self._read()
            # the store is Spark's own, not for programs: another Spark may lack what is read here
            except (Py4JError, OSError, TypeError, AttributeError, msgspec.MsgspecError) as error:
                self._is_off = True
                warn(f"run.json will lack Spark's figures, which could not be read: {one_line(error)}")
                return None

    @cached_property
    def _store(self) -> "_Store":
        return _Store(self._context)

    def _read(self) -> SparkFigures:
        self._store.drain()
        jobs = [job for job in self._store.jobs() if self._tag in job.job_tags and job.job_id not in self._jobs]
        ended = [job for job in jobs if job.status != _RUNNING]
        stages = {stage for job in ended for stage in job.stage_ids}
        attempts = [attempt for attempt in self._store.attempts() if attempt.stage_id in stages] if stages else []
        attempts = [attempt for attempt in attempts if attempt.key not in self._attempts]  # jobs may share stages
        self._jobs.update(job.job_id for job in ended)
        self._attempts.update(attempt.key for attempt in attempts)
        total = add_up(attempt.figures() for attempt in attempts) or SparkFigures()
        heaviest = max(attempts, key=lambda attempt: attempt.executor_run_time, default=None)
        times = self._store.task_times(heaviest) if heaviest is not None else None
        return msgspec.structs.replace(total, heaviest=times)


def session_meter() -> SparkMeter | None:
    """A meter of the active session, None without one."""
    from pyspark.sql import SparkSession

    spark = SparkSession.getActiveSession()
    return SparkMeter(spark.sparkContext) if spark is not None else None


class _Store:
    """Spark's store of jobs, stages and tasks. Each answer is one JSON text, to save calls into the JVM."""

    def __init__(self, context: "SparkContext") -> None:
        jvm: Any = context._jvm
        types = jvm.org.apache.spark.status.api.v1
        spark: Any = context._jsc.sc()  # type: ignore[union-attr]
        self._store, self._events = spark.statusStore(), spark.listenerBus()
        self._mapper = types.JacksonMessageWriter().mapper()
        self._no_quantiles = context._gateway.new_array(jvm.double, 0)  # type: ignore[union-attr]
        self._no_tasks, self._ended, self._successes = (jvm.java.util.ArrayList() for _ in range(3))
        for status in (types.StageStatus.COMPLETE, types.StageStatus.FAILED):
            self._ended.add(status)
        self._successes.add(types.TaskStatus.SUCCESS)
        self._slowest_first = types.TaskSorting.DECREASING_RUNTIME

    def drain(self) -> None:
        """Wait until the store has all events so far; after the deadline, what has arrived by then counts."""
        with suppress(Py4JJavaError):
            self._events.waitUntilEmpty(_DRAIN_MS)

    def jobs(self) -> list[_Job]:
        """The latest jobs."""
        return self._parsed(self._store.jobsList(None), list[_Job])

    def attempts(self) -> list[_Stage]:
        """The attempts of the latest stages, without those that have not ended and those that were skipped."""
        answer = self._store.stageList(self._ended, False, False, self._no_quantiles, self._no_tasks)
        return self._parsed(answer, list[_Stage])

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
        tasks = self._store.taskList(stage.stage_id, stage.attempt_id, offset, 1, self._slowest_first, self._successes)
        return self._parsed(tasks, list[_Task])

    def _parsed(self, answer: Any, kind: type[Read]) -> Read:
        return msgspec.json.decode(self._mapper.writeValueAsString(answer), type=kind)
