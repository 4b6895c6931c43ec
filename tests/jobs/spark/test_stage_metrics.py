"""Spark's figures of a run's stages, against the rows and files on disk and Spark's own quantiles."""

import json
import shutil
import threading
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
from pools import record_of

from jobs.cli import main
from jobs.spark.progress import warnings_to
from jobs.spark.stage_metrics import SparkMeter
from udfs.run_json import spark_meanings


@pytest.fixture
def meter(spark):
    meter = SparkMeter(spark.sparkContext)
    meter.count_thread()
    yield meter
    meter.stop_thread()


def on_disk(folder) -> dict[str, int]:
    files = list(folder.rglob("*.parquet"))
    rows = sum(pq.ParquetFile(file).metadata.num_rows for file in files)
    return {"written_rows": rows, "written_bytes": sum(file.stat().st_size for file in files)}


def written(figures: dict) -> dict[str, int]:
    return {name: figures[name] for name in ("written_rows", "written_bytes")}


def test_what_stages_wrote_is_what_their_files_hold(curated):
    stages = record_of(curated)["stages"]
    for stage in ("extracted", "files", "pool", "subset"):
        assert written(stages[stage]["spark"]) == on_disk(curated / stage)
    for facts in stages.values():
        figures = facts["spark"]
        assert figures.keys() | figures["heaviest"].keys() <= {name.split(".")[-1] for name in spark_meanings()}
        assert 0 < figures["heaviest"]["median_task_s"] <= figures["heaviest"]["slowest_task_s"]
        assert figures["heaviest"]["slowest_task_s"] <= figures["heaviest"]["core_s"] <= figures["core_s"]
    assert "shuffle_written_bytes" in stages["pool"]["spark"]


def test_a_resumed_stage_adds_what_was_committed_before(spark, crawl, tmp_path):
    folder, out = tmp_path / "warc", tmp_path / "out"
    folder.mkdir()
    flags = [str(folder), "--out", str(out), "--metadata", str(crawl.metadata), "--t", "5", "--no-report"]
    for name in ("one.warc.gz", "two.warc.gz"):
        shutil.copy(crawl.folder / name, folder)
        assert main(["curate", *flags]) == 0
        stages = record_of(out)["stages"]
        assert written(stages["extracted"]["spark"]) == on_disk(out / "extracted")
        assert written(stages["pool"]["spark"]) == on_disk(out / "pool"), "of the latest pool alone"
    assert stages["extracted"]["batches"] == 2
    manifests = [json.loads(path.read_text()) for path in sorted((out / "_manifests" / "extracted").iterdir())]
    rows = [manifest["facts"]["spark"]["written_rows"] for manifest in manifests]
    assert all(rows), "each batch keeps its own figures, for a run that resumes"
    assert sum(rows) == on_disk(out / "extracted")["written_rows"]


def test_only_the_jobs_of_the_run_count_and_each_once(spark, meter):
    def read(rows: int) -> None:
        spark.sparkContext.parallelize(range(rows), 3).map(lambda number: number + 1).count()

    read(10)
    other = threading.Thread(target=read, args=(10,))
    other.start()
    other.join()
    assert meter.take().tasks == 3
    nothing = meter.take()
    assert (nothing.tasks, nothing.core_s, nothing.heaviest) == (0, 0, None)
    read(10)
    meter.stop_thread()
    read(10)
    assert meter.take().tasks == 3


def test_the_times_are_those_of_the_heaviest_stage(spark, meter):
    """Of an odd number of tasks the median is a task, so that Spark's quantiles give the same."""
    sizes = [10, 20, 30_000_000, 30, 40]  # a second of work: more than the start of a Python worker
    context = spark.sparkContext
    context.parallelize([1], 1).count()
    counted = context.parallelize(sizes, len(sizes)).map(lambda size: (size % 2, sum(range(size)))).groupByKey(2)
    context.setJobGroup("heaviest", "")  # tells the job from those of other tests
    counted.count()
    context.setLocalProperty("spark.jobGroup.id", None)
    times = meter.take().heaviest
    assert times.tasks == len(sizes)
    store = context._jsc.sc().statusStore()
    quantiles = context._gateway.new_array(context._jvm.double, 2)
    quantiles[0], quantiles[1] = 0.5, 1.0
    (job,) = context.statusTracker().getJobIdsForGroup("heaviest")
    stages = sorted(context.statusTracker().getJobInfo(job).stageIds)
    summary = store.taskSummary(stages[0], 0, quantiles).get().executorRunTime()
    median, slowest = (summary.apply(place) / 1000 for place in range(2))
    assert (times.median_task_s, times.slowest_task_s) == (median, slowest)


def test_a_spark_without_the_store_is_named_once_and_no_error(spark):
    jvm = spark.sparkContext._jvm
    other = SimpleNamespace(_jsc=SimpleNamespace(sc=jvm.java.lang.Object), _jvm=jvm)
    meter, warnings = SparkMeter(other), []
    with warnings_to(warnings.append, silent=True):
        assert (meter.take(), meter.take()) == (None, None)
    [warning] = warnings
    assert warning.startswith("run.json will lack Spark's figures")
