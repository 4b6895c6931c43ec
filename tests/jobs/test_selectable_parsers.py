"""The selectable parsers and detectors."""

import json

import pyarrow.parquet as pq
from pools import ordered_rows_of


def test_the_reference_parser_gives_the_same_rows(spark, crawl, curated, tmp_path):
    from jobs.cli import main

    flags = [
        "--no-report",
        "--out",
        str(tmp_path / "o"),
        "--metadata",
        str(crawl.metadata),
        "--t",
        "5",
        "--seed",
        "7",
        "--html-parser",
        "beautifulsoup",
    ]
    assert main(["curate", str(crawl.folder), *flags]) == 0
    assert ordered_rows_of(tmp_path / "o/subset") == ordered_rows_of(curated / "subset")


def test_the_other_language_detector_is_used(spark, crawl, curated, tmp_path):
    from jobs.cli import main

    flags = ["--out", str(tmp_path / "o"), "--metadata", str(crawl.metadata), "--t", "5", "--no-report"]
    assert main(["curate", str(crawl.folder / "one.warc.gz"), *flags, "--language-detector", "langdetect"]) == 0
    pool = pq.read_table(tmp_path / "o/pool").to_pylist()
    fasttext_scores = {row["caption"]: row["lang_score"] for row in ordered_rows_of(curated / "pool")}
    assert any(fasttext_scores.get(row["caption"]) != row["lang_score"] for row in pool)
    assert json.loads((tmp_path / "o/run.json").read_text())["settings"]["language_detector"] == "langdetect"
