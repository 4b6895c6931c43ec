"""Count the S3 requests of a command.

    python tests/hadoop/s3a/s3_requests.py --data FOLDER -- ballast report s3://bucket/run

starts an S3 server on FOLDER, where its buckets stay, creates the buckets that the command names, runs the command with
the AWS variables and Spark's jars set, and prints the number of requests of each operation on each kind of key.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import boto3

sys.path[:0] = [str(Path(__file__).resolve().parents[level]) for level in (3, 2)]  # the checkout, and tests/

from s3_proxy import s3_proxy, table_of  # noqa: E402
from s3_server import s3_environment, s3_server, s3a_jars  # noqa: E402


def spark_conf(folder: Path) -> dict[str, str]:
    """Write a spark-defaults.conf that names the jars of S3A; returns the variable that points Spark to it."""
    (folder / "spark-defaults.conf").write_text(f"spark.jars {s3a_jars()}\nspark.local.dir {folder}\n")
    return {"SPARK_CONF_DIR": str(folder)}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="count the S3 requests of a command")
    parser.add_argument("--data", type=Path, required=True, help="the folder where the server keeps its buckets")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    scratch = tempfile.TemporaryDirectory(prefix="ballast-s3-")
    with scratch as folder, s3_server(options.data) as server, s3_proxy(server) as requests:
        os.environ.update(s3_environment(server))
        client = boto3.client("s3")
        present = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
        for bucket in set(re.findall(r"s3a?://([^/\s]+)", " ".join(options.command))) - present:
            client.create_bucket(Bucket=bucket)
        environment = {**os.environ, **s3_environment(requests.address), **spark_conf(Path(folder))}
        status = subprocess.run(options.command, env=environment, check=False).returncode
    print(table_of(requests.seen))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
