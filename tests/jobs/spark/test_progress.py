"""What a user sees of a run: figures as text, and the live display in a real pseudo-terminal."""

import io
import json
import os
import pty
import re
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console

from jobs.settings.groups import Execution
from jobs.spark.log_lines import fail, log_as
from jobs.spark.pictures import figures_of, line_of, picture_of, rate
from jobs.spark.progress import live_display, progress, say, warn
from jobs.spark.reported import Progress, Read, Snapshot
from jobs.spark.spark_jobs import Tasks

FOUND = {"pages": 20, "pairs": 30}
HIDE, SHOW = b"\x1b[?25l", b"\x1b[?25h"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def facts(snapshot: Snapshot) -> str:
    """What the line says between how far the stage is and how long it took."""
    parts = line_of(snapshot).split(": ", 1)[1].split(", ")
    return ", ".join(part for part in parts if not part.endswith((" so far", " left", " files", " tasks")))


def drawn(snapshot: Snapshot, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(picture_of(snapshot, width))
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize(
    ("per_s", "text"),
    [(1234.4, ("1,234", "s")), (1.25, ("1.2", "s")), (0.5, ("30", "min")), (0.001, ("3.6", "h"))],
)
def test_rates(per_s, text):
    assert rate(per_s) == text


def test_files_advance_with_sparks_tasks_and_pages_with_commits():
    """Ten files, two of them committed before this run; a batch of four in two tasks of 100 seconds each. While its
    last task runs, the next batch has begun."""
    clock = Clock()
    run = Progress(clock)
    run.begin("extract", Read(2, 10, "files", FOUND, 1))
    run.begin_batch("first", 4)
    assert run.snapshot().left_s is None
    clock.now = 100
    run.spark_status(frozenset({7}), Tasks(1, 2, 1))
    run.batch_status("first", Tasks(1, 2, 1))
    now = run.snapshot()
    assert (now.done, now.total, now.left_s) == (4, 10, 300)
    assert facts(now) == "20 pages, 30 pairs, 1 failed, 1.2 files/min, 1 task running"
    run.begin_batch("second", 2)
    run.batch_status("second", Tasks(1, 2, 1))
    assert (run.batches(), run.snapshot().done) == (["first", "second"], 5)
    run.batch_status("second", Tasks(0, 0))
    assert run.snapshot().done == 5, "a job that Spark's list has dropped still counts"
    run.spark_status(frozenset(), Tasks(0, 0))
    clock.now = 200
    run.committed(Read(2, 10, "files", FOUND, 1).plus(4, {"pages": 400, "pairs": 50}, 1), "first")
    clock.now = 250
    now = run.snapshot()
    assert (now.done, now.left_s) == (7, pytest.approx(150))
    assert facts(now) == "420 pages, 80 pairs, 2 failed, 1.2 files/min, 2.0 pages/s"
    run.begin("dedup")
    run.spark_status(frozenset({8}), Tasks(0, 20))
    clock.now = 260
    run.spark_status(frozenset({8}), Tasks(5, 20))
    now = run.snapshot()
    assert (now.stage, now.done, now.total, now.what, now.seconds, now.left_s) == ("dedup", 5, 20, "tasks", 10, 30)
    assert facts(now) == "420 pages, 80 pairs, 2 failed"


def test_the_share_of_bytes_moves_within_a_file():
    """Two files, the first of them a tenth of the bytes and committed before: 30 more percent take 60 seconds."""
    clock, share = Clock(), [0.1]
    run = Progress(clock)
    run.begin("extract", Read(1, 2), lambda: share[0])
    run.begin_batch("one", 1)
    assert run.snapshot().left_s is None
    clock.now, share[0] = 5, 0.11
    assert run.snapshot().left_s is None, "so far, the workers have mostly started"
    clock.now, share[0] = 60, 0.4
    now = run.snapshot()
    assert (now.done, now.share, now.left_s) == (1, 0.4, pytest.approx(120))
    assert line_of(now) == "extract: 1 of 2 files, 40.0%, 1 min 0 s so far, about 2 min 0 s left"
    assert "1 of 2 files · 40.0% · 1 min 0 s · 2 min 0 s left" in drawn(now, 80)[0]
    share[0] = 1.0
    assert run.snapshot().share == 0.999, "all of it only when Spark says so"
    run.batch_status("one", Tasks(1, 1))
    assert (run.snapshot().done, run.snapshot().share, run.snapshot().left_s) == (2, 1.0, None)


FAR = Snapshot(
    stage="extract", done=61_234, total=90_000, what="files", seconds=45_000, left_s=21_140,
    found={"pages": 1_204_311, "pairs": 3_104_882}, failed=12, items_per_s=1.37,
)  # fmt: skip


@pytest.mark.parametrize("width", [40, 60, 80, 140])
def test_the_picture_is_two_lines_that_fit(width):
    lines = drawn(FAR, width)
    assert len(lines) == 2
    assert all(len(line) <= min(width, 100) for line in lines)
    times = {40: "", 60: " · 5 h 52 min left"}.get(width, " · 12 h 30 min · 5 h 52 min left")
    assert lines[0].startswith("extract  ━" if width > 40 else "extract  6")
    assert lines[0].rstrip().endswith(f"61,234 of 90,000 files{times}")
    assert lines[1].strip().startswith("1,204,311 pages · 3,104,882 pa")
    assert len(drawn(Snapshot(stage="starting", done=0, total=0, what="tasks", seconds=1), width)) == 1


def test_a_line_has_the_same_figures():
    assert line_of(FAR) == (
        "extract: 61,234 of 90,000 files, 1,204,311 pages, 3,104,882 pairs, 12 failed, 1.4 files/s, "
        "12 h 30 min so far, about 5 h 52 min left"
    )


class Terminal:
    """A pseudo-terminal in place of standard error, and the bytes written to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._main, secondary = pty.openpty()
        self._file = os.fdopen(secondary, "w", encoding="utf-8")
        monkeypatch.setattr("sys.stderr", self._file)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "80")
        self._read: list[bytes] = []
        self._reader = threading.Thread(target=self._drain)
        self._reader.start()

    def _drain(self) -> None:
        while True:
            try:
                self._read.append(os.read(self._main, 4096))
            except OSError:  # the other side is closed
                return

    def wait_for(self, pattern: bytes) -> None:
        """Wait until this was written, at most ten minutes: then the test fails."""
        deadline = time.monotonic() + 600
        while not re.search(pattern, b"".join(self._read)) and time.monotonic() < deadline:
            time.sleep(0.02)

    def close(self) -> bytes:
        self._file.close()
        self._reader.join()
        os.close(self._main)
        return b"".join(self._read)


def test_a_terminal_shows_spark_moving_and_is_left_as_it_was(spark, monkeypatch, tmp_path):
    """Spark reports finished tasks in steps, after a delay, so the test accepts any step between the first and last.
    The later tasks wait until the terminal has shown one."""
    seen = str(tmp_path / "seen")

    def task(number: int) -> int:  # nested, so that it is pickled by value: workers cannot import this module
        deadline = time.monotonic() + 600
        while number >= 10 and not Path(seen).exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        return number

    def watch() -> None:
        terminal.wait_for(rb"\b([2-9]|1\d) of 21 files")
        Path(seen).touch()

    terminal = Terminal(monkeypatch)
    threading.Thread(target=watch).start()
    with pytest.raises(KeyboardInterrupt), live_display(spark, Execution()):
        progress().begin("extract", Read(1, 21))
        progress().begin_batch("moving", 20)
        spark.sparkContext.setJobGroup("moving", "the test's tasks")
        spark.sparkContext.parallelize(range(20), 20).map(task).collect()
        say("a line between")
        raise KeyboardInterrupt
    written = terminal.close()
    assert written.count(HIDE) == written.count(SHOW) == 1 and written.index(HIDE) < written.index(SHOW)
    assert b"1 of 21 files" in written
    assert {int(number) for number in re.findall(rb"(\d+) of 21 files", written)} & set(range(2, 21))
    assert b"\r\nballast: a line between" in written or b"\x1b[2Kballast: a line between" in written


@pytest.mark.parametrize(
    ("settings", "variables"),
    [({"no_progress": True}, {}), ({"debug": True}, {}), ({}, {"TERM": "dumb"})],
)
def test_no_live_display_where_it_is_switched_off_or_unsupported(spark, monkeypatch, settings, variables):
    terminal = Terminal(monkeypatch)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("jobs.spark.progress._LINE_EVERY_S", 0.1)
    with live_display(spark, Execution(**settings)):
        progress().begin("extract", Read(1, 5))
        terminal.wait_for(rb"files, [^\n]*\n")
    written = terminal.close()
    assert b"\x1b" not in written
    assert written.startswith(b"ballast: ") and re.search(rb"extract: 1 of 5 files, \d+[. ]", written)


def test_no_color_is_respected(spark, monkeypatch):
    terminal = Terminal(monkeypatch)
    monkeypatch.setenv("NO_COLOR", "1")
    with live_display(spark, Execution()):
        progress().begin("extract", Read(1, 5))
        terminal.wait_for(rb"1 of 5 files")
    written = terminal.close()
    assert b"1 of 5 files" in written
    assert b"\x1b[3" not in written and b"\x1b[9" not in written, "no foreground colour"


def test_logs_have_the_time_and_the_level_once(capsys):
    say("hello")
    warn("odd")
    fail("over")
    hello, odd, over = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO ballast: hello", hello)
    assert odd.endswith("Z WARN ballast: odd")
    assert over == "ballast: over"


@pytest.fixture
def json_log():
    log_as("json")
    yield
    log_as("text")


def test_a_json_log_is_one_object_per_line(json_log, capsys):
    say("hello", pages=3)
    warn("é")
    say(line_of(FAR), **figures_of(FAR))
    fail("over")
    hello, odd, far, over = map(json.loads, capsys.readouterr().err.splitlines())
    assert {**hello, "time": "…"} == {"time": "…", "level": "INFO", "message": "hello", "pages": 3}
    assert (odd["level"], odd["message"]) == ("WARN", "é")
    assert far["message"].startswith("extract: 61,234 of 90,000 files, ")
    assert (far["stage"], far["done"], far["total"], far["what"]) == ("extract", 61_234, 90_000, "files")
    assert (far["pages"], far["pairs"], far["failed"], far["left_s"]) == (1_204_311, 3_104_882, 12, 21_140)
    assert "share" not in far, "what is unknown is left out"
    assert over["level"] == "ERROR"


def test_a_json_log_has_no_live_display(spark, monkeypatch, json_log):
    terminal = Terminal(monkeypatch)
    with live_display(spark, Execution(log_format="json")):
        say("hello")
    written = terminal.close()
    assert b"\x1b" not in written and json.loads(written)["message"] == "hello"
