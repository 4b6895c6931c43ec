"""What Spark measured of the tasks of a stage, as run.json records it."""

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

SPARK_FACT = "spark"
"""The key of the figures among the facts of a stage, and of a committed unit."""


class TaskTimes(msgspec.Struct, frozen=True, kw_only=True):
    """The task times of one Spark stage."""

    core_s: Annotated[float, Meta(description="its core seconds")]
    tasks: Annotated[int, Meta(description="its finished tasks")]
    slowest_task_s: Annotated[float, Meta(description="the longest time of one of them")]
    median_task_s: Annotated[float, Meta(description="their median time")]


class SparkFigures(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Sums over the tasks of all Spark jobs of a stage. A figure of 0 is left out of run.json."""

    core_s: Annotated[float, Meta(description="time that tasks spent on their cores (executor run time)")] = 0
    jvm_cpu_s: Annotated[
        float, Meta(description="CPU time of the tasks in the JVM; that of their Python workers is not known to Spark")
    ] = 0
    gc_s: Annotated[float, Meta(description="time in which the JVM's garbage collection stopped tasks")] = 0
    read_rows: Annotated[int, Meta(description="rows that Spark read, not the records of WARC and WAT files")] = 0
    read_bytes: Annotated[int, Meta(description="their bytes; those of WARC and WAT files are `bytes` of `files`")] = 0
    written_rows: Annotated[int, Meta(description="rows written to files")] = 0
    written_bytes: Annotated[int, Meta(description="the size of these files")] = 0
    shuffle_written_bytes: Annotated[int, Meta(description="written for other tasks, on local disks")] = 0
    shuffle_read_bytes: Annotated[int, Meta(description="read from other tasks")] = 0
    spilled_bytes: Annotated[int, Meta(description="written to local disks because memory was short")] = 0
    spilled_memory_bytes: Annotated[int, Meta(description="the memory that the spilled rows had taken")] = 0
    tasks: Annotated[int, Meta(description="finished tasks")] = 0
    failed_tasks: Annotated[int, Meta(description="attempts of tasks that failed, also those on lost executors")] = 0
    killed_tasks: Annotated[
        int, Meta(description="attempts of tasks that Spark stopped, such as the slower one of two (speculation)")
    ] = 0
    repeated_stages: Annotated[
        int, Meta(description="Spark stages that ran again because executors with their output were lost")
    ] = 0
    heaviest: Annotated[
        TaskTimes | None, Meta(description="of the Spark stage with the most core seconds, the following figures")
    ] = None


def add_up(figures: Iterable[SparkFigures | None]) -> SparkFigures | None:
    """The sums of those that are known, with the heaviest of their heaviest Spark stages; None where none is known."""
    known = [each for each in figures if each is not None]
    if not known:
        return None
    names = [name for name in SparkFigures.__struct_fields__ if name != "heaviest"]
    sums = {name: round(sum(getattr(each, name) for each in known), 3) for name in names}
    heaviest = max(filter(None, (each.heaviest for each in known)), key=lambda times: times.core_s, default=None)
    return SparkFigures(**sums, heaviest=heaviest)
