"""A real cluster of two hosts gives the rows of a local run, whatever happens to its tasks and hosts."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from disturbed_ballast import DOOMED_HOST, HOST_IS_LOST, Attempt
from standalone import HOSTS, ROOT, SPARK_HOME, Cluster

from jobs.sample import write_sample
from udfs.sample_words import CONCEPTS

FILES, PAGES = 6, 20
ENTRIES = (*CONCEPTS, "a", "the", "of", "in the", ".", "photo of", "é")
BALLAST = (sys.executable, "-m", "jobs.cli")
DISTURBED_BALLAST = Path(__file__).with_name("disturbed_ballast.py")
STEPS = {"extract", "dedup", "balance"}
Rows = dict[str, list[tuple]]
"""All rows of each stage, after the names of their columns."""

CONF = {
    "spark.cores.max": 2,
    "spark.scheduler.minRegisteredResourcesRatio": 1,  # begin with both hosts
    "spark.scheduler.maxRegisteredResourcesWaitingTime": "60s",
    "spark.locality.wait": 0,
    "spark.buffer.size": 256,  # a task's rows reach Spark as they come
    "spark.ui.enabled": "false",
    "spark.eventLog.enabled": "true",
    "spark.eventLog.compress": "false",
    "spark.eventLog.rolling.enabled": "false",
    # several tasks in every stage, few as the rows are
    "spark.sql.shuffle.partitions": 4,
    "spark.sql.adaptive.coalescePartitions.enabled": "false",
    "spark.sql.files.openCostInBytes": "128m",
}
SPECULATION = {
    "spark.speculation": "true",
    "spark.speculation.interval": "50ms",
    "spark.speculation.multiplier": 1,
    "spark.speculation.quantile": 0.1,
    "spark.speculation.minTaskRuntime": "1s",
    "spark.speculation.efficiency.enabled": "false",
}


@dataclass(frozen=True)
class Crawl:
    """Sample WARCs, and a list of entries that their captions hold."""

    folder: Path
    metadata: Path

    def flags(self, out: Path) -> list[str | Path]:
        return [self.folder, "--out", out, "--metadata", self.metadata, "--t", "5", "--seed", "7"]


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    root = tmp_path_factory.mktemp("crawl")
    folder = root / "warc"
    folder.mkdir()
    for seed in range(FILES):
        write_sample(folder / f"{seed}.warc.gz", PAGES, seed, wat=False)
    metadata = root / "entries.json"
    metadata.write_text(json.dumps(ENTRIES), encoding="utf-8")
    return Crawl(folder, metadata)


@pytest.fixture(scope="module")
def expected(cluster: Cluster, crawl: Crawl, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """The rows of a local run."""
    out = tmp_path_factory.mktemp("expected") / "out"
    cluster.start_driver("local", *BALLAST, "curate", *crawl.flags(out), "--master", "local[2]")
    cluster.finish("local")
    rows = rows_of(out)
    assert 50 < len(rows["subset"]) < len(rows["pool"]) < len(rows["extracted"]), "there is something to compare"
    return rows


@dataclass(frozen=True)
class Run:
    """A run of `curate` on the cluster."""

    cluster: Cluster
    crawl: Crawl
    folder: Path

    def start(self, how: str | None = None, **conf: Any) -> None:
        """Start it; `how` says what happens to its tasks."""
        program: tuple[str | Path, ...] = (sys.executable, DISTURBED_BALLAST, how, self.marks) if how else BALLAST
        flags = ["--master", self.cluster.url, *self._prepare("--spark-conf", conf)]
        self.cluster.start_driver("driver", *program, "curate", *self.crawl.flags(self.out), *flags)

    def submit(self) -> None:
        """Start it by spark-submit, which is told what Spark has to know."""
        program = SPARK_HOME / "bin" / "spark-submit"
        flags = ["--master", self.cluster.url, *self._prepare("--conf", {})]
        job = ROOT / "jobs" / "curate.py"
        self.cluster.start_driver("driver", program, *flags, job, *self.crawl.flags(self.out))

    def _prepare(self, flag: str, conf: dict[str, Any]) -> list[str]:
        """Make everything ready; gives the Spark settings as flags."""
        self.cluster.start_workers()
        for folder in (self.marks, self.events):
            folder.mkdir()
        conf = {**CONF, "spark.eventLog.dir": self.events.as_uri(), **conf}
        return [word for key, value in conf.items() for word in (flag, f"{key}={value}")]

    def finish(self) -> Rows:
        """Its rows."""
        self.cluster.finish("driver")
        return rows_of(self.out)

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def marks(self) -> Path:
        return self.folder / "marks"

    @property
    def events(self) -> Path:
        return self.folder / "events"

    def tasks(self, event: str, **wanted: object) -> list[dict[str, Any]]:
        """The attempts of tasks of which Spark's log holds such an event with these details."""
        (log,) = self.events.iterdir()
        events = [json.loads(line) for line in log.read_text().splitlines()]
        tasks = [
            {"Stage": found["Stage ID"], **found["Task Info"], **found.get("Task End Reason", {})}
            for found in events
            if found["Event"] == f"SparkListenerTask{event}"
        ]
        return [task for task in tasks if wanted.items() <= task.items()]


