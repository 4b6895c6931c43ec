"""The steps that `ballast emr render` makes run on a real YARN and a real S3 server, word for word.

EMR's own file system for `s3://` is not to be had: S3A takes its place. What the request says about the hosts (node
labels, the bootstrap action's packages) is not run.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest
from hdfs_runs import DRIVER, ENTRIES_FILE, INPUT, HdfsRun, without_places
from runs import SETTINGS, Crawl, Rows, rows_of, sorted_rows
from s3_server import s3_environment, s3_server, s3a_jars
from standalone import SPARK_HOME
from submission import Submission

from jobs.cli import main
from jobs.spark.s3a import settings_of

BUCKET = "bucket"
EMR_PYTHON = "/opt/ballast/bin/python"
ROWS = {"pool": "pool/pool", "entry_counts": "counts/entry_counts", "subset": "subset/subset"}
"""Where the steps write what `curate` writes to one folder."""


@dataclass(frozen=True)
class Store:
    """An S3 server with one bucket, which is the local `folder`, and the variables by which programs find it."""

    folder: Path
    environment: dict[str, str]

    @property
    def conf(self) -> dict[str, str]:
        """Spark's settings that put S3A in the place of EMR's file system, on all hosts."""
        jars = s3a_jars().replace(",", ":")
        variables = {
            f"spark.{prefix}.{name}": value
            for prefix in ("yarn.appMasterEnv", "executorEnv")
            for name, value in self.environment.items()
        }
        return {
            **settings_of(self.environment),
            **variables,
            "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
            "spark.driver.extraClassPath": jars,
            "spark.executor.extraClassPath": jars,
        }

    @property
    def client(self) -> dict[str, str]:
        """The variables for spark-submit itself, which fetches the program from S3."""
        return {**self.environment, "SPARK_DIST_CLASSPATH": s3a_jars().replace(",", ":")}


@pytest.fixture(scope="module")
def store(crawl: Crawl, submission: Submission, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The server, with the crawl and the program in its bucket."""
    root = tmp_path_factory.mktemp("s3")
    with s3_server(root) as address:
        environment = s3_environment(address)
        session = boto3.Session(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
        client = session.client("s3", endpoint_url=address, region_name=environment["AWS_DEFAULT_REGION"])
        client.create_bucket(Bucket=BUCKET)
        files = {f"{INPUT}/{path.name}": path for path in crawl.folder.iterdir()}
        files |= {ENTRIES_FILE: crawl.metadata, f"/ballast/{submission.submit_file.name}": submission.submit_file}
        for key, path in files.items():
            client.put_object(Bucket=BUCKET, Key=key.lstrip("/"), Body=path.read_bytes())
        yield Store(root / "buckets" / BUCKET, environment)


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
def test_the_steps_that_emr_gets_run_on_yarn(
    steps: str, run: HdfsRun, store: Store, python: Path, expected: Rows
) -> None:
    request = rendered(run, steps)
    (defaults,) = (part for part in request["Configurations"] if part["Classification"] == "spark-defaults")
    conf = {"spark.master": "yarn", **with_python(defaults["Properties"], python), **run.conf(), **store.conf}
    text = "".join(f"{key} {value}\n" for key, value in conf.items())
    (run.folder / "spark-defaults.conf").write_text(text, encoding="utf-8")
    environment = {"SPARK_CONF_DIR": str(run.folder), **store.client}
    for step in request["Steps"]:
        spark_submit, *words = with_python(step["HadoopJarStep"]["Args"], python)
        run.hadoop.start_program(DRIVER, SPARK_HOME / "bin" / spark_submit, *words, environment=environment)
        run.hadoop.processes.finish(DRIVER)
    out = store.folder / run.path.lstrip("/")
    if steps == "curate":
        assert without_places(rows_of(out)) == expected
    else:
        rows = {stage: sorted_rows(pq.read_table(out / folder)) for stage, folder in ROWS.items()}
        assert rows == {stage: expected[stage] for stage in ROWS}


def rendered(run: HdfsRun, steps: str) -> dict[str, Any]:
    """The request for a cluster with these steps."""
    bucket = f"s3://{BUCKET}"
    places = ["--input", bucket + INPUT, "--out", bucket + run.path, "--artifacts", f"{bucket}/ballast"]
    files = ["--dist", str(run.submission.files), "--write", str(run.folder)]
    flags = ["--metadata", bucket + ENTRIES_FILE, *SETTINGS]
    assert main(["emr", "render", "--release", "emr-7.8.0", "--steps", steps, *places, *files, "--", *flags]) == 0
    request: dict[str, Any] = json.loads((run.folder / "run_job_flow.json").read_text())
    return request


def with_python(node: Any, python: Path) -> Any:
    """A part of a request with this Python in the place of the one that the bootstrap action installs."""
    if isinstance(node, dict):
        return {key: with_python(value, python) for key, value in node.items()}
    if isinstance(node, list):
        return [with_python(value, python) for value in node]
    return node.replace(EMR_PYTHON, str(python))
