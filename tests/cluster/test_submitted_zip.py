"""The files of `make dist`, submitted from an empty folder to hosts without Ballast and its libraries."""

import os
import signal
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from disturbed_ballast import DOOMED_HOST, HOST_IS_LOST, Attempt, Worker
from runs import DISTURBED_BALLAST, Rows, Run
from standalone import HOSTS, Cluster, standalone_cluster

from jobs import dist


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with standalone_cluster(tmp_path_factory.mktemp("cluster"), has_ballast=False) as running:
        yield running


@dataclass(frozen=True)
class Submission:
    """An empty folder to submit from, and the files that are submitted."""

    folder: Path
    code: Path
    submit_file: Path
    environment: Path
    python: Path

    @property
    def flags(self) -> list[str | Path]:
        return [
            *("--py-files", self.code, "--archives", f"{self.environment}#environment"),
            *("--conf", f"spark.pyspark.driver.python={self.python}"),
            *("--conf", "spark.pyspark.python=./environment/bin/python"),
        ]


@pytest.fixture(scope="module")
def submission(tmp_path_factory: pytest.TempPathFactory) -> Submission:
    """The code zip as `make dist` builds it, and an archive that refers to this interpreter's libraries.

    (Installing them again would need the network and minutes. A path in a .pth file adds the libraries of a folder, but
    not the folder's own .pth files, such as that of Ballast's editable installation.)
    """
    root = tmp_path_factory.mktemp("submission")
    for name in ("scratch", "dist", "environment", "empty"):
        (root / name).mkdir()
    wheel = dist.build_wheel(root / "scratch", root / "dist")
    dist.write_submit_file(root / "dist")
    libraries = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    built = root / "scratch" / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", built], check=True)
    site = built / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    (site / "libraries.pth").write_text("\n".join(sorted(libraries)), encoding="utf-8")
    dist.link_python(built, sys.base_prefix)
    archive = root / "dist" / "environment.tar.gz"
    dist.pack_folder(built, archive)
    with tarfile.open(archive) as packed:  # for the driver, as the guide says
        packed.extractall(root / "environment", filter="tar")
    python = root / "environment" / "bin" / "python"
    for module, is_there in (("pyarrow", True), ("udfs", False), ("jobs", False)):
        done = subprocess.run([python, "-c", f"import {module}"], cwd=root / "empty", capture_output=True, text=True)
        assert (done.returncode == 0) == is_there, done.stderr
    return Submission(root / "empty", dist.code_zip(wheel), root / "dist" / dist.SUBMIT_FILE, archive, python)


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
