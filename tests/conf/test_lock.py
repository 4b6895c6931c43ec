"""The locks: one version of each library within the bounds of setup.py, whatever the registry serves today."""

import re
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import pyspark
import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from udfs.distribution import DISTRIBUTION
from udfs.storage.conf_files import read_conf

ROOT = Path(__file__).resolve().parents[2]
LOCKS = {"4": "constraints.txt", "3": "constraints-spark35.txt"}
"""The lock of each major version of Spark."""

EXTRAS = (
    *("", "all", "aws", "beautifulsoup", "bench", "datasets"),
    *("dist", "hdfs", "java", "langdetect", "models", "segmenters", "test", "torch", "wikipedia"),
)
PYTHONS = ("3.11", "3.12", "3.13")


def pins(lock: str, python: str | None = None) -> dict[str, str]:
    """The version of each library, for a version of Python (that of this process, if None)."""
    other = {"python_version": python, "python_full_version": f"{python}.9"} if python else {}
    environment = {**default_environment(), **other}
    lines = [line.partition("#")[0].strip() for line in read_conf(lock).splitlines()]
    found = [Requirement(line) for line in lines if line]
    assert all(re.fullmatch(r"==[^,*]+", str(pin.specifier)) for pin in found), "each is one version"
    here = [pin for pin in found if pin.marker is None or pin.marker.evaluate(environment)]
    assert len({pin.name for pin in here}) == len(here)
    return {canonicalize_name(pin.name): str(pin.specifier)[2:] for pin in here}


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS.values())
def test_every_requirement_is_locked_within_its_bounds(lock, python):
    locked = pins(lock, python)
    for requirement in map(Requirement, requires(DISTRIBUTION) or ()):
        name = canonicalize_name(requirement.name)
        if name != DISTRIBUTION:
            assert requirement.specifier.contains(locked[name]), requirement
        assert requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in EXTRAS)


def test_the_lock_has_all_that_its_libraries_need():
    """By the metadata of the installed ones, as far as they are the locked ones (all are, after `make test`)."""
    locked = pins(LOCKS[pyspark.__version__.split(".")[0]])
    pending = [(DISTRIBUTION, extra) for extra in EXTRAS]
    seen = set(pending)
    while pending:
        name, extra = pending.pop()
        for requirement in map(Requirement, requires(name) or ()):
            if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
                continue
            needed = canonicalize_name(requirement.name)
            assert needed == DISTRIBUTION or requirement.specifier.contains(locked[needed]), f"{name}: {requirement}"
            needs = {(needed, extra) for extra in ("", *requirement.extras)} - seen
            seen |= needs
            pending += [(needed, extra) for needed, extra in sorted(needs) if installed(needed) == locked.get(needed)]
    assert len({name for name, _ in seen}) > 50


def installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def test_the_locks_differ_in_spark_alone():
    one, other = (pins(lock) for lock in LOCKS.values())
    assert {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)} <= {"pyspark", "py4j"}
    assert one["pyspark"].startswith("4.") and other["pyspark"].startswith("3.5.")


@pytest.mark.parametrize("lock", LOCKS.values())
def test_a_lock_names_no_host_and_no_path(lock):
    text = read_conf(lock)
    assert "make lock" in text
    assert not re.search(r"https?:|--|@|/(?!\w+$)|\\", text.replace("(setup.py)", ""))


def test_every_installation_in_the_makefile_is_held_to_a_lock():
    """Except uv, which makes the locks, and cc2dataset, which has an environment of its own."""
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    (definition,) = (line for line in lines if line.startswith("install ="))
    assert "PIP_CONSTRAINT=$(2) PIP_BUILD_CONSTRAINT=$(2) $(1)/bin/pip install" in definition
    others = [line for line in lines if "pip install" in line and line != definition]
    assert [line.split()[-1] for line in others if "$(VENV_LOCK)" in line] == ["uv"]
    assert all("$(VENV_LOCK)" in line or "cc2dataset" in line for line in others)
