"""A run with a list for each language against plain Python, row for row; and against runs with fewer lists."""

import json
from collections import Counter
from pathlib import Path

import ballast_curation as ballast
import pyarrow.parquet as pq
import pytest
import reference
from many_languages import (
    DRAW,
    LEAST,
    LISTED,
    SEED,
    SHARE,
    Web,
    counts_of,
    drawn,
    list_of,
    thresholds,
)
from pools import as_tuples, listed_rows, pair_tuple, record_of, rows_of, run, subset_tuples

from jobs import curate as curate_job
from udfs import schemas
from udfs.matching.boundaries import Boundaries
from udfs.outcomes import conservation_errors


@pytest.fixture(scope="module")
def web(worldwide) -> Web:
    return worldwide.web


@pytest.fixture(scope="module")
def lists(worldwide) -> Path:
    return worldwide.lists


@pytest.fixture(scope="module")
def listed(worldwide) -> dict[str, tuple[str, ...]]:
    return worldwide.entries


@pytest.fixture(scope="module")
def curated(worldwide) -> Path:
    return worldwide.out


@pytest.fixture(scope="module")
def pairs(worldwide) -> list[reference.Pair]:
    return worldwide.pairs


def curate(web: Web, out: Path, metadata: Path, **settings: object) -> Path:
    ballast.curate(web.folder, out=out, metadata=metadata, no_report=True, **{"languages": "all", **DRAW, **settings})
    return out


def unlisted(rows: list[dict]) -> list[dict]:
    return sorted(
        ({name: value for name, value in row.items() if name != "list"} for row in rows),
        key=lambda row: str(sorted(row.items(), key=str)),
    )


def test_pool_counts_and_subset_equal_the_reference(worldwide, curated, pairs, listed):
    assert listed_rows(curated / "pool", "duplicates") == sorted(pair_tuple(p, p.list, n) for p, n in worldwide.pool)
    assert {pair.list for pair in pairs} == set(listed)
    assert any(number > 1 for _, number in worldwide.pool)

    counts = counts_of(pairs, listed)
    written = [(row["list"], row["entry_id"], row["entry"], row["count"]) for row in rows_of(curated / "entry_counts")]
    assert sorted(written) == sorted(
        (code, at, entry, counts[code][at]) for code, entries in listed.items() for at, entry in enumerate(entries)
    )
    for code, entries in listed.items():
        by_entry = json.loads((curated / f"entry_counts_by_list/{code}.json").read_text(encoding="utf-8"))
        assert by_entry == dict(zip(entries, counts[code], strict=True))

    ts = thresholds(pairs, listed, SHARE, least=LEAST)
    kept = drawn(pairs, listed, ts, SEED)
    assert listed_rows(curated / "subset", "keep_prob") == subset_tuples(kept)
    of_list = Counter(pair.list for pair in pairs)
    kept_of_list = Counter(pair.list for pair in kept)
    assert all(kept_of_list[code] > 0 for code in listed)
    assert all(kept_of_list[code] < of_list[code] for code in ("de", "en", "ru", "zh"))


def test_the_facts_of_each_list_equal_the_reference(curated, pairs, listed):
    record = record_of(curated)
    ts, counts = thresholds(pairs, listed, SHARE, least=LEAST), counts_of(pairs, listed)
    assert record["t"] == ts
    kept = Counter(pair.list for pair in drawn(pairs, listed, ts, SEED))
    for facts in record["stages"]["subset"]["lists"]:
        code = facts["list"]
        total = sum(counts[code])
        assert facts == {
            "list": code,
            "entries": len(listed[code]),
            "entries_matched": sum(count > 0 for count in counts[code]),
            "matches": total,
            "t": ts[code],
            "tail_share": sum(count for count in counts[code] if count < ts[code]) / total,
            "entries_above_t": sum(count > ts[code] for count in counts[code]),
            **({"kept_whole": True} if total < LEAST else {}),
            "pool_pairs": sum(pair.list == code for pair in pairs),
            "pairs": kept[code],
        }
    assert [facts["list"] for facts in record["stages"]["subset"]["lists"]] == sorted(listed)
    assert 0 < sum("kept_whole" in facts for facts in record["stages"]["subset"]["lists"]) < len(listed)


def test_every_text_has_one_outcome(curated, web, listed):
    counters = Counter()
    for row in rows_of(curated / "files"):
        assert conservation_errors(row) == []
        counters.update({name: value for name, value in row.items() if isinstance(value, int)})
    without_list = [language for language in web.languages() if list_of(language, listed) is None]
    assert counters["texts"] == len(web.captions)
    assert counters["text_no_list"] == len(without_list) > 70
    assert counters["pairs"] == len(web.pairs(listed))
    assert counters["text_no_match"] == counters["texts"] - counters["text_no_list"] - counters["pairs"] > 0
    assert counters["text_other_language"] == 0


def test_schemas_are_those_of_one_list_with_list_after_lang(curated):
    for stage, schema in {"pool": schemas.POOL, "subset": schemas.SUBSET}.items():
        for file in (curated / stage).iterdir():
            names = list(schema.names)
            names.insert(names.index("lang") + 1, "list")
            assert pq.read_schema(file).names == names == schemas.with_list(schema).names
    for file in (curated / "entry_counts").iterdir():
        assert pq.read_schema(file).names == ["list", *schemas.ENTRY_COUNT.names]


