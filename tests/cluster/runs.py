"""A crawl, runs of `curate` over it on a cluster, and what they wrote."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from standalone import SPARK_HOME, Cluster

from udfs.sample.words import CONCEPTS

FILES, PAGES = 6, 20
ENTRIES = (*CONCEPTS, "a", "the", "of", "in the", ".", "photo of", "é")
BALLAST = (sys.executable, "-m", "jobs.cli")
DISTURBED_BALLAST = Path(__file__).with_name("disturbed_ballast.py")
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


@dataclass(frozen=True)
class Crawl:
    """Sample WARCs, and a list of entries that their captions hold."""

    folder: Path
    metadata: Path

    def flags(self, out: Path) -> list[str | Path]:
        return [self.folder, "--out", out, "--metadata", self.metadata, "--t", "5", "--seed", "7"]


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

    def submit(self, job: Sequence[str | Path], flags: Sequence[str | Path] = (), folder: Path | None = None) -> None:
        """Start a job file, with what precedes curate's own arguments, by spark-submit with flags and from a folder."""
        program = SPARK_HOME / "bin" / "spark-submit"
        flags = ["--master", self.cluster.url, *self._prepare("--conf", {}), *flags]
        self.cluster.start_driver("driver", program, *flags, *job, *self.crawl.flags(self.out), folder=folder)

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


def rows_of(out: Path) -> Rows:
    """Every row and column that a run wrote, by stage, in an order of their own; but not how long a file took."""
    tables = {stage: pq.read_table(out / stage) for stage in ("pool", "entry_counts", "subset", "files")}
    tables["files"] = tables["files"].drop_columns("seconds")
    tables["extracted"] = pq.read_table([*out.glob("extracted/*/*/kind=pair/*.parquet")], partitioning=None)
    return {
        stage: [tuple(table.column_names), *sorted(tuple(row.values()) for row in table.to_pylist())]
        for stage, table in tables.items()
    }
