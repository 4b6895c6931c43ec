"""Where the time of a run went: what Spark measured of each stage, and hints where that says something."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from msgspec.structs import replace

from udfs.record import RunRecord
from udfs.report.words import counted_noun as many
from udfs.report.words import size_text, span
from udfs.spark_figures import SparkFigures, TaskTimes
from udfs.stages import Stage, StageFacts

_LEAST_S = 60  # of core or task time: below, nobody waits for it
_SKEWED = 5  # times the median
_MUCH_GC = 0.1  # of core time
_SLICED = (Stage.REPEATS, Stage.POOL)


class Column(NamedTuple):
    """A column of the table: its title, and a stage's cell, empty where there is nothing to tell."""

    title: str
    cell: Callable[[SparkFigures], str]


def time_view(record: RunRecord) -> dict[str, Any]:
    """The variables of the template for the section: `times` has each stage with its cells, in the order of
    `time_titles`. Columns without a figure are left out."""
    facts = [facts for facts in record.stages.finished() if facts.seconds is not None or facts.spark is not None]
    figures = [_figures(each, record) for each in facts]
    columns = [column for column in _COLUMNS if any(map(column.cell, figures))]
    rows = [
        (each.stage, "" if each.seconds is None else span(each.seconds), [column.cell(of) for column in columns])
        for each, of in zip(facts, figures, strict=True)
    ]
    return {"times": rows, "time_titles": [column.title for column in columns], "slow_hints": list(slow_hints(record))}


def _figures(facts: StageFacts, record: RunRecord) -> SparkFigures:
    """The figures of a stage; what extraction read is not Spark's to know."""
    figures, files = facts.spark or SparkFigures(), record.stages.files
    if facts.stage != Stage.EXTRACTED or facts.spark is None or files is None:
        return figures
    return replace(figures, read_bytes=figures.read_bytes + files.bytes)


def slow_hints(record: RunRecord) -> Iterator[str]:
    """What to know about the stages that were slower than they had to be."""
    for facts in record.stages.finished():
        if facts.spark is not None:
            yield from (f"{facts.stage}: {hint}" for hint in _hints(facts.stage, facts.spark))


def _hints(stage: Stage, figures: SparkFigures) -> Iterator[str]:
    if figures.spilled_bytes:
        slices = " or use a higher --hash-slices" if stage in _SLICED else ""
        yield f"{size_text(figures.spilled_bytes)} spilled to disk; give executors more memory{slices}"
    if figures.core_s >= _LEAST_S and figures.gc_s >= _MUCH_GC * figures.core_s:
        share = figures.gc_s / figures.core_s
        yield f"{share:.0%} of the core time was garbage collection; give executors more memory"
    times = figures.heaviest
    if times is not None and times.slowest_task_s >= max(_LEAST_S, _SKEWED * times.median_task_s):
        slowest, median = span(times.slowest_task_s), span(times.median_task_s)
        yield f"the slowest of {many(times.tasks, 'task')} took {slowest}, the median {median}"
    if figures.failed_tasks:
        yield f"{many(figures.failed_tasks, 'task')} failed and ran again; Spark's log has the errors"
    if figures.repeated_stages:
        yield f"{many(figures.repeated_stages, 'Spark stage')} ran again because executors were lost"


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.0%}" if part and whole else ""


def _number(value: int) -> str:
    return f"{value:,}" if value else ""


def _size(value: int) -> str:
    return size_text(value) if value else ""


def _span(value: float) -> str:
    return span(value) if value else ""


def _task_times(times: TaskTimes | None) -> str:
    return f"{span(times.slowest_task_s)} / {span(times.median_task_s)}" if times is not None else ""


_COLUMNS = (
    Column("core time", lambda figures: _span(figures.core_s)),
    Column("JVM CPU", lambda figures: _share(figures.jvm_cpu_s, figures.core_s)),
    Column("read", lambda figures: _size(figures.read_bytes)),
    Column("written", lambda figures: _size(figures.written_bytes)),
    Column("shuffled", lambda figures: _size(figures.shuffle_written_bytes)),
    Column("spilled", lambda figures: _size(figures.spilled_bytes)),
    Column("tasks", lambda figures: _number(figures.tasks)),
    Column("failed", lambda figures: _number(figures.failed_tasks)),
    Column("stopped", lambda figures: _number(figures.killed_tasks)),
    Column("slowest / median task", lambda figures: _task_times(figures.heaviest)),
)
