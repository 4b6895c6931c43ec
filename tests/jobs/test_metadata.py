"""Building lists: counts, PMI and views computed by hand; splitting, pruning, damage; equality with a naive count."""

import bz2
import gzip
import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from metadata_dumps import MiniPage, naive_counts, write_bzip2, write_multistream, write_plain
from pools import document_of, record_of, rows_of, run

from jobs.entries.ngrams import bigrams
from jobs.settings.building import Ngrams
from metadata.wikitext import plain_text
from metadata.words import lift

SYNSETS = "00001740 03 n 01 {} 0 000 | a gloss  \n"
PAGES = [
    MiniPage("Edges", "edge. " * 100 + "below. " * 99),  # 100 and 99 single words
    MiniPage("Cities", "New York, New York: Rio Grande\n* Rio Bravo. [[Rio (city)|Rio Grande]]<ref>New York</ref>"),
    MiniPage("Dot", "0 cat; edge-case"),
    MiniPage("Redirect", "#REDIRECT [[Dot]] not counted", redirect="Dot"),
    MiniPage("Talk:Dot", "not counted", namespace=1),
]
# Words: edge 100, below 99, New 2, York 2, Rio 3, Grande 2, Bravo 1, 0, cat, edge-case 1 each: N = 212.
# Lift: New York 2·212/(2·2) = 106; Rio Grande 2·212/(3·2) = 70.67; Rio Bravo 1·212/(3·1) = 70.67; "0 cat" 212.
WORDS = {"edge": 100, "below": 99, "New": 2, "York": 2, "Rio": 3, "Grande": 2, "Bravo": 1, "0": 1, "cat": 1}
WORDS["edge-case"] = 1
LIFTS = {"New York": 106.0, "Rio Grande": 424 / 6, "Rio Bravo": 212 / 3, "0 cat": 212.0}
# Views: Dot 40 + 30 = 70 on desktop and mobile; Almost 69; Cities 100; "cat" is there already.
HOURS = {
    "pageviews-20240101-000000.gz": "de Dot 500 0\nen Dot 40 0\nen Almost 69 0\nen bro ken\n",
    "pageviews-20240101-010000.gz": "en.m Dot 30 0\nen Cities%2C_D.C. 100 0\nen cat 90 0\nen Special:X 999 0\n",
}
EXPECTED = ["dog", "cat", *map(str, range(100)), "edge", "New York", "Cities, D.C.", "Dot"]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    for name in ("dict", "multi", "views"):
        (folder / name).mkdir()
    for name in ("noun", "verb", "adj", "adv"):
        (folder / "dict" / f"data.{name}").write_text(SYNSETS.format("Dog" if name == "adv" else "cat"))
    (folder / "dict" / "data.verb").write_text(SYNSETS.format("dog") * 3)
    write_multistream(folder / "multi", PAGES, 1)
    write_plain(folder / "plain.xml", PAGES)
    for name, lines in HOURS.items():
        (folder / "views" / name).write_bytes(gzip.compress(lines.encode()))
    return folder


def build(inputs: Path, out: Path, *flags: object) -> list[str]:
    assert run("metadata", "build", "--out", out, *flags) == 0
    return json.loads(out.read_text())


def manifest_of(out: Path) -> dict:
    return json.loads(out.with_suffix(".manifest.json").read_text())


def without_inputs(manifest: dict) -> dict:
    return {**manifest, "sources": [{k: v for k, v in s.items() if k != "inputs"} for s in manifest["sources"]]}


@pytest.fixture(scope="module")
def built(spark, inputs, tmp_path_factory) -> Path:
    """From a multistream dump, one task per stream. 2^6.5 = 90.5, between the lifts of "New York" and "Rio Grande"."""
    out = tmp_path_factory.mktemp("built") / "entries.json"
    flags = ("--wordnet", inputs / "dict", "--wikipedia", inputs / "multi", "--pageviews", inputs / "views")
    build(inputs, out, *flags, "--min-pmi", 6.5, "--min-bigram-count", 2, "--split-bytes", 1)
    return out


def test_the_list_equals_the_one_computed_by_hand(built):
    assert json.loads(built.read_text()) == EXPECTED
    manifest = manifest_of(built)
    assert (manifest["entries"], manifest["cannot_match"]) == (106, 1)
    sources = {source["source"]: source for source in manifest["sources"]}
    assert list(sources) == ["wordnet", "numbers", "unigrams", "bigrams", "titles"]
    assert [source["taken"] for source in sources.values()] == [2, 100, 1, 1, 2]
    assert sources["titles"]["duplicates"] == {"wordnet": 1}
    assert sources["titles"]["outcomes"] == {"malformed": 1, "namespace": 1, "titles": 5}
    assert sources["titles"]["threshold"] == {"min_views": 70, "min_hour_views": 1}
    assert sources["unigrams"]["words"] == 212
    assert sources["unigrams"]["outcomes"] == {"articles": 3, "redirects": 1, "other namespaces": 1}
    assert sources["unigrams"]["lowest_score"] == 100
    assert sources["bigrams"]["lowest_score"] == 106


