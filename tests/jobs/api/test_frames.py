"""The steps on DataFrames against the rows that the commands write, and on tables that no Ballast job wrote."""

import json
import warnings
from collections import Counter

import ballast_curation as ballast
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import reference
from pools import as_tuples, draw_of, keep_prob_of, rows_of
from pyspark.sql import functions as F

from udfs.hashing import caption_hash, image_uuid

ENTRIES = ["dog", "red dog", "cat", "a", "."]
CAPTIONS = ["a red  dog .", "a cat", "a dog", "nothing", None, "a red dog .", *(f"a cat {n}" for n in range(30))]


def as_rows(frame) -> list[dict]:
    return [row.asDict() for row in frame.collect()]


@pytest.fixture(scope="module")
def steps(spark, crawl, tmp_path_factory):
    """The pool by the functions, as Parquet, so that later steps need not extract it again."""
    pairs = ballast.extract(spark, crawl.folder)
    pool = ballast.dedup(ballast.match(pairs, crawl.metadata))
    folder = str(tmp_path_factory.mktemp("steps") / "pool")
    pool.write.parquet(folder)
    return spark.read.parquet(folder)


def test_the_steps_give_the_rows_of_the_commands(steps, crawl, curated):
    assert as_tuples(as_rows(steps), "duplicates") == as_tuples(rows_of(curated / "pool"), "duplicates")
    counts = ballast.count(steps, crawl.entries)
    assert counts.to_pylist() == rows_of(curated / "entry_counts")
    by_entry = json.loads((curated / "entry_counts.json").read_text(encoding="utf-8"))
    for given in (counts, by_entry, ballast.Run(curated).counts()):
        subset = as_rows(ballast.balance(steps, given, t=5, seed=7))
        assert as_tuples(subset, "duplicates", "keep_prob") == as_tuples(
            rows_of(curated / "subset"), "duplicates", "keep_prob"
        )
    kept = pq.read_table(curated / "subset").num_rows
    assert ballast.sizes(steps, counts, [5], seed=7)["pairs"].to_pylist() == [kept]


def test_an_extraction_may_tell_what_became_of_each_file(spark, crawl, curated):
    tagged = ballast.extract(spark, [crawl.folder / "one.warc.gz"], with_files=True)
    [row] = tagged.where("kind = 'file'").collect()
    [expected] = [row for row in rows_of(curated / "files") if row["path"].endswith("one.warc.gz")]
    found = row["file"].asDict()
    assert (found["status"], found["pages"], found["texts"]) == ("ok", expected["pages"], expected["texts"])


@pytest.fixture(scope="module")
def own(spark):
    """A table as somebody else has it: other names, further columns of several types, nulls."""
    rows = [(number, text, [str(number)], b"\0", number / 2) for number, text in enumerate(CAPTIONS)]
    schema = "sample long, text string, tags array<string>, data binary, score double"
    frame = spark.createDataFrame(rows, schema).repartition(3)
    return frame.withColumn("never_null", F.array(F.lit("a"))).withColumn("day", F.lit("2024-05-18").cast("date"))


def test_an_own_table_of_captions_is_balanced_by_the_definition(own):
    matched = ballast.match(own, ENTRIES, caption="text", image="sample")
    rows = {row["sample"]: row for row in as_rows(matched)}
    expected = {n: [*reference.matches(reference.canonical(text or ""), ENTRIES)] for n, text in enumerate(CAPTIONS)}
    assert {n: row["entry_ids"] for n, row in rows.items()} == {n: ids for n, ids in expected.items() if ids}
    assert rows[0]["text"] == "a red  dog ." and rows[0]["caption_hash"] == caption_hash("a red dog .")
    assert (rows[0]["uuid"], rows[0]["tags"], rows[0]["data"], rows[1]["score"]) == ("0", ["0"], b"\0", 0.5)

    counts = ballast.count(matched, ENTRIES)
    times = Counter(entry_id for row in rows.values() for entry_id in row["entry_ids"])
    assert counts["count"].to_pylist() == [times[entry_id] for entry_id in range(len(ENTRIES))]
    subset = as_rows(ballast.balance(matched, counts, t=4, seed=3))
    probabilities = {n: keep_prob_of(row["entry_ids"], counts["count"].to_pylist(), 4) for n, row in rows.items()}
    kept = {n: p for n, p in probabilities.items() if draw_of(rows[n], 3) < p}
    assert {row["sample"]: row["keep_prob"] for row in subset} == kept
    assert 0 < len(kept) < len(rows)
    assert list(subset[0]) == [*matched.columns, "keep_prob"]


