"""The lease on an output folder, so that one run at a time writes to it, on this machine or on another.

A lease is a small file that its holder rewrites every `HEARTBEAT_S`. Leases are numbered; the highest number counts.
A number is taken by a conditional write, so only one of two runs gets the next number. A run that finds its lease gone
or superseded stops before it commits anything more.

When YARN starts an application again, the new attempt takes over the lease of the earlier one at once, on any host:
YARN has ended that one. If YARN has only lost its host, the earlier attempt finds its lease superseded, as above.
"""

import json
import os
import platform
import re
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from udfs.errors import BallastError
from udfs.storage.local import Storage

LEASES = "_manifests/_lease"
_CONTAINER = re.compile(r"container_(?:e\d+_)?(\d+_\d+)_(\d+)_\d+")  # the application, its attempt, the container
_WRITE_S = 1.0
HEARTBEAT_S, EXPIRES_S = 20.0, 180.0
"""A lease that its holder has not rewritten for `EXPIRES_S` may be taken over; at once if the process is known to have
ended. The clocks of two machines may differ by a minute or two without harm."""


class Lease:
    """The right to write to one folder, held from `acquire` to `release`."""

    def __init__(self, storage: Storage, path: str, content: dict[str, Any]) -> None:
        self._storage, self._path, self._content = storage, path, content
        self._stopped = threading.Event()
        self._beats = threading.Thread(target=self._beat, name="ballast-lease", daemon=True)
        self._beats.start()

    @classmethod
    def acquire(cls, storage: Storage, *, break_lock: bool) -> "Lease":
        """Take the lease. Raises `BallastError` while another run holds it, unless `break_lock`."""
        leases = check_free(storage, break_lock=break_lock)
        last = _number(leases[-1]) if leases else 0
        path = f"{LEASES}/{last + 1:06d}.json"
        content = {
            "run": uuid.uuid4().hex,
            "host": platform.node(),
            "process": os.getpid(),
            "place": _place(),
            "yarn": _yarn_attempt(),
            "since": time.time(),
            "heartbeat": time.time(),
        }
        if not storage.create(path, _json(content)):
            raise BallastError(f"{storage.root}: another run has just begun to write to it: {_ADVICE}")
        for lease in leases:
            storage.delete(lease)
        return cls(storage, path, content)

    def check(self) -> None:
        """Raise `BallastError` unless the lease is still this run's."""
        leases = list(self._storage.list_files(LEASES))
        holder = _read(self._storage, leases[-1]) if leases else None
        if holder is None or holder["run"] != self._content["run"]:
            who = "another run" if holder is None else _who(holder)
            raise BallastError(f"{self._storage.root}: {who} has taken it over; nothing more was written to it")

    def release(self) -> None:
        """Give the lease back; a lease that cannot be deleted expires."""
        self._stopped.set()
        self._beats.join()
        with suppress(Exception):  # the error that ended the run matters more
            holder = _read(self._storage, self._path)
            if holder is not None and holder["run"] == self._content["run"]:
                self._storage.delete(self._path)
                self._storage.delete_remains("_manifests")

    def _beat(self) -> None:
        while not self._stopped.wait(HEARTBEAT_S):
            with suppress(Exception):  # the next beat may succeed; `check` detects a lost lease
                holder = _read(self._storage, self._path)
                if holder is not None and holder["run"] == self._content["run"]:
                    self._storage.write(self._path, _json({**self._content, "heartbeat": time.time()}))


def check_free(storage: Storage, *, break_lock: bool) -> list[str]:
    """Raise `BallastError` while a run holds the lease, unless `break_lock`; returns the leases, all of them over."""
    leases = list(storage.list_files(LEASES))
    if leases and not break_lock:
        holder = _read(storage, leases[-1]) or _read_later(storage, leases[-1])
        if holder is not None and not _is_over(holder):
            raise BallastError(f"{storage.root}: {_who(holder)} is writing to it: {_ADVICE}")
    return leases


_ADVICE = "wait until it ends; if it no longer runs, wait three minutes or take over with --break-lock"


def _read(storage: Storage, path: str) -> dict[str, Any] | None:
    data = storage.read(path)
    try:
        holder = json.loads(data or b"")
    except ValueError:  # its run was killed while it wrote this
        return None
    return holder if isinstance(holder, dict) and {"run", "heartbeat"} <= holder.keys() else None


def _read_later(storage: Storage, path: str) -> dict[str, Any] | None:
    """Read an incomplete lease again, a little later: some file systems show a file before its bytes."""
    time.sleep(_WRITE_S)
    return _read(storage, path)


def _is_over(holder: dict[str, Any]) -> bool:
    """Whether a lease has expired, is of an earlier attempt of this YARN application, or its process ran on this
    machine and has ended."""
    if time.time() - float(holder["heartbeat"]) > EXPIRES_S:
        return True
    theirs, ours = holder.get("yarn"), _yarn_attempt()
    if theirs and ours and theirs[0] == ours[0] and theirs[1] < ours[1]:
        return True
    if holder.get("place") is None or holder["place"] != _place():
        return False
    try:
        os.kill(int(holder["process"]), 0)
    except ProcessLookupError:
        return True
    except OSError:  # it runs, as another user's process
        return False
    return False


def _who(holder: dict[str, Any]) -> str:
    since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(float(holder.get("since", holder["heartbeat"]))))
    return f"process {holder.get('process')} on {holder.get('host')} (since {since})"


def _place() -> str | None:
    """Identifies this boot of this machine and this container: only within it can process ids be compared."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return None


def _yarn_attempt() -> list[Any] | None:
    """The YARN application in whose container this process runs, and the number of its attempt."""
    match = _CONTAINER.fullmatch(os.environ.get("CONTAINER_ID", ""))
    return [match[1], int(match[2])] if match is not None else None


def _number(path: str) -> int:
    return int(path.rsplit("/", 1)[-1].removesuffix(".json"))


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content) + "\n").encode()
