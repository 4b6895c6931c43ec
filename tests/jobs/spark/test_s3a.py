"""Spark on S3 by S3A: the settings, and, if the jars are available, a whole run on an S3-compatible server."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.spark.s3a import settings_of, static_settings
from udfs.storage.s3 import S3Storage
from udfs.storage.s3_client import s3_client

ROOT = Path(__file__).resolve().parents[3]
JARS = "BALLAST_TEST_S3A_JARS"
"""Jars for the run on S3, separated by commas: this Spark's spark-hadoop-cloud, hadoop-aws and AWS SDK bundle."""


def test_the_file_of_settings_loads():
    settings = static_settings()
    assert all(key.startswith("spark.") and value and " " not in value for key, value in settings.items())
    assert settings["spark.hadoop.fs.s3a.committer.name"] == "magic"
    assert "spark.sql.sources.commitProtocolClass" in settings


def test_the_aws_variables_are_passed_on():
    assert settings_of({}) == {}
    assert settings_of({"AWS_REGION": "eu-west-1"}) == {"spark.hadoop.fs.s3a.endpoint.region": "eu-west-1"}
    assert settings_of({"AWS_ENDPOINT_URL": "http://host:9000", "AWS_ENDPOINT_URL_S3": "http://s3:9000"}) == {
        "spark.hadoop.fs.s3a.endpoint": "http://s3:9000",
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        "spark.hadoop.fs.s3a.endpoint.region": "us-east-1",
    }
    (provider,) = settings_of({"AWS_PROFILE": "team"}).values()
    assert provider.endswith("ProfileCredentialsProvider")
    keys = {
        "AWS_ACCESS_KEY_ID": "abc",
        "AWS_SECRET_ACCESS_KEY": "def",
        "AWS_SESSION_TOKEN": "ghi",
        "AWS_PROFILE": "team",
    }
    assert settings_of(keys) == {}, "keys are never in a setting; S3A reads the variables itself"


def test_a_run_on_s3(spark, s3_server, crawl, bucket, tmp_path):
    """`curate` and `count` on a bucket give the rows of a local run, and leave no temporary objects."""
    jars = os.environ.get(JARS)
    if not jars:
        pytest.skip(f"not run: {JARS} names no jars (pip's pyspark has no hadoop-aws)")

    def ballast(*arguments: str) -> None:
        command = [sys.executable, "-m", "jobs.cli", *arguments, "--master", "local[2]"]
        flags = ["--spark-conf", f"spark.jars={jars}", "--spark-conf", f"spark.local.dir={tmp_path}"]
        done = subprocess.run([*command, *flags], cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False)
        assert done.returncode == 0, done.stderr

    def rows(table: pa.Table) -> list[dict]:
        return table.sort_by([(name, "ascending") for name in table.column_names[:1]]).to_pylist()

    flags = ["--metadata", str(crawl.metadata), "--t", "5"]
    ballast("curate", str(crawl.folder), "--out", f"s3://{bucket}/out", *flags)
    ballast("curate", str(crawl.folder), "--out", str(tmp_path / "out"), *flags)
    ballast("count", f"s3://{bucket}/out", "--out", f"s3://{bucket}/counts", "--metadata", str(crawl.metadata))
    storage = S3Storage(f"s3://{bucket}/out")
    for stage in ("files", "pool", "entry_counts", "subset"):
        names = [name for name in storage.list_files(stage) if name.endswith(".parquet")]
        remote = pa.concat_tables(pq.read_table(io.BytesIO(storage.read(name) or b"")) for name in names)
        local = pq.read_table(tmp_path / "out" / stage)
        dropped = ["seconds"] if stage == "files" else []
        assert rows(remote.drop_columns(dropped)) == rows(local.drop_columns(dropped))
    assert S3Storage(f"s3://{bucket}/counts").read("entry_counts.json") == storage.read("entry_counts.json")
    keys = [item["Key"] for item in s3_client().list_objects_v2(Bucket=bucket)["Contents"]]
    assert not [key for key in keys if "_temporary" in key or "__magic" in key or "_SUCCESS" in key]
    assert "Uploads" not in s3_client().list_multipart_uploads(Bucket=bucket)
