"""A real cluster of two hosts gives the rows of a local run, even if tasks fail or a host is lost."""

from disturbed_ballast import DOOMED_HOST, HOST_IS_LOST, Attempt
from runs import FILES, Rows, Run
from standalone import HOSTS, ROOT

STEPS = {"extract", "dedup", "balance"}
SPECULATION = {
    "spark.speculation": "true",
    "spark.speculation.interval": "50ms",
    "spark.speculation.multiplier": 1,
    "spark.speculation.quantile": 0.1,
    "spark.speculation.minTaskRuntime": "1s",
    "spark.speculation.efficiency.enabled": "false",
    "spark.default.parallelism": FILES,  # one batch: tasks of a second one would wait on the cores of the copies
}


def test_a_cluster_gives_the_rows_of_a_local_run(run: Run, expected: Rows) -> None:
    run.start()
    assert run.finish() == expected
    assert {task["Host"] for task in run.tasks("End", Reason="Success")} == set(HOSTS), "both took part"


def test_spark_submit_to_a_cluster_gives_the_rows_of_a_local_run(run: Run, expected: Rows) -> None:
    run.submit([ROOT / "jobs" / "curate.py"])
    assert run.finish() == expected
    assert {task["Host"] for task in run.tasks("End", Reason="Success")} == set(HOSTS), "both took part"


def test_tasks_that_fail_once_leave_the_same_rows(run: Run, expected: Rows) -> None:
    run.start("fail_once")
    assert run.finish() == expected
    failed = [attempt for attempt in Attempt.all(run.marks) if attempt.number == 0]
    assert {attempt.step for attempt in failed} == STEPS
    assert len(failed) == len(run.tasks("End", Reason="ExceptionFailure")) >= FILES + 2 + 2


def test_speculative_copies_leave_the_same_rows(run: Run, expected: Rows) -> None:
    run.start("wait_for_copy", **SPECULATION)
    assert run.finish() == expected
    copies = {(task["Stage"], task["Index"], task["Host"]) for task in run.tasks("Start", Speculative=True)}
    for step in STEPS:
        (copy,) = Attempt.all(run.marks, f"{step},*,0,1")
        assert (copy.stage, copy.partition, copy.host) in copies


def test_a_host_lost_during_extraction_leaves_the_same_rows(run: Run, expected: Rows) -> None:
    run.start("lose_host")
    run.cluster.await_true("driver", lambda: len(Attempt.all(run.marks, f"extract,{DOOMED_HOST},*")) == 2)
    run.cluster.kill(DOOMED_HOST)
    (run.marks / HOST_IS_LOST).touch()
    assert run.finish() == expected
    (lost,) = run.tasks("End", Reason="ExecutorLostFailure")
    assert lost["Host"] == DOOMED_HOST
    (retried,) = run.tasks("End", Reason="Success", Stage=lost["Stage"], Index=lost["Index"])
    assert retried["Host"] != DOOMED_HOST
