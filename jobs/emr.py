"""EMR: render, check and submit the requests that run Ballast on an EMR cluster or on EMR Serverless."""

import argparse
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs import balance, count, curate, dedup, extract, group, match, merge
from jobs.command import Job, Parser, guarded, note
from jobs.emr_templates import check_request, fill_template, read_conf, spark_defaults
from jobs.settings import COMMANDS, resolve
from udfs.errors import BallastError, UsageError

PURPOSE = "render, check and submit the requests for Amazon EMR"
BOOTSTRAP = "bootstrap.sh"
OLDEST_RELEASE = (7, 6, 0)  # the first with Spark 3.5.3
AMAZON_LINUX_GLIBC = 34  # Amazon Linux 2023, on which EMR 7 stands

_JOBS = {module.JOB.name: module.JOB for module in (curate, extract, match, dedup, merge, count, balance, group)}
_ROWS_FROM = {
    "match": ("extract", "pairs"),
    "dedup": ("match", "matched"),
    "count": ("dedup", "pool"),
    "balance": ("dedup", "pool"),
    "group": ("balance", "subset"),
}
"""The step whose rows a step reads when both are asked for, and the folder below --out that holds them."""

_RELEASE = re.compile(r"emr-(\d+)\.(\d+)\.(\d+)")
_BUCKET_PATH = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/\S*)?")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+")
_ENVIRONMENT = re.compile(r"ballast-env-.+-python(\d\.\d+)-(x86_64|aarch64)-glibc2\.(\d+)\.tar\.gz")
_GRAVITON = re.compile(r"[a-z]+\d+g[a-z]*\.")
_SECRET = re.compile(r"secret|password|token|access[._-]?key|signature|credential", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Artifacts:
    """What `make dist` left: names of the files that go to S3."""

    folder: Path
    wheel: str
    code: str
    environment: str
    submit: str = "ballast_submit.py"

    @property
    def architecture(self) -> str:
        """The machine that the environment is for, in EMR Serverless's terms."""
        found = _ENVIRONMENT.fullmatch(self.environment)
        return "ARM64" if found is not None and found[2] == "aarch64" else "X86_64"


def main(argv: Sequence[str] | None = None) -> int:
    given = list(argv or ())
    split = given.index("--") if "--" in given else len(given)
    parser = _parser()
    arguments = parser.parse_args(given[:split] or ["--help"])
    return guarded(lambda: _render(arguments, given[split + 1 :]), debug=arguments.debug)


def _parser() -> Parser:
    parser = Parser(prog="ballast emr", description=f"{PURPOSE[0].upper()}{PURPOSE[1:]}.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    render = commands.add_parser(
        "render",
        help="fill conf/emr/ and check the requests; with --submit, send them",
        description="Fill the templates of conf/emr/ and check them against boto3's model of the service. What follows "
        "-- are flags of the jobs: each goes to the steps that take it.",
    )
    add = render.add_argument
    add("--input", nargs="+", required=True, metavar="INPUT", help="what the first step reads")
    add("--out", required=True, type=_s3, metavar="S3", help="what is written, s3://BUCKET/FOLDER")
    add("--artifacts", required=True, type=_s3, metavar="S3", help="where the files of make dist are, or will be put")
    add("--release", required=True, type=_release, metavar="EMR", help="release label, such as emr-7.8.0 (7.6.0 on)")
    add("--steps", default="curate", metavar="JOB[,JOB…]", help="the jobs to run, in their order (default: curate)")
    add("--dist", default="dist", type=Path, metavar="DIR", help="folder that make dist wrote (default: dist)")
    add("--region", default="us-east-1", help="AWS region (default: us-east-1, where CommonCrawl is: reading is free)")
    add("--name", default="ballast", help="name of the cluster or application (default: ballast)")
    add("--log-uri", type=_s3, metavar="S3", help="where logs go (default: they are not kept)")
    add("--subnet", action="append", metavar="ID", help="EC2 subnet; may be repeated (default: EMR's choice)")
    add("--disk-gb", type=_count, default=200, metavar="N", help="shuffle disk of a host or executor (default: 200)")
    add("--write", type=Path, metavar="DIR", help="write a file an operation, for `aws --cli-input-json`, not stdout")
    add("--submit", action="store_true", help="put the files of make dist to --artifacts and send the requests")
    add("--debug", action="store_true", help="show stack traces")
    cluster = render.add_argument_group("a cluster")
    add = cluster.add_argument
    add("--master-type", default="m6i.xlarge", metavar="TYPE", help="(default: m6i.xlarge)")
    add("--core-types", default="m6i.4xlarge", metavar="TYPE[,…]", help="on-demand hosts (default: m6i.4xlarge)")
    add("--core-count", type=_count, default=2, metavar="N", help="how many (default: 2)")
    add(
        "--task-types", default="m6i.4xlarge,m5.4xlarge,m6a.4xlarge", metavar="TYPE[,…]", help="spot hosts, of one size"
    )
    add("--task-count", type=_count, default=10, metavar="N", help="how many (default: 10)")
    add("--key-name", metavar="NAME", help="EC2 key pair (default: none)")
    add("--service-role", default="EMR_DefaultRole", metavar="ROLE", help="(default: EMR_DefaultRole)")
    add("--instance-role", default="EMR_EC2_DefaultRole", metavar="PROFILE", help="(default: EMR_EC2_DefaultRole)")
    add("--cluster-id", metavar="ID", help="add the steps to this running cluster, bootstrapped the same way")
    serverless = render.add_argument_group("EMR Serverless")
    add = serverless.add_argument
    add("--serverless", action="store_true", help="an application and a job run, in place of a cluster and steps")
    add("--job-role", type=_role, metavar="ARN", help="role of the job run (required)")
    add("--application-id", metavar="ID", help="run in this application (default: create one)")
    add("--max-vcpu", type=_count, default=200, metavar="N", help="capacity that is never exceeded (default: 200)")
    add("--image", metavar="URI", help="custom image that holds Python 3.11 (default: the archive's own Python)")
    add("--security-group", action="append", metavar="ID", help="with --subnet; may be repeated")
    return parser


def _render(arguments: argparse.Namespace, flags: list[str]) -> None:
    artifacts = find_artifacts(arguments.dist)
    steps = [name.strip() for name in arguments.steps.split(",")]
    for name in steps:
        if name not in _JOBS:
            raise UsageError(f"--steps {arguments.steps}: '{name}' is none of {', '.join(_JOBS)}")
    refuse_secrets([*arguments.input, *flags])
    requests = (
        serverless_requests(arguments, steps, artifacts, flags)
        if arguments.serverless
        else cluster_requests(arguments, steps, artifacts, flags)
    )
    if arguments.write is not None:
        arguments.write.mkdir(parents=True, exist_ok=True)
        for operation, request in requests.items():
            path = arguments.write / f"{operation}.json"
            path.write_text(_json(request) + "\n", encoding="utf-8")
            note(f"{path}")
    elif not arguments.submit:
        print(_json(requests))
    if arguments.submit:
        _submit(arguments, requests, artifacts)


def find_artifacts(folder: Path) -> Artifacts:
    """The files of a `make dist` folder. Raises `UsageError` when they are not there or do not fit EMR's hosts."""
    names = {kind: sorted(path.name for path in folder.glob(kind)) for kind in ("*.whl", "ballast-[0-9]*.zip", "*.gz")}
    if any(len(found) != 1 for found in names.values()):
        raise UsageError(f"--dist {folder}: does not hold one wheel, code zip and environment: run make dist")
    artifacts = Artifacts(folder, *(found[0] for found in names.values()))
    found = _ENVIRONMENT.fullmatch(artifacts.environment)
    if found is None:
        raise UsageError(f"--dist {folder}: {artifacts.environment} is not named as make dist names it")
    if found[1] != "3.11":
        raise UsageError(f"--dist {folder}: {artifacts.environment} is for Python {found[1]}: EMR's hosts get 3.11")
    if int(found[3]) > AMAZON_LINUX_GLIBC:
        raise UsageError(
            f"--dist {folder}: {artifacts.environment} needs a later glibc than EMR 7 has (2.{AMAZON_LINUX_GLIBC}): "
            "build it on Amazon Linux 2023"
        )
    return artifacts


def refuse_secrets(words: Sequence[str]) -> None:
    """Raise `UsageError` for arguments that look like secrets: whoever may see a cluster or a job run sees them."""
    for word in words:
        if _SECRET.search(word):
            shown = word.partition("=")[0].partition("?")[0]
            raise UsageError(
                f"{shown}…: looks like a secret, which EMR would show: give the instance or job role rights"
            )


def cluster_requests(
    arguments: argparse.Namespace, steps: list[str], artifacts: Artifacts, flags: list[str]
) -> dict[str, Any]:
    """`run_job_flow` with its steps, or `add_job_flow_steps` for a running cluster."""
    arm = artifacts.architecture == "ARM64"
    core, task = _types(arguments.core_types), _types(arguments.task_types)
    for name in (arguments.master_type, *core, *task):
        if bool(_GRAVITON.match(name)) != arm:
            raise UsageError(f"{name}: is not of the architecture of {artifacts.environment}")
    values = _values(arguments, artifacts) | {
        "master_type": arguments.master_type,
        "core_count": arguments.core_count,
        "task_count": arguments.task_count,
        "core_instances": [_instance(name, arguments.disk_gb) for name in core],
        "task_instances": [_instance(name, arguments.disk_gb) for name in task],
        "key_name": arguments.key_name,
        "subnets": arguments.subnet,
        "service_role": arguments.service_role,
        "instance_role": arguments.instance_role,
        "on_failure": "TERMINATE_CLUSTER" if arguments.cluster_id is None else "CANCEL_AND_WAIT",
        "wheel": artifacts.wheel,
    }
    jobs = [fill_step(name, steps, arguments, values, flags) for name in steps]
    _check_all_taken(steps, flags)
    if arguments.cluster_id is None:
        requests = {"run_job_flow": fill_template("cluster", {**values, "steps": jobs})}
        check_request("emr", "RunJobFlow", requests["run_job_flow"])
    else:
        requests = {"add_job_flow_steps": {"JobFlowId": arguments.cluster_id, "Steps": jobs}}
        check_request("emr", "AddJobFlowSteps", requests["add_job_flow_steps"])
    return requests


def serverless_requests(
    arguments: argparse.Namespace, steps: list[str], artifacts: Artifacts, flags: list[str]
) -> dict[str, Any]:
    """`create_application`, unless one is named, and `start_job_run`, whose applicationId may be known only then."""
    if arguments.job_role is None:
        raise UsageError("--serverless: --job-role ARN is missing")
    if len(steps) != 1:
        raise UsageError(f"--steps {arguments.steps}: EMR Serverless takes one job a run: render each on its own")
    values = _values(arguments, artifacts) | {"on_failure": None}
    step = fill_step(steps[0], steps, arguments, values, flags)
    _check_all_taken(steps, flags)
    network = {"subnetIds": arguments.subnet, "securityGroupIds": arguments.security_group}
    logs = arguments.log_uri
    values |= {
        "step_name": step["Name"],
        "arguments": _job_arguments(step),
        "application_id": arguments.application_id,
        "job_role": arguments.job_role,
        "code": artifacts.code,
        "architecture": artifacts.architecture,
        "max_vcpu": arguments.max_vcpu,
        "max_memory_gb": arguments.max_vcpu * 4,
        "max_disk_gb": max(arguments.max_vcpu // 4, 1) * arguments.disk_gb,
        "image": {"imageUri": arguments.image} if arguments.image else None,
        "network": {key: value for key, value in network.items() if value} or None,
        "monitoring": {"s3MonitoringConfiguration": {"logUri": logs}} if logs else None,
    }
    requests = {}
    if arguments.application_id is None:
        requests["create_application"] = fill_template("serverless-application", values)
        check_request("emr-serverless", "CreateApplication", requests["create_application"])
    requests["start_job_run"] = fill_template("serverless-job", values)
    to_be_known = {} if arguments.application_id else {"applicationId": "known-once-created"}
    check_request("emr-serverless", "StartJobRun", requests["start_job_run"] | to_be_known)
    return requests


def fill_step(
    name: str, steps: list[str], arguments: argparse.Namespace, values: dict[str, Any], flags: list[str]
) -> dict[str, Any]:
    """A job's step, whose arguments the job's own parser has taken. Raises `UsageError` where it does not."""
    before, folder = _ROWS_FROM.get(name, (None, None))
    inputs = [f"{arguments.out}/{folder}"] if before in steps[: steps.index(name)] else arguments.input
    own = [word for group in _groups(flags) if _setting(group) in COMMANDS[name] for word in group]
    step = fill_template(f"steps/{name}", {**values, "inputs": inputs, "flags": own})
    if "count" not in steps[: steps.index(name)]:
        _drop_counts(step["HadoopJarStep"]["Args"], name)
    parse_job(_JOBS[name], _job_arguments(step)[1:])
    return step


def parse_job(job: Job, words: list[str]) -> None:
    """Raise `UsageError` for arguments that the job would refuse."""

    class Checker(Parser):
        def error(self, message: str) -> Any:
            raise UsageError(f"{self.prog}: {message}")

    checker = Checker(prog=f"ballast {job.name}", add_help=False)
    job.add_arguments(checker)
    resolve(job.name, checker.parse_args(words))


def _drop_counts(words: list[str], name: str) -> None:
    """Balance by the pool's own counts where no step of the chain makes them."""
    if name == "balance":
        at = words.index("--entry-counts")
        del words[at : at + 2]


def _job_arguments(step: dict[str, Any]) -> list[str]:
    """The words that follow ballast_submit.py."""
    words: list[str] = step["HadoopJarStep"]["Args"]
    (at,) = [place for place, word in enumerate(words) if word.endswith("/ballast_submit.py")]
    return words[at + 1 :]


def _groups(flags: list[str]) -> list[list[str]]:
    """Flags with their values."""
    groups: list[list[str]] = []
    for word in flags:
        if word.startswith("--"):
            groups.append([word])
        elif groups:
            groups[-1].append(word)
        else:
            raise UsageError(f"{word}: a flag of a job, such as --t, must come first after --")
    return groups


def _setting(group: list[str]) -> str:
    return group[0].partition("=")[0].removeprefix("--").replace("-", "_")


def _check_all_taken(steps: list[str], flags: list[str]) -> None:
    for group_ in _groups(flags):
        if not any(_setting(group_) in COMMANDS[name] for name in steps):
            raise UsageError(f"{group_[0].partition('=')[0]}: no flag of {', '.join(steps)}")


def _values(arguments: argparse.Namespace, artifacts: Artifacts) -> dict[str, Any]:
    """What every template may ask for."""
    return {
        "name": arguments.name,
        "release": arguments.release,
        "log_uri": arguments.log_uri,
        "artifacts": arguments.artifacts,
        "environment": artifacts.environment,
        "out": arguments.out,
        "disk_gb": arguments.disk_gb,
        "spark_defaults": spark_defaults(),
    }


def _instance(name: str, disk_gb: int) -> dict[str, Any]:
    return fill_template("instance", {"instance_type": name, "disk_gb": disk_gb})


def _types(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _submit(arguments: argparse.Namespace, requests: dict[str, Any], artifacts: Artifacts) -> None:
    """Upload the artifacts and send the requests; prints what they are called there."""
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
                note(f"application {job['applicationId']}")
            print(client.start_job_run(**job)["jobRunId"])
    except (Boto3Error, BotoCoreError, ClientError) as error:
        raise BallastError(f"AWS refused: {error}") from error


def _upload(client: Any, target: str, artifacts: Artifacts) -> None:
    bucket, _, prefix = target.removeprefix("s3://").partition("/")
    for name in (artifacts.wheel, artifacts.code, artifacts.environment, artifacts.submit):
        client.upload_file(str(artifacts.folder / name), bucket, f"{prefix}/{name}".lstrip("/"))
    script = read_conf(f"emr/{BOOTSTRAP}").encode()
    client.put_object(Bucket=bucket, Key=f"{prefix}/{BOOTSTRAP}".lstrip("/"), Body=script)
    note(f"put the files of {artifacts.folder} to {target}")


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _s3(text: str) -> str:
    if not _BUCKET_PATH.fullmatch(text):
        raise argparse.ArgumentTypeError(f"'{text}' is not s3://BUCKET/FOLDER")
    return text.rstrip("/")


def _release(text: str) -> str:
    found = _RELEASE.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(f"'{text}' is no release label, such as emr-7.8.0")
    if tuple(map(int, found.groups())) < OLDEST_RELEASE:
        raise argparse.ArgumentTypeError(f"{text} has a Spark older than 3.5.3: take emr-7.6.0 or later")
    return text


def _role(text: str) -> str:
    if not _ROLE.fullmatch(text):
        raise argparse.ArgumentTypeError(f"'{text}' is no role ARN")
    return text


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number from 1 on")
    return int(text)