def test_a_folder_of_one_list_gives_the_rows_of_the_list(spark, web, tmp_path):
    folder = web.lists_folder(tmp_path / "lists", ["en"])
    alone = curate(web, tmp_path / "file", folder / "en.json", languages="en", min_list_matches=None)
    out = curate(web, tmp_path / "folder", folder, languages="en", min_list_matches=0)
    for stage in ("pool", "subset", "entry_counts"):
        rows = rows_of(out / stage)
        assert {row["list"] for row in rows} == {"en"}
        assert unlisted(rows) == unlisted(rows_of(alone / stage))
        assert list(rows_of(alone / stage)[0]) == [name for name in rows[0] if name != "list"]
    assert (out / "entry_counts_by_list/en.json").read_bytes() == (alone / "entry_counts.json").read_bytes()
    assert record_of(out)["t"] == {"en": record_of(alone)["t"]}
    expected = [pair for pair in web.pairs({"en": web.lists["en"]}) if pair.lang == "en"]
    expected_pool = reference.pool(expected, dedup="url-caption", seed=SEED)
    assert listed_rows(out / "pool", "duplicates") == sorted(pair_tuple(p, "en", n) for p, n in expected_pool)


def test_other_lists_change_no_row_of_a_list(spark, web, curated, tmp_path):
    """Fewer lists, more of them, and `other`, to which all other languages lead."""
    more = web.lists_folder(tmp_path / "more", [*LISTED, "fr"], other=web.lists["ko"])
    for folder, codes in ((web.lists_folder(tmp_path / "zh", ["zh"]), ["zh"]), (more, LISTED)):
        out = curate(web, tmp_path / f"of {folder.name}", folder)
        for code in codes:
            for stage, further in {"pool": "duplicates", "subset": "keep_prob"}.items():
                assert listed_rows(out / stage, further, code=code) == listed_rows(curated / stage, further, code=code)
    others = {**{code: web.lists[code] for code in (*LISTED, "fr")}, "other": web.lists["ko"]}
    expected = reference.pool(web.pairs(others, other="other"), dedup="url-caption", seed=SEED)
    assert listed_rows(out / "pool", "duplicates") == sorted(pair_tuple(p, p.list, n) for p, n in expected)
    assert sum(row["text_no_list"] for row in rows_of(out / "files")) == 0
    assert Counter(pair.list for pair, _ in expected)["other"] > 20


def test_an_interrupted_run_with_other_partitions_gives_equal_rows(spark, web, lists, curated, tmp_path, monkeypatch):
    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    partitions = spark.conf.get("spark.sql.shuffle.partitions")
    for stage in ("dedup_stage", "count_stage", "draw_stage"):
        with monkeypatch.context() as patch:
            patch.setattr(curate_job, stage, stop)
            with pytest.raises(KeyboardInterrupt):
                curate(web, tmp_path / "out", lists, batch_files=1)
    spark.conf.set("spark.sql.shuffle.partitions", 5)
    curate(web, tmp_path / "out", lists, batch_files=1)
    spark.conf.set("spark.sql.shuffle.partitions", partitions)
    for stage, further in {"pool": "duplicates", "subset": "keep_prob"}.items():
        assert listed_rows(tmp_path / "out" / stage, further) == listed_rows(curated / stage, further)
    assert rows_of(tmp_path / "out/entry_counts") == rows_of(curated / "entry_counts")
    assert record_of(tmp_path / "out")["stages"]["extracted"]["batches"] == 2


def test_match_on_extracted_pairs_gives_the_rows_of_curate(extracted, lists, curated, tmp_path):
    assert run("match", extracted, "--out", tmp_path / "out", "--metadata", lists) == 0
    of_curate = [row for file in (curated / "extracted").rglob("kind=pair/*.parquet") for row in rows_of(file)]
    assert as_tuples(rows_of(tmp_path / "out/matched"), "list", "lang_score") == as_tuples(
        of_curate, "list", "lang_score"
    )
    facts = record_of(tmp_path / "out")["stages"]["matched"]
    counters = Counter()
    for row in rows_of(curated / "files"):
        counters.update({name: row[name] for name in ("texts", "text_no_list", "text_no_match", "pairs")})
    assert {name: facts[name] for name in counters} == counters
    assert facts["text_no_list"] > 0


def test_metaclip2_boundaries_are_those_of_every_list(extracted, web, lists, listed, tmp_path):
    """Kana needs a space by that rule, so Japanese entries match less."""
    flags = ("--metadata", lists, "--boundaries", "metaclip2")
    assert run("match", extracted, "--out", tmp_path / "out", *flags) == 0
    expected = web.pairs(listed, boundaries=Boundaries.METACLIP2)
    assert listed_rows(tmp_path / "out/matched") == sorted(pair_tuple(pair, pair.list) for pair in expected)
    held, usual = (sum(len(p.entry_ids) for p in found if p.list == "ja") for found in (expected, web.pairs(listed)))
    assert 0 < held < usual / 2
    assert {facts["boundaries"] for facts in record_of(tmp_path / "out")["metadata"]["lists"].values()} == {"metaclip2"}


def test_a_run_whose_languages_have_no_list_keeps_nothing_and_says_so(web, lists, tmp_path, capsys):
    capsys.readouterr()
    assert run("curate", web.folder, "--metadata", lists, "--languages", "ko", "--out", tmp_path / "none") == 0
    counters = record_of(tmp_path / "none")["stages"]["files"]
    assert counters["text_no_list"] > 0 == counters["pairs"]
    assert "0 pairs" in capsys.readouterr().err