def test_sizes_and_several_subsets_agree(own):
    matched = ballast.match(own, ENTRIES, caption="text", image="sample")
    counts = ballast.count(matched, ENTRIES)
    sizes = ballast.sizes(matched, counts, [8, 2], seed=1)
    drawn = Counter(row["t"] for row in as_rows(ballast.balance(matched, counts, t=(2, 8), seed=1)))
    assert dict(zip(sizes["t"].to_pylist(), sizes["pairs"].to_pylist(), strict=True)) == drawn
    target = sizes["pairs"].to_pylist()[0]
    assert ballast.balance(matched, counts, target_size=target, seed=1).count() == target


def test_a_table_with_urls_has_the_ids_of_a_pool(spark):
    urls = ["https://a.example/1 2.jpg", "https://a.example/\t3.jpg"]
    frame = spark.createDataFrame([(url, "a dog") for url in [*urls, urls[0]]], "url string, caption string")
    pool = ballast.dedup(ballast.match(frame, ENTRIES))
    assert {row["uuid"]: row["duplicates"] for row in as_rows(pool)} == dict(
        zip(map(image_uuid, urls), (2, 1), strict=True)
    )


def test_mistakes_are_named_in_one_line(spark, own, steps, crawl):
    matched = ballast.match(own, ENTRIES, caption="text", image="sample")
    counts = ballast.count(matched, ENTRIES)
    for call, message in {
        lambda: ballast.match(own, ENTRIES): "the frame lacks the column caption: name the columns: caption=…, image=…",
        lambda: ballast.match(own, ENTRIES, caption="text"): "the frame has neither uuid nor url: name the column that "
        "tells images apart: image=…",
        lambda: ballast.match(own, ["dog", "dog"], caption="text", image="sample"): "entries: entry 1 repeats entry 0: "
        "'dog' (1 duplicate in all)",
        lambda: ballast.count(own, ENTRIES): "the frame lacks the column entry_ids: match adds it",
        lambda: ballast.balance(own, counts, t=2): "the frame lacks the columns uuid, caption_hash, entry_ids: match "
        "adds them",
        lambda: ballast.balance(matched, counts, t=0): "t: must be at least 1, not 0",
        lambda: ballast.balance(matched, {"dog": -1}, t=2): "counts: the column count holds a negative number",
        lambda: ballast.extract(spark, "nosuch.warc.gz"): "nosuch.warc.gz: no such file or folder",
    }.items():
        with pytest.raises(ballast.UsageError) as error:
            call()
        assert str(error.value) == message
    with pytest.raises(ballast.UsageError, match="the frame was matched with another list"):
        ballast.balance(steps, counts, t=2)
    with pytest.raises(ballast.UsageError, match="the frame was matched with another list"):
        ballast.count(matched, crawl.metadata)


def test_a_t_without_effect_is_a_warning(own):
    matched = ballast.match(own, ENTRIES, caption="text", image="sample")
    with pytest.warns(ballast.BallastWarning, match="nothing was balanced"):
        ballast.balance(matched, pa.table({"entry_id": range(5), "count": [1] * 5}), t=100)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ballast.BallastWarning)
        ballast.balance(matched, pa.table({"entry_id": range(5), "count": [1000] * 5}), t=100)
