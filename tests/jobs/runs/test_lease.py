"""The lease: one run at a time writes to a folder; what a dead one left is taken over."""

import json
import time
from pathlib import Path

import pytest

from jobs.runs import lease
from jobs.runs.lease import LEASES, Lease
from udfs.errors import BallastError
from udfs.storage.local import LocalStorage

NO_PROCESS = (1 << 22) + 1
"""Beyond the largest process id of Linux: one that has ended might be given to another process."""


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(str(tmp_path))


def put(storage: LocalStorage, number: int = 1, age: float = 0.0, **changes: object) -> None:
    """A lease that another run wrote, so many seconds ago."""
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


def test_one_at_a_time(storage: LocalStorage) -> None:
    first = Lease.acquire(storage, break_lock=False)
    with pytest.raises(BallastError, match=r"process \d+ on .* is writing to it"):
        Lease.acquire(storage, break_lock=False)
    first.check()
    first.release()
    assert storage.list_files("") == []
    second = Lease.acquire(storage, break_lock=False)
    second.release()


@pytest.mark.parametrize(
    ("holder", "taken"),
    [
        ({}, False),
        ({"age": 60}, False),
        ({"age": 1000}, True),
        ({"place": lease._place(), "process": NO_PROCESS}, True),
        ({"place": lease._place(), "process": 1}, False),  # alive, and not ours to ask
        ({"place": None, "process": NO_PROCESS}, False),  # its process ids may be another machine's
    ],
)
def test_what_is_over_is_taken_over(storage: LocalStorage, holder: dict, taken: bool) -> None:
    put(storage, 4, **holder)
    if not taken:
        with pytest.raises(BallastError, match=r"process \d+ on elsewhere"):
            Lease.acquire(storage, break_lock=False)
    held = Lease.acquire(storage, break_lock=not taken)
    assert storage.list_files(LEASES) == [f"{LEASES}/000005.json"]
    held.check()
    held.release()


def test_half_a_lease_is_none(storage: LocalStorage) -> None:
    storage.write(f"{LEASES}/000001.json", b'{"run": ')
    Lease.acquire(storage, break_lock=False).release()


def test_of_two_that_take_a_number_one_gets_it(storage: LocalStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = storage.list_files

    def another_is_quicker(folder: str) -> list[str]:
        found = listing(folder)
        put(storage)
        return found

    monkeypatch.setattr(storage, "list_files", another_is_quicker)
    with pytest.raises(BallastError, match="another run has just begun"):
        Lease.acquire(storage, break_lock=False)


def test_a_lease_that_was_broken_is_noticed_and_not_given_back(storage: LocalStorage) -> None:
    held = Lease.acquire(storage, break_lock=False)
    put(storage, 2)
    with pytest.raises(BallastError, match=r"process 7 on elsewhere .* has taken it over"):
        held.check()
    held.release()
    assert storage.list_files(LEASES) == [f"{LEASES}/000002.json"]


def test_a_holder_writes_on_and_never_over_another(storage: LocalStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "HEARTBEAT_S", 0.01)
    held = Lease.acquire(storage, break_lock=False)
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
    held.release()
    assert storage.list_files(LEASES) == [path]