def test_counts_and_scores_stay_as_parquet(built):
    sources = built.with_name("entries.sources")
    assert {row["word"]: row["count"] for row in rows_of(sources / "ngrams/unigrams")} == WORDS
    pairs = {f"{row['first']} {row['second']}": row for row in rows_of(sources / "ngrams/bigrams")}
    assert {pair: row["lift"] for pair, row in pairs.items()} == LIFTS
    assert pairs["New York"]["pmi"] == 6.727920  # log2(106)
    views = {row["title"]: row["views"] for row in rows_of(sources / "titles/titles")}
    assert views == {"Dot": 70, "Almost": 69, "Cities, D.C.": 100, "cat": 90}
    assert {row["name"]: row["synsets"] for row in rows_of(sources / "wordnet/wordnet")} == {"cat": 2, "dog": 4}
    assert not (sources / "ngrams/scanned").exists()


def test_other_thresholds_need_no_dump(built, inputs, tmp_path, capsys):
    sources = built.with_name("entries.sources")
    flags = ("--wikipedia", sources / "ngrams", "--pageviews", sources / "titles")
    entries = build(inputs, tmp_path / "e.json", *flags, "--min-unigram-count", 99, "--min-pmi", 6.0, "--min-views", 69)
    pairs = ["0 cat", "New York", "Rio Bravo", "Rio Grande"]  # the last two have equal scores: ordered by text
    assert entries == [*map(str, range(100)), "edge", "below", *pairs, "Cities, D.C.", "cat", "Dot", "Almost"]
    assert "read" not in capsys.readouterr().err


def test_the_same_from_plain_xml_in_pieces(built, inputs, tmp_path):
    flags = ("--wordnet", inputs / "dict", "--pageviews", inputs / "views", "--min-pmi", 6.5, "--min-bigram-count", 2)
    out = tmp_path / "entries.json"
    build(inputs, out, "--wikipedia", inputs / "plain.xml", *flags, "--split-bytes", 900, "--batch-files", 4)
    assert out.read_bytes() == built.read_bytes()
    assert without_inputs(manifest_of(out)) == without_inputs(manifest_of(built))


def test_full_lists_and_normalised_entries(built, inputs, tmp_path):
    sources = built.with_name("entries.sources")
    flags = ("--wordnet", sources / "wordnet", "--pageviews", sources / "titles")
    assert build(inputs, tmp_path / "a.json", *flags, "--size", 103) == [*EXPECTED[:102], "Cities, D.C."]
    spaced = build(inputs, tmp_path / "b.json", *flags, "--normalize-entries")
    assert spaced[102:] == ["Cities ,  D . C .", "Dot"]
    assert manifest_of(tmp_path / "b.json")["cannot_match"] == 0


def test_each_source_alone(spark, inputs, tmp_path, capsys):
    assert run("metadata", "unigrams", inputs / "plain.xml", "--out", tmp_path / "u", "--lowercase") == 0
    words = {row["word"]: row["count"] for row in rows_of(tmp_path / "u/unigrams")}
    assert words == {word.lower(): count for word, count in WORDS.items()}
    assert not (tmp_path / "u/bigrams").exists()
    assert run("metadata", "unigrams", inputs / "plain.xml", "--out", tmp_path / "u", "--lowercase") == 0
    said = capsys.readouterr()
    assert "no dump was read" in said.err and said.out.startswith(f"{tmp_path}/u/unigrams/  ")
    again = document_of(capsys, "metadata", "unigrams", inputs / "plain.xml", "--out", tmp_path / "u", "--lowercase")
    assert again["result"] == {"out": str(tmp_path / "u"), "run": record_of(tmp_path / "u")}
    assert run("metadata", "unigrams", inputs / "plain.xml", "--out", tmp_path / "u") == 2
    assert "settings.lowercase: true there, false now" in capsys.readouterr().err
    built = document_of(capsys, "metadata", "build", "--wikipedia", tmp_path / "u", "--out", tmp_path / "e.json")
    assert built["result"].items() > manifest_of(tmp_path / "e.json").items()
    assert len(built["warnings"]) == 0 and [step["command"][-1] for step in built["next"]] == [
        built["result"]["list"],
        "DIR",
    ]
    assert json.loads((tmp_path / "e.json").read_text())[100:] == ["edge"]


