"""What real clusters do to jobs: tasks that fail and are retried, spark-submit from elsewhere, other parsers.

These run in processes of their own, since each needs another master than the shared session has.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[2]
SUBMIT = Path(sys.executable).parent / "spark-submit"

FAIL_ONCE = """
import sys
from pathlib import Path
import udfs.extraction, udfs.sampling
from jobs.cli import main

marks = Path({marks!r})

def failing_once(name, step):
    def wrapper(*arguments):
        for number, batch in enumerate(step(*arguments)):
            yield batch
            mark = marks / name
            if number == 0 and not mark.exists():
                mark.touch()
                raise RuntimeError("injected: this task dies after its first batch")
    return wrapper

class Patched(udfs.extraction.Extractor):
    file_batches = failing_once("extract", udfs.extraction.Extractor.file_batches)

import jobs.extract, jobs.balance
jobs.extract.Extractor = Patched
jobs.balance.balance_batches = failing_once("balance", udfs.sampling.balance_batches)
sys.exit(main(sys.argv[1:]))
"""


def rows_of(folder: Path) -> list[dict]:
    table = pq.read_table(folder)
    return table.sort_by([(name, "ascending") for name in ("uuid", "caption_hash")]).to_pylist()


@pytest.fixture(scope="module")
def expected(spark, crawl, tmp_path_factory) -> Path:
    from jobs.cli import main

    out = tmp_path_factory.mktemp("expected") / "out"
    assert (
        main(
            [
                "curate",
                str(crawl.folder),
                "--out",
                str(out),
                "--metadata",
                str(crawl.metadata),
                "--t",
                "5",
                "--no-report",
            ]
        )
        == 0
    )
    return out


def curate_flags(crawl, out: Path, scratch: Path) -> list[str]:
    return [
        str(crawl.folder), "--out", str(out), "--metadata", str(crawl.metadata), "--t", "5", "--no-report",
        "--spark-conf", f"spark.local.dir={scratch}",
    ]  # fmt: skip


def test_tasks_that_fail_once_leave_the_same_rows(crawl, expected, tmp_path):
    """`local[2,3]` retries; the dead attempts had written rows by then, and none of them is counted or kept."""
    script = tmp_path / "fail_once.py"
    marks = tmp_path / "marks"
    marks.mkdir()
    script.write_text(FAIL_ONCE.format(marks=str(marks)))
    out = tmp_path / "out"
    flags = ["curate", *curate_flags(crawl, out, tmp_path), "--master", "local[2,3]"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, script, *flags], env=environment, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    assert {mark.name for mark in marks.iterdir()} == {"extract", "balance"}, "both failures were injected"
    for stage in ("pool", "subset"):
        assert rows_of(out / stage) == rows_of(expected / stage)
    counters = [{k: v for k, v in row.items() if k != "seconds"} for row in pq.read_table(out / "files").to_pylist()]
    whole = [{k: v for k, v in row.items() if k != "seconds"} for row in pq.read_table(expected / "files").to_pylist()]
    assert counters == whole


def test_spark_submit_takes_the_same_flags_from_another_folder(crawl, expected, tmp_path):
    """The checkout is not on the path and not the working folder; Java's own launcher starts the driver."""
    from jobs.java import find_java

    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYSPARK_PYTHON")}
    environment["JAVA_HOME"] = str(find_java().executable.parent.parent)
    environment["PYSPARK_DRIVER_PYTHON"] = sys.executable
    out = tmp_path / "out"
    command = [SUBMIT, "--master", "local[2]", ROOT / "jobs" / "curate.py", *curate_flags(crawl, out, tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert "the balanced subset" in done.stdout
    for stage in ("pool", "subset"):
        assert rows_of(out / stage) == rows_of(expected / stage)
    bad = subprocess.run([*command, "--seed", "1"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert bad.returncode != 0
    assert "settings.seed: 0 there, 1 now" in bad.stdout + bad.stderr  # spark-submit joins the two


def test_every_job_has_its_file_with_help():
    for name in ("curate", "extract", "match", "dedup", "count", "balance"):
        done = subprocess.run(
            [sys.executable, ROOT / "jobs" / f"{name}.py", "--help"], cwd="/", capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert f"usage: ballast {name}" in done.stdout


def test_the_reference_parser_gives_the_same_rows(spark, crawl, expected, tmp_path):
    from jobs.cli import main

    flags = [
        "--out",
        str(tmp_path / "o"),
        "--metadata",
        str(crawl.metadata),
        "--t",
        "5",
        "--no-report",
        "--html-parser",
        "beautifulsoup",
    ]
    assert main(["curate", str(crawl.folder), *flags]) == 0
    assert rows_of(tmp_path / "o/subset") == rows_of(expected / "subset")


def test_the_other_language_detector_is_used(spark, crawl, expected, tmp_path):
    from jobs.cli import main

    flags = ["--out", str(tmp_path / "o"), "--metadata", str(crawl.metadata), "--t", "5", "--no-report"]
    assert main(["curate", str(crawl.folder / "one.warc.gz"), *flags, "--language-detector", "langdetect"]) == 0
    pool = pq.read_table(tmp_path / "o/pool").to_pylist()
    fasttext_scores = {row["caption"]: row["lang_score"] for row in rows_of(expected / "pool")}
    assert any(fasttext_scores.get(row["caption"]) != row["lang_score"] for row in pool)
    assert json.loads((tmp_path / "o/run.json").read_text())["settings"]["language_detector"] == "langdetect"
