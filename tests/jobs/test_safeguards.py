"""What the jobs refuse or warn about: other lists, missing columns, thresholds that do nothing."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from build_warcs import build_warc, page

from jobs.cli import main


def error_of(capsys, *arguments: object) -> str:
    assert main([str(argument) for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_another_list_is_refused_by_count_and_balance(curated, crawl, tmp_path, capsys):
    other = tmp_path / "other.json"
    other.write_text(json.dumps(crawl.entries[::-1]))
    for job in ("count", "balance"):
        error = error_of(capsys, job, curated, "--out", tmp_path / "x", "--metadata", other)
        assert "was matched with another list" in error
    assert "was matched with another list" in error_of(capsys, "count", curated, "--out", tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_the_fingerprint_stays_with_the_rows(curated, crawl, tmp_path, capsys):
    """Rows copied out of the folder still record which list their ids refer to."""
    (tmp_path / "copy").mkdir()
    for file in (curated / "pool").iterdir():
        (tmp_path / "copy" / file.name).write_bytes(file.read_bytes())
    assert "another list" in error_of(capsys, "count", tmp_path / "copy", "--out", tmp_path / "x")


def test_counts_of_another_list_are_refused(curated, crawl, tmp_path, capsys, spark):
    other = tmp_path / "other.txt"
    other.write_text("\n".join(crawl.entries[:50]))
    arguments = ["curate", str(crawl.folder), "--out", str(tmp_path / "o"), "--metadata", str(other), "--t", "5"]
    assert main([*arguments, "--no-report"]) == 0
    capsys.readouterr()
    error = error_of(capsys, "balance", curated, "--entry-counts", tmp_path / "o", "--out", tmp_path / "x")
    assert "was matched with another list" in error


def test_ids_beyond_the_list_fail(curated, tmp_path, capsys, spark, crawl):
    table = pq.read_table(curated / "pool").replace_schema_metadata(None)
    (tmp_path / "foreign").mkdir()
    pq.write_table(table, tmp_path / "foreign" / "rows.parquet")
    short = tmp_path / "short.txt"
    short.write_text("dog\ncat\n")
    assert main(["count", str(tmp_path / "foreign"), "--out", str(tmp_path / "x"), "--metadata", str(short)]) == 1
    assert "but the list has only 2 entries" in capsys.readouterr().err


def test_matched_pairs_are_not_matched_again(curated, tmp_path, capsys):
    assert "matched already" in error_of(capsys, "match", curated, "--out", tmp_path / "x")


def test_missing_columns_are_named(tmp_path, capsys, spark):
    (tmp_path / "odd").mkdir()
    pq.write_table(pa.table({"url": ["http://a.example/"]}), tmp_path / "odd" / "rows.parquet")
    error = error_of(capsys, "dedup", tmp_path / "odd", "--out", tmp_path / "x")
    assert "lacks the columns uuid, caption" in error
    (tmp_path / "empty").mkdir()
    assert "holds no rows: no Parquet file" in error_of(capsys, "dedup", tmp_path / "empty", "--out", "x")
    assert "no finished" in error_of(capsys, "count", "--out", tmp_path / "x", unfinished(tmp_path))


def unfinished(tmp_path):
    folder = tmp_path / "unfinished"
    folder.mkdir()
    record = {"ballast": "0", "job": "dedup", "state": "running", "stages": {}}
    (folder / "run.json").write_text(json.dumps(record))
    return folder


@pytest.mark.parametrize("flags", [[], ["--overwrite"]])
def test_a_job_never_writes_to_what_it_reads_from(curated, tmp_path, capsys, flags):
    before = sorted(path for path in curated.rglob("*"))
    for out in (curated, curated.parent):
        error = error_of(capsys, "balance", curated, "--out", out, "--t", "2", *flags)
        assert "the job reads from there" in error
    assert sorted(path for path in curated.rglob("*")) == before


def test_a_pool_without_counts_says_which_flag_names_them(curated, tmp_path, capsys):
    (tmp_path / "plain").mkdir()
    pq.write_table(pq.read_table(curated / "pool"), tmp_path / "plain" / "rows.parquet")
    assert "--entry-counts PATH" in error_of(capsys, "balance", tmp_path / "plain", "--out", tmp_path / "x")
    assert main(["balance", str(curated / "pool"), "--out", str(tmp_path / "y"), "--t", "5"]) == 0


def test_file_rows_are_never_read_as_pairs(crawl, tmp_path, capsys, spark):
    """A copy of extracted/ holds file rows beside the pairs; an extraction without pairs holds nothing else."""
    assert main(["extract", str(crawl.folder / "one.warc.gz"), "--out", str(tmp_path / "1")]) == 0
    (tmp_path / "1" / "extracted").rename(tmp_path / "copy")
    pairs = sum(pq.read_metadata(f).num_rows for f in (tmp_path / "copy").rglob("kind=pair/*.parquet"))
    assert main(["dedup", str(tmp_path / "copy"), "--dedup", "none", "--out", str(tmp_path / "2")]) == 0
    pool = pq.read_table(tmp_path / "2/pool")
    assert (pool.num_rows, pool["uuid"].null_count) == (pairs, 0)
    (tmp_path / "bad.warc.gz").write_bytes(b"no")
    assert main(["extract", str(tmp_path / "bad.warc.gz"), "--out", str(tmp_path / "3")]) == 1
    assert main(["dedup", str(tmp_path / "3"), "--out", str(tmp_path / "4")]) == 0
    assert pq.read_table(tmp_path / "4/pool").num_rows == 0


def test_inputs_with_equal_names_are_distinguished(curated, tmp_path, capsys):
    table = pq.read_table(curated / "pool")
    for name, rows in (("a", table), ("b", table.slice(0, 3))):
        (tmp_path / name).mkdir()
        pq.write_table(rows, tmp_path / name / "00000.parquet")
    assert main(["dedup", str(tmp_path / "a"), "--out", str(tmp_path / "x")]) == 0
    capsys.readouterr()
    assert "holds another run (source.sha256" in error_of(capsys, "dedup", tmp_path / "b", "--out", tmp_path / "x")


def test_hidden_files_are_skipped_and_glob_patterns_refused(curated, tmp_path, capsys):
    (tmp_path / "p" / "_temporary").mkdir(parents=True)
    table = pq.read_table(curated / "pool")
    for name in ("rows.parquet", "_hidden.parquet", "_temporary/rows.parquet", ".x.parquet"):
        pq.write_table(table, tmp_path / "p" / name)
    assert main(["dedup", str(tmp_path / "p"), "--out", str(tmp_path / "x")]) == 0
    assert pq.read_table(tmp_path / "x/pool").num_rows == table.num_rows
    capsys.readouterr()
    pq.write_table(table, tmp_path / "p" / "part[1].parquet")
    assert "use a name without them" in error_of(capsys, "dedup", tmp_path / "p", "--out", tmp_path / "y")


def test_a_preset_on_a_small_pool_warns_and_says_that_nothing_was_balanced(curated, tmp_path, capsys):
    assert main(["balance", str(curated), "--preset", "400m", "--out", str(tmp_path / "x")]) == 0
    error = capsys.readouterr().err
    assert "preset 400m means t=20,000 for the paper's pool of 1,600,000,000 pairs" in error
    assert "nothing was balanced: no entry has more than t=20,000" in error
    assert pq.read_table(tmp_path / "x/subset").num_rows == pq.read_table(curated / "pool").num_rows


def test_url_dedup_of_unmatched_pairs_warns(crawl, tmp_path, capsys, spark):
    assert main(["extract", str(crawl.folder / "one.warc.gz"), "--out", str(tmp_path / "1")]) == 0
    assert main(["dedup", str(tmp_path / "1"), "--dedup", "url", "--out", str(tmp_path / "2")]) == 0
    assert "these pairs are not matched" in capsys.readouterr().err


def test_inputs_without_a_single_pair_succeed(crawl, tmp_path, spark, capsys):
    """No pair, no match, no subset: folders without rows, a row per file, status 0 as one file could be read."""
    (tmp_path / "good.warc.gz").write_bytes(build_warc([page("<p>")]))
    (tmp_path / "bad.warc.gz").write_bytes(b"not gzip")
    listing = tmp_path / "all.paths"
    listing.write_text("bad.warc.gz\nmissing.warc.gz\ngood.warc.gz\n")
    assert main(["curate", str(listing), "--out", str(tmp_path / "o"), "--metadata", str(crawl.metadata)]) == 0
    rows = {row["path"].rsplit("/")[-1]: row for row in pq.read_table(tmp_path / "o/files").to_pylist()}
    assert rows["bad.warc.gz"]["status"] == rows["missing.warc.gz"]["status"] == "failed"
    assert "not a WARC file" in rows["bad.warc.gz"]["error"]
    assert "No such file" in rows["missing.warc.gz"]["error"]
    assert "2 failed" in capsys.readouterr().out
    report = (tmp_path / "o/report.html").read_text(encoding="utf-8")
    assert "bad.warc.gz" in report and "not a WARC file" in report
