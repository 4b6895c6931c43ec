"""Limits of CPU time that hold on any machine: they are counted in a piece of work that is timed beside the test."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def at_most(pieces: float) -> Iterator[None]:
    """Fail where the block takes this thread more CPU time than so many pieces of work; one takes about 0.1 s.

    A busy machine slows both alike. Waiting and other threads do not count.
    """
    before = _piece_s()
    began = time.thread_time()
    yield
    taken_s = time.thread_time() - began
    piece_s = max(before, _piece_s())
    assert taken_s < pieces * piece_s, f"{taken_s:.2f} s of CPU time, where a piece of work takes {piece_s:.2f} s"


def _piece_s() -> float:
    began = time.thread_time()
    table: dict[int, bytes] = {}
    for number in range(350_000):
        table[number * 7919 % 10_007] = b"%d" % number
    return time.thread_time() - began
