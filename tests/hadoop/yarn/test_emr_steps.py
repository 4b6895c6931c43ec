"""The steps that `ballast emr render` makes run on a real YARN, word for word, except for the places that only AWS has.

What the request says about the hosts (node labels, the bootstrap action's packages) is not run.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hdfs_runs import DRIVER, ENTRIES_FILE, INPUT, HdfsRun, without_places
from runs import SETTINGS, Rows, rows_of, sorted_rows
from standalone import SPARK_HOME
from submission import Submission

from jobs.cli import main

BUCKET = "s3://bucket"
EMR_PYTHON = "/opt/ballast/bin/python"
ROWS = {"pool": "pool/pool", "entry_counts": "counts/entry_counts", "subset": "subset/subset"}
"""Where the steps write what `curate` writes to one folder."""


@pytest.fixture(scope="module")
def python(submission: Submission, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the bootstrap action installs on each host: the archive's libraries and the wheel."""
    folder = tmp_path_factory.mktemp("opt") / "ballast"
    shutil.copytree(submission.files / "environment", folder, symlinks=True)
    python = folder / "bin" / "python"
    (wheel,) = submission.files.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps", wheel]
    subprocess.run(pip, check=True)
    return python


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="EMR 7 gets Python 3.11")
@pytest.mark.parametrize("steps", ["curate", "extract,match,dedup,count,balance"])
def test_the_steps_that_emr_gets_run_on_yarn(steps: str, run: HdfsRun, python: Path, expected: Rows) -> None:
    request = rendered(run, steps)
    places = {BUCKET: run.hadoop.url, EMR_PYTHON: str(python)}
    (defaults,) = (part for part in request["Configurations"] if part["Classification"] == "spark-defaults")
    conf = {"spark.master": "yarn", **mapped(defaults["Properties"], places), **run.conf()}
    text = "".join(f"{key} {value}\n" for key, value in conf.items())
    (run.folder / "spark-defaults.conf").write_text(text, encoding="utf-8")
    run.hadoop.shell("-mkdir", "-p", "/ballast")
    run.hadoop.shell("-put", "-f", run.submission.submit_file, "/ballast")
    for step in request["Steps"]:
        spark_submit, *words = mapped(step["HadoopJarStep"]["Args"], places)
        launcher = SPARK_HOME / "bin" / spark_submit
        run.hadoop.start_program(DRIVER, launcher, *words, environment={"SPARK_CONF_DIR": str(run.folder)})
        run.hadoop.processes.finish(DRIVER)
    copy = run.hadoop.copy(run.path, run.folder / "copy")
    if steps == "curate":
        assert without_places(rows_of(copy)) == expected
    else:
        rows = {stage: sorted_rows(pq.read_table(copy / folder)) for stage, folder in ROWS.items()}
        assert rows == {stage: expected[stage] for stage in ROWS}


def rendered(run: HdfsRun, steps: str) -> dict[str, Any]:
    """The request for a cluster with these steps."""
    places = ["--input", BUCKET + INPUT, "--out", BUCKET + run.path, "--artifacts", f"{BUCKET}/ballast"]
    files = ["--dist", str(run.submission.files), "--write", str(run.folder)]
    flags = ["--metadata", BUCKET + ENTRIES_FILE, *SETTINGS]
    assert main(["emr", "render", "--release", "emr-7.8.0", "--steps", steps, *places, *files, "--", *flags]) == 0
    request: dict[str, Any] = json.loads((run.folder / "run_job_flow.json").read_text())
    return request


def mapped(node: Any, places: Mapping[str, str]) -> Any:
    """A part of a request with other places, such as those of a bucket."""
    if isinstance(node, dict):
        return {key: mapped(value, places) for key, value in node.items()}
    if isinstance(node, list):
        return [mapped(value, places) for value in node]
    for place, other in places.items():
        node = node.replace(place, other)
    return node
