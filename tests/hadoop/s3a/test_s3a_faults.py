"""A server that throttles or loses answers, a driver and an executor that die between upload and commit, and copies of
tasks: the rows are those of an undisturbed run, and nothing is left behind."""

import os
import re
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from buckets import Bucket, Crawl, curate, start_driver, without_the_place
from disturbed_ballast import Attempt
from runs import Rows, Run
from s3_proxy import Fault, Request, S3Requests, no_fault
from s3_server import s3a_jars
from standalone import Cluster, standalone_cluster
from test_rows_anywhere import SPECULATION

from jobs.cli import main


def every(nth: int, fault: Fault) -> Callable[[Request], Fault | None]:
    """Inject a fault into every nth request of each operation."""
    numbers: dict[str, Iterator[int]] = defaultdict(lambda: count(1))
    return lambda request: fault if next(numbers[request.operation]) % nth == 0 else None


def test_throttling_is_borne(spark, crawl: Crawl, expected: Rows, out: Bucket, s3_requests: S3Requests) -> None:
    inputs = out.with_inputs(crawl)
    s3_requests.fault = every(5, Fault.SLOW_DOWN)
    assert main(["curate", *crawl.flags(out.url, *inputs)]) == 0
    s3_requests.fault = no_fault
    assert {request.operation for request, _ in s3_requests.faults} >= {
        "CompleteMultipartUpload", "CreateMultipartUpload", "DeleteObjects", "GetObject", "HeadObject", "ListObjectsV2",
        "PutObject", "UploadPart",
    }  # fmt: skip
    assert without_the_place(out.rows()) == without_the_place(expected)
    assert out.remains() == []


def test_lost_answers_are_borne(spark, crawl: Crawl, expected: Rows, out: Bucket, s3_requests: S3Requests) -> None:
    s3_requests.fault = every(5, Fault.LOSE_ANSWER)
    curate(crawl, out.url)
    s3_requests.fault = no_fault
    assert out.rows() == expected
    assert out.remains() == []


def test_a_store_that_refuses_to_commit_stops_the_run_which_resumes_later(
    spark, crawl: Crawl, expected: Rows, out: Bucket, s3_requests: S3Requests, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(request: Request) -> Fault | None:
        return Fault.SLOW_DOWN if request.operation == "PutObject" and "/pool/all.json" in request.key else None

    s3_requests.fault = refuse
    assert main(["curate", *crawl.flags(out.url)]) == 1
    *_, line = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"ballast: s3://\S+/pool/all\.json: S3 answers SlowDown: .*", line)
    s3_requests.fault = no_fault
    curate(crawl, out.url)
    assert out.rows() == expected
    assert out.remains() == []


def test_a_driver_killed_between_upload_and_commit_leaves_nothing(
    spark, crawl: Crawl, expected: Rows, out: Bucket, s3_requests: S3Requests, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last batch's rows are uploaded, and an earlier batch is committed; then the driver dies."""
    last = "batch=00003"
    killed: list[Request] = []

    def kill(request: Request) -> None:
        if request.key.endswith(".pendingset") and last in request.key and not killed:
            killed.append(request)
            while not out.keys("out/_manifests/extracted/"):
                time.sleep(0.1)
            os.killpg(driver.pid, signal.SIGKILL)

    s3_requests.fault = kill
    driver = start_driver(crawl, out, "--batch-files", "1", "--master", "local[2]")
    _, error = driver.communicate(timeout=600)
    assert killed, error
    committed = len(out.keys("out/_manifests/extracted/"))
    assert any(last in key for key in out.uploads()), "its rows were uploaded"
    visible = [key for key in out.keys("out/extracted/") if "/__magic" not in key]
    assert visible and not any(last in key for key in visible if key.endswith(".parquet")), "and nobody sees them"
    s3_requests.fault = no_fault
    curate(crawl, out.url)
    assert f"{committed} of 4 files were committed before" in capsys.readouterr().err
    assert out.rows() == expected
    assert out.remains() == []


@dataclass(frozen=True)
class RunOnS3(Run):
    """A run on the cluster, which writes to a bucket."""

    bucket: Bucket

    @property
    def out(self) -> str:  # type: ignore[override]
        return self.bucket.url


@pytest.fixture(scope="module")
def cluster(proxy: S3Requests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with standalone_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def run(cluster: Cluster, crawl: Crawl, out: Bucket, tmp_path: Path) -> Iterator[Run]:
    yield RunOnS3(cluster, crawl, tmp_path, out)
    cluster.kill("driver")  # it still runs if the test has failed


def test_tasks_and_an_executor_that_die_leave_nothing(
    run: Run, expected: Rows, out: Bucket, s3_requests: S3Requests
) -> None:
    """Each task fails once between its rows, and the only executor dies between the first upload and its commit."""
    dead: list[int] = []

    def kill(request: Request) -> None:
        if request.key.endswith(".pendingset") and not dead:
            dead.extend(executors_below(run.cluster.work))
            for pid in dead:
                os.kill(pid, signal.SIGKILL)

    s3_requests.fault = kill
    run.start("fail_once", **{"spark.cores.max": 1, "spark.jars": s3a_jars()})
    run.cluster.finish("driver")
    assert len(dead) == 1
    assert run.tasks("End", Reason="ExecutorLostFailure")
    assert {attempt.step for attempt in Attempt.all(run.marks) if attempt.number == 0} == {
        "extract",
        "dedup",
        "balance",
    }
    assert out.rows() == expected
    assert out.remains() == []


def executors_below(folder: Path) -> list[int]:
    """The executors that work in this folder, from Linux's /proc."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            is_executor = b"CoarseGrainedExecutorBackend" in (process / "cmdline").read_bytes()
            if is_executor and (process / "cwd").readlink().is_relative_to(folder):
                found.append(int(process.name))
    return found


def test_speculative_copies_leave_the_same_rows(run: Run, expected: Rows, out: Bucket) -> None:
    run.start("wait_for_copy", **SPECULATION, **{"spark.jars": s3a_jars()})
    run.cluster.finish("driver")
    assert len(run.tasks("Start", Speculative=True)) >= 3
    for step in ("extract", "dedup", "balance"):
        assert Attempt.all(run.marks, f"{step},*,0,1"), f"{step} had a copy"
    assert out.rows() == expected
    assert out.remains() == []
