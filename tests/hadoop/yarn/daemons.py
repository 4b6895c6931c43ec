"""A real HDFS and YARN on this machine: NameNode and ResourceManager, and on each of two loopback addresses a DataNode
and a NodeManager with Spark's shuffle service."""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from xml.sax.saxutils import escape

import hdfs_native
from disturbed_ballast import DOOMED_HOST
from processes import MARK, Processes, free_port
from standalone import HOSTS, ROOT, SPARK_HOME, spark_environment

from jobs.spark.java import use_java

JARS = ROOT / ".hadoop"
MASTER = HOSTS[0]
NODES = ("127.0.0.3", DOOMED_HOST)
"""The address of the masters, DataNodes and clients, and those of the NodeManagers (127.0.0.1 would be `localhost`)."""
NAMENODE, RESOURCEMANAGER = "namenode", "resourcemanager"

_MAIN = {
    NAMENODE: "org.apache.hadoop.hdfs.server.namenode.NameNode",
    "datanode": "org.apache.hadoop.hdfs.server.datanode.DataNode",
    RESOURCEMANAGER: "org.apache.hadoop.yarn.server.resourcemanager.ResourceManager",
    "nodemanager": "org.apache.hadoop.yarn.server.nodemanager.NodeManager",
}
_IS_UP = {
    NAMENODE: re.compile(r"NameNode RPC up at"),
    "datanode": re.compile(r"Successfully sent block report"),
    RESOURCEMANAGER: re.compile(r"Transitioned to active state"),
    "nodemanager": re.compile(r"Registered with ResourceManager"),
}
_PASSED_ON = "JAVA_HOME,HADOOP_CONF_DIR,PATH,LANG,TZ,SPARK_LOCAL_IP,JDK_JAVA_OPTIONS," + MARK
NODE_MEMORY_MB = 2240
"""A NodeManager has room for one executor beside an application master, but not for two executors."""


