"""Balancing with counts from elsewhere: MetaCLIP's JSON, a Parquet file, and counts that do not fit."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pools import draw_of, keep_prob_of, record_of, rows_of, run, sorted_rows

from jobs.spark.frames import fingerprint_of
from jobs.steps.count_files import locate_counts, parquet_counts
from udfs.errors import UsageError

SEED = 7


@pytest.fixture(scope="module")
def others(crawl) -> list[int]:
    """Somebody else's counts of the same entries."""
    return [(place * 37) % 101 for place in range(len(crawl.entries))]


def test_json_and_parquet_counts_are_used(curated, crawl, others, tmp_path):
    by_entry = tmp_path / "entry_counts_400m.json"
    by_entry.write_text(json.dumps(dict(zip(reversed(crawl.entries), reversed(others), strict=True))))
    table = pa.table({"entry_id": pa.array(range(len(others)), pa.int32()), "entry": crawl.entries, "count": others})
    pq.write_table(table, tmp_path / "counts.parquet")
    expected = []
    for row in rows_of(curated / "pool"):
        probability = keep_prob_of(row["entry_ids"], others, 9)
        if draw_of(row, SEED) < probability:
            expected.append({**row, "keep_prob": probability})
    for name in ("entry_counts_400m.json", "counts.parquet"):
        out = tmp_path / name.partition(".")[0]
        flags = ("--entry-counts", tmp_path / name, "--t", 9, "--seed", SEED)
        assert run("balance", curated, "--out", out, *flags) == 0
        assert sorted_rows(rows_of(out / "subset")) == sorted_rows(expected)
    assert run("balance", curated / "pool", "--out", tmp_path / "own", "--t", 5, "--seed", SEED) == 0
    assert sorted_rows(rows_of(tmp_path / "own/subset")) == sorted_rows(rows_of(curated / "subset"))


def test_own_json_counts_give_the_same_subset(curated, tmp_path):
    flags = ("--entry-counts", curated / "entry_counts.json", "--t", 5, "--seed", SEED)
    assert run("balance", curated, "--out", tmp_path / "out", *flags) == 0
    assert sorted_rows(rows_of(tmp_path / "out/subset")) == sorted_rows(rows_of(curated / "subset"))
    assert record_of(tmp_path / "out")["t"] == 5


def test_counts_and_fingerprint_are_what_spark_reads(spark, curated):
    table = parquet_counts(locate_counts(str(curated)), str(curated))
    frame = spark.read.parquet(str(curated / "entry_counts")).orderBy("entry_id")
    rows = frame.collect()
    assert (table.counts.tolist(), table.entries) == ([row["count"] for row in rows], [row["entry"] for row in rows])
    assert table.counted_with == fingerprint_of(frame, "entry_id")
    assert table.counted_with is not None


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"entry_id": [0, 2], "count": [1, 2]}, "must have one row for every entry id from 0 on"),
        ({"entry_id": [0, 0], "count": [1, 2]}, "must have one row for every entry id from 0 on"),
        ({"entry_id": [0, None], "count": [1, 2]}, "must have one row for every entry id from 0 on"),
        ({"entry_id": [0, 1], "count": [1, -2]}, "holds a count that is null or negative"),
        ({"entry_id": [0, 1], "count": [1, None]}, "holds a count that is null or negative"),
        ({"entry_id": [0, 1], "count": [1, 1.5]}, "is not Parquet with entry_id, entry and count"),
        ({"entry_id": [0, 1]}, "lacks the column count"),
    ],
)
def test_parquet_without_valid_counts_is_refused(tmp_path, columns, message):
    pq.write_table(pa.table(columns), tmp_path / "counts.parquet")
    with pytest.raises(UsageError, match=message):
        parquet_counts(locate_counts(str(tmp_path / "counts.parquet")), "counts.parquet")


def test_entry_counts_json_is_in_the_order_of_the_list(curated, crawl):
    assert list(json.loads((curated / "entry_counts.json").read_text())) == crawl.entries


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"nobody has this": 3}', "counts 1 of 1 entries that are not in"),
        ('{"a": -1}', "the count of 'a' must be a whole number from 0 on, not -1"),
        ('{"a": 1.5}', "the count of 'a' must be a whole number from 0 on, not 1.5"),
        ("[1, 2]", "must hold a JSON object of counts by entry"),
        ("a: 1", "is neither a folder, nor Parquet, nor JSON"),
    ],
)
def test_json_counts_that_do_not_fit_are_a_one_line_error(curated, tmp_path, capsys, text, message):
    path = tmp_path / "counts.json"
    path.write_text(text)
    assert run("balance", curated, "--out", tmp_path / "out", "--entry-counts", path, "--t", 5) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_missing_entries_count_as_zero_with_a_warning(curated, tmp_path, capsys):
    path = tmp_path / "counts.json"
    path.write_text('{"a": 100}')
    assert run("balance", curated, "--out", tmp_path / "out", "--entry-counts", path, "--t", 5) == 0
    assert "has no count for" in capsys.readouterr().err


def test_counts_of_another_list_are_refused(curated, crawl, tmp_path, capsys):
    table = pa.table({"entry_id": pa.array([0, 1], pa.int32()), "entry": ["a", "b"], "count": [1, 2]})
    pq.write_table(table, tmp_path / "counts.parquet")
    flags = ("--entry-counts", tmp_path / "counts.parquet", "--t", 5)
    assert run("balance", curated, "--out", tmp_path / "out", *flags) == 2
    assert "counts 2 entries, but" in capsys.readouterr().err
    swapped = [crawl.entries[1], crawl.entries[0], *crawl.entries[2:]]
    table = pa.table(
        {"entry_id": pa.array(range(len(swapped)), pa.int32()), "entry": swapped, "count": [1] * len(swapped)}
    )
    pq.write_table(table, tmp_path / "counts.parquet")
    assert run("balance", curated, "--out", tmp_path / "out", *flags) == 2
    assert "was matched with another list" in capsys.readouterr().err
