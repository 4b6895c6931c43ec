"""The tasks of Spark's jobs, as its status tracker reports them on every kind of cluster."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pyspark import StatusTracker

POOL = "spark.scheduler.pool"
POOL_OF_BATCHES = "batches"
"""Begins the names of the scheduler's pools of batches. Pools share the cores, so what a batch writes at its end, and
reading what it holds, need not wait until all tasks of the next batch have begun."""


class Tasks(NamedTuple):
    """Tasks of some Spark stages."""

    done: int
    total: int
    running: int = 0

    @property
    def waiting(self) -> int | None:
        """The tasks that no core has taken yet; None before Spark knows the stages."""
        return self.total - self.done - self.running if self.total else None


def active_tasks(tracker: "StatusTracker") -> tuple[frozenset[int], Tasks]:
    """The ids of the active stages, and their tasks."""
    ids = frozenset(tracker.getActiveStageIds())
    return ids, _tasks(tracker, ids)


def tasks_of_group(tracker: "StatusTracker", group: str) -> Tasks:
    """The tasks of the first job of a job group, also when it has ended. A batch's first job does its work, a second
    one writes what it gathered."""
    first = sorted(tracker.getJobIdsForGroup(group))[:1]
    jobs = [job for job in map(tracker.getJobInfo, first) if job is not None]
    return _tasks(tracker, [stage for job in jobs for stage in job.stageIds])


def _tasks(tracker: "StatusTracker", ids: Iterable[int]) -> Tasks:
    stages = [stage for stage in map(tracker.getStageInfo, ids) if stage is not None]
    numbers = [(stage.numCompletedTasks, stage.numTasks, stage.numActiveTasks) for stage in stages]
    return Tasks(*map(sum, zip(*numbers, strict=True))) if numbers else Tasks(0, 0)