class Hadoop:
    """The daemons by name (`datanode-127.0.0.1`), and the programs that use them. Their logs are in `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.processes = Processes(root)
        for name in ("conf", "scratch"):
            (root / name).mkdir()
        self._rpc, web, self.shuffle_port = (free_port(MASTER) for _ in range(3))
        self.manager = f"{MASTER}:{web}"
        self.url = f"hdfs://{MASTER}:{self._rpc}"
        for name, settings in self._settings().items():
            _write_xml(root / "conf" / f"{name}.xml", settings)

    def format(self) -> None:
        """Make an empty file system."""
        self.run("format", *self._java(_MAIN[NAMENODE], "-format", "-nonInteractive"))

    def start(self) -> None:
        """Start the daemons that are not running, and wait until they are connected."""
        nodes = [f"{kind}-{host}" for kind in ("datanode", "nodemanager") for host in NODES]
        self.start_daemons(NAMENODE, RESOURCEMANAGER, *nodes)

    def start_daemons(self, *names: str) -> None:
        """Start those of these daemons that are not running, and wait until they are up."""
        missing = [name for name in names if name not in self.processes]
        for name in missing:
            kind, _, host = name.partition("-")
            self._start(name, *self._java(_MAIN[kind], *self._node_flags(kind, host)), host=host or MASTER)
        for name in missing:
            self.processes.await_log(name, _IS_UP[name.partition("-")[0]])

    def run(self, name: str, *command: str | Path) -> None:
        """Run a program to its end."""
        self._start(name, *command)
        self.processes.finish(name)

    def shell(self, *words: str | Path) -> None:
        """Do what `hadoop fs` does."""
        self.run("shell", *self._java("org.apache.hadoop.fs.FsShell", *words))

    def start_program(
        self, name: str, *command: str | Path, folder: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        """Start a program that uses HDFS and YARN, such as spark-submit."""
        self.processes.start(name, command, {**self._environment(MASTER), **(environment or {})}, folder or self._root)

    def _start(self, name: str, *command: str | Path, host: str = MASTER) -> None:
        self.processes.start(name, command, self._environment(host), self._root)

    def _environment(self, host: str) -> dict[str, str]:
        return {**spark_environment(self._root, host), "HADOOP_CONF_DIR": str(self._root / "conf")}

    def copy(self, path: str, folder: Path) -> Path:
        """Copy a folder of HDFS to a local one that does not exist yet, or is replaced."""
        shutil.rmtree(folder, ignore_errors=True)
        client = hdfs_native.Client(self.url)
        for status in client.list_status(path, recursive=True):
            if not status.isdir:
                target = folder / Path(status.path).relative_to(path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(client.read(status.path).read())
        return folder

    def ask(self, path: str) -> dict[str, Any]:
        """Ask the ResourceManager's REST interface."""
        with urlopen(f"http://{self.manager}/ws/v1/cluster/{path}") as answer:
            said: dict[str, Any] = json.load(answer)
        return said

    def logs(self, container: str, name: str) -> list[str]:
        """The texts of a container's log of this name, on the hosts that have one."""
        paths = self._root.glob(f"nodemanager-*/logs/*/{container}/{name}")
        return [path.read_text(errors="replace") for path in paths]

    def _java(self, main: str, *words: str | Path) -> tuple[str | Path, ...]:
        logging = [SPARK_HOME / "jars" / name for name in ("slf4j-api-*.jar", "jcl-over-slf4j-*.jar", "log4j-*.jar")]
        jars = [str(path) for pattern in logging for path in pattern.parent.glob(pattern.name)]
        classpath = ":".join([str(self._root / "conf"), f"{JARS / 'cluster'}/*", *jars])
        return ("java", "-Xmx256m", "-Dlog4j2.level=INFO", "-cp", classpath, main, *words)

    def _node_flags(self, kind: str, host: str) -> list[str]:
        """Settings that differ between the nodes."""
        folder = self._root / f"{kind}-{host}"
        if kind == "datanode":
            # the NameNode tells clients the address that a DataNode's connection comes from, which is MASTER for both
            settings = {f"dfs.datanode.{name}address": f"{MASTER}:0" for name in ("", "http.", "ipc.")}
            settings |= {"dfs.datanode.data.dir": folder.as_uri()}
        elif kind == "nodemanager":
            names = ("", "localizer.", "webapp.", "collector-service.")
            settings = {f"yarn.nodemanager.{name}address": f"{host}:0" for name in names}
            settings |= {
                "yarn.nodemanager.hostname": host,
                "yarn.nodemanager.local-dirs": str(folder / "local"),
                "yarn.nodemanager.log-dirs": str(folder / "logs"),
                # the service listens on every address, so the first one serves both hosts
                "spark.shuffle.service.port": str(self.shuffle_port if host == NODES[0] else 0),
            }
        else:
            settings = {}
        return [word for key, value in settings.items() for word in ("-D", f"{key}={value}")]

    def _settings(self) -> dict[str, Mapping[str, str | int]]:
        """The settings of Hadoop, by file."""
        names = ("", "scheduler.", "resource-tracker.", "admin.")
        manager = {f"yarn.resourcemanager.{name}address": f"{MASTER}:{free_port(MASTER)}" for name in names}
        queues = {"queues": "default", "default.capacity": 100, "default.maximum-am-resource-percent": 1}
        return {
            "core-site": {"fs.defaultFS": self.url, "hadoop.tmp.dir": str(self._root / "scratch")},
            "hdfs-site": {
                "dfs.replication": len(NODES),
                "dfs.namenode.name.dir": (self._root / NAMENODE).as_uri(),
                "dfs.namenode.http-address": f"{MASTER}:0",
                "dfs.namenode.safemode.extension": 0,
            },
            "yarn-site": {
                **manager,
                "yarn.resourcemanager.webapp.address": self.manager,
                "yarn.resourcemanager.am.max-attempts": 2,
                "yarn.scheduler.minimum-allocation-mb": 64,
                "yarn.nodemanager.resource.memory-mb": NODE_MEMORY_MB,
                "yarn.nodemanager.pmem-check-enabled": "false",
                "yarn.nodemanager.vmem-check-enabled": "false",
                "yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage": 100,
                "yarn.nodemanager.env-whitelist": _PASSED_ON,
                # a lost host is noticed soon
                "yarn.nm.liveness-monitor.expiry-interval-ms": 10_000,
                "yarn.nodemanager.aux-services": "spark_shuffle",
                "yarn.nodemanager.aux-services.spark_shuffle.class": "org.apache.spark.network.yarn.YarnShuffleService",
                "yarn.nodemanager.aux-services.spark_shuffle.classpath": f"{JARS / 'shuffle'}/*",
                "spark.shuffle.service.port": self.shuffle_port,
            },
            "capacity-scheduler": {f"yarn.scheduler.capacity.root.{key}": value for key, value in queues.items()},
        }


@contextmanager
def running_hadoop(root: Path) -> Iterator[Hadoop]:
    """Run HDFS and YARN with data, logs and scratch in `root`; everything is deleted at the end."""
    with use_java():
        hadoop = Hadoop(root)
        try:
            hadoop.format()
            hadoop.start()
            yield hadoop
        finally:
            hadoop.processes.stop()
            shutil.rmtree(root)


def _write_xml(path: Path, settings: Mapping[str, str | int]) -> None:
    properties = "".join(
        f"<property><name>{key}</name><value>{escape(str(value))}</value></property>\n"
        for key, value in settings.items()
    )
    path.write_text(f"<configuration>\n{properties}</configuration>\n", encoding="utf-8")
