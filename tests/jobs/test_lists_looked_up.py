"""`explain`, `inspect` and `trace` name the list and its t; the Python interface gives the column `list`."""

import json
from pathlib import Path

import ballast_curation as ballast
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import reference
from many_languages import DRAW, LEAST, LISTED, SEED, SHARE, Curated, counts_of, drawn, ids_of, language_of, thresholds
from pools import as_tuples, document_of, listed_rows, record_of, rows_of, run, subset_tuples

import udfs.online
from udfs.matching.boundaries import Boundaries


@pytest.fixture(scope="module")
def ts(worldwide) -> dict[str, int]:
    return thresholds(worldwide.pairs, worldwide.entries, SHARE, least=LEAST)


def in_list(worldwide: Curated, code: str) -> str:
    """A caption of the pool that is matched with this list, and holds several of its entries."""
    return max((pair for pair in worldwide.pairs if pair.list == code), key=lambda pair: len(pair.entry_ids)).caption


@pytest.mark.parametrize("code", LISTED)
def test_explain_takes_the_counts_and_the_t_of_the_captions_list(worldwide, ts, capsys, code):
    caption = in_list(worldwide, code)
    pair = next(pair for pair in worldwide.pairs if pair.caption == caption)
    counts = counts_of(worldwide.pairs, worldwide.entries)[code]
    for flags in ((), ("--metadata", worldwide.lists), ("--list", code)):
        found = document_of(capsys, "explain", caption, "--counts", worldwide.out, *flags)["result"]
        assert (found["list"], found["t"]) == (code, ts[code])
        assert [(at["entry_id"], at["entry"], at["matches"]) for at in found["entries"]] == [
            (entry, worldwide.entries[code][entry], counts[entry]) for entry in pair.entry_ids
        ]
        assert found["keep_prob"] == reference.keep_prob(pair, counts, ts[code])
    assert run("explain", caption, "--counts", worldwide.out) == 0
    printed = capsys.readouterr().out
    assert f"\nlist      {code}\n" in printed and f"at t={ts[code]:,}:" in printed


def test_explain_without_counts(worldwide, capsys):
    caption = in_list(worldwide, "zh")
    found = document_of(capsys, "explain", caption, "--metadata", worldwide.lists)["result"]
    own = ids_of(caption, worldwide.entries["zh"], Boundaries.CONTINUOUS)
    assert (found["list"], found["t"], [at["entry_id"] for at in found["entries"]]) == ("zh", None, list(own))
    forced = document_of(capsys, "explain", caption, "--metadata", worldwide.lists, "--list", "en")["result"]
    assert (forced["list"], forced["entries"]) == ("en", [])


def test_explain_of_a_language_without_a_list(worldwide, capsys):
    for flags in (("--metadata", worldwide.lists), ("--counts", worldwide.out)):
        found = document_of(capsys, "explain", "항구 의 빨간 여객선", *flags)["result"]
        assert (found["lang"], found["list"], found["entries"], found["keep_prob"]) == ("ko", None, [], None)
        assert run("explain", "항구 의 빨간 여객선", *flags) == 0
        printed = capsys.readouterr().out
        if "--metadata" in flags:
            assert "list      none for this language\n" in printed
            assert "entries   0: the pair would be dropped" in printed
        else:  # a languages.toml may have led Korean to a list
            assert "none for this language in a folder without languages.toml: name it by --list CODE\n" in printed
            assert "entries   0\n" in printed


@pytest.mark.parametrize("metadata", ["ja.json", ""])
def test_explain_matches_with_the_boundaries_of_the_run(worldwide, tmp_path, capsys, metadata):
    """A file, which has spaces by default, matched continuously; and a folder, whose ja is continuous, with spaces."""
    of_run, other = Boundaries.CONTINUOUS, Boundaries.SPACES
    if not metadata:
        of_run, other = other, of_run
    lists, out, entries = worldwide.lists / metadata, tmp_path / "out", worldwide.entries["ja"]
    flags = ("--metadata", lists, "--languages", "ja", "--boundaries", of_run, "--t", 5, "--no-report")
    assert run("curate", worldwide.web.folder, "--out", out, *flags) == 0
    captions = {row["caption"] for row in rows_of(out / "pool")}
    caption = next(text for text in captions if ids_of(text, entries, of_run) != ids_of(text, entries, other))
    counts = [out, out / "entry_counts"]
    for path, given in [(path, given) for path in counts for given in ((), ("--metadata", lists))]:
        for chosen, expected in (((), of_run), (("--boundaries", of_run), of_run), (("--boundaries", other), other)):
            words = ("--list", "ja", *given, *chosen) if not metadata else (*given, *chosen)
            found = document_of(capsys, "explain", caption, "--counts", path, "--t", 5, *words)["result"]
            assert [at["entry_id"] for at in found["entries"]] == list(ids_of(caption, entries, expected))


