"""What an installation without the extras does: it works, and where a package is missing it names it, before Spark."""

import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from udfs.distribution import DISTRIBUTION
from udfs.extras import EXTRAS, missing_extra

ROOT = Path(__file__).resolve().parents[2]
WITHOUT = """
import sys
for module in sys.argv[1].split(","):
    sys.modules[module] = None  # importing it raises ModuleNotFoundError, as if it were not installed
from jobs.cli import main
status = main(sys.argv[2:])
if "pyspark" in sys.modules:
    assert sys.modules["pyspark"].SparkContext._gateway is None, "Spark was started"
sys.exit(status)
"""
TINYCLIP = str(ROOT / "tests" / "data" / "tinyclip")
MODULES = ",".join(module for extra in EXTRAS for module in extra.modules)


def without_extras(folder: Path, *command: str) -> subprocess.CompletedProcess:
    run = [sys.executable, "-c", WITHOUT, MODULES, *command]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    return subprocess.run(run, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def test_setup_declares_the_packages_of_each_extra():
    declared: dict[str, set[str]] = {}
    for requirement in map(Requirement, requires(DISTRIBUTION) or ()):
        for name in (extra.name for extra in EXTRAS):
            is_conditional = requirement.marker is not None and not requirement.marker.evaluate({"extra": ""})
            if is_conditional and requirement.marker.evaluate({"extra": name}):
                declared.setdefault(name, set()).add(canonicalize_name(requirement.name))
    assert declared == {extra.name: set(extra.packages) for extra in EXTRAS}


@pytest.mark.parametrize(
    ("extra", "command"),
    [
        ("aws", ["curate", "s3://bucket/one.warc.gz", "--out", "out"]),
        ("aws", ["plan", "s3://bucket/pool"]),
        ("hdfs", ["curate", "hdfs:///one.warc.gz", "--out", "out"]),
        ("hdfs", ["inspect", "hdfs://host/one.warc.gz"]),
        ("beautifulsoup", ["curate", "one.warc", "--out", "out", "--html-parser", "beautifulsoup"]),
        ("langdetect", ["curate", "one.warc", "--out", "out", "--language-detector", "langdetect"]),
        ("models", ["embed", "checked", "--model", TINYCLIP, "--out", "out"]),
        ("models", ["search", "scored", "a star", "--model", TINYCLIP, "--index", "out"]),
        ("models", ["classify", "scored", "--model", TINYCLIP, "--labels", __file__, "--out", "out"]),
        ("models", ["cluster", "scored", "--out", "out"]),
        ("wikipedia", ["metadata", "unigrams", "dump.xml", "--out", "out"]),
    ],
)
def test_a_missing_package_is_named_before_spark_starts(tmp_path, extra, command):
    done = without_extras(tmp_path, *command)
    packages = next(known.packages for known in EXTRAS if known.name == extra)
    assert done.returncode == 2, done.stderr
    assert f"run pip install {' '.join(packages)} (the extra {extra})" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_other_commands_need_no_extra(tmp_path):
    made = without_extras(tmp_path, "sample", "one.warc.gz", "--pages", "3")
    assert made.returncode == 0, made.stderr
    shown = without_extras(tmp_path, "inspect", "one.warc.gz")
    assert shown.returncode == 0, shown.stderr


def test_another_missing_module_is_no_extra():
    assert missing_extra(ModuleNotFoundError("No module named 'nothing'", name="nothing")) is None


IMPORT_ALL = """
import importlib, sys
blocked, modules = (argument.split(",") for argument in sys.argv[1:])
sys.modules.update(dict.fromkeys(blocked))
for module in modules:
    try:
        importlib.import_module(module)
    except ModuleNotFoundError:
        print(module)
"""


def test_only_the_modules_that_are_for_an_extra_need_one():
    paths = (path for top in ("jobs", "metadata", "udfs") for path in sorted((ROOT / top).rglob("*.py")))
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]
    run = [sys.executable, "-c", IMPORT_ALL, MODULES, ",".join(modules)]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == {
        *("jobs.aws.emr_requests", "jobs.aws.emr_templates", "jobs.emr"),
        *("udfs.sources.s3_fetch", "udfs.storage.s3", "udfs.storage.s3_client"),
        *("udfs.sources.hdfs", "udfs.storage.hdfs_client"),
        "udfs.html.soup_tree",
        *("jobs.images.cluster_images", "udfs.models.faiss_index", "udfs.models.kmeans"),
        *("udfs.models.onnx_model", "udfs.models.score_head", "udfs.models.tokenizing", "udfs.models.torch_model"),
        *("jobs.entries.ngrams", "metadata.ngram_counting", "metadata.siteinfo", "metadata.wikitext"),
    }
