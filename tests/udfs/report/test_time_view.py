"""The table of stages: columns without a figure are left out, and hints come only where a figure says something."""

import pytest

from udfs.report.time_view import slow_hints, time_view
from udfs.run_json import make_record


def record(**stages):
    return make_record({"ballast": "0.1.0", "job": "dedup", "state": "finished", "stages": stages})


def pool(**spark) -> dict:
    return {"pairs": 9, "images": 8, "seconds": 185.0, "spark": spark}


def times(slowest: float, median: float) -> dict:
    return {"core_s": 400.0, "tasks": 2000, "slowest_task_s": slowest, "median_task_s": median}


def test_columns_without_a_figure_are_left_out():
    counts = {"entries": 3, "entries_matched": 2, "matches": 5, "seconds": 2.0, "spark": {"core_s": 1.0, "tasks": 2}}
    view = time_view(record(pool=pool(core_s=400.0, jvm_cpu_s=100.0, written_bytes=5_000_000), entry_counts=counts))
    assert view["time_titles"] == ["core time", "JVM CPU", "written", "tasks"]
    assert view["times"] == [
        ("pool", "3 min 5 s", ["6 min 40 s", "25%", "5.0 MB", ""]),
        ("entry_counts", "2.0 s", ["1.0 s", "", "", "2"]),
    ]


def test_what_extraction_read_comes_from_the_input_files():
    extracted = {"batches": 1, "spark": {"core_s": 4.0, "read_bytes": 1_000}}
    view = time_view(record(extracted=extracted, files={"files": 1, "bytes": 2_000_000, "seconds": 1.0}))
    assert dict(zip(view["time_titles"], view["times"][0][2], strict=True))["read"] == "2.0 MB"


def test_a_run_of_an_earlier_ballast_has_seconds_alone():
    view = time_view(record(pool={"pairs": 9, "images": 8, "seconds": 2.0}))
    assert (view["time_titles"], view["times"], view["slow_hints"]) == ([], [("pool", "2.0 s", [])], [])
    assert time_view(record())["times"] == []


@pytest.mark.parametrize(
    ("figures", "hint"),
    [
        ({"spilled_bytes": 3_000_000_000}, "3.0 GB spilled to disk; give executors more memory or use a higher --hash"),
        ({"core_s": 600.0, "gc_s": 90.0}, "15% of the core time was garbage collection"),
        ({"heaviest": times(300.0, 20.0)}, "the slowest of 2,000 tasks took 5 min 0 s, the median 20 s"),
        ({"failed_tasks": 1}, "1 task failed and ran again"),
        ({"repeated_stages": 2}, "2 Spark stages ran again"),
    ],
)
def test_a_figure_that_says_something_gets_a_hint(figures, hint):
    [line] = slow_hints(record(pool=pool(**figures)))
    assert line.startswith(f"pool: {hint}")


@pytest.mark.parametrize(
    "figures",
    [
        {"core_s": 600.0, "gc_s": 30.0},
        {"core_s": 6.0, "gc_s": 3.0},
        {"heaviest": times(300.0, 200.0)},
        {"heaviest": times(30.0, 1.0)},
        {"killed_tasks": 3, "shuffle_written_bytes": 9},
    ],
)
def test_usual_figures_get_none(figures):
    assert not list(slow_hints(record(pool=pool(**figures))))
