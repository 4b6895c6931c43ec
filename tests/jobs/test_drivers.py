"""Drivers in processes of their own: killed, interrupted, out of disk, with tasks that fail, under spark-submit.

`make test-cluster` runs these.
"""

import json
import os
import re
import resource
import signal
import subprocess
import sys
from collections import Counter
from functools import reduce
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pools import ordered_rows_of
from stopped_driver import stopped_driver

from jobs.cli import main
from jobs.console.registry import COMMANDS

pytestmark = pytest.mark.processes
ROOT = Path(__file__).resolve().parents[2]
RETAINED = 15
"""How many stages and jobs Spark keeps for its pages, in a test: fewer than a run has, more than lie between two of its
commits."""
SUBMIT = Path(sys.executable).parent / "spark-submit"

FAIL_ONCE = """
import sys
from pathlib import Path
import udfs.extraction.extractor
from jobs.cli import main

marks = Path({marks!r})

def failing_once(name, step):
    def wrapper(*arguments):
        for number, batch in enumerate(step(*arguments)):
            yield batch
            mark = marks / name
            if number == 0 and not mark.exists():
                mark.touch()
                raise RuntimeError("injected: this task dies after its first batch")
    return wrapper

class Patched(udfs.extraction.extractor.Extractor):
    file_batches = failing_once("extract", udfs.extraction.extractor.Extractor.file_batches)

import jobs.extract, jobs.steps.drawing
jobs.extract.Extractor = Patched
draw, pass_on = jobs.steps.drawing.draw, failing_once("balance", lambda batches: batches)

def draw_and_pass_on(*arguments):
    subset = draw(*arguments)
    return subset.mapInArrow(pass_on, subset.schema)

jobs.steps.drawing.draw = draw_and_pass_on
sys.exit(main(sys.argv[1:]))
"""


def arguments_of(crawl, out: Path, scratch: Path, *conf: str) -> list[str]:
    """A run that commits each file by itself."""
    settings = [flag for setting in (f"spark.local.dir={scratch}", *conf) for flag in ("--spark-conf", setting)]
    return [
        "curate", str(crawl.folder), "--out", str(out), "--metadata", str(crawl.metadata), "--t", "5", "--no-report",
        "--seed", "7", "--batch-files", "1", "--master", "local[1]", *settings,
    ]  # fmt: skip


def resumed(crawl, out: Path) -> None:
    flags = ["--metadata", str(crawl.metadata), "--t", "5", "--no-report", "--seed", "7"]
    assert main(["curate", str(crawl.folder), "--out", str(out), *flags]) == 0


