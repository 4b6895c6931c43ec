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
from jobs.console.result import Result
from jobs.settings.settings import Settings
from jobs.spark.progress import say
from udfs.errors import BallastError, UsageError, did_you_mean
from udfs.storage.conf_files import read_conf

BOOTSTRAP = "bootstrap.sh"


def render(arguments: argparse.Namespace, settings: Settings) -> Result:
    flags = arguments.rest
    jobs = {each.name: each for each in COMMANDS.values() if each.is_job}
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
    for path, request in zip(paths, requests.values(), strict=True):
        path.write_text(_json(request) + "\n", encoding="utf-8")
        say(f"{path}")
    return [str(path) for path in paths]


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
