"""Pools with a list for each language: with other folders of lists, merged, and empty."""

import json
import shutil
from collections import Counter
from pathlib import Path

import ballast_curation as ballast
import pyarrow.parquet as pq
import pytest
import reference
from build_warcs import build_warc, page
from many_languages import LISTED, SEED, SHARE, counts_of, drawn, thresholds
from pools import as_tuples, document_of, listed_rows, pair_tuple, record_of, rows_of, run, subset_tuples


@pytest.fixture(scope="module")
def more(worldwide, tmp_path_factory) -> Path:
    """The lists of the pool and two others."""
    return worldwide.web.lists_folder(tmp_path_factory.mktemp("more") / "lists", [*LISTED, "fr", "ko"])


@pytest.fixture(scope="module")
def other_en(worldwide, tmp_path_factory) -> Path:
    """The lists of the pool, of which the English one has another order."""
    folder = worldwide.web.lists_folder(tmp_path_factory.mktemp("other") / "lists", LISTED)
    (folder / "en.json").write_text(json.dumps(worldwide.entries["en"][::-1]))
    return folder


def refused(capsys, *words: object) -> str:
    capsys.readouterr()
    assert run(*words) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1, error
    return error


def test_a_pool_of_another_folder_is_refused_and_the_list_named(worldwide, other_en, tmp_path, capsys):
    out = ("--out", tmp_path / "out")
    fewer = worldwide.web.lists_folder(tmp_path / "fewer", ["de", "en"])
    for words in (("count", worldwide.out, *out), ("balance", worldwide.out, *out), ("plan", worldwide.out)):
        if words[0] != "plan":
            assert "another list en (" in refused(capsys, *words, "--metadata", other_en)
            error = refused(capsys, *words, "--metadata", fewer)
            assert "another list ja (" in error and "which has none" in error
            assert "another list" in refused(capsys, *words, "--metadata", other_en / "en.json")
    one_list = tmp_path / "one"
    ballast.curate(worldwide.web.folder, out=one_list, metadata=other_en / "en.json", no_report=True)
    assert "another list" in refused(capsys, "count", one_list, *out, "--metadata", worldwide.lists)
    counted = tmp_path / "counted"
    assert run("count", one_list, "--out", counted, "--metadata", other_en / "en.json") == 0
    assert "another list" in refused(capsys, "plan", worldwide.out, "--entry-counts", counted)
    assert "another list" in refused(capsys, "balance", worldwide.out, *out, "--entry-counts", counted)
    assert not (tmp_path / "out").exists()


def test_counts_of_more_lists_fit_a_pool(worldwide, more, tmp_path, capsys):
    """Further lists have no matches, and change no row of the others."""
    assert run("count", worldwide.out, "--out", tmp_path / "counts", "--metadata", more) == 0
    rows = rows_of(tmp_path / "counts/entry_counts")
    own = [row for row in rows if row["list"] in LISTED]
    assert own == rows_of(worldwide.out / "entry_counts")
    assert {row["count"] for row in rows if row["list"] not in LISTED} == {0}
    flags = ("--entry-counts", tmp_path / "counts", "--seed", SEED, "--tail-share", SHARE, "--min-list-matches", 400)
    [planned] = document_of(capsys, "plan", worldwide.out, *flags)["result"]["thresholds"]
    assert run("balance", worldwide.out, "--out", tmp_path / "out", *flags, "--metadata", more) == 0
    assert listed_rows(tmp_path / "out/subset", "keep_prob") == listed_rows(worldwide.out / "subset", "keep_prob")
    facts = record_of(tmp_path / "out")["stages"]["subset"]["lists"]
    assert planned["lists"] == facts
    assert [of_list["list"] for of_list in facts] == sorted([*LISTED, "fr", "ko"])
    assert [of_list["pairs"] for of_list in facts if of_list["list"] in ("fr", "ko")] == [0, 0]


@pytest.fixture(scope="module")
def pool_of(spark, extracted, tmp_path_factory):
    """Makes a pool of the extracted pairs with the lists at a path."""
    files = [str(path) for path in (extracted / "extracted").rglob("kind=pair/*.parquet")]
    frame = spark.read.parquet(*files).cache()

    def make(metadata: Path) -> Path:
        folder = tmp_path_factory.mktemp("pools") / "pool"
        ballast.dedup(ballast.match(frame, metadata), seed=SEED).write.parquet(str(folder))
        return folder

    return make


