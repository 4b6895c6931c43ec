"""A real YARN gives the rows of a local run, from HDFS to HDFS, by the lines of SUBMIT.md; also if hosts, executors and
application masters are lost."""

from pathlib import Path

import pytest
from daemons import NODES
from disturbed_ballast import DOOMED_HOST, HOST_IS_LOST, Worker
from hdfs_runs import CLIENT, CLUSTER, HdfsRun, kill_container
from processes import environment_of
from runs import FILES, Rows

SAFE_NODEMANAGER, DOOMED_NODEMANAGER = (f"nodemanager-{host}" for host in NODES)


@pytest.mark.parametrize("section", [CLIENT, CLUSTER])
def test_yarn_gives_the_rows_of_a_local_run(section: str, run: HdfsRun, expected: Rows) -> None:
    """The second executor is asked for while the first works; the shuffle service gives out what both wrote."""
    run.submit(section, **{"spark.dynamicAllocation.initialExecutors": 1})
    assert run.finish() == expected
    assert {task["Host"] for task in run.tasks("End", Reason="Success")} == set(NODES), "both took part"
    executors = run.events_named("ExecutorAdded")
    assert len(executors) == 2 and executors[1]["Timestamp"] - executors[0]["Timestamp"] > 1000
    served, application = run.hadoop.processes.text(SAFE_NODEMANAGER), run.application()["id"]
    for executor in executors:
        assert f"[appId={application},execId={executor['Executor ID']}] with ExecutorShuffleInfo" in served


def test_a_nodemanager_lost_in_extraction_and_an_executor_in_dedup_leave_the_same_rows(
    run: HdfsRun, expected: Rows
) -> None:
    hadoop = run.hadoop
    hadoop.processes.kill(DOOMED_NODEMANAGER)  # so that the application master gets the other one
    run.submit(CLIENT, "lose_host_and_executor", **{"spark.dynamicAllocation.minExecutors": 2})
    run.await_true(lambda: run.application().get("state") == "RUNNING")
    hadoop.start_daemons(DOOMED_NODEMANAGER)
    run.await_true(lambda: len(run.attempts(f"extract,{DOOMED_HOST},*")) == 2)
    hadoop.processes.kill(DOOMED_NODEMANAGER)
    (run.marks / HOST_IS_LOST).touch()

    run.await_true(lambda: run.attempts("dedup,*,0,0"))
    (waiting,) = Worker.all(run.marks, "dedup,*,0,0")
    kill_container(environment_of(waiting.pid)["CONTAINER_ID"])

    assert run.finish() == expected
    lost = run.tasks("End", Reason="ExecutorLostFailure")
    assert {task["Host"] for task in lost} == set(NODES)
    for task in lost:
        assert run.tasks("End", Reason="Success", Stage=task["Stage"], Index=task["Index"])
    for worker in Worker.all(run.marks, "[a-z]*,*"):
        assert f"/{run.submission.code.name}/" in worker.ballast, "Ballast came from the files that Spark sent"
        assert "/container_" in worker.prefix and Path(worker.prefix).name == "environment"


def test_a_killed_application_master_is_resumed_by_yarns_second_attempt(run: HdfsRun, expected: Rows) -> None:
    run.submit(CLUSTER, None, "--batch-files", "1")
    run.await_true(lambda: run.glob("_manifests/extracted/batch=00000.json"))
    application = run.application()["id"].removeprefix("application_")
    kill_container(f"container_{application}_01_000001")
    assert run.finish() == expected
    assert len(run.attempts_of_application()) == 2
    (resumed,) = run.hadoop.logs(f"container_{application}_02_000001", "stdout")  # Spark joins the two
    assert f"of {FILES} files were committed before" in resumed
