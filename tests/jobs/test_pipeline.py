"""The Spark jobs against the plain-Python pipeline of `reference`, row for row."""

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import reference
from pools import as_tuples, pair_tuple, rows_of

from jobs.cli import main
from udfs import schemas
from udfs.outcomes import conservation_errors


def curate(crawl, out: Path, *flags: str, inputs: list[str] | None = None) -> dict:
    arguments = [
        "curate",
        *(inputs or [str(crawl.folder)]),
        "--out",
        str(out),
        "--metadata",
        str(crawl.metadata),
        "--no-report",
        *flags,
    ]
    assert main(arguments) == 0
    return json.loads((out / "run.json").read_text())


def test_extracted_pairs_equal_the_reference(curated, expected_pairs):
    files = [path for path in (curated / "extracted").rglob("*.parquet") if "kind=pair" in path.parts]
    rows = [row for path in files for row in pq.ParquetFile(path).read().to_pylist()]
    assert as_tuples(rows) == sorted(pair_tuple(pair) for pair in expected_pairs)


def test_pool_counts_and_subset_equal_the_reference(curated, crawl, expected_pairs):
    pool = reference.pool(expected_pairs, dedup="url-caption", seed=7)
    assert as_tuples(rows_of(curated / "pool"), "duplicates") == sorted(pair_tuple(p, n) for p, n in pool)
    assert any(duplicates > 1 for _, duplicates in pool)

    counts = reference.entry_counts([pair for pair, _ in pool], len(crawl.entries))
    written = rows_of(curated / "entry_counts")
    assert [(row["entry_id"], row["entry"], row["count"]) for row in written] == [
        (i, entry, counts[i]) for i, entry in enumerate(crawl.entries)
    ]
    assert 0 in counts
    assert json.loads((curated / "entry_counts.json").read_text()) == dict(zip(crawl.entries, counts, strict=True))

    subset = reference.subset([pair for pair, _ in pool], counts, 5, 7)
    duplicates = dict(pool)
    expected = sorted(pair_tuple(pair, duplicates[pair], probability) for pair, probability in subset.items())
    assert as_tuples(rows_of(curated / "subset"), "duplicates", "keep_prob") == expected
    assert 0 < len(subset) < len(pool)


def test_output_folder_is_as_the_contract_says(curated):
    assert {path.name for path in curated.iterdir()} == {
        "_manifests", "extracted", "files", "pool", "entry_counts", "entry_counts.json", "subset", "run.json",
        "report.html", "README.md",
    }  # fmt: skip
    for stage, schema in {
        "pool": schemas.POOL, "subset": schemas.SUBSET, "files": schemas.FILE, "entry_counts": schemas.ENTRY_COUNT,
    }.items():  # fmt: skip
        for file in (curated / stage).iterdir():
            assert file.suffix == ".parquet", "any Parquet reader, such as img2dataset, can read the folder"
            written = pq.read_schema(file)
            assert written.names == schema.names
            for field in schema:
                assert str(written.field(field.name).type).replace("element", "item") == str(field.type)


def test_files_account_for_every_record(curated):
    rows = rows_of(curated / "files")
    assert [Path(row["path"]).name for row in rows] == ["one.warc.gz", "two.warc.gz"]
    for row in rows:
        assert (row["status"], row["error"]) == ("ok", None)
        assert row["bytes"] == Path(row["path"]).stat().st_size
        assert conservation_errors(row) == []


def test_run_json_holds_settings_versions_and_figures(curated, crawl):
    record = json.loads((curated / "run.json").read_text())
    assert (record["job"], record["state"], record["t"], record["settings"]["seed"]) == ("curate", "finished", 5, 7)
    assert record["metadata"]["entries"] == len(crawl.entries)
    pool, subset = rows_of(curated / "pool"), rows_of(curated / "subset")
    assert record["stages"]["pool"]["pairs"] == len(pool)
    assert record["stages"]["pool"]["images"] == len({row["uuid"] for row in pool})
    assert record["stages"]["subset"]["pairs"] == len(subset)
    assert record["stages"]["subset"]["images"] == len({row["uuid"] for row in subset})
    assert {"python", "pyspark", "pyarrow"} <= record["versions"].keys()
    assert all(facts["seconds"] >= 0 for facts in record["stages"].values())


