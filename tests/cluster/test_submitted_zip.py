"""The files of `make dist`, submitted from an empty folder to hosts without Ballast and its libraries."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from disturbed_ballast import DOOMED_HOST, HOST_IS_LOST, Attempt, Worker
from runs import DISTURBED_BALLAST, Crawl, Rows, Run, local_rows
from standalone import HOSTS, Cluster, standalone_cluster
from submission import Submission, build_submission

from jobs.sample import write_lists


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with standalone_cluster(tmp_path_factory.mktemp("cluster"), has_ballast=False) as running:
        yield running


@pytest.fixture(scope="module")
def submission(tmp_path_factory: pytest.TempPathFactory) -> Submission:
    return build_submission(tmp_path_factory.mktemp("submission"))


def test_the_zip_submitted_from_an_empty_folder_gives_the_rows_of_a_local_run(
    run: Run, submission: Submission, expected: Rows
) -> None:
    run.submit([submission.submit_file, "curate"], submission.flags, submission.folder)
    assert run.finish() == expected
    assert {task["Host"] for task in run.tasks("End", Reason="Success")} == set(HOSTS), "both took part"


def test_a_worker_killed_in_extraction_and_a_python_worker_in_balancing_leave_the_same_rows(
    run: Run, submission: Submission, expected: Rows
) -> None:
    run.submit([DISTURBED_BALLAST, "lose_host_and_worker", run.marks, "curate"], submission.flags, submission.folder)
    run.cluster.await_true("driver", lambda: len(Attempt.all(run.marks, f"extract,{DOOMED_HOST},*")) == 2)
    run.cluster.kill(DOOMED_HOST)
    (run.marks / HOST_IS_LOST).touch()

    run.cluster.await_true("driver", lambda: len(Worker.all(run.marks, "balance,*,0,0")) == 1)
    (balancing,) = Worker.all(run.marks, "balance,*,0,0")
    assert b"pyspark.daemon" in Path(f"/proc/{balancing.pid}/cmdline").read_bytes()
    os.kill(balancing.pid, signal.SIGKILL)

    assert run.finish() == expected
    assert [task["Host"] for task in run.tasks("End", Reason="ExecutorLostFailure")] == [DOOMED_HOST]
    (killed,) = run.tasks("End", Reason="ExceptionFailure")
    assert "Python worker exited unexpectedly" in killed["Description"] + killed["Full Stack Trace"]
    for worker in Worker.all(run.marks, "[a-z]*,*"):
        assert Path(worker.ballast).is_relative_to(run.cluster.work), "Ballast came from the files that Spark sent"
        assert f"/{submission.code.name}/" in worker.ballast
        assert Path(worker.prefix).is_relative_to(run.cluster.work) and worker.prefix.endswith("/environment")


def test_lists_by_language_reach_hosts_without_ballast(
    run: Run, submission: Submission, crawl: Crawl, tmp_path: Path
) -> None:
    write_lists(tmp_path / "lists")
    by_language = Crawl(crawl.folder, tmp_path / "lists")
    (tmp_path / "alone").mkdir()
    expected = local_rows(by_language, tmp_path / "alone")
    column = expected["pool"][0].index("list")
    assert len({row[column] for row in expected["pool"][1:]}) >= 4, "pairs of several lists"

    run = replace(run, crawl=by_language)
    run.submit([submission.submit_file, "curate"], submission.flags, submission.folder)
    assert run.finish() == expected
    assert {task["Host"] for task in run.tasks("End", Reason="Success")} == set(HOSTS), "both took part"
