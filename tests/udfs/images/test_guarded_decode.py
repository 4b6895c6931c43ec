"""A child process examines as this one does; when it dies or hangs, one image is lost, and a new child goes on."""

import os
import signal
from collections.abc import Iterator

import pytest
from bad_images import bad_images, encoded, good_images, photograph

from udfs.images.examination import examine
from udfs.images.guarded_decode import GuardedExaminer
from udfs.images.options import Limits

LIMITS = Limits(max_pixels=10_000_000)
IMAGE = encoded(photograph(0))


@pytest.fixture(scope="module")
def guard() -> Iterator[GuardedExaminer]:
    guard = GuardedExaminer(LIMITS)
    yield guard
    guard.close()


def child(guard: GuardedExaminer) -> int:
    assert guard._child is not None
    return guard._child.pid


def test_it_answers_as_without_a_guard(guard: GuardedExaminer) -> None:
    guard.examine(b"", None)
    images = {**good_images(), **bad_images()}
    pids = set()
    for told, (data, _) in enumerate(images.values()):
        assert guard.examine(data, told % 9 or None) == examine(data, LIMITS, told % 9 or None)
        pids.add(child(guard))
    assert len(pids) == 1, "one child examines all"


def test_an_image_that_kills_the_child_is_lost_alone(guard: GuardedExaminer) -> None:
    guard.examine(IMAGE, None)
    os.kill(child(guard), signal.SIGSEGV)
    lost = guard.examine(IMAGE, None)
    assert (lost.outcome, lost.error) == ("undecodable", "killed: the decoder died by SIGSEGV")
    assert guard.examine(IMAGE, None) == examine(IMAGE, LIMITS, None)


def test_a_child_that_hangs_is_killed(guard: GuardedExaminer, monkeypatch: pytest.MonkeyPatch) -> None:
    guard.examine(IMAGE, None)
    stopped = child(guard)
    os.kill(stopped, signal.SIGSTOP)
    monkeypatch.setattr(guard, "_patience_s", 0.1)
    lost = guard.examine(IMAGE, None)
    assert (lost.outcome, lost.error) == ("undecodable", "killed: it took longer than 0.1 s")
    with pytest.raises(ProcessLookupError):
        os.kill(stopped, 0)


def test_the_child_ends_with_its_guard() -> None:
    guard = GuardedExaminer(LIMITS)
    guard.examine(IMAGE, None)
    ended = child(guard)
    guard.close()
    with pytest.raises(ProcessLookupError):
        os.kill(ended, 0)
