"""A real Spark standalone cluster on this machine: a master, and a worker on each of two loopback addresses.

Each process gets its own session, so that everything it starts can be killed with it. A process group would not do:
executors stay in their worker's group, but Spark's Python daemons make new groups. All stay in the session.
"""

import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pyspark
from quick_jvm import QUICK_JVM

from jobs.spark.java import use_java

ROOT = Path(__file__).resolve().parents[2]
SPARK_HOME = Path(pyspark.__file__).parent
HOSTS = ("127.0.0.1", "127.0.0.2")
"""Two addresses, since Spark starts a speculative copy only on another host than the task's."""

_MASTER_IS_UP = re.compile(r"Starting Spark master at (spark://\S+).*New state: ALIVE", re.DOTALL)
_WORKER_IS_UP = re.compile(r"Successfully registered with master")
_START_S = 600
_PR_SET_PDEATHSIG = 1  # from Linux's <sys/prctl.h>


class Cluster:
    """The processes of a cluster and of its drivers, by name. Their logs are in `root`, as `<name>.log`.

    With `has_ballast`, they all run this interpreter, with the checkout on its path; without it, they have neither.
    """

    def __init__(self, root: Path, *, has_ballast: bool = True) -> None:
        self._root = root
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._python = {}
        if has_ballast:
            for name in ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"):
                self._python[name] = sys.executable
            self._python["PYTHONPATH"] = str(ROOT)
        self.url = ""
        (root / "scratch").mkdir()

    @property
    def work(self) -> Path:
        """The folder that contains the executors' folders."""
        return self._root / "work"

    def start(self) -> None:
        """Start the master and the workers, and wait until they are connected."""
        self._start("master", HOSTS[0], *_daemon("master.Master", HOSTS[0]))
        self.url = self._await_log("master", _MASTER_IS_UP)[1]
        self.start_workers()

    def start_workers(self) -> None:
        """Start the workers that are not running, and wait until they are registered."""
        missing = [host for host in HOSTS if host not in self._processes]
        for host in missing:
            limits = ("--cores", "1", "--memory", "1g", "--work-dir", self.work / host)
            self._start(host, host, *_daemon("worker.Worker", host), *limits, self.url)
        for host in missing:
            self._await_log(host, _WORKER_IS_UP)

    def kill(self, name: str) -> None:
        """Send SIGKILL to a process, if it was started, and to all that it started, as if its machine lost power."""
        leader = self._processes.pop(name, None)
        if leader is not None:
            _kill_session(leader)

    def start_driver(self, name: str, *command: str | Path, folder: Path | None = None) -> None:
        """Start the driver of an application in a folder; `finish` waits for it."""
        self._start(name, HOSTS[0], *command, folder=folder)

    def await_true(self, name: str, condition: Callable[[], bool], timeout_s: float = 600) -> None:
        """Wait until a condition holds, while a process runs."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if self._processes[name].poll() is not None:
                raise AssertionError(f"{name} ended too early:\n{self._log_tail(name)}")
            if time.monotonic() > deadline:
                raise AssertionError(f"{name} did not get that far in {timeout_s} s:\n{self._log_tail(name)}")
            time.sleep(0.05)

    def finish(self, name: str, timeout_s: float = 1200) -> None:
        """Wait for a driver to end with status 0."""
        try:
            status = self._processes[name].wait(timeout_s)
        except subprocess.TimeoutExpired:
            status = None
        self.kill(name)
        assert status == 0, f"{name} ended with {status} (None: not in {timeout_s} s):\n{self._log_tail(name)}"

    def stop(self) -> None:
        for name in reversed(list(self._processes)):
            self.kill(name)

    def _start(self, name: str, host: str, *command: str | Path, folder: Path | None = None) -> None:
        foreign = ("SPARK_", "PYSPARK_", "HADOOP_", "YARN_", "PYTHON", "VIRTUAL_ENV")
        scratch = str(self._root / "scratch")  # killed processes leave their files here
        environment = {key: value for key, value in os.environ.items() if not key.startswith(foreign)} | {
            "SPARK_HOME": str(SPARK_HOME),
            # missing: the machine's own Spark settings do not apply, and the class path is that of the archive
            "SPARK_CONF_DIR": str(self._root / "no-conf"),
            "SPARK_LOCAL_DIRS": scratch,
            "TMPDIR": scratch,
            "SPARK_LOCAL_IP": host,  # for all sockets, including the web UIs'
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": "-Dspark.master.rest.enabled=false",  # on by default, on a fixed port
            "JDK_JAVA_OPTIONS": f"{QUICK_JVM} -Djava.io.tmpdir={scratch}",
            **self._python,
        }
        with self._log(name).open("wb") as log:
            self._processes[name] = subprocess.Popen(
                command,
                cwd=folder or self._root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    def _await_log(self, name: str, pattern: re.Pattern[str]) -> re.Match[str]:
        """Wait until a process has logged this."""
        self.await_true(name, lambda: pattern.search(self._text(name)) is not None, _START_S)
        match = pattern.search(self._text(name))
        assert match is not None
        return match

    def _log(self, name: str) -> Path:
        return self._root / f"{name}.log"

    def _text(self, name: str) -> str:
        return self._log(name).read_text(encoding="utf-8", errors="replace")

    def _log_tail(self, name: str) -> str:
        return "\n".join(self._text(name).splitlines()[-40:])


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


def why_not_here() -> str | None:
    """Return why this machine cannot run such a cluster, or None if it can."""
    if not Path("/proc/self/stat").exists():
        return "needs Linux, to end what the cluster started"
    try:
        for host in HOSTS:
            with socket.create_server((host, 0)):
                pass
    except OSError as error:
        return f"needs two loopback addresses: {host}: {error.strerror}"
    return None


def _daemon(name: str, host: str) -> tuple[str | Path, ...]:
    launcher = SPARK_HOME / "bin" / "spark-class"
    return (launcher, f"org.apache.spark.deploy.{name}", "--host", host, "--port", "0", "--webui-port", "0")


def _die_with_parent() -> None:
    """Kill the process when the tests are killed; its executors end without it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _kill_session(leader: subprocess.Popen[bytes]) -> None:
    """Kill every process of this leader's session, repeatedly, since a dying process may have started others."""
    leader.kill()
    leader.wait()
    while members := _session_members(leader.pid):
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _session_members(session: int) -> list[int]:
    """List the living processes of a session, from Linux's /proc."""
    pids = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, _group, its_session = status.read_text(errors="replace").rpartition(")")[2].split()[:4]
        except OSError:  # it has ended
            continue
        if int(its_session) == session and state not in "ZX":
            pids.append(int(status.parent.name))
    return pids