@pytest.mark.parametrize("dedup", ["url", "none"])
def test_other_dedups_equal_the_reference(spark, crawl, expected_pairs, tmp_path, dedup):
    curate(crawl, tmp_path / "out", "--t", "3", "--dedup", dedup, "--seed", "-5")
    pool = reference.pool(expected_pairs, dedup=dedup, seed=-5)
    assert as_tuples(rows_of(tmp_path / "out/pool"), "duplicates") == sorted(pair_tuple(p, n) for p, n in pool)
    counts = reference.entry_counts([pair for pair, _ in pool], len(crawl.entries))
    kept = as_tuples(rows_of(tmp_path / "out/subset"), "keep_prob")
    drawn = [(p, reference.keep_prob(p, counts, 3)) for p, _ in pool]
    expected = [
        pair_tuple(p, q)
        for p, q in drawn
        if reference.uniform(reference.pair_hash("draw", -5, p.uuid, p.caption_hash)) < q
    ]
    assert kept == sorted(expected)


def test_default_threshold_is_the_tail_share_of_the_definition(spark, crawl, expected_pairs, tmp_path):
    record = curate(crawl, tmp_path / "out")
    pool = [pair for pair, _ in reference.pool(expected_pairs, dedup="url-caption", seed=0)]
    counts = reference.entry_counts(pool, len(crawl.entries))
    assert record["t"] == reference.t_of_tail_share(counts, 0.06)
    assert record["settings"]["tail_share"] == 0.06


def test_all_languages(spark, crawl, tmp_path, capsys):
    curate(crawl, tmp_path / "out", "--languages", "all", "--t", "5")
    assert "one list of entries for several languages" in capsys.readouterr().err
    expected = reference.pool(crawl.pairs(languages=None), dedup="url-caption", seed=0)
    assert as_tuples(rows_of(tmp_path / "out/pool"), "duplicates") == sorted(pair_tuple(p, n) for p, n in expected)


def test_rows_do_not_depend_on_partitions_batches_or_file_order(spark, crawl, curated, tmp_path):
    files = sorted(str(path) for path in crawl.folder.iterdir())
    small = {
        "spark.sql.files.maxPartitionBytes": "2000",  # many partitions of the pool
        "spark.sql.adaptive.advisoryPartitionSizeInBytes": "1",  # a file for each task of a batch
    }
    for key, value in small.items():
        spark.conf.set(key, value)
    try:
        curate(crawl, tmp_path / "a", "--t", "5", "--seed", "7", "--batch-files", "1", inputs=files[::-1])
        curate(crawl, tmp_path / "b", "--t", "5", "--seed", "7", inputs=files)
    finally:
        for key in small:
            spark.conf.unset(key)
    parts = [len(list((tmp_path / run / "extracted").rglob("kind=pair/*.parquet"))) for run in "ab"]
    assert min(parts) == len(files) > len(list((curated / "extracted").rglob("kind=pair/*.parquet"))) == 1
    for stage, further in (("pool", ["duplicates"]), ("subset", ["keep_prob"])):
        rows = as_tuples(rows_of(curated / stage), *further)
        assert as_tuples(rows_of(tmp_path / "a" / stage), *further) == rows
        assert as_tuples(rows_of(tmp_path / "b" / stage), *further) == rows


@pytest.mark.parametrize("partitions", [1, 7])
def test_jobs_on_one_and_seven_partitions(spark, curated, partitions):
    """Dedup and balance give the same rows however their input is partitioned."""
    from draws import draw_at

    from jobs import dedup
    from jobs.settings.groups import Dedup

    seed, by_url = 7, Dedup(dedup="url")
    pairs = spark.read.parquet(*[str(p) for p in (curated / "extracted").rglob("*.parquet") if "kind=pair" in p.parts])
    pool = dedup.run(pairs.repartition(partitions), by_url, seed)
    as_is = dedup.run(pairs, by_url, seed)
    assert as_tuples([r.asDict() for r in pool.collect()]) == as_tuples([r.asDict() for r in as_is.collect()])

    counts = pq.read_table(curated / "entry_counts")["count"].to_numpy()
    pool = spark.read.parquet(str(curated / "pool")).repartition(partitions)
    balanced = draw_at(pool, seed, counts, 5)
    assert as_tuples([row.asDict() for row in balanced.collect()]) == as_tuples(rows_of(curated / "subset"))


