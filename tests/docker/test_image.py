"""The image and the compose file: the lock, sources that exist, no root, services that fit."""

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
INSTRUCTION = re.compile(r"([A-Z]+) (.*)", re.DOTALL)


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, with continued lines joined."""
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    found = [INSTRUCTION.fullmatch(line) for line in joined.splitlines()]
    return [(match[1], match[2]) for match in found if match is not None]


def arguments(wanted: str) -> list[str]:
    return [rest for name, rest in instructions() if name == wanted]


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))


def test_the_image_installs_the_lock():
    """tests/conf/test_lock.py checks the lock itself."""
    (variables,) = (argument.split() for argument in arguments("ENV") if "PIP_" in argument)
    assert variables == ["PIP_CONSTRAINT=conf/constraints.txt", "PIP_BUILD_CONSTRAINT=conf/constraints.txt"]
    assert arguments("WORKDIR")[0] == "/src" and "conf conf/" in arguments("COPY"), "the path is relative"


def test_python_and_java_are_pinned():
    versions = dict(argument.split("=") for argument in arguments("ARG"))
    assert re.fullmatch(r"3\.11\.\d+-slim-\w+", versions["PYTHON"]), "conf/emr and make dist's archives have 3.11"
    assert re.fullmatch(r"17\.\d+\.\d+_\d+-jre", versions["JAVA"])
    stages = arguments("FROM")
    assert all(re.fullmatch(r"(python:\$\{PYTHON\}|eclipse-temurin:\$\{JAVA\})( AS \w+)?", stage) for stage in stages)


def test_what_is_copied_exists_and_is_let_through():
    kept = (DOCKER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    stages = {stage.split(" AS ")[1] for stage in arguments("FROM") if " AS " in stage}
    copied = []
    for words in map(shlex.split, arguments("COPY")):
        if words[0].startswith("--from="):
            assert words[0].removeprefix("--from=") in stages
        else:
            copied += words[:-1]
    for source in copied:
        assert (ROOT / source).exists(), source
        assert f"!{source}" in kept, f"{source}: .dockerignore leaves it out"
    assert set(copied) == {line.removeprefix("!") for line in kept if line.startswith("!")}


def test_the_image_does_not_run_as_root():
    names = [name for name, _ in instructions()]
    user, group = map(int, arguments("USER")[-1].split(":"))
    assert user > 0 and group > 0
    assert names.index("USER") > max(place for place, name in enumerate(names) if name in ("RUN", "COPY"))
    assert json.loads(arguments("ENTRYPOINT")[-1]) == ["ballast"]


def test_the_services_fit_each_other(compose):
    services = compose["services"]
    assert set(services) == {"master", "worker-1", "worker-2", "submit"}
    for name, service in services.items():
        assert service["hostname"] == name, "hosts call each other by these names"
        assert service["volumes"] == ["data:/data"], "inputs and results are on storage that all share"
        assert service.get("user") is None and service["cap_drop"] == ["ALL"]
        for other, terms in service.get("depends_on", {}).items():
            assert terms == {"condition": "service_healthy"}
            assert "healthcheck" in services[other]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), "nothing is open to others"
    assert set(services["submit"]["depends_on"]) == {"worker-1", "worker-2"}
    for name in ("worker-1", "worker-2"):
        assert services[name]["command"][:2] == ["--host", name]
        assert services[name]["command"][-1] == "spark://master:7077"
    assert "demo" in services["submit"]["command"]


def test_health_checks_are_python(compose):
    for name in ("master", "worker-1", "worker-2"):
        command = compose["services"][name]["healthcheck"]["test"]
        assert command[:3] == ["CMD", "python", "-c"]
        compile(command[3], name, "exec")
