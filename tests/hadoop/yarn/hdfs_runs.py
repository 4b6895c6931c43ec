"""Runs of `curate` from HDFS to HDFS, and the rows that they wrote."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hdfs_native
from daemons import Hadoop
from disturbed_ballast import Attempt
from processes import kill_all, marked
from runs import BALLAST, CONF, DISTURBED_BALLAST, SETTINGS, Rows, WatchedRun, events_of, rows_of, tasks_of
from standalone import ROOT, SPARK_HOME
from submission import Submission

CLIENT, CLUSTER = "YARN, client mode", "YARN, cluster mode"
"""The sections of SUBMIT.md whose lines are run."""

INPUT, ENTRIES_FILE = "/crawl/warc", "/crawl/entries.json"
DRIVER = "driver"

YARN_CONF = CONF | {
    "spark.yarn.jars": f"local:{SPARK_HOME}/jars/*",  # otherwise each run uploads 400 MB
    "spark.shuffle.service.enabled": "true",
    # small containers: one executor a node, beside which an application master has room
    "spark.executor.cores": 1,
    "spark.executor.memory": "640m",
    "spark.executor.memoryOverhead": "512m",
    "spark.driver.memory": "640m",
    "spark.dynamicAllocation.maxExecutors": 2,
}


@dataclass(frozen=True)
class HdfsRun(WatchedRun):
    """A run of `curate`. `name` is its folder on HDFS, `folder` a local one that all hosts share."""

    hadoop: Hadoop
    submission: Submission
    name: str
    folder: Path

    def submit(self, section: str, how: str | None = None, *flags: str, **conf: Any) -> None:
        """Submit to YARN by the line of this section; `how` names the disturbance of the tasks, if any."""
        command = self.submission.documented(section)
        program: Sequence[str | Path] = [command.pop()]
        if how is not None:
            program = [DISTURBED_BALLAST, how, self.marks]
        settings = [word for item in self.conf(**conf).items() for word in ("--conf", "{}={}".format(*item))]
        words = [*command[1:], *settings, *program, *self._words(INPUT), *flags]
        self.hadoop.start_program(DRIVER, SPARK_HOME / "bin" / command[0], *words, folder=self.submission.files)

    def conf(self, **conf: Any) -> dict[str, Any]:
        """The settings of the tests for Spark on YARN, and those given."""
        for folder in (self.marks, self.events):
            folder.mkdir(exist_ok=True)
        return {**YARN_CONF, "spark.app.name": self.name, "spark.eventLog.dir": self.events.as_uri(), **conf}

    def start(self, *flags: str, inputs: str = INPUT) -> None:
        """Start a driver that also runs the tasks."""
        words = [*self._words(inputs), "--master", "local[2]", *flags]
        self.hadoop.start_program(DRIVER, *BALLAST, *words, folder=ROOT)

    def _words(self, inputs: str) -> list[str]:
        folders = ["--out", self.out, "--metadata", self.hadoop.url + ENTRIES_FILE]
        return ["curate", self.hadoop.url + inputs, *folders, *SETTINGS]

    def finish(self) -> Rows:
        """Wait for the run to finish; returns its rows."""
        self.hadoop.processes.finish(DRIVER)
        return without_places(rows_of(self.hadoop.copy(self.path, self.folder / "copy")))

    @property
    def path(self) -> str:
        return f"/runs/{self.name}"

    @property
    def out(self) -> str:
        return self.hadoop.url + self.path

    def attempts(self, pattern: str) -> list[Attempt]:
        """List the attempts of tasks that left a mark."""
        return Attempt.all(self.marks, pattern)

    def tasks(self, event: str, **wanted: object) -> list[dict[str, Any]]:
        """List the task attempts for which Spark's log has this event with these details."""
        return [task for log in self.events.iterdir() for task in tasks_of(log, event, **wanted)]

    def events_named(self, name: str) -> list[dict[str, Any]]:
        """List the events of this name in Spark's log."""
        return [event for log in self.events.iterdir() for event in events_of(log, name)]

    def glob(self, pattern: str) -> list[str]:
        """List the files in the output folder that match a pattern."""
        return [status.path for status in hdfs_native.Client(self.hadoop.url).glob_status(f"{self.path}/{pattern}")]

    def await_true(self, condition: Callable[[], Any]) -> None:
        """Wait until a condition holds, while the driver or its client runs."""
        self.hadoop.processes.await_true(DRIVER, lambda: bool(condition()))

    def application(self) -> dict[str, Any]:
        """What the ResourceManager says about the application; empty before it is submitted."""
        known = (self.hadoop.ask("apps")["apps"] or {}).get("app", [])
        return next((one for one in known if one["name"] == self.name), {})

    def attempts_of_application(self) -> list[dict[str, Any]]:
        """What the ResourceManager says about the application's attempts."""
        said = self.hadoop.ask(f"apps/{self.application()['id']}/appattempts")
        return list(said["appAttempts"]["appAttempt"])


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