def curate_flags(crawl, out: Path, scratch: Path) -> list[str]:
    return [
        str(crawl.folder), "--out", str(out), "--metadata", str(crawl.metadata), "--t", "5", "--seed", "7",
        "--no-report",
        "--spark-conf", f"spark.local.dir={scratch}",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def failed_once(crawl, tmp_path_factory) -> Path:
    """A run whose tasks fail once, in `out`; `local[2,3]` retries them. Spark logs its events into `events`, and keeps
    few stages for its pages."""
    root = tmp_path_factory.mktemp("failed_once")
    script, marks, events = root / "fail_once.py", root / "marks", root / "events"
    marks.mkdir()
    events.mkdir()
    script.write_text(FAIL_ONCE.format(marks=str(marks)))
    conf = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": events.as_uri(),
        "spark.eventLog.compress": "false",
        "spark.eventLog.rolling.enabled": "false",
        "spark.ui.retainedStages": RETAINED,
        "spark.ui.retainedJobs": RETAINED,
        "spark.shuffle.spill.numElementsForceSpillThreshold": 3,
    }
    settings = [flag for pair in conf.items() for flag in ("--spark-conf", "=".join(map(str, pair)))]
    flags = ["curate", *curate_flags(crawl, root / "out", root), *settings, "--batch-files", "1", "--hash-slices", "3"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, script, *flags, "--master", "local[2,3]"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, done.stderr
    assert {mark.name for mark in marks.iterdir()} == {"extract", "balance"}, "both failures were injected"
    return root


def test_tasks_that_fail_once_leave_the_same_rows(curated, failed_once):
    """The dead attempts had already written rows, none of which are counted or kept."""
    out = failed_once / "out"
    for stage in ("pool", "subset"):
        assert ordered_rows_of(out / stage) == ordered_rows_of(curated / stage)
    counters = [{k: v for k, v in row.items() if k != "seconds"} for row in pq.read_table(out / "files").to_pylist()]
    whole = [{k: v for k, v in row.items() if k != "seconds"} for row in pq.read_table(curated / "files").to_pylist()]
    assert counters == whole


def test_the_figures_of_spark_add_up_to_those_of_its_event_log(failed_once):
    """Also where there were more stages than Spark keeps, tasks that failed, and rows that were spilled."""
    [log] = (failed_once / "events").iterdir()
    events = [json.loads(line) for line in log.read_text().splitlines()]
    begun = [event for event in events if event["Event"] == "SparkListenerStageSubmitted"]
    tasks = [event for event in events if event["Event"] == "SparkListenerTaskEnd"]
    assert len(begun) > 2 * RETAINED

    def logged(*path: str) -> int:
        return sum(reduce(lambda fields, name: fields[name], path, task["Task Metrics"]) for task in tasks)

    stages = json.loads((failed_once / "out" / "run.json").read_text())["stages"]
    sums = Counter()
    for facts in stages.values():
        sums.update({name: value for name, value in facts["spark"].items() if name != "heaviest"})
    finished = [task["Task End Reason"]["Reason"] == "Success" for task in tasks]
    assert (sums["tasks"], sums["failed_tasks"]) == (finished.count(True), finished.count(False))
    assert [facts["spark"].get("failed_tasks", 0) for facts in (stages["extracted"], stages["subset"])] == [1, 1]
    expected = {
        "read_rows": logged("Input Metrics", "Records Read"),
        "read_bytes": logged("Input Metrics", "Bytes Read"),
        "written_rows": logged("Output Metrics", "Records Written"),
        "written_bytes": logged("Output Metrics", "Bytes Written"),
        "shuffle_written_bytes": logged("Shuffle Write Metrics", "Shuffle Bytes Written"),
        "shuffle_read_bytes": logged("Shuffle Read Metrics", "Local Bytes Read"),
        "spilled_bytes": logged("Disk Bytes Spilled"),
        "spilled_memory_bytes": logged("Memory Bytes Spilled"),
    }
    assert {name: sums[name] for name in expected} == expected
    assert all(expected.values())
    seconds = {
        "core_s": logged("Executor Run Time") / 1e3,
        "gc_s": logged("JVM GC Time") / 1e3,
        "jvm_cpu_s": logged("Executor CPU Time") / 1e9,
    }
    assert {name: sums[name] for name in seconds} == pytest.approx(seconds, abs=0.05), "rounded in each stage"


def submit_environment() -> dict[str, str]:
    """Neither the checkout nor a Python of the workers is named; Java's own launcher starts the driver."""
    from jobs.spark.java import find_java

    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYSPARK_PYTHON")}
    environment["JAVA_HOME"] = str(find_java().executable.parent.parent)
    environment["PYSPARK_DRIVER_PYTHON"] = sys.executable
    return environment


@pytest.mark.parametrize("file", sorted({command.file for command in COMMANDS.values()}))
def test_spark_submit_runs_every_command_file(file, tmp_path):
    command = [SUBMIT, "--master", "local[1]", ROOT / file, "--help"]
    done = subprocess.run(command, cwd=tmp_path, env=submit_environment(), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "usage: ballast" in done.stdout


def test_spark_submit_takes_the_same_flags_from_another_folder(crawl, curated, tmp_path):
    """The checkout is not on the path and not the working folder."""
    environment = submit_environment()
    out = tmp_path / "out"
    command = [SUBMIT, "--master", "local[2]", ROOT / "jobs" / "curate.py", *curate_flags(crawl, out, tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stderr
    assert "the balanced subset" in done.stdout
    for stage in ("pool", "subset"):
        assert ordered_rows_of(out / stage) == ordered_rows_of(curated / stage)
    bad = subprocess.run([*command, "--seed", "1"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert bad.returncode != 0
    assert "settings.seed: 7 there, 1 now" in bad.stdout + bad.stderr  # spark-submit joins the two


def test_a_killed_driver_is_resumed(crawl, curated, tmp_path):
    """SIGKILL the driver once its first batch is committed; the same command ends with the same rows."""
    out = tmp_path / "out"
    arguments = arguments_of(
        crawl, out, tmp_path, f"spark.driver.extraJavaOptions=-Djava.io.tmpdir={tmp_path}"
    )  # a killed JVM leaves it behind
    stopped_driver(signal.SIGKILL, "extracted/*", arguments, {"TMPDIR": str(tmp_path)})
    assert json.loads((out / "run.json").read_text())["state"] == "running"
    (manifest,) = (out / "_manifests" / "extracted").iterdir()
    committed = {out / name: (out / name).stat().st_mtime_ns for name in json.loads(manifest.read_text())["files"]}

    command = [sys.executable, "-m", "jobs.cli", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=1200)
    assert "1 of 2 files were committed before" in done.stderr
    assert committed == {path: path.stat().st_mtime_ns for path in committed}
    for folder in ("pool", "subset"):
        assert ordered_rows_of(out / folder) == ordered_rows_of(curated / folder)


@pytest.mark.parametrize(
    ("committed", "line"),
    [
        ("extracted/*", r"stopped: [12] of 2 files read, [12] committed; the same command resumes"),
        (
            "pool/*",
            r"stopped during \w+; kept: extracted/, files/, (1 part of )?pool/.*; the same command resumes",
        ),
    ],
)
def test_ctrl_c_says_what_is_kept_and_the_run_resumes(crawl, curated, tmp_path, committed, line):
    out = tmp_path / "out"
    run = stopped_driver(signal.SIGINT, committed, arguments_of(crawl, out, tmp_path))
    assert run.returncode == 130
    assert re.fullmatch(f"ballast: {line}", run.stderr.splitlines()[-1])
    assert "Traceback" not in run.stderr
    resumed(crawl, out)
    assert ordered_rows_of(out / "subset") == ordered_rows_of(curated / "subset")


def test_a_full_disk_is_one_line_and_the_run_resumes(crawl, curated, spark, tmp_path):
    """No file may grow beyond those of the first batch, as on a full disk: the write fails in the JVM."""
    out = tmp_path / "out"
    arguments = arguments_of(
        crawl, out, tmp_path, "spark.driver.extraJavaOptions=-XX:-UsePerfData"
    )  # a file that the JVM makes for itself
    limit = 16_000
    done = subprocess.run(
        [sys.executable, "-m", "jobs.cli", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 1
    assert "File too large" in done.stderr.splitlines()[-1]
    assert json.loads((out / "run.json").read_text())["state"] == "running"
    resumed(crawl, out)
    for folder in ("pool", "subset"):
        assert ordered_rows_of(out / folder) == ordered_rows_of(curated / folder)