def test_explain_leads_cantonese_to_the_list_it_was_matched_with(worldwide, capsys):
    caption = "呢隻係港口嘅渡輪，佢哋喺城市度"
    assert language_of(caption) == "yue"
    for flags in (("--metadata", worldwide.lists), ("--counts", worldwide.out)):
        found = document_of(capsys, "explain", caption, *flags)["result"]
        assert found["list"] == "zh"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--list", "fr", "--metadata", "{lists}"), "--list fr: {lists} has no list fr"),
        (("--list", "e", "--counts", "{out}"), "--list e: {out} has no list e"),
        (("--list", "en", "--metadata", "{lists}/en.json"), "--list en: {lists}/en.json is one list, for all"),
        (("--counts", "{out}", "--metadata", "{lists}/en.json"), "counts other entries than"),
        (("--t", "5", "--metadata", "{lists}"), "--t needs the counts of a pool"),
    ],
)
def test_explain_refuses_in_one_line(worldwide, capsys, flags, message):
    names = {"{lists}": str(worldwide.lists), "{out}": str(worldwide.out)}
    for name, path in names.items():
        flags = [flag.replace(name, path) for flag in flags]
        message = message.replace(name, path)
    assert run("explain", "the ferry", *flags) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_inspect_shows_each_pair_with_its_list(worldwide, capsys):
    found = []
    for archive in sorted(worldwide.web.folder.glob("*.gz")):
        flags = ("--metadata", worldwide.lists, "--languages", "all", "--limit", 100)
        shown = document_of(capsys, "inspect", archive, *flags)["result"]
        for page in shown["pages"]:
            for image in page["images"]:
                found += [
                    (page["offset"], pair["url"], pair["caption"], pair["list"], tuple(pair["entries"]))
                    for pair in image["pairs"]
                ]
    pairs = worldwide.web.pairs(worldwide.entries)
    assert sorted(found) == sorted(
        (p.warc_offset, p.url, p.caption, p.list, tuple(worldwide.entries[p.list][at] for at in p.entry_ids))
        for p in pairs
    )
    assert run("inspect", archive, "--metadata", worldwide.lists) == 0
    assert "entries of the list " in capsys.readouterr().out


def test_trace_names_the_list_and_its_t(worldwide, ts, capsys):
    kept = drawn(worldwide.pairs, worldwide.entries, ts, SEED)
    by_image: dict[str, list[reference.Pair]] = {}
    for pair in worldwide.pairs:
        by_image.setdefault(pair.uuid, []).append(pair)
    uuid = max(by_image, key=lambda image: len({pair.list for pair in by_image[image]}))
    assert len({pair.list for pair in by_image[uuid]}) > 2
    counts = counts_of(worldwide.pairs, worldwide.entries)
    traced = document_of(capsys, "trace", uuid, worldwide.out)["result"]["pairs"]
    assert len(traced) == len(by_image[uuid])
    for found in traced:
        [pair] = [pair for pair in by_image[uuid] if pair.caption == found["caption"]]
        [at] = found["subsets"]
        assert (found["list"], at["t"], at["in_subset"]) == (pair.list, ts[pair.list], pair in kept)
        assert at["keep_prob"] == reference.keep_prob(pair, counts[pair.list], ts[pair.list])
    assert run("trace", uuid, worldwide.out) == 0
    assert "matched with the list " in capsys.readouterr().out


