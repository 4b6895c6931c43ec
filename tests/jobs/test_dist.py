"""What `make dist` builds: a reproducible code zip that works unpacked or not, and how EMR's hosts install it."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest
from wheels import build_in

from jobs import dist
from udfs.distribution import ballast_version
from udfs.html.skeleton import skeleton

ROOT = Path(__file__).resolve().parents[2]
SITE = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
FROM_THE_ZIP = """
import sys
import conf, jobs, metadata, udfs
assert all(".zip/" in package.__path__[0] for package in (conf, jobs, metadata, udfs)), conf.__path__
from udfs.storage.conf_files import spark_defaults
from udfs.distribution import ballast_version
from jobs.spark.session import quiet_log
from metadata.entries import packaged_entries
from udfs.captions.language import fasttext_detector
print(packaged_entries().size, len(spark_defaults()), ballast_version(), fasttext_detector()("a red car")[0])
print(quiet_log())
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contents of an environment archive: this interpreter's libraries, by reference."""
    folder = tmp_path_factory.mktemp("environment")
    (folder / SITE).mkdir(parents=True)
    libraries = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    (folder / SITE / "libraries.pth").write_text("\n".join(sorted(libraries)), encoding="utf-8")
    return folder


def test_the_zip_is_reproducible_and_contains_all_that_is_checked_in(wheel, tmp_path):
    again = build_in(tmp_path)
    assert again.read_bytes() == wheel.read_bytes()
    assert dist.code_zip(again).read_bytes() == dist.code_zip(wheel).read_bytes()
    assert dist.code_zip(wheel).name == f"ballast-{ballast_version()}.zip"
    with zipfile.ZipFile(dist.code_zip(wheel)) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    folders = [ROOT / name for name in ("conf", "jobs", "metadata", "udfs")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    launcher = ("jobs/launcher/", "ballast_curation/")
    assert names == {path.relative_to(ROOT).as_posix().replace(*launcher) for path in files}


@pytest.mark.skipif(skeleton is None, reason="the skeleton is not compiled: no C compiler when installed")
def test_compiled_code_is_in_the_wheel_and_works_beside_the_zip(wheel, tmp_path):
    """As on a cluster: Ballast from the zip, what is compiled from the environment, to which `make dist` adds it."""
    with zipfile.ZipFile(wheel) as archive, zipfile.ZipFile(dist.code_zip(wheel)) as code:
        (compiled,) = {*archive.namelist()} - {*code.namelist()}
        archive.extract(compiled, tmp_path)
    assert compiled.startswith("_ballast_skeleton.")
    python = "import udfs.html.skeleton as loaded; print(loaded.__file__, loaded.skeleton(b'<p><img>', False))"
    places = os.pathsep.join([str(dist.code_zip(wheel)), str(tmp_path)])
    run = subprocess.run(
        [sys.executable, "-c", python], env={"PYTHONPATH": places}, cwd=tmp_path, capture_output=True, text=True
    )
    assert run.stdout == f"{dist.code_zip(wheel)}/udfs/html/skeleton.py b'<body><img>'\n", run.stderr


def test_ballast_reads_all_its_files_from_the_zip(wheel, tmp_path):
    """Run by a Python that has the libraries but not Ballast, in another folder."""
    python = tmp_path / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path], check=True)
    libraries = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    (tmp_path / SITE / "libraries.pth").write_text("\n".join(sorted(libraries)), encoding="utf-8")
    cleared = {"PATH": os.environ["PATH"], "PYTHONPATH": str(dist.code_zip(wheel))}
    run = subprocess.run([python, "-c", FROM_THE_ZIP], env=cleared, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    entries, settings, version, language, log = run.stdout.split()
    assert (entries, version, language) == ("289948", ballast_version(), "en")
    assert int(settings) > 10
    assert log == f"-Dlog4j2.configurationFile=jar:{dist.code_zip(wheel).as_uri()}!/conf/log4j2.properties"


def test_archives_of_equal_folders_are_equal(tmp_path):
    for name, time in (("one", 1_000_000_000), ("two", 1_500_000_000)):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "bin" / "a").write_text("a")
        (tmp_path / name / "bin" / "b").symlink_to("a")
        os.utime(tmp_path / name / "bin" / "a", (time, time))
        dist.pack_folder(tmp_path / name, tmp_path / f"{name}.tar.gz")
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()
    with tarfile.open(tmp_path / "one.tar.gz") as packed:
        assert [(entry.name, entry.linkname) for entry in packed] == [("bin", ""), ("bin/a", ""), ("bin/b", "a")]


def test_the_glibc_that_compiled_files_need(tmp_path):
    (tmp_path / "one.so").write_bytes(b"\x7fELF..GLIBC_2.4\0GLIBC_2.28\0GLIBC_2.3.4\0GLIBCXX_3.4.31\0")
    (tmp_path / "words.txt").write_bytes(b"GLIBC_2.99\0")
    assert dist.needed_glibc(tmp_path) == 28


def test_bad_flags_are_one_line(capsys):
    assert dist.main(["--python-prefix", "usr"]) == 2
    assert capsys.readouterr().err == "ballast: --python-prefix usr: must be an absolute path\n"


def test_the_bootstrap_action_of_emr_installs_one_environment(wheel, environment, tmp_path):
    """The archive's libraries and the wheel get into one place; sudo, dnf and aws, which only EMR has, are fakes."""
    store, tools, scratch = (tmp_path / name for name in ("store", "tools", "scratch"))
    for folder in (store, tools, scratch):
        folder.mkdir()
    (store / wheel.name).write_bytes(wheel.read_bytes())
    dist.pack_folder(environment, store / "environment.tar.gz")
    log = tmp_path / "dnf.log"
    fakes = {
        "sudo": 'exec "$@"',
        "dnf": f'echo "$@" >> {log}',
        "aws": 'cp "$4" "$5"',
        "python3.11": f'exec {sys.executable} "$@"',
    }
    for name, script in fakes.items():
        (tools / name).write_text(f"#!/bin/sh\n{script}\n")
        (tools / name).chmod(0o755)
    prefix = tmp_path / "opt"
    names = {"PATH": f"{tools}:{os.environ['PATH']}", "TMPDIR": str(scratch), "BALLAST_PREFIX": str(prefix)}
    script = ROOT / "conf" / "emr" / "bootstrap.sh"
    run = subprocess.run(
        ["bash", script, str(store), wheel.name, "environment.tar.gz"], env=names, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert log.read_text() == "install -y -q python3.11 python3.11-pip\n"
    assert (prefix / SITE / "jobs" / "cli.py").is_file() and (prefix / "bin" / "ballast").is_file()
    assert not list(scratch.iterdir()), "nothing is left in the temporary folder"
