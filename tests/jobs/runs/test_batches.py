"""How batches are cut, in simulated time, and what the run says when it is stopped."""

from collections.abc import Callable

import pytest

from jobs.runs.batches import Measured, batch_size, next_number
from jobs.runs.manifests import Manifest
from jobs.runs.stop_line import stop_line
from jobs.settings.groups import Reading
from jobs.spark.reported import Snapshot
from udfs.stages import Stage


def batches(files: int, cores: int, seconds_of: Callable[[int], float], **settings) -> list[Measured]:
    """The batches of a run in which file `i` takes `seconds_of(i)`, and the cores share the work evenly."""
    done: list[Measured] = []
    read = 0
    while read < files:
        size = min(batch_size(cores, done[-1] if done else None, Reading(**settings)), files - read)
        work = [seconds_of(file) for file in range(read, read + size)]
        done.append(Measured(size, max(sum(work) / cores, max(work)) + 0.5))
        read += size
    return done


def test_tiny_files_grow_to_two_minutes_of_work():
    run = batches(100_000, 8, lambda file: 0.1)
    assert [batch.items for batch in run[:4]] == [8, 64, 512, 4096]
    assert all(100 <= batch.seconds <= 125 for batch in run[5:-1])


def test_files_that_take_longer_than_the_interval_are_committed_core_by_core():
    run = batches(40, 8, lambda file: 600)
    assert [batch.items for batch in run] == [8] * 5


def test_ten_thousand_cores_are_never_short_of_files():
    run = batches(90_000, 10_000, lambda file: 40)
    assert run[0].items == 10_000
    assert all(batch.items >= 10_000 for batch in run[:-1])
    assert all(batch.seconds <= 130 for batch in run)


def test_one_file_is_one_batch():
    assert [batch.items for batch in batches(1, 8, lambda file: 30)] == [1]


def test_rates_that_change_are_followed():
    """Tiny files first, then files that take a hundred times as long: two batches are late, all others on time."""
    run = batches(30_000, 8, lambda file: 0.1 if file < 20_000 else 10)
    late = [batch.seconds > 130 for batch in run]
    assert sum(late) == 2 and not any(late[7:])


@pytest.mark.parametrize("most", [1, 50])
def test_a_batch_never_holds_more_than_the_user_allows(most):
    assert max(batch.items for batch in batches(2000, 8, lambda file: 0.1, batch_files=most)) == most


def test_the_interval_is_the_users():
    often = batches(10_000, 4, lambda file: 1, commit_every=30.0)
    assert all(25 <= batch.seconds <= 35 for batch in often[3:-1])


def test_a_resumed_run_numbers_its_batches_after_all_that_are_there():
    there = [Manifest(Stage.EXTRACTED, f"batch={number:05d}", "a", [], {}) for number in (0, 7)]
    assert (next_number([]), next_number(there)) == (0, 8)


def reading(done: int, **fields) -> Snapshot:
    return Snapshot(stage="extract", done=done, total=18, what="files", seconds=9, reads_input=True, **fields)


def stopped(now: Snapshot, committed: int = 0, finished=(), parts=None, command="the same command") -> str:
    return stop_line(now, committed=committed, finished=finished, parts=parts or {}, command=command)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (stopped(reading(13), 8), "stopped: 13 of 18 files read, 8 committed; the same command resumes"),
        (stopped(reading(7), 8), "stopped: 8 of 18 files read, 8 committed; the same command resumes"),
        (
            stopped(reading(3), 1, command="the same command without --overwrite"),
            "stopped: 3 of 18 files read, 1 committed; the same command without --overwrite resumes",
        ),
        (
            stopped(Snapshot(stage="count", done=1, total=9, what="tasks", seconds=1), 18, ["extracted", "pool"]),
            "stopped during count; kept: extracted/, pool/; the same command resumes",
        ),
        (
            stopped(Snapshot(stage="dedup", done=1, total=9, what="tasks", seconds=1), parts={"pool": 2, "subset": 0}),
            "stopped during dedup; kept: 2 parts of pool/; the same command resumes",
        ),
        (
            stopped(Snapshot(stage="starting", done=0, total=0, what="tasks", seconds=1)),
            "stopped while starting: nothing is committed yet; the same command starts again",
        ),
    ],
)
def test_the_stop_line_says_what_is_kept(line, expected):
    assert line == expected
