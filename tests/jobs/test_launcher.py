"""The installed Ballast imports its own packages, whatever is in the current folder or on PYTHONPATH."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from jobs.dist import code_zip

PACKAGES = ("conf", "jobs", "metadata", "udfs")
ROOT = Path(__file__).resolve().parents[2]
ONLINE = "import ballast_curation, udfs.online; print(udfs.online.__file__)"


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel, and this interpreter's libraries by reference (without .pth files)."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", folder / "bin" / "python"]
    subprocess.run([*pip, "install", "--no-index", "--no-deps", wheel], check=True)
    libraries = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    (site_packages(folder) / "libraries.pth").write_text("\n".join(sorted({*libraries, *borrowed})), encoding="utf-8")
    return folder


def site_packages(environment: Path) -> Path:
    return environment / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def other_packages(folder: Path, code: str) -> Path:
    """Write packages of somebody else, with the names of ours."""
    for name in PACKAGES:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(code, encoding="utf-8")
    return folder


@pytest.fixture
def hostile(tmp_path) -> dict:
    """Arguments of `subprocess.run`: the current folder and PYTHONPATH have packages that end the process."""
    code = "raise SystemExit('the code of somebody else ran')"
    path = other_packages(tmp_path / "path", code)
    return {
        "cwd": other_packages(tmp_path / "current", code),
        "env": {**os.environ, "PYTHONPATH": str(path)},
        "capture_output": True,
        "text": True,
    }


def test_the_installed_command_and_its_workers_run_ballast(installed, crawl, hostile, tmp_path):
    out = tmp_path / "run"
    flags = ["--metadata", crawl.metadata, "--out", out, "--t", "5", "--master", "local[2]"]
    done = subprocess.run([installed / "bin" / "ballast", "curate", crawl.folder, *flags], **hostile)
    assert done.returncode == 0, done.stderr
    assert list((out / "subset").rglob("*.parquet")), "workers extracted, matched and drew pairs"


def test_a_data_loader_imports_ballast_first(installed, wheel, hostile):
    """From the wheel, from this installation (editable: `make setup`), and from the code zip."""
    zipped = {**hostile["env"], "PYTHONPATH": f"{hostile['env']['PYTHONPATH']}{os.pathsep}{code_zip(wheel)}"}
    for python, root, changed in (
        (installed / "bin" / "python", site_packages(installed), {}),
        (sys.executable, ROOT, {}),
        (installed / "bin" / "python", code_zip(wheel), {"env": zipped}),
    ):
        done = subprocess.run([python, "-c", ONLINE], **{**hostile, **changed})
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == str(root / "udfs" / "online.py")


def test_a_program_uses_the_python_interface(installed, hostile):
    code = (
        "import ballast_curation as b, sys; print(b.curate, b.match); print(sys.modules['jobs.api.functions'].__file__)"
    )
    done = subprocess.run([installed / "bin" / "python", "-c", code], **hostile)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(site_packages(installed) / "jobs/api/functions.py")
    for name in ("ballast_curation/py.typed", "jobs/py.typed", "udfs/py.typed", "jobs/docs/notebooks/first_run.ipynb"):
        assert (site_packages(installed) / name).is_file()


def test_a_profile_is_found_by_its_name(installed, wheel, tmp_path):
    """From the wheel, and from the code zip; the current folder has no conf/."""
    code = "import sys; from jobs.cli import main; sys.exit(main(sys.argv[1:]))"
    flags = ["curate", "/no.warc", "--out", "o", "--config"]
    for path in (site_packages(installed), code_zip(wheel)):
        for profile, said in (("paper-400m", "/no.warc: no such file"), ("paper", "use paper-2.5b or paper-400m")):
            command = [installed / "bin" / "python", "-c", code, *flags, profile]
            environment = {**os.environ, "PYTHONPATH": str(path)}
            done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
            assert done.returncode == 2 and said in done.stderr, done.stderr


def test_the_error_names_another_package_that_is_already_imported(installed, tmp_path):
    folder = other_packages(tmp_path, "")
    command = [installed / "bin" / "python", "-c", f"import udfs; {ONLINE}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"ImportError: {folder}/udfs/__init__.py: another package named udfs is imported: import ballast_curation first"
    )


def test_workers_find_the_standard_library_before_site_packages(installed):
    """A library in site-packages may have the name of a standard one."""
    code = "import ballast_curation; from jobs.spark.session import worker_path; print(worker_path())"
    done = subprocess.run([installed / "bin" / "python", "-c", code], capture_output=True, text=True, check=True)
    *library, own = done.stdout.strip().split(os.pathsep)
    assert own == str(site_packages(installed))
    assert sysconfig.get_path("stdlib") in library
    assert not any("site-packages" in path for path in library)