def test_a_run_gives_the_column_list(worldwide, spark, ts):
    opened = ballast.Run(worldwide.out)
    for stage, further in {"pool": "duplicates", "subset": "keep_prob"}.items():
        expected = listed_rows(worldwide.out / stage, further)
        by_spark = [row.asDict() for row in getattr(opened, stage)(spark=spark).collect()]
        assert as_tuples(by_spark, "list", further) == expected
        assert as_tuples(getattr(opened, stage)().to_table().to_pylist(), "list", further) == expected
    assert opened.t == (None,)
    assert {facts.list: facts.t for facts in opened.record.subsets[0].facts.lists} == ts
    counts = opened.counts()
    assert counts.column_names == ["list", "entry_id", "entry", "count"]
    names = [(code, at) for code in sorted(worldwide.entries) for at in range(len(worldwide.entries[code]))]
    assert list(zip(counts["list"].to_pylist(), counts["entry_id"].to_pylist(), strict=True)) == names
    assert str(opened) and opened._repr_html_()


def test_the_steps_on_frames_give_the_rows_of_the_command(worldwide, spark, ts):
    pairs = ballast.extract(spark, worldwide.web.folder, languages="all")
    matched = ballast.match(pairs, worldwide.lists)
    pool = ballast.dedup(matched, seed=SEED).cache()
    assert as_tuples([row.asDict() for row in pool.collect()], "list", "duplicates") == listed_rows(
        worldwide.out / "pool", "duplicates"
    )
    counts = ballast.count(pool, worldwide.lists)
    assert counts.to_pylist() == ballast.Run(worldwide.out).counts().to_pylist()
    rows = [row.asDict() for row in ballast.balance(pool, counts, **DRAW).collect()]
    assert as_tuples(rows, "list", "keep_prob") == subset_tuples(drawn(worldwide.pairs, worldwide.entries, ts, SEED))
    for settings in ({"t": [10, 50], "min_list_matches": 0}, {"t": 30, "anchor": "de"}):
        sizes = ballast.sizes(pool, counts, **settings, seed=SEED)
        for t, number in zip(sizes["t"].to_pylist(), sizes["pairs"].to_pylist(), strict=True):
            assert ballast.balance(pool, counts, **{**settings, "t": t}, seed=SEED).count() == number
    changed = pa.table(
        {
            **{name: counts[name] for name in counts.column_names if name != "entry"},
            "entry": [
                entry + "x" if code == "ja" else entry
                for code, entry in zip(counts["list"].to_pylist(), counts["entry"].to_pylist(), strict=True)
            ],
        }
    )
    with pytest.raises(ballast.UsageError, match="another list ja"):
        ballast.balance(pool, changed)
    with pytest.raises(ballast.UsageError, match="a list for each language"):
        ballast.balance(pool, dict.fromkeys(worldwide.entries["en"], 5))
    with pytest.raises(ballast.UsageError, match="lang"):
        ballast.match(pairs.drop("lang"), worldwide.lists)
    pool.unpersist()


def test_a_group_and_an_export_keep_the_list(worldwide, tmp_path):
    assert run("export", worldwide.out, "--out", tmp_path / "export") == 0
    files = list((tmp_path / "export").rglob("*.parquet"))
    assert files
    rows = [row for file in files for row in rows_of(file)]
    assert {row["list"] for row in rows} == set(worldwide.entries)
    assert run("group", worldwide.out, "--out", tmp_path / "group") == 0
    assert record_of(tmp_path / "group")["stages"]["images"]["images"] == len({row["uuid"] for row in rows})
    assert json.loads((worldwide.out / "run.json").read_text())["state"] == "finished"


def test_a_loader_decides_by_the_balancer_of_each_list(worldwide):
    """The functions in the docstring of `udfs.online`, run as they stand there: epoch 0 keeps the subset."""
    text = (udfs.online.__doc__ or "").split("runs this text):")[-1]
    code = "\n".join(line.removeprefix("    ") for line in text.splitlines())
    names = {"json": json, "Path": Path, "pq": pq, "pc": pc, "OnlineBalancer": udfs.online.OnlineBalancer}
    exec(code, names)
    balancers = names["balancers_of"](str(worldwide.out))
    pool, subset = (rows_of(worldwide.out / name) for name in ("pool", "subset"))
    kept = {(row["uuid"], row["caption_hash"]) for row in pool if names["is_kept"](row, balancers, 0)}
    assert kept == {(row["uuid"], row["caption_hash"]) for row in subset}
    assert kept != {(row["uuid"], row["caption_hash"]) for row in pool if names["is_kept"](row, balancers, 1)}
