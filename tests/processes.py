"""Processes that tests start and kill, each with all that it started, as if its machine lost power.

What a process starts inherits a variable of its environment, by which it is found. A session or process group would
not do: Spark's Python daemons make new groups, and YARN's containers new sessions.
"""

import ctypes
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

MARK = "BALLAST_TEST_PROCESS"
_START_S = 600
_PR_SET_PDEATHSIG = 1  # from Linux's <sys/prctl.h>


class Processes:
    """Processes by name. Their logs are in `root`, as `<name>.log`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._processes

    def start(self, name: str, command: tuple[str | Path, ...], environment: Mapping[str, str], folder: Path) -> None:
        """Start a process in a folder."""
        with self._log(name).open("wb") as log:
            self._processes[name] = subprocess.Popen(
                command,
                cwd=folder,
                env={**environment, MARK: self._mark(name)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    def kill(self, name: str) -> None:
        """Send SIGKILL to a process, if it was started, and to all that it started."""
        leader = self._processes.pop(name, None)
        if leader is None:
            return
        leader.kill()
        leader.wait()
        while members := marked(MARK, self._mark(name)):  # again, since a dying process may have started others
            kill_all(members)
            time.sleep(0.02)

    def stop(self) -> None:
        for name in reversed(list(self._processes)):
            self.kill(name)

    def await_true(self, name: str, condition: Callable[[], bool], timeout_s: float = 600) -> None:
        """Wait until a condition holds, while a process runs."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if self._processes[name].poll() is not None:
                raise AssertionError(f"{name} ended too early:\n{self._log_tail(name)}")
            if time.monotonic() > deadline:
                raise AssertionError(f"{name} did not get that far in {timeout_s} s:\n{self._log_tail(name)}")
            time.sleep(0.05)

    def await_log(self, name: str, pattern: re.Pattern[str]) -> re.Match[str]:
        """Wait until a process has logged this."""
        self.await_true(name, lambda: pattern.search(self.text(name)) is not None, _START_S)
        match = pattern.search(self.text(name))
        assert match is not None
        return match

    def await_end(self, name: str, timeout_s: float = 1200) -> int:
        """Wait for a process to end; returns its status."""
        try:
            status = self._processes[name].wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill(name)
            raise AssertionError(f"{name} did not end in {timeout_s} s:\n{self._log_tail(name)}") from None
        self.kill(name)
        return status

    def finish(self, name: str) -> None:
        """Wait for a process to end with status 0."""
        status = self.await_end(name)
        assert status == 0, f"{name} ended with {status}:\n{self._log_tail(name)}"

    def text(self, name: str) -> str:
        """Return what a process has logged."""
        return self._log(name).read_text(encoding="utf-8", errors="replace")

    def _mark(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _log(self, name: str) -> Path:
        return self._root / f"{name}.log"

    def _log_tail(self, name: str) -> str:
        return "\n".join(self.text(name).splitlines()[-40:])


def marked(name: str, value: str) -> list[int]:
    """List the living processes in whose environment a variable has this value, from Linux's /proc."""
    pids = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is another user's
            if environment_of(int(folder.name)).get(name) == value:
                pids.append(int(folder.name))
    return pids


def environment_of(pid: int) -> dict[str, str]:
    """Return the environment that a process started with."""
    entries = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def kill_all(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def without(*prefixes: str) -> dict[str, str]:
    """Return this process's environment without the variables of these prefixes."""
    return {key: value for key, value in os.environ.items() if not key.startswith(prefixes)}


def free_port(host: str) -> int:
    with socket.create_server((host, 0)) as server:
        return int(server.getsockname()[1])


def why_not_here(hosts: tuple[str, ...]) -> str | None:
    """Return why this machine cannot run a cluster on these loopback addresses, or None if it can."""
    if not Path("/proc/self/environ").exists():
        return "needs Linux, to end what the cluster started"
    try:
        for host in hosts:
            free_port(host)
    except OSError as error:
        return f"needs two loopback addresses: {host}: {error.strerror}"
    return None


def _die_with_parent() -> None:
    """Kill the process when the tests are killed; its executors end without it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
