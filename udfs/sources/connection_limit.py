"""Limits the open connections over all processes of an executor, and lowers the limit when a server refuses."""

import fcntl
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_WAIT_S = (0.05, 0.25)
_HALVED_EVERY_S = 2.0  # a burst of refusals counts once
_GROWS_EVERY_S = 30.0
RANDOM = random.SystemRandom()  # any other generator would give the same numbers in all forked workers


class ConnectionLimit:
    """At most `most` places. A place is a lock on a file in `folder`; the kernel frees it when its process dies.

    A process takes one place for all its open streams: a task reads one file, and sometimes opens it again to check
    its end. A refusal sets the limit to half of the places in use, at least one; it grows by one every 30 seconds.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self._folder = folder
        self._most = most
        self._streams = 0
        self._place: int | None = None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def acquire(self) -> None:
        """Wait for a free place and take it."""
        while self._streams == 0 and self._place is None:
            for number in range(self.allowed()):
                self._place = self._lock(number)
                if self._place is not None:
                    break
            else:
                time.sleep(RANDOM.uniform(*_WAIT_S))
        self._streams += 1

    def release(self) -> None:
        """Give the place back after the process's last stream."""
        self._streams -= 1
        if self._streams == 0 and self._place is not None:
            os.close(self._place)
            self._place = None

    def refused(self) -> None:
        """Lower the limit to half of the places in use."""
        with self._state() as state:
            allowed, changed = self._read(state)
            now = time.time()
            if 0 <= now - changed < _HALVED_EVERY_S:
                return
            halved = max(min(allowed, self._in_use()) // 2, 1)
            os.ftruncate(state, 0)
            os.pwrite(state, f"{halved} {now}".encode(), 0)

    def allowed(self) -> int:
        """The current limit."""
        with self._state() as state:
            return self._read(state)[0]

    def _read(self, state: int) -> tuple[int, float]:
        """The current limit, and the time of the last refusal that lowered it."""
        text = os.pread(state, 100, 0).decode()
        if not text:
            return self._most, 0.0
        allowed, changed = text.split()
        grown = max(int((time.time() - float(changed)) / _GROWS_EVERY_S), 0)
        return min(int(allowed) + grown, self._most), float(changed)

    def _in_use(self) -> int:
        own = 1 if self._place is not None else 0
        free = [place for number in range(self._most) if (place := self._lock(number)) is not None]
        for place in free:
            os.close(place)
        return max(self._most - len(free), own)

    def _lock(self, number: int) -> int | None:
        place = os.open(self._folder / f"place-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(place)
            return None
        return place

    @contextmanager
    def _state(self) -> Iterator[int]:
        state = os.open(self._folder / "allowed", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(state, fcntl.LOCK_EX)
            yield state
        finally:
            os.close(state)
