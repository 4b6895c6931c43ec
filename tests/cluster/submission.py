"""The files that `make dist` builds for a cluster, without the network."""

import shlex
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from jobs import dist


@dataclass(frozen=True)
class Submission:
    """An empty folder to submit from, the files that are submitted, and the folder that has them."""

    folder: Path
    files: Path
    code: Path
    submit_file: Path
    environment: Path
    python: Path

    @property
    def flags(self) -> list[str | Path]:
        return [
            *("--py-files", self.code, "--archives", f"{self.environment}#environment"),
            *("--conf", f"spark.pyspark.driver.python={self.python}"),
            *("--conf", "spark.pyspark.python=./environment/bin/python"),
        ]

    def documented(self, title: str) -> list[str]:
        """The words of spark-submit's line in this section of SUBMIT.md, up to `ballast_submit.py`; it is to be run in
        the folder of the files."""
        guide = (self.files / dist.GUIDE).read_text(encoding="utf-8").replace("\\\n", " ")
        commands = guide.partition(f"## {title}\n")[2].partition("\n## ")[0].splitlines()
        (line,) = (line for line in commands if line.strip().startswith("spark-submit "))
        words = shlex.split(line)
        return words[: words.index(dist.SUBMIT_FILE) + 1]


def build_submission(root: Path) -> Submission:
    """Build the code zip as `make dist` does, and an archive that refers to this interpreter's libraries.

    (Installing them again would need the network and minutes. A path in a .pth file adds the libraries of a folder, but
    not the folder's own .pth files, such as that of Ballast's editable installation.)
    """
    for name in ("scratch", "dist", "empty"):
        (root / name).mkdir()
    files = root / "dist"
    wheel = dist.build_wheel(root / "scratch", files)
    built = root / "scratch" / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", built], check=True)
    site = built / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    libraries = [path for path in sys.path if path.endswith("-packages")]
    (site / "libraries.pth").write_text("\n".join(libraries), encoding="utf-8")
    dist.link_python(built, sys.base_prefix)
    archive = files / f"ballast-env-0-python{sys.version_info.major}.{sys.version_info.minor}-x86_64-glibc2.17.tar.gz"
    dist.pack_folder(built, archive)
    dist.write_submit_files(files)
    dist.write_guide(files, wheel, archive, sys.base_prefix, bundled=False)
    with tarfile.open(archive) as packed:  # for the driver, as the guide says
        packed.extractall(files / "environment", filter="tar")
    python = files / "environment" / "bin" / "python"
    for module, is_there in (("pyarrow", True), ("udfs", False), ("jobs", False)):
        done = subprocess.run([python, "-c", f"import {module}"], cwd=root / "empty", capture_output=True, text=True)
        assert (done.returncode == 0) == is_there, done.stderr
    return Submission(root / "empty", files, dist.code_zip(wheel), files / dist.SUBMIT_FILE, archive, python)