def test_damage_is_reported_and_what_precedes_it_counts(spark, tmp_path, capsys):
    broken = "<page><title>Broken</title> & </page>\n"
    path = write_bzip2(tmp_path / "a.xml.bz2", [MiniPage("A", "whole page"), broken, MiniPage("B", "x" * 10)])
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[: size - 12])
    text = bz2.BZ2Decompressor().decompress(path.read_bytes())
    assert run("metadata", "unigrams", path, "--out", tmp_path / "u") == 0
    log = capsys.readouterr().err
    assert f"truncated: the file ends at byte {size - 12:,}, within the bzip2 stream that begins at 0" in log
    facts = record_of(tmp_path / "u")["stages"]["unigrams"]
    assert facts["damage"]["a.xml.bz2"][0] in log
    assert facts["outcomes"].get("articles", 0) == text.count(b"</page>") - text.count(b"Broken")


def naive_bigrams(pairs: Counter, words: Counter) -> dict[tuple[str, str], tuple[int, float]]:
    total = sum(words.values())
    return {pair: (count, lift(count, words[pair[0]], words[pair[1]], total)) for pair, count in pairs.items()}


def test_pruning_is_exact_above_either_floor(spark):
    """A vocabulary of 40 in all proportions; partial counts of 1, so that every count is a sum."""
    sequence = [f"w{(place * place + 7 * place) % (3 + place % 38)}" for place in range(3000)]
    words, pairs = Counter(sequence), Counter(pairwise(sequence))
    partial = spark.createDataFrame([(*pair, 1) for pair in pairs.elements()], "key string, second string, count long")
    counted = spark.createDataFrame(list(words.items()), "word string, count long")
    everything = naive_bigrams(pairs, words)
    for keep, pmi in ((1, 20.0), (4, 3.0), (12, 1.5)):
        counting = Ngrams(keep_bigram_count=keep, keep_pmi=pmi)
        rows = bigrams(partial, counted, len(sequence), counting).collect()
        kept = {(row["first"], row["second"]): (row["count"], row["lift"]) for row in rows}
        expected = {p: of for p, of in everything.items() if keep == 1 or of[0] >= keep or of[1] >= 2.0**pmi}
        assert kept == expected
        if keep > 1:
            assert 0 < len(kept) < len(everything)


def test_a_pmi_of_exactly_thirty_bits_and_just_below(spark):
    words = spark.createDataFrame([("a", 2), ("b", 2)], "word string, count long")
    partial = spark.createDataFrame([("a", "b", 1), ("a", "b", 1)], "key string, second string, count long")
    for total, passes in ((1 << 31, True), ((1 << 31) - 1, False)):
        [row] = bigrams(partial, words, total, Ngrams()).collect()
        assert (row["lift"] >= 2.0**30) == passes
        assert row["pmi"] == 30.0  # rounded


def test_thresholds_below_both_floors_are_refused(spark, inputs, tmp_path, capsys):
    out = tmp_path / "b"
    flags = ("--keep-bigram-count", 2, "--keep-pmi", 6.5)
    assert run("metadata", "bigrams", inputs / "plain.xml", "--out", out, *flags) == 0
    kept = {f"{row['first']} {row['second']}" for row in rows_of(out / "bigrams")}
    assert kept == {"New York", "Rio Grande", "0 cat"}
    build(inputs, tmp_path / "e.json", "--wikipedia", out, "--min-pmi", 6.5)
    build(inputs, tmp_path / "e.json", "--wikipedia", out, "--min-pmi", 1, "--min-bigram-count", 2)
    assert run("metadata", "build", "--wikipedia", out, "--min-pmi", 6, "--out", tmp_path / "e.json") == 2
    assert "keeps pairs that occur fewer than 2 times only from PMI 6.5 on" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("--out", "e.json"), "name at least one source: --wordnet, --wikipedia or --pageviews"),
        (("--wordnet", "nowhere", "--out", "e.json"), "nowhere: not a WordNet dict folder"),
        (("--wikipedia", "nowhere.xml", "--out", "e.json"), "nowhere.xml: No such file"),
        (("--pageviews", "nowhere", "--out", "e.json"), "not named pageviews-"),
        (("--wordnet", "dict", "--out", "e.txt"), "must end in .json"),
        (("--wordnet", "dict", "--out", "no/e.json"), "its folder is missing"),
        (("--wordnet", "dict", "--size", "0", "--out", "e.json"), "must be a whole number of at least 1, not 0"),
        (("--wordnet", "dict"), "--out"),
    ],
)
def test_misuse_is_a_one_line_error(spark, inputs, monkeypatch, tmp_path, capsys, flags, expected):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dict").symlink_to(inputs / "dict")
    try:
        status = run("metadata", "build", *flags)
    except SystemExit as exit:
        status = exit.code
    message = capsys.readouterr().err
    assert status == 2
    assert expected in message
    assert "Traceback" not in message


