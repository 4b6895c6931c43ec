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
from pathlib import Path
from typing import Any

from jobs.aws.emr_requests import Artifacts, cluster_requests, find_artifacts, refuse_secrets, serverless_requests
from jobs.console.registry import COMMANDS
from jobs.settings.settings import Settings
from jobs.spark.progress import say
from udfs.errors import BallastError, UsageError
from udfs.storage.conf_files import read_conf

BOOTSTRAP = "bootstrap.sh"


def render(arguments: argparse.Namespace, settings: Settings) -> None:
    flags = arguments.rest
    jobs = {each.name: each for each in COMMANDS.values() if each.is_job}
    artifacts = find_artifacts(arguments.dist)
    steps = [name.strip() for name in arguments.steps.split(",")]
    for name in steps:
        if name not in jobs:
            raise UsageError(f"--steps {arguments.steps}: '{name}' is not one of {', '.join(jobs)}")
    refuse_secrets([*arguments.input, *flags])
    requests = (
        serverless_requests(arguments, jobs, steps, artifacts, flags)
        if arguments.serverless
        else cluster_requests(arguments, jobs, steps, artifacts, flags)
    )
    if arguments.write is not None:
        arguments.write.mkdir(parents=True, exist_ok=True)
        for operation, request in requests.items():
            path = arguments.write / f"{operation}.json"
            path.write_text(_json(request) + "\n", encoding="utf-8")
            say(f"{path}")
    elif not arguments.submit:
        print(_json(requests))
    if arguments.submit:
        _submit(arguments, requests, artifacts)


def _submit(arguments: argparse.Namespace, requests: dict[str, Any], artifacts: Artifacts) -> None:
    """Upload the artifacts, send the requests, and print the ids that AWS returns."""
    import boto3
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        _upload(boto3.client("s3", region_name=arguments.region), arguments.artifacts, artifacts)
        client = boto3.client("emr-serverless" if arguments.serverless else "emr", region_name=arguments.region)
        if "run_job_flow" in requests:
            print(client.run_job_flow(**requests["run_job_flow"])["JobFlowId"])
        elif "add_job_flow_steps" in requests:
            print(*client.add_job_flow_steps(**requests["add_job_flow_steps"])["StepIds"], sep="\n")
        else:
            job = requests["start_job_run"]
            if "create_application" in requests:
                job["applicationId"] = client.create_application(**requests["create_application"])["applicationId"]
                say(f"application {job['applicationId']}")
            print(client.start_job_run(**job)["jobRunId"])
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