@pytest.fixture
def run(cluster: Cluster, crawl: Crawl, tmp_path: Path) -> Iterator[Run]:
    yield Run(cluster, crawl, tmp_path)
    cluster.kill("driver")  # which runs on where a test has failed


def rows_of(out: Path) -> Rows:
    """Every row and column that a run wrote, by stage, in an order of their own; but not how long a file took."""
    tables = {stage: pq.read_table(out / stage) for stage in ("pool", "entry_counts", "subset", "files")}
    tables["files"] = tables["files"].drop_columns("seconds")
    tables["extracted"] = pq.read_table([*out.glob("extracted/*/*/kind=pair/*.parquet")], partitioning=None)
    return {
        stage: [tuple(table.column_names), *sorted(tuple(row.values()) for row in table.to_pylist())]
        for stage, table in tables.items()
    }


def test_a_cluster_gives_the_rows_of_a_local_run(run: Run, expected: Rows) -> None:
    run.start()
    assert run.finish() == expected
    assert {task["Host"] for task in run.tasks("End", Reason="Success")} == set(HOSTS), "both took part"


def test_spark_submit_to_a_cluster_gives_the_rows_of_a_local_run(run: Run, expected: Rows) -> None:
    run.submit()
    assert run.finish() == expected
    assert {task["Host"] for task in run.tasks("End", Reason="Success")} == set(HOSTS), "both took part"


def test_tasks_that_fail_once_leave_the_same_rows(run: Run, expected: Rows) -> None:
    run.start("fail_once")
    assert run.finish() == expected
    failed = [attempt for attempt in Attempt.all(run.marks) if attempt.number == 0]
    assert {attempt.step for attempt in failed} == STEPS
    assert len(failed) == len(run.tasks("End", Reason="ExceptionFailure")) >= FILES + 2 + 2


def test_speculative_copies_leave_the_same_rows(run: Run, expected: Rows) -> None:
    run.start("wait_for_copy", **SPECULATION)
    assert run.finish() == expected
    copies = {(task["Stage"], task["Index"], task["Host"]) for task in run.tasks("Start", Speculative=True)}
    for step in STEPS:
        (copy,) = Attempt.all(run.marks, f"{step},*,0,1")
        assert (copy.stage, copy.partition, copy.host) in copies


def test_a_host_lost_amid_extraction_leaves_the_same_rows(run: Run, expected: Rows) -> None:
    run.start("lose_host")
    run.cluster.await_true("driver", lambda: len(Attempt.all(run.marks, f"extract,{DOOMED_HOST},*")) == 2)
    being_written = "extracted/*/*/_temporary/0/_temporary/*/kind=pair/*.parquet"
    run.cluster.await_true("driver", lambda: len(list(run.out.glob(being_written))) == len(HOSTS))
    run.cluster.kill(DOOMED_HOST)
    (run.marks / HOST_IS_LOST).touch()
    assert run.finish() == expected
    (lost,) = run.tasks("End", Reason="ExecutorLostFailure")
    assert lost["Host"] == DOOMED_HOST
    (retried,) = run.tasks("End", Reason="Success", Stage=lost["Stage"], Index=lost["Index"])
    assert retried["Host"] != DOOMED_HOST
