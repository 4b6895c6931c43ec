"""Build the requests that run Ballast on EMR: a cluster, steps for a running cluster, or a serverless job."""

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from jobs.aws.emr_templates import check_request, fill_template
from jobs.console.command import Command, Parser
from jobs.settings.secrets import looks_secret
from jobs.settings.settings import names_of
from udfs.errors import UsageError
from udfs.storage.conf_files import spark_defaults

_SERVERLESS_DISK_GB = 200
AMAZON_LINUX_GLIBC = 34  # Amazon Linux 2023, which EMR 7 runs

Jobs = Mapping[str, Command]
"""The jobs that can be steps, by name."""

_ROWS_FROM = {
    "match": ("extract", "pairs"),
    "dedup": ("match", "matched"),
    "count": ("dedup", "pool"),
    "balance": ("dedup", "pool"),
    "group": ("balance", "subset"),
    "export": ("balance", "subset"),
    "shards": ("balance", "subset"),
    "embed": ("check", "checked"),
    "classify": ("embed", "scored"),
    "cluster": ("embed", "scored"),
}
"""For each step, the earlier step whose rows it reads if both run, and their folder below --out."""

_ENVIRONMENT = re.compile(
    r"ballast-env-[^-]+-(?P<bundled>with-)?python(?P<python>\d\.\d+)-(?P<machine>x86_64|aarch64)"
    r"-glibc2\.(?P<glibc>\d+)\.tar\.gz"
)
_GRAVITON = re.compile(r"[a-z]+\d+g[a-z]*\.")


@dataclass(frozen=True, slots=True)
class Artifacts:
    """The names of the files that `make dist` wrote and that go to S3."""

    folder: Path
    wheel: str
    code: str
    environment: str
    submit: str = "ballast_submit.py"

    @property
    def has_python(self) -> bool:
        """Whether the environment contains Python itself, not only libraries."""
        match = _ENVIRONMENT.fullmatch(self.environment)
        return match is not None and match["bundled"] is not None

    @property
    def architecture(self) -> str:
        """The environment's architecture, in EMR Serverless's terms."""
        match = _ENVIRONMENT.fullmatch(self.environment)
        return "ARM64" if match is not None and match["machine"] == "aarch64" else "X86_64"


def find_artifacts(folder: Path) -> Artifacts:
    """Find the files that `make dist` wrote. Raises `UsageError` if they are missing or do not suit EMR's hosts."""
    names = {kind: sorted(path.name for path in folder.glob(kind)) for kind in ("*.whl", "ballast-[0-9]*.zip", "*.gz")}
    if any(len(matches) != 1 for matches in names.values()):
        raise UsageError(f"--dist {folder}: must contain one wheel, one code zip and one environment: run make dist")
    artifacts = Artifacts(folder, *(matches[0] for matches in names.values()))
    parts = _ENVIRONMENT.fullmatch(artifacts.environment)
    if parts is None:
        raise UsageError(f"--dist {folder}: {artifacts.environment} has another name than make dist gives")
    if parts["python"] != "3.11":
        raise UsageError(
            f"--dist {folder}: {artifacts.environment} is for Python {parts['python']}: build it with EMR's 3.11"
        )
    if int(parts["glibc"]) > AMAZON_LINUX_GLIBC:
        raise UsageError(
            f"--dist {folder}: {artifacts.environment} needs a later glibc than EMR 7 has (2.{AMAZON_LINUX_GLIBC}): "
            "build it on Amazon Linux 2023"
        )
    return artifacts


def refuse_secrets(words: Sequence[str]) -> None:
    """Raise `UsageError` for arguments that look like secrets: all who may see the cluster or job run read them."""
    for word in words:
        if looks_secret(word):
            name = word.partition("=")[0].partition("?")[0]
            raise UsageError(
                f"{name}…: looks like a secret, which EMR would show: give the permission to the instance or job role"
            )


def cluster_requests(
    arguments: argparse.Namespace, jobs: Jobs, steps: list[str], artifacts: Artifacts, flags: list[str]
) -> dict[str, Any]:
    """Build `run_job_flow` with its steps, or `add_job_flow_steps` for a running cluster."""
    arm = artifacts.architecture == "ARM64"
    core, task = _types(arguments.core_types), _types(arguments.task_types)
    for flag, names in (("--master-type", [arguments.master_type]), ("--core-types", core), ("--task-types", task)):
        for name in names:
            if bool(_GRAVITON.match(name)) != arm:
                raise UsageError(f"{flag} {name}: must have the architecture of {artifacts.environment}")
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
    filled = [fill_step(jobs[name], steps, arguments, values, flags) for name in steps]
    _check_all_taken([jobs[name] for name in steps], flags)
    if arguments.cluster_id is None:
        requests = {"run_job_flow": fill_template("cluster", {**values, "steps": filled})}
        check_request("emr", "RunJobFlow", requests["run_job_flow"])
    else:
        requests = {"add_job_flow_steps": {"JobFlowId": arguments.cluster_id, "Steps": filled}}
        check_request("emr", "AddJobFlowSteps", requests["add_job_flow_steps"])
    return requests


