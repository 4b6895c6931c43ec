"""The command that renders the requests for Amazon EMR."""

import argparse
import re
from pathlib import Path

from jobs.console.command import Command
from jobs.settings.values import at_least_one, path

OLDEST_RELEASE = (7, 6, 0)  # the first with Spark 3.5.3
_RELEASE = re.compile(r"emr-(\d+)\.(\d+)\.(\d+)")
_BUCKET_PATH = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/\S*)?")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--input", nargs="+", default=[], metavar="INPUT", help="input of the first step")
    add("--out", required=True, type=_s3, metavar="S3", help="folder to write, s3://BUCKET/FOLDER")
    add("--artifacts", required=True, type=_s3, metavar="S3", help="folder of the files of make dist on S3")
    add("--release", required=True, type=_release, metavar="EMR", help="release label: emr-7.6.0 or later")
    add("--steps", default="curate", metavar="JOB[,JOB…]", help="jobs to run, in this order (default: curate)")
    add("--dist", default="dist", type=_folder, metavar="DIR", help="folder that make dist wrote (default: dist)")
    add("--region", default="us-east-1", help="AWS region (default: us-east-1, CommonCrawl's: no transfer costs)")
    add("--name", default="ballast", help="name of the cluster or application (default: ballast)")
    add("--log-uri", type=_s3, metavar="S3", help="folder for logs (default: none are kept)")
    add("--subnet", action="append", metavar="ID", help="EC2 subnet; may be repeated (default: EMR's choice)")
    add("--disk-gb", type=at_least_one, default=200, metavar="N", help="disk of each host or executor (default: 200)")
    add("--write", type=_folder, metavar="DIR", help="write one file per request, for `aws --cli-input-json`")
    add("--submit", action="store_true", help="upload the files of make dist to --artifacts, and send the requests")
    add("--debug", action="store_true", help="show stack traces")
    cluster = parser.add_argument_group("a cluster")
    add = cluster.add_argument
    add("--master-type", default="m6i.xlarge", metavar="TYPE", help="host of the master (default: m6i.xlarge)")
    add("--core-types", default="m6i.4xlarge", metavar="TYPE[,…]", help="on-demand hosts (default: m6i.4xlarge)")
    add("--core-count", type=at_least_one, default=2, metavar="N", help="number of on-demand hosts (default: 2)")
    add("--task-types", default="m6i.4xlarge,m5.4xlarge,m6a.4xlarge", metavar="TYPE[,…]", help="spot hosts of one size")
    add("--task-count", type=at_least_one, default=10, metavar="N", help="number of spot hosts (default: 10)")
    add("--key-name", metavar="NAME", help="EC2 key pair (default: none)")
    add("--service-role", default="EMR_DefaultRole", metavar="ROLE", help="(default: EMR_DefaultRole)")
    add("--instance-role", default="EMR_EC2_DefaultRole", metavar="PROFILE", help="(default: EMR_EC2_DefaultRole)")
    add("--cluster-id", metavar="ID", help="add the steps to this running cluster, which has the same bootstrap action")
    serverless = parser.add_argument_group("EMR Serverless")
    add = serverless.add_argument
    add("--serverless", action="store_true", help="use an application and a job run, not a cluster with steps")
    add("--job-role", type=_role, metavar="ARN", help="role of the job run (required)")
    add("--application-id", metavar="ID", help="run in this application (default: create one)")
    add("--max-vcpu", type=at_least_one, default=200, metavar="N", help="maximum capacity (default: 200)")
    add("--image", metavar="URI", help="custom image with Python 3.11 (default: the archive's own Python)")
    add("--security-group", action="append", metavar="ID", help="with --subnet; may be repeated")


def _folder(text: str) -> Path:
    return Path(path(text))


def _s3(text: str) -> str:
    if not _BUCKET_PATH.fullmatch(text):
        raise argparse.ArgumentTypeError(f"'{text}' is not s3://BUCKET/FOLDER")
    return text.rstrip("/")


def _release(text: str) -> str:
    match = _RELEASE.fullmatch(text)
    if not match:
        raise argparse.ArgumentTypeError(f"'{text}' is not a release label such as emr-7.8.0")
    if tuple(map(int, match.groups())) < OLDEST_RELEASE:
        raise argparse.ArgumentTypeError(f"{text} has a Spark older than 3.5.3: use emr-7.6.0 or later")
    return text


def _role(text: str) -> str:
    if not _ROLE.fullmatch(text):
        raise argparse.ArgumentTypeError(f"'{text}' is not the ARN of a role")
    return text


RENDER = Command(
    name="emr render",
    purpose="fill conf/emr/, check the requests against boto3's model of the service, and with --submit send them. "
    "Flags after -- go to the jobs that take them",
    work="jobs.emr:render",
    add_arguments=_add_arguments,
    takes_rest=True,
)