def test_pools_with_equal_lists_merge_and_others_do_not(worldwide, other_en, more, pool_of, tmp_path, capsys):
    web = worldwide.web
    a, b = (
        pool_of(web.lists_folder(tmp_path / name, codes))
        for name, codes in {"a": ["de", "en"], "b": ["en", "fr"]}.items()
    )
    assert run("merge", a, b, "--out", tmp_path / "merged", "--seed", SEED) == 0
    entries = {code: web.lists[code] for code in ("de", "en", "fr")}
    twice = {code: 2 if code == "en" else 1 for code in entries}
    expected = reference.pool(web.pairs(entries), dedup="url-caption", seed=SEED)
    assert listed_rows(tmp_path / "merged/pool", "duplicates") == sorted(
        pair_tuple(pair, pair.list, number * twice[pair.list]) for pair, number in expected
    )
    pairs = [pair for pair, _ in expected]
    assert run("count", tmp_path / "merged", "--out", tmp_path / "counts", "--metadata", more) == 0
    counts = counts_of(pairs, entries)
    for row in rows_of(tmp_path / "counts/entry_counts"):
        assert row["count"] == (counts[row["list"]][row["entry_id"]] if row["list"] in counts else 0)
    flags = ("--entry-counts", tmp_path / "counts", "--seed", SEED, "--tail-share", SHARE, "--min-list-matches", 0)
    assert run("balance", tmp_path / "merged", "--out", tmp_path / "out", *flags) == 0
    ts = thresholds(pairs, entries, SHARE, least=0)
    assert listed_rows(tmp_path / "out/subset", "keep_prob") == subset_tuples(drawn(pairs, entries, ts, SEED))

    of_other, of_one = pool_of(other_en), pool_of(other_en / "en.json")
    differs, without = "its list en differs from that of an earlier pool", "lacks the column list"
    for pools, why in {
        (a, of_other): differs,
        (a, b, of_other): differs,
        (a, of_one): without,
        (of_one, a): without,
    }.items():
        assert why in refused(capsys, "merge", *pools, "--out", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_pool_of_other_boundaries_is_counted_as_it_was_matched(worldwide, extracted, tmp_path, capsys):
    matched = tmp_path / "matched"
    flags = ("--metadata", worldwide.lists)
    assert run("match", extracted, "--out", matched, *flags, "--boundaries", "metaclip2") == 0
    assert run("count", matched, "--out", tmp_path / "counts", *flags) == 0
    assert {each["boundaries"] for each in record_of(tmp_path / "counts")["metadata"]["lists"].values()} == {
        "metaclip2"
    }
    rows = rows_of(matched / "matched")
    counted = Counter((row["list"], entry) for row in rows for entry in row["entry_ids"])
    for row in rows_of(tmp_path / "counts/entry_counts"):
        assert row["count"] == counted[row["list"], row["entry_id"]]
    caption, entries = next((row["caption"], row["entry_ids"]) for row in rows if row["list"] == "ja")
    found = document_of(capsys, "explain", caption, "--counts", tmp_path / "counts", "--t", 5)["result"]
    assert [at["entry_id"] for at in found["entries"]] == entries


def test_a_run_without_pairs_has_the_columns(worldwide, spark, tmp_path, capsys):
    warc = tmp_path / "empty.warc.gz"
    warc.write_bytes(build_warc([page('<img src="/a.jpg" alt="qqqq qqqq">')]))
    flags = ("--metadata", worldwide.lists, "--languages", "all")
    assert run("curate", warc, "--out", tmp_path / "out", *flags) == 0
    opened = ballast.Run(tmp_path / "out")
    for rows in (opened.pool(), opened.subset()):
        assert rows.count_rows() == 0
        assert "list" in rows.schema.names
    for rows in (opened.pool(spark=spark), opened.subset(spark=spark)):
        assert (rows.count(), "list" in rows.columns) == (0, True)
    assert set(opened.counts()["count"].to_pylist()) == {0}
    assert run("plan", tmp_path / "out") == 0
    assert run("balance", tmp_path / "out", "--out", tmp_path / "balanced") == 0
    assert run("trace", "https://web.example/1.jpg", tmp_path / "out") == 1
    assert as_tuples(opened.pool().to_table().to_pylist()) == []


def test_rows_without_a_fingerprint_are_not_counted_with_one_list(worldwide, tmp_path, capsys):
    """Such as pandas writes them: the column `list` still tells that there were several."""
    table = pq.read_table(worldwide.out / "pool")
    (tmp_path / "foreign").mkdir()
    pq.write_table(table.replace_schema_metadata(None), tmp_path / "foreign/part-0.parquet")
    message = refused(capsys, "count", tmp_path / "foreign", "--out", tmp_path / "none")
    assert "were matched with a list for each language" in message
    assert not (tmp_path / "none").exists()
    assert run("count", tmp_path / "foreign", "--metadata", worldwide.lists, "--out", tmp_path / "counts") == 0
    own, again = (rows_of(folder / "entry_counts") for folder in (worldwide.out, tmp_path / "counts"))
    assert again == own


def test_survivors_need_the_names_of_the_lists(worldwide, tmp_path, capsys):
    shutil.copytree(worldwide.out, tmp_path / "run")
    (tmp_path / "run/entry_counts_by_list/ru.json").unlink()
    (tmp_path / "uuids.txt").write_text("\n".join(row["uuid"] for row in rows_of(worldwide.out / "pool")))
    flags = ("--survivors", tmp_path / "uuids.txt", "--out", tmp_path / "out")
    capsys.readouterr()
    assert run("balance", tmp_path / "run", *flags) != 0
    assert "ru.json: is missing: give the folder it was matched with as --metadata DIR" in capsys.readouterr().err
    assert run("balance", tmp_path / "run", *flags, "--overwrite", "--metadata", worldwide.lists) == 0


def test_plan_refuses_another_folder(worldwide, other_en, capsys):
    assert "another list en (" in refused(capsys, "plan", worldwide.out, "--metadata", other_en)


def test_pools_of_one_list_with_other_boundaries_do_not_mix(extracted, worldwide, tmp_path, capsys):
    for name, flags in {"continuous": ["--boundaries", "continuous"], "spaces": []}.items():
        assert run("match", extracted, "--metadata", worldwide.lists / "ja.json", "--out", tmp_path / name, *flags) == 0
        assert run("dedup", tmp_path / name, "--out", tmp_path / f"pool-{name}") == 0
    pools = (tmp_path / "pool-continuous", tmp_path / "pool-spaces")
    assert "boundaries continuous" in refused(capsys, "merge", *pools, "--out", tmp_path / "none")
    for pool in pools:
        assert run("count", pool, "--metadata", worldwide.lists / "ja.json", "--out", f"{pool}-counts") == 0