def serverless_requests(
    arguments: argparse.Namespace, jobs: Jobs, steps: list[str], artifacts: Artifacts, flags: list[str]
) -> dict[str, Any]:
    """Build `create_application`, unless an application is named, and `start_job_run`. A new one has no id yet."""
    if arguments.job_role is None:
        raise UsageError("--serverless: --job-role ARN is missing")
    if len(steps) != 1:
        raise UsageError(f"--steps {arguments.steps}: EMR Serverless takes one job per run: render each job separately")
    if not artifacts.has_python and arguments.image is None:
        raise UsageError(
            f"--serverless: {artifacts.environment} contains no Python, and EMR Serverless has only 3.9: "
            "run make dist DIST_FLAGS=--bundle-python, or name an --image with Python 3.11"
        )
    if not 20 <= arguments.disk_gb <= _SERVERLESS_DISK_GB:
        raise UsageError(f"--disk-gb {arguments.disk_gb}: must be 20 to {_SERVERLESS_DISK_GB} for EMR Serverless")
    values = _values(arguments, artifacts) | {"on_failure": None}
    step = fill_step(jobs[steps[0]], steps, arguments, values, flags)
    _check_all_taken([jobs[steps[0]]], flags)
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
    placeholder = {} if arguments.application_id else {"applicationId": "known-once-created"}
    check_request("emr-serverless", "StartJobRun", requests["start_job_run"] | placeholder)
    return requests


def fill_step(
    job: Command, steps: list[str], arguments: argparse.Namespace, values: dict[str, Any], flags: list[str]
) -> dict[str, Any]:
    """Build a job's step. Raises `UsageError` if the job's own parser rejects the arguments."""
    name = job.name
    before, folder = _ROWS_FROM.get(name, (None, None))
    inputs = [f"{arguments.out}/{folder}"] if before in steps[: steps.index(name)] else arguments.input
    own = [word for group in _groups(flags) if _setting(group) in names_of(job.settings) for word in group]
    step = fill_template(f"steps/{name}", {**values, "inputs": inputs, "flags": own})
    if "count" not in steps[: steps.index(name)]:
        _drop_counts(step["HadoopJarStep"]["Args"], name)
    check_job(job, _job_arguments(step)[1:])
    return step


class _Checker(Parser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}")


def check_job(job: Command, words: list[str]) -> None:
    """Raise `UsageError` for arguments that the job would reject, and for files that EMR's hosts cannot read."""
    arguments = job.parser(_Checker).parse_args(words)
    named = [("--input", path) for path in arguments.inputs]
    for option, path in [*named, *job.resolve(arguments).named_paths()]:
        if "://" not in path:
            raise UsageError(f"{option} {path}: EMR's hosts cannot read local files: put it on S3")


def _drop_counts(words: list[str], name: str) -> None:
    """Let balance use the pool's own counts if no earlier step makes them."""
    if name == "balance":
        at = words.index("--entry-counts")
        del words[at : at + 2]


def _job_arguments(step: dict[str, Any]) -> list[str]:
    """Return the words after ballast_submit.py."""
    words: list[str] = step["HadoopJarStep"]["Args"]
    (at,) = [place for place, word in enumerate(words) if word.endswith("/ballast_submit.py")]
    return words[at + 1 :]


def _groups(flags: list[str]) -> list[list[str]]:
    """Group each flag with its values."""
    groups: list[list[str]] = []
    for word in flags:
        if word.startswith("--"):
            groups.append([word])
        elif groups:
            groups[-1].append(word)
        else:
            raise UsageError(f"{word}: the first word after -- must be a flag of a job, such as --t")
    return groups


def _setting(group: list[str]) -> str:
    return group[0].partition("=")[0].removeprefix("--").replace("-", "_")


def _check_all_taken(jobs: list[Command], flags: list[str]) -> None:
    for group in _groups(flags):
        if not any(_setting(group) in names_of(job.settings) for job in jobs):
            raise UsageError(f"{group[0].partition('=')[0]}: not a flag of {', '.join(job.name for job in jobs)}")


def _values(arguments: argparse.Namespace, artifacts: Artifacts) -> dict[str, Any]:
    """Return the values for the placeholders of every template."""
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
