"""Runs of `curate` on YARN, from HDFS to HDFS, and the rows that they wrote."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import hdfs_native
from daemons import Hadoop
from disturbed_ballast import Attempt
from processes import kill_all, marked
from runs import CONF, DISTURBED_BALLAST, SETTINGS, Rows, rows_of, tasks_of
from standalone import SPARK_HOME
from submission import Submission

CLIENT, CLUSTER = "YARN, client mode", "YARN, cluster mode"
"""The sections of SUBMIT.md whose lines are run."""

INPUT, ENTRIES_FILE = "/crawl/warc", "/crawl/entries.json"
DRIVER = "driver"

YARN_CONF = CONF | {
    "spark.yarn.jars": f"local:{SPARK_HOME}/jars/*",  # otherwise each run uploads 400 MB
    "spark.shuffle.service.enabled": "true",
    "spark.eventLog.logStageExecutorMetrics": "false",
    # small containers: one executor a node, beside which an application master has room
    "spark.executor.cores": 1,
    "spark.executor.memory": "640m",
    "spark.executor.memoryOverhead": "512m",
    "spark.driver.memory": "640m",
    "spark.dynamicAllocation.maxExecutors": 2,
}


@dataclass(frozen=True)
class YarnRun:
    """A run of `curate` on YARN. `name` is its folder on HDFS, `folder` a local one that the test's hosts share."""

    hadoop: Hadoop
    submission: Submission
    name: str
    folder: Path
    conf: dict[str, Any] = field(default_factory=dict)

    def submit(self, section: str, how: str | None = None, *flags: str, **conf: Any) -> None:
        """Submit by the line of this section; `how` names the disturbance of its tasks, if any."""
        for folder in (self.marks, self.events):
            folder.mkdir(exist_ok=True)
        command = self.submission.documented(section)
        program: Sequence[str | Path] = [command.pop()]
        if how is not None:
            program = [DISTURBED_BALLAST, how, self.marks]
        conf = {**YARN_CONF, "spark.eventLog.dir": self.events.as_uri(), **self.conf, **conf}
        settings = [word for key, value in conf.items() for word in ("--conf", f"{key}={value}")]
        words = ["curate", self.hadoop.url + INPUT, "--out", self.out, "--metadata", self.hadoop.url + ENTRIES_FILE]
        launcher = SPARK_HOME / "bin" / command.pop(0)
        self.hadoop.start_program(
            DRIVER, launcher, *command, *settings, *program, *words, *SETTINGS, *flags, folder=self.submission.files
        )

    def finish(self) -> Rows:
        """Wait for the run to finish; returns its rows."""
        self.hadoop.processes.finish(DRIVER)
        return self.rows()

    def rows(self) -> Rows:
        """Copy the output from HDFS; returns its rows."""
        copy = self.folder / "copy"
        client = hdfs_native.Client(self.hadoop.url)
        for status in client.list_status(self.path, recursive=True):
            if not status.isdir:
                target = copy / Path(status.path).relative_to(self.path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(client.read(status.path).read())
        return without_places(rows_of(copy))

    @property
    def path(self) -> str:
        return f"/runs/{self.name}"

    @property
    def out(self) -> str:
        return self.hadoop.url + self.path

    @property
    def marks(self) -> Path:
        return self.folder / "marks"

    @property
    def events(self) -> Path:
        return self.folder / "events"

    def attempts(self, pattern: str) -> list[Attempt]:
        """List the attempts of tasks that left a mark."""
        return Attempt.all(self.marks, pattern)

    def hosts(self) -> set[str]:
        """The hosts of the tasks that succeeded."""
        return {task["Host"] for log in self.events.iterdir() for task in tasks_of(log, "End", Reason="Success")}

    def applications(self) -> list[dict[str, Any]]:
        """What the ResourceManager says about the applications, the latest first."""
        with urlopen(f"http://{self.hadoop.manager}/ws/v1/cluster/apps") as answer:
            applications: list[dict[str, Any]] = (json.load(answer)["apps"] or {}).get("app", [])
        return sorted(applications, key=lambda application: application["startedTime"], reverse=True)


def kill_container(container: str) -> None:
    """Kill a container's processes."""
    kill_all(marked("CONTAINER_ID", container))


def without_places(rows: Rows) -> Rows:
    """The same rows without what depends on the folder of the input files."""
    kept: Rows = {}
    for stage, (columns, *values) in rows.items():
        at = [index for index, name in enumerate(columns) if name not in ("path", "file_id")]
        stripped = [tuple(row[index] for index in at) for row in values]
        kept[stage] = [tuple(columns[index] for index in at), *sorted(stripped)]
    return kept
