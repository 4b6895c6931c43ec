"""A real Spark standalone cluster on this machine: a master, and a worker on each of two loopback addresses."""

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyspark
from processes import Processes, without
from quick_jvm import QUICK_JVM

from jobs.spark.java import use_java

ROOT = Path(__file__).resolve().parents[2]
SPARK_HOME = Path(pyspark.__file__).parent
HOSTS = ("127.0.0.1", "127.0.0.2")
"""Two addresses, since Spark starts a speculative copy only on another host than the task's."""

_MASTER_IS_UP = re.compile(r"Starting Spark master at (spark://\S+).*New state: ALIVE", re.DOTALL)
_WORKER_IS_UP = re.compile(r"Successfully registered with master")


class Cluster:
    """The processes of a cluster and of its drivers, by name. Their logs are in `root`, as `<name>.log`.

    With `has_ballast`, they all run this interpreter, with the checkout on its path; without it, they have neither.
    """

    def __init__(self, root: Path, *, has_ballast: bool = True) -> None:
        self._root = root
        self._processes = Processes(root)
        self._python = python_environment() if has_ballast else {}
        self.url = ""
        (root / "scratch").mkdir()

    @property
    def work(self) -> Path:
        """The folder that contains the executors' folders."""
        return self._root / "work"

    def start(self) -> None:
        """Start the master and the workers, and wait until they are connected."""
        self._start("master", HOSTS[0], *_daemon("master.Master", HOSTS[0]))
        self.url = self._processes.await_log("master", _MASTER_IS_UP)[1]
        self.start_workers()

    def start_workers(self) -> None:
        """Start the workers that are not running, and wait until they are registered."""
        missing = [host for host in HOSTS if host not in self._processes]
        for host in missing:
            limits = ("--cores", "1", "--memory", "1g", "--work-dir", self.work / host)
            self._start(host, host, *_daemon("worker.Worker", host), *limits, self.url)
        for host in missing:
            self._processes.await_log(host, _WORKER_IS_UP)

    def kill(self, name: str) -> None:
        """Kill a process, if it was started, and all that it started."""
        self._processes.kill(name)

    def start_driver(self, name: str, *command: str | Path, folder: Path | None = None) -> None:
        """Start the driver of an application in a folder; `finish` waits for it."""
        self._start(name, HOSTS[0], *command, folder=folder)

    def await_true(self, name: str, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds, while a process runs."""
        self._processes.await_true(name, condition)

    def finish(self, name: str) -> None:
        """Wait for a driver to end with status 0."""
        self._processes.finish(name)

    def stop(self) -> None:
        self._processes.stop()

    def _start(self, name: str, host: str, *command: str | Path, folder: Path | None = None) -> None:
        environment = {
            **spark_environment(self._root, host),
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": "-Dspark.master.rest.enabled=false",  # on by default, on a fixed port
            **self._python,
        }
        self._processes.start(name, command, environment, folder or self._root)


def spark_environment(root: Path, host: str) -> dict[str, str]:
    """The environment of Spark's processes on a host, with scratch in `root`."""
    scratch = str(root / "scratch")  # killed processes leave their files here
    return without("SPARK_", "PYSPARK_", "HADOOP_", "YARN_", "PYTHON", "VIRTUAL_ENV") | {
        "SPARK_HOME": str(SPARK_HOME),
        # missing: the machine's own Spark settings do not apply, and the class path is that of the archive
        "SPARK_CONF_DIR": str(root / "no-conf"),
        "SPARK_LOCAL_DIRS": scratch,
        "TMPDIR": scratch,
        "SPARK_LOCAL_IP": host,  # for all sockets, including the web UIs'
        "JDK_JAVA_OPTIONS": f"{QUICK_JVM} -Djava.io.tmpdir={scratch}",
    }


def python_environment() -> dict[str, str]:
    """This interpreter for Spark, with the checkout on its path."""
    names = ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON")
    return {**dict.fromkeys(names, sys.executable), "PYTHONPATH": str(ROOT)}


@contextmanager
def standalone_cluster(root: Path, *, has_ballast: bool = True) -> Iterator[Cluster]:
    """Run a cluster with logs and scratch in `root`; everything is deleted at the end."""
    cluster = Cluster(root, has_ballast=has_ballast)
    with use_java():
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()
            shutil.rmtree(root)


def _daemon(name: str, host: str) -> tuple[str | Path, ...]:
    launcher = SPARK_HOME / "bin" / "spark-class"
    return (launcher, f"org.apache.spark.deploy.{name}", "--host", host, "--port", "0", "--webui-port", "0")
