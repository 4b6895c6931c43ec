"""The limit of connections that processes share."""

import multiprocessing
import time
from pathlib import Path

import pytest

from udfs.sources.connection_limit import ConnectionLimit


def hold(folder: Path, most: int, began, go: Path) -> None:
    limit = ConnectionLimit(folder, most)
    limit.acquire()
    began.release()
    while not go.exists():  # a lock of multiprocessing would stay locked when a process is killed
        time.sleep(0.02)
    limit.release()


class Holders:
    """Processes that have taken one place each."""

    def __init__(self, folder: Path, most: int, count: int) -> None:
        fork = multiprocessing.get_context("fork")
        self.began, self.go = fork.Semaphore(0), folder / "go"
        self.processes = [fork.Process(target=hold, args=(folder, most, self.began, self.go)) for _ in range(count)]

    def __enter__(self) -> "Holders":
        for process in self.processes:
            process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.go.touch()
        for process in self.processes:
            process.join(60)


def test_the_limit_is_never_exceeded(tmp_path: Path) -> None:
    with Holders(tmp_path, 2, 3) as holders:
        assert holders.began.acquire(timeout=60)
        assert holders.began.acquire(timeout=60)
        assert not holders.began.acquire(timeout=0.6), "the third waits"
        holders.go.touch()
        assert holders.began.acquire(timeout=60), "until another is done"


def test_a_killed_process_frees_its_place(tmp_path: Path) -> None:
    with Holders(tmp_path, 1, 1) as holders:
        assert holders.began.acquire(timeout=60)
        holders.processes[0].kill()
        limit = ConnectionLimit(tmp_path, 1)
        limit.acquire()
        limit.release()


def test_a_process_takes_one_place_for_all_its_streams(tmp_path: Path) -> None:
    limit = ConnectionLimit(tmp_path, 1)
    limit.acquire()
    limit.acquire()  # would block if it took another place
    limit.release()
    other = ConnectionLimit(tmp_path, 1)
    assert other._lock(0) is None
    limit.release()
    assert other._lock(0) is not None


def test_a_refusal_halves_the_limit_and_time_restores_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    with Holders(tmp_path, 16, 4) as holders:
        for _ in range(4):
            assert holders.began.acquire(timeout=60)
        limit = ConnectionLimit(tmp_path, 16)
        assert limit.allowed() == 16
        limit.refused()
        assert limit.allowed() == 2
        limit.refused()
        assert limit.allowed() == 2, "refusals of one burst count once"
        clock[0] += 3
        limit.refused()
        clock[0] += 3
        limit.refused()
        assert limit.allowed() == 1, "never none"
        clock[0] += 61
        assert limit.allowed() == 3
        clock[0] += 10_000
        assert limit.allowed() == 16


def test_the_folder_is_private(tmp_path: Path) -> None:
    ConnectionLimit(tmp_path / "places", 1).acquire()
    assert (tmp_path / "places").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "places").iterdir()} == {0o600}
