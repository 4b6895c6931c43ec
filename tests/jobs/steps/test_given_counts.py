"""Balancing with counts from elsewhere: MetaCLIP's JSON, a Parquet file, and counts that do not fit."""

import gzip
import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pools import draw_of, keep_prob_of, record_of, rows_of, run, sorted_rows

from jobs.spark.frames import fingerprint_of
from jobs.steps.count_files import is_json, json_counts, locate_counts, parquet_counts
from metadata.entries import EntryList
from metadata.lists import one_list
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
    assert (table.counts.counts.tolist(), table.entries) == (
        [row["count"] for row in rows],
        [row["entry"] for row in rows],
    )
    assert table.counted_with == fingerprint_of(frame, "entry_id")
    assert table.counted_with is not None


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"entry_id": [0, 2], "count": [1, 2]}, "must have one row for every entry id from 0 on"),
        ({"entry_id": [0, 0], "count": [1, 2]}, "must have one row for every entry id from 0 on"),
        ({"entry_id": [0, None], "count": [1, 2]}, "the column entry_id holds a null"),
        ({"entry_id": ["0", "1"], "count": [1, 2]}, "the column entry_id is string, not whole numbers"),
        ({"entry_id": [0, 1], "count": [1, -2]}, "the column count holds a negative number"),
        ({"entry_id": [0, 1], "count": [1, None]}, "the column count holds a null"),
        ({"entry_id": [0, 1], "count": [1, 1.5]}, "the column count does not hold whole numbers"),
        ({"entry_id": [0, 1], "count": [1, float("nan")]}, "the column count does not hold whole numbers"),
        ({"entry_id": [0, 1], "count": [True, False]}, "the column count is bool, not whole numbers"),
        ({"entry_id": [0, 1], "count": ["1", "2"]}, "the column count is string, not whole numbers"),
        ({"entry_id": [0, 1], "count": pa.array([1, 2**64 - 1], pa.uint64())}, "the column count does not hold whole"),
        ({"entry_id": [0, 1], "count": [2**61, 2**61]}, "its counts add up to 4.61e"),
        ({"entry_id": [0, 1], "entry": [1, 2], "count": [1, 2]}, "the column entry is int64, not text"),
        ({"entry_id": [0, 1], "entry": ["a", None], "count": [1, 2]}, "the column entry holds a null"),
        ({"entry_id": [0, 1]}, "lacks the column count"),
    ],
)
def test_parquet_without_valid_counts_is_refused(tmp_path, columns, message):
    pq.write_table(pa.table(columns), tmp_path / "counts.parquet")
    with pytest.raises(UsageError, match=re.escape(f"counts.parquet: {message}")) as error:
        parquet_counts(locate_counts(str(tmp_path / "counts.parquet")), "counts.parquet")
    assert "\n" not in str(error.value)


def test_parquet_counts_of_other_writers(tmp_path):
    """Several files in any order of ids, with other number types, dictionaries and further columns."""
    first = {"count": [3.0, 1.0], "entry_id": pa.array([3, 0], pa.uint8()), "entry": ["d", "a"], "idf": [0.5, 1.5]}
    second = {
        "entry": pa.array(["c", "b"]).dictionary_encode(),
        "entry_id": [2, 1],
        "count": pa.array([0, 7], pa.decimal128(9)),
    }
    for name, columns in (("x.parquet", first), ("sub/y.parquet", second)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pq.write_table(pa.table(columns), tmp_path / name)
    table = parquet_counts(locate_counts(str(tmp_path)), "counts")
    assert (table.counts.counts.tolist(), table.entries) == ([1, 7, 0, 3], ["a", "b", "c", "d"])
    pq.write_table(pa.table({"entry_id": [4], "count": [1]}), tmp_path / "z.parquet")
    with pytest.raises(UsageError, match=re.escape("counts: z.parquet lacks the column entry, which other files have")):
        parquet_counts(locate_counts(str(tmp_path)), "counts")


def test_an_empty_file_is_named(tmp_path):
    for name in ("counts.parquet", "counts.json"):
        (tmp_path / name).touch()
        with pytest.raises(UsageError, match=f"{name} is empty"):
            is_json(locate_counts(str(tmp_path / name)))


def test_json_counts_in_other_forms():
    data = b'\xef\xbb\xbf{"a": 3.0, "b": 0}'
    for form in (data, gzip.compress(data)):
        names, counts = json_counts(form, "counts.json", None)
        assert (names, counts.tolist()) == (["a", "b"], [3, 0])


def test_entry_counts_json_is_in_the_order_of_the_list(curated, crawl):
    assert list(json.loads((curated / "entry_counts.json").read_text())) == crawl.entries


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"nobody has this": 3}', "counts 1 of 1 entries that are not in"),
        ('{"a": -1}', "the count of 'a' must be a whole number from 0 on and below 2^62, not -1"),
        ('{"a": 1.5}', "the count of 'a' must be a whole number from 0 on and below 2^62, not 1.5"),
        ('{"a": "1"}', "the count of 'a' must be a whole number from 0 on and below 2^62, not 1"),
        ('{"a": NaN}', "the count of 'a' must be a whole number from 0 on and below 2^62, not nan"),
        ('{"a": 1e19}', "the count of 'a' must be a whole number from 0 on and below 2^62, not 1e+19"),
        ('{"a": 4611686018427387904}', "the count of 'a' must be a whole number from 0 on and below 2^62"),
        ('{"a": true}', "the count of 'a' must be a whole number from 0 on and below 2^62, not True"),
        ('{"a": 1, "b": 2, "a": 3}', "has several counts for 'a': leave one"),
        ("[1, 2]", "must hold a JSON object of counts by entry"),
        ("a: 1", "is neither a folder, nor Parquet, nor JSON"),
    ],
)
def test_json_counts_that_do_not_fit_are_a_one_line_error(tmp_path, text, message):
    with pytest.raises(UsageError) as error:
        json_counts(text.encode(), "counts.json", one_list(EntryList(("x",), "x.json")))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_json_counts_of_other_entries_stop_the_command(curated, tmp_path, capsys):
    path = tmp_path / "counts.json"
    path.write_text('{"nobody has this": 3}')
    assert run("balance", curated, "--out", tmp_path / "out", "--entry-counts", path, "--t", 5) == 2
    assert "counts 1 of 1 entries that are not in" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_missing_entries_count_as_zero_with_a_warning(curated, tmp_path, capsys):
    path = tmp_path / "counts.json"
    path.write_text('{"a": 100}')
    assert run("balance", curated, "--out", tmp_path / "out", "--entry-counts", path, "--t", 5) == 0
    err = capsys.readouterr().err
    assert "has no count for" in err
    assert "1 of them matched, 100 matches" in err


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
