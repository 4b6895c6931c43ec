"""A crawl, runs of `curate` on it in a cluster, and the rows that they wrote."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from standalone import SPARK_HOME, Cluster

from jobs.sample import write_sample
from jobs.spark.java import use_java
from udfs.sample.words import CONCEPTS

FILES, PAGES = 6, 20
ENTRIES = (*CONCEPTS, "a", "the", "of", "in the", ".", "photo of", "é")
BALLAST = (sys.executable, "-m", "jobs.cli")
SETTINGS = ("--t", "5", "--seed", "7")
DISTURBED_BALLAST = Path(__file__).with_name("disturbed_ballast.py")
Rows = dict[str, list[tuple]]
"""For each stage, the names of its columns and then all its rows."""

CONF = {
    "spark.cores.max": 2,
    "spark.scheduler.minRegisteredResourcesRatio": 1,  # wait for both hosts
    "spark.scheduler.maxRegisteredResourcesWaitingTime": "60s",
    "spark.locality.wait": 0,
    "spark.buffer.size": 256,  # Spark gets a task's rows at once
    "spark.ui.enabled": "false",
    "spark.eventLog.enabled": "true",
    "spark.eventLog.compress": "false",
    "spark.eventLog.rolling.enabled": "false",
    # several tasks in every stage, although there are few rows
    "spark.sql.shuffle.partitions": 4,
    "spark.sql.adaptive.coalescePartitions.enabled": "false",
    "spark.sql.files.openCostInBytes": "128m",
}


@dataclass(frozen=True)
class Crawl:
    """Sample WARCs, and a list of entries that occur in their captions."""

    folder: Path
    metadata: Path

    def flags(self, out: Path) -> list[str | Path]:
        return [self.folder, "--out", out, "--metadata", self.metadata, *SETTINGS]


class WatchedRun:
    """A run with a local folder, in which disturbed tasks leave marks and Spark its logs of events."""

    folder: Path

    @property
    def marks(self) -> Path:
        return self.folder / "marks"

    @property
    def events(self) -> Path:
        return self.folder / "events"


@dataclass(frozen=True)
class Run(WatchedRun):
    """A run of `curate` on the cluster."""

    cluster: Cluster
    crawl: Crawl
    folder: Path

    def start(self, how: str | None = None, **conf: Any) -> None:
        """Start the run; `how` names the disturbance of its tasks, if any."""
        program: tuple[str | Path, ...] = (sys.executable, DISTURBED_BALLAST, how, self.marks) if how else BALLAST
        flags = ["--master", self.cluster.url, *self._prepare("--spark-conf", conf)]
        self.cluster.start_driver("driver", *program, "curate", *self.crawl.flags(self.out), *flags)

    def submit(self, job: Sequence[str | Path], flags: Sequence[str | Path] = (), folder: Path | None = None) -> None:
        """Submit `job`, a file and the words before curate's arguments, by spark-submit with `flags` in `folder`."""
        program = SPARK_HOME / "bin" / "spark-submit"
        flags = ["--master", self.cluster.url, *self._prepare("--conf", {}), *flags]
        self.cluster.start_driver("driver", program, *flags, *job, *self.crawl.flags(self.out), folder=folder)

    def _prepare(self, flag: str, conf: dict[str, Any]) -> list[str]:
        """Prepare the cluster and folders; returns the Spark settings as flags."""
        self.cluster.start_workers()
        for folder in (self.marks, self.events):
            folder.mkdir()
        conf = {**CONF, "spark.eventLog.dir": self.events.as_uri(), **conf}
        return [word for key, value in conf.items() for word in (flag, f"{key}={value}")]

    def finish(self) -> Rows:
        """Wait for the run to finish; returns its rows."""
        self.cluster.finish("driver")
        return rows_of(self.out)

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def tasks(self, event: str, **wanted: object) -> list[dict[str, Any]]:
        """List the task attempts for which Spark's log has this event with these details."""
        (log,) = self.events.iterdir()
        return tasks_of(log, event, **wanted)


def write_crawl(root: Path) -> Crawl:
    folder = root / "warc"
    folder.mkdir()
    for seed in range(FILES):
        write_sample(folder / f"{seed}.warc.gz", PAGES, seed, wat=False)
    metadata = root / "entries.json"
    metadata.write_text(json.dumps(ENTRIES), encoding="utf-8")
    return Crawl(folder, metadata)


def local_rows(crawl: Crawl, root: Path) -> Rows:
    """The rows of a local run."""
    alone = Cluster(root)  # never started: it only starts the local driver
    with use_java():
        alone.start_driver("local", *BALLAST, "curate", *crawl.flags(root / "out"), "--master", "local[2]")
        alone.finish("local")
    rows = rows_of(root / "out")
    assert 50 < len(rows["subset"]) < len(rows["pool"]) < len(rows["extracted"]), "each stage has rows to compare"
    return rows


def events_of(log: Path, event: str) -> list[dict[str, Any]]:
    """List the events of this name in Spark's log."""
    events = [json.loads(line) for line in log.read_text().splitlines()]
    return [logged for logged in events if logged["Event"] == f"SparkListener{event}"]


def tasks_of(log: Path, event: str, **wanted: object) -> list[dict[str, Any]]:
    """List the task attempts for which Spark's log has this event with these details."""
    tasks = [
        {"Stage": logged["Stage ID"], **logged["Task Info"], **logged.get("Task End Reason", {})}
        for logged in events_of(log, f"Task{event}")
    ]
    return [task for task in tasks if wanted.items() <= task.items()]


def rows_of(out: Path) -> Rows:
    """Read all rows and columns that a run wrote, by stage, except the seconds that each file took."""
    tables = {stage: pq.read_table(out / stage) for stage in ("pool", "entry_counts", "subset", "files")}
    tables["files"] = tables["files"].drop_columns("seconds")
    tables["extracted"] = pq.read_table([*out.glob("extracted/*/*/kind=pair/*.parquet")], partitioning=None)
    return {stage: sorted_rows(table) for stage, table in tables.items()}


def sorted_rows(table: pa.Table) -> list[tuple]:
    """The names of the columns, and then all rows, sorted."""
    return [tuple(table.column_names), *sorted(tuple(row.values()) for row in table.to_pylist())]
