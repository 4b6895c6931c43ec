"""Render, check and submit the requests that run Ballast on an EMR cluster or on EMR Serverless."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["emr", *sys.argv[1:]]))

import argparse
import json
import re
from pathlib import Path
from typing import Any

from jobs.aws.emr_requests import Artifacts, cluster_requests, find_artifacts, refuse_secrets, serverless_requests
from jobs.console.command import Command
from jobs.console.registry import all_commands
from jobs.console.result import Result
from jobs.settings.settings import Settings
from jobs.settings.values import at_least_one, path
from jobs.spark.progress import say
from udfs.errors import BallastError, UsageError, did_you_mean
from udfs.storage.conf_files import read_conf

BOOTSTRAP = "bootstrap.sh"
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


def _run(arguments: argparse.Namespace, settings: Settings) -> Result:
    flags = arguments.rest
    jobs = {each.name: each for each in all_commands() if each.is_step}
    artifacts = find_artifacts(arguments.dist)
    steps = [name.strip() for name in arguments.steps.split(",")]
    for name in steps:
        if name not in jobs:
            raise UsageError(
                f"--steps {arguments.steps}: '{name}' is not one of {', '.join(jobs)}{did_you_mean(name, jobs)}"
            )
    refuse_secrets([*arguments.input, *flags])
    requests = (
        serverless_requests(arguments, jobs, steps, artifacts, flags)
        if arguments.serverless
        else cluster_requests(arguments, jobs, steps, artifacts, flags)
    )
    written = _write(arguments.write, requests) if arguments.write is not None else []
    submitted = _submit(arguments, requests, artifacts) if arguments.submit else []
    rendered = {"requests": requests, "written": written, "submitted": submitted}
    shown = submitted if arguments.submit else [] if written else [_json(requests)]
    return Result(rendered, lambda _: shown)


def _write(folder: Path, requests: dict[str, Any]) -> list[str]:
    """Write one file per request; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{operation}.json" for operation in requests]
    for file, request in zip(paths, requests.values(), strict=True):
        file.write_text(_json(request) + "\n", encoding="utf-8")
        say(f"{file}")
    return [str(file) for file in paths]


def _submit(arguments: argparse.Namespace, requests: dict[str, Any], artifacts: Artifacts) -> list[str]:
    """Upload the artifacts and send the requests; returns the ids of the cluster, steps or job run from AWS."""
    import boto3
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        _upload(boto3.client("s3", region_name=arguments.region), arguments.artifacts, artifacts)
        client = boto3.client("emr-serverless" if arguments.serverless else "emr", region_name=arguments.region)
        if "run_job_flow" in requests:
            return [client.run_job_flow(**requests["run_job_flow"])["JobFlowId"]]
        if "add_job_flow_steps" in requests:
            return list(client.add_job_flow_steps(**requests["add_job_flow_steps"])["StepIds"])
        job = requests["start_job_run"]
        if "create_application" in requests:
            job["applicationId"] = client.create_application(**requests["create_application"])["applicationId"]
            say(f"application {job['applicationId']}")
        return [client.start_job_run(**job)["jobRunId"]]
    except (Boto3Error, BotoCoreError, ClientError) as error:
        raise BallastError(f"AWS refused: {error}") from error


def _upload(client: Any, target: str, artifacts: Artifacts) -> None:
    bucket, _, prefix = target.removeprefix("s3://").partition("/")
    for name in (artifacts.wheel, artifacts.code, artifacts.environment, artifacts.submit):
        client.upload_file(str(artifacts.folder / name), bucket, f"{prefix}/{name}".lstrip("/"))
    script = read_conf(f"emr/{BOOTSTRAP}").encode()
    client.put_object(Bucket=bucket, Key=f"{prefix}/{BOOTSTRAP}".lstrip("/"), Body=script)
    say(f"uploaded the files of {artifacts.folder} to {target}")


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


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
    run=_run,
    add_arguments=_add_arguments,
    takes_rest=True,
)
