"""The lease: one run at a time writes to a folder; the lease of a dead run is taken over."""

import json
import time
from pathlib import Path

import pytest

from jobs.runs import lease
from jobs.runs.lease import LEASES, Lease
from udfs.errors import BallastError
from udfs.storage.local import LocalStorage

NO_PROCESS = (1 << 22) + 1
"""Larger than any process id of Linux; the id of an ended process may be reused."""


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(str(tmp_path))


def put(storage: LocalStorage, number: int = 1, age: float = 0.0, **changes: object) -> None:
    """Write a lease as another run did, `age` seconds ago."""
    holder = {
        "run": "another",
        "host": "elsewhere",
        "process": 7,
        "place": "another boot",
        "since": time.time(),
        "heartbeat": time.time() - age,
        **changes,
    }
    storage.write(f"{LEASES}/{number:06d}.json", json.dumps(holder).encode())


def test_one_run_at_a_time_holds_the_lease(storage: LocalStorage) -> None:
    first = Lease.acquire(storage, break_lock=False)
    with pytest.raises(BallastError, match=r"process \d+ on .* is writing to it"):
        Lease.acquire(storage, break_lock=False)
    first.check()
    first.release()
    assert list(storage.list_files("")) == []
    second = Lease.acquire(storage, break_lock=False)
    second.release()


@pytest.mark.parametrize(
    ("holder", "taken"),
    [
        ({}, False),
        ({"age": 60}, False),
        ({"age": 1000}, True),
        ({"place": lease._place(), "process": NO_PROCESS}, True),
        ({"place": lease._place(), "process": 1}, False),  # alive, another user's
        ({"place": None, "process": NO_PROCESS}, False),  # may be the id of a process on another machine
    ],
)
def test_a_lease_that_is_over_is_taken_over(storage: LocalStorage, holder: dict, taken: bool) -> None:
    put(storage, 4, **holder)
    if not taken:
        with pytest.raises(BallastError, match=r"process \d+ on elsewhere"):
            Lease.acquire(storage, break_lock=False)
    taken_lease = Lease.acquire(storage, break_lock=not taken)
    assert list(storage.list_files(LEASES)) == [f"{LEASES}/000005.json"]
    taken_lease.check()
    taken_lease.release()


@pytest.mark.parametrize(
    ("container", "taken"),
    [
        ("container_e17_1410901177871_0001_02_000001", True),
        ("container_1410901177871_0001_02_000001", True),
        ("container_1410901177871_0001_01_000001", False),  # the same attempt
        ("container_1410901177871_0002_02_000001", False),  # another application
        ("", False),
    ],
)
def test_a_later_attempt_of_a_yarn_application_takes_the_lease_over(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch, container: str, taken: bool
) -> None:
    monkeypatch.setenv("CONTAINER_ID", "container_e17_1410901177871_0001_01_000001")
    earlier = Lease.acquire(storage, break_lock=False)
    monkeypatch.setattr(lease, "_place", lambda: "another boot")  # YARN chose another host
    monkeypatch.setenv("CONTAINER_ID", container)
    if taken:
        later = Lease.acquire(storage, break_lock=False)
        with pytest.raises(BallastError, match="has taken it over; nothing more was written"):
            earlier.check()
        later.release()
    else:
        with pytest.raises(BallastError, match="is writing to it"):
            Lease.acquire(storage, break_lock=False)
    earlier.release()


def test_an_incomplete_lease_is_ignored(storage: LocalStorage) -> None:
    storage.write(f"{LEASES}/000001.json", b'{"run": ')
    Lease.acquire(storage, break_lock=False).release()


def test_only_one_of_two_runs_gets_a_number(storage: LocalStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = storage.list_files

    def another_is_quicker(folder: str) -> list[str]:
        names = listing(folder)
        put(storage)
        return names

    monkeypatch.setattr(storage, "list_files", another_is_quicker)
    with pytest.raises(BallastError, match="another run has just begun"):
        Lease.acquire(storage, break_lock=False)


def test_a_broken_lease_is_detected_and_not_released(storage: LocalStorage) -> None:
    taken_lease = Lease.acquire(storage, break_lock=False)
    put(storage, 2)
    with pytest.raises(BallastError, match=r"process 7 on elsewhere .* has taken it over"):
        taken_lease.check()
    taken_lease.release()
    assert list(storage.list_files(LEASES)) == [f"{LEASES}/000002.json"]


def test_a_renewed_lease_never_overwrites_another(storage: LocalStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "HEARTBEAT_S", 0.01)
    taken_lease = Lease.acquire(storage, break_lock=False)
    path = f"{LEASES}/000001.json"
    first = json.loads(storage.read(path) or b"")["heartbeat"]
    deadline = time.monotonic() + 60
    while json.loads(storage.read(path) or b"")["heartbeat"] == first and time.monotonic() < deadline:
        time.sleep(0.01)
    assert json.loads(storage.read(path) or b"")["heartbeat"] > first
    while time.monotonic() < deadline:  # a beat may be between its reading and its writing
        put(storage, 1)
        time.sleep(0.1)
        if json.loads(storage.read(path) or b"")["run"] == "another":
            break
    assert json.loads(storage.read(path) or b"")["run"] == "another"
    taken_lease.release()
    assert list(storage.list_files(LEASES)) == [path]