def test_import_show_and_diff(tmp_path, capsys):
    original = tmp_path / "metadata.json"
    original.write_text('["cat", "D.C.", "New York", "cat", "Yahoo!", "Yahoo !"]')
    assert run("metadata", "import", original, "--out", tmp_path / "a.json") == 2
    assert "index 3 repeats index 0: 'cat' (1 duplicate in all)" in capsys.readouterr().err
    assert run("metadata", "import", original, "--dedup", "--out", tmp_path / "a.json") == 0
    assert json.loads((tmp_path / "a.json").read_text()) == ["cat", "D.C.", "New York", "Yahoo!", "Yahoo !"]
    assert "2 entries can never match" in capsys.readouterr().err
    assert manifest_of(tmp_path / "a.json")["imported"] == "metadata.json"
    flags = ("--normalize-entries", "--out", tmp_path / "b.json")
    assert run("metadata", "import", tmp_path / "a.json", *flags) == 0
    assert json.loads((tmp_path / "b.json").read_text()) == ["cat", "D . C .", "New York", "Yahoo !"]
    capsys.readouterr()
    assert run("metadata", "show", tmp_path / "a.json") == 0
    printed = capsys.readouterr().out
    assert re.search(r"can never match 2 .*: 'D\.C\.', 'Yahoo!'", printed)
    assert document_of(capsys, "metadata", "show")["result"]["entries"] == 289_948
    diff = document_of(capsys, "metadata", "diff", tmp_path / "a.json", tmp_path / "b.json")["result"]
    assert (diff["both"], diff["only_a"], diff["only_b"]) == (3, 2, 1)
    assert run("metadata", "diff", tmp_path / "a.json", tmp_path / "a.json") == 0
    assert "the same list" in capsys.readouterr().out


def test_show_takes_sources_from_the_manifest(built, tmp_path, capsys):
    assert run("metadata", "show", built) == 0
    printed = capsys.readouterr().out
    assert re.search(r"bigrams +1 of 1 candidates: 'New York'", printed)
    assert re.search(r"titles +2 of 3 candidates, 1 already there: 'Cities, D\.C\.', 'Dot'", printed)
    other = tmp_path / "entries.json"
    other.write_text('["other"]')
    other.with_suffix(".manifest.json").write_bytes(built.with_suffix(".manifest.json").read_bytes())
    assert run("metadata", "show", other) == 0
    captured = capsys.readouterr()
    assert "is not of this list" in captured.err
    assert "bigrams" not in captured.out


def test_equal_to_a_naive_count_of_a_real_dump(spark, shared_data, tmp_path):
    """206 pages, read without the code under test, except for the markup: regular expressions over the whole XML."""
    [dump] = (shared_data / "wiki").glob("*.bz2")
    xml = bz2.decompress(dump.read_bytes()).decode()
    texts = []
    for page in re.findall(r"<page>.*?</page>", xml, re.DOTALL):
        if "<ns>0</ns>" in page and "<redirect" not in page:
            escaped = re.search(r"<text[^>]*>(.*?)</text>", page, re.DOTALL)[1]
            for entity, char in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
                escaped = escaped.replace(entity, char)
            texts.append(plain_text(escaped))
    words, pairs = naive_counts(texts)
    split = tmp_path / dump.with_suffix("").name
    split.write_text(xml, encoding="utf-8")
    assert run("metadata", "bigrams", split, "--out", tmp_path / "out", "--split-bytes", 1 << 20) == 0
    assert record_of(tmp_path / "out")["stages"]["unigrams"]["outcomes"]["articles"] == len(texts) == 106
    table = pq.read_table(tmp_path / "out/unigrams")
    assert dict(zip(table["word"].to_pylist(), table["count"].to_pylist(), strict=True)) == words
    table = pq.read_table(tmp_path / "out/bigrams").to_pydict()
    keys = zip(table["first"], table["second"], strict=True)
    assert dict(zip(keys, zip(table["count"], table["lift"], strict=True), strict=True)) == naive_bigrams(pairs, words)