def test_steps_one_by_one_give_what_curate_gives(spark, crawl, curated, tmp_path):
    run = lambda *arguments: main([str(a) for a in arguments])  # noqa: E731
    metadata = ("--metadata", crawl.metadata)
    assert run("extract", crawl.folder, "--out", tmp_path / "1") == 0
    assert run("match", tmp_path / "1", "--out", tmp_path / "2", *metadata) == 0
    assert run("dedup", tmp_path / "2", "--out", tmp_path / "3") == 0
    assert run("count", tmp_path / "3", "--out", tmp_path / "4", *metadata) == 0
    counts = ("--entry-counts", tmp_path / "4")
    assert run("balance", tmp_path / "3", *counts, "--out", tmp_path / "5", "--t", "5", "--seed", "7") == 0
    assert as_tuples(rows_of(tmp_path / "3/pool"), "duplicates") == as_tuples(rows_of(curated / "pool"), "duplicates")
    assert rows_of(tmp_path / "4/entry_counts") == rows_of(curated / "entry_counts")
    assert as_tuples(rows_of(tmp_path / "5/subset")) == as_tuples(rows_of(curated / "subset"))

    # dedup and match commute
    assert run("dedup", tmp_path / "1", "--out", tmp_path / "3b") == 0
    assert run("match", tmp_path / "3b", "--out", tmp_path / "2b", *metadata) == 0
    assert as_tuples(rows_of(tmp_path / "2b/matched"), "duplicates") == as_tuples(
        rows_of(tmp_path / "3/pool"), "duplicates"
    )
    # each job takes curate's folder, a stage's folder, and plain Parquet
    assert run("balance", curated, "--out", tmp_path / "6", "--t", "5", "--seed", "7") == 0
    assert run("count", curated / "pool", "--out", tmp_path / "7", *metadata) == 0
    (tmp_path / "plain").mkdir()
    pq.write_table(pq.read_table(curated / "pool"), tmp_path / "plain" / "rows.parquet")
    assert run("balance", tmp_path / "plain", *counts, "--out", tmp_path / "8", "--t", "5", "--seed", "7") == 0
    for out in ("6", "8"):
        assert as_tuples(rows_of(tmp_path / out / "subset")) == as_tuples(rows_of(curated / "subset"))
    assert rows_of(tmp_path / "7/entry_counts") == rows_of(curated / "entry_counts")


def test_subset_of_a_small_t_lies_within_that_of_a_large_t(spark, curated, tmp_path):
    kept = {}
    for t in ("2", "17"):
        assert main(["balance", str(curated), "--out", str(tmp_path / t), "--t", t, "--seed", "7"]) == 0
        kept[t] = {(row["uuid"], row["caption_hash"]) for row in rows_of(tmp_path / t / "subset")}
    assert kept["2"] < kept["17"]


def test_summary_shows_the_funnel_and_where_things_are(spark, crawl, tmp_path, capsys):
    curate(crawl, tmp_path / "out", "--t", "5")
    text = capsys.readouterr().out
    labels = re.findall(r"^  (\w+) +[\d,]+", text, re.MULTILINE)
    assert labels == [
        "files", "pages", "images", "texts", "language", "matched", "pool", "entries", "t", "subset",
    ]  # fmt: skip
    assert f"in {tmp_path}/out/\n" in text and "  subset/" in text
    assert f"ballast group {tmp_path}/out --out {tmp_path}/out-images" in text


def test_wat_of_the_same_pages_gives_the_same_pairs(spark, crawl, curated, expected_pairs, tmp_path):
    from jobs.sample import write_sample

    for name, seed in (("one.warc.gz", 1), ("two.warc.gz", 2)):
        write_sample(tmp_path / name, 40, seed, wat=True)
        (tmp_path / name).unlink()
    curate(crawl, tmp_path / "out", "--t", "5", inputs=[str(tmp_path)])
    in_wat = [pair for pair in expected_pairs if pair.text_key in ("alt", "title")]
    expected = reference.pool(in_wat, dedup="url-caption", seed=0)
    assert as_tuples(rows_of(tmp_path / "out/pool"), "duplicates") == sorted(pair_tuple(p, n) for p, n in expected)
