"""Job files by themselves, and the selectable parsers and detectors."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[2]


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


def test_every_job_has_its_file_with_help():
    for name in ("curate", "extract", "match", "dedup", "count", "balance", "export"):
        done = subprocess.run(
            [sys.executable, ROOT / "jobs" / f"{name}.py", "--help"], cwd="/", capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert f"usage: ballast {name}" in done.stdout


def test_the_reference_parser_gives_the_same_rows(spark, crawl, expected, tmp_path):
    from jobs.cli import main

    flags = [
        "--no-report",
        "--out",
        str(tmp_path / "o"),
        "--metadata",
        str(crawl.metadata),
        "--t",
        "5",
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
