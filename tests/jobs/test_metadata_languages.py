"""Lists of other languages than English: by hand from small dumps, with the names of their own namespaces."""

import json
import re
from pathlib import Path

import pytest
from metadata_dumps import HEAD
from metadata_wikis import write_dump, write_hour
from pools import record_of, rows_of, run

from metadata.segmenters import TSHEG

NUMBERS = [*map(str, range(100))]
TAB = (
    "# Multilingual\tdeu\thttp://example.org\tCC-BY\n00000001-n\tdeu:lemma\tgroße_Katze\n00000002-n\tlemma\tHund\n"
    "00000003-n\tdeu:lemma\tHund\n00000004-n\tdeu:def\t0\tein Tier\n00000005-n\tdeu:lemma:root\tnicht\n"
)


def build(out: Path, *flags: object) -> list[str]:
    assert run("metadata", "build", "--out", out, *flags) == 0
    return json.loads(out.read_text())


def manifest_of(out: Path) -> dict:
    return json.loads(out.with_suffix(".manifest.json").read_text())


def sources_of(out: Path) -> dict[str, dict]:
    return {source["source"]: source for source in manifest_of(out)["sources"]}


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What a command says that ends with status 2, in one line."""
    capsys.readouterr()
    try:
        status = run(*arguments)
    except SystemExit as exit:
        status = exit.code
    lines = [line for line in capsys.readouterr().err.splitlines() if not re.search("NOTE:| INFO ", line)]
    assert status == 2 and len(lines) == 1
    return lines[0]


@pytest.mark.processes
def test_german(spark, tmp_path, capsys):
    text = "Öl und Öl und Käse. [[Datei:Öl.jpg|mini|Bild]] [[Kategorie:Speisen]] [[kategorie:Öle|Öl]] [[Category:Oils]]"
    dump = write_dump(tmp_path, "de", [text, "Käse: und"])
    views = {
        ("de", "Stra%C3%9Fe"): 3,
        ("de.m", "Straße"): 4,
        ("de", "Star_Wars:_Episode_IV"): 9,
        ("de", "Datei:Öl.jpg"): 50,
        ("de", "Kategorie_Diskussion:Öle"): 50,
        ("de", "Spezial:Suche"): 50,
        ("de", "Special:Search"): 50,
        ("de", "Draft:_Ein_Film"): 5,
        ("de.d", "Wiktionary"): 90,
        ("en", "English"): 90,
        ("commons.m", "Commons"): 90,
    }
    write_hour(tmp_path / "views", 0, views)
    tab = tmp_path / "wn-data-deu.tab"
    tab.write_text(TAB)
    flags = ("--wordnet", tab, "--wikipedia", dump, "--pageviews", tmp_path / "views")
    thresholds = ("--min-unigram-count", 2, "--min-views", 5, "--min-pmi", 0)
    out = tmp_path / "de.json"
    entries = build(out, "--language", "de", *flags, *thresholds)
    # words: Öl 2, und 3, Käse 2; N = 7; lifts: "Öl und" 2·7/(2·3), "und Öl" and "und Käse" 1·7/(3·2)
    pairs = ["Öl und", "und Käse", "und Öl"]
    assert entries == [
        "Hund",
        "große Katze",
        *NUMBERS,
        "und",
        "Käse",
        "Öl",
        *pairs,
        "Star Wars: Episode IV",
        "Straße",
        "Draft: Ein Film",
    ]
    titles = sources_of(out)["titles"]
    assert (titles["candidates"], titles["distinct"]) == (3, 3)
    assert manifest_of(out)["language"] == "de" and "segmenter" not in sources_of(out)["unigrams"]["threshold"]
    assert record_of(tmp_path / "de.sources/titles")["stages"]["titles"]["outcomes"] == {"namespace": 1, "titles": 7}


@pytest.mark.parametrize(
    ("wiki", "text", "words", "pairs"),
    [
        # the category is stripped by its own name where the wiki has one, the pair is joined by nothing
        (
            "ja",
            "新しいカメラです。カメラです\n[[Category:カメラ]] Nikon カメラ",
            {"カメラ": 3, "です": 2},
            {"カメラです"},
        ),
        ("th", "รูปแมว รูปแมว[[หมวดหมู่:แมว]]", {"รูป": 2, "แมว": 2}, {"รูปแมว"}),
        ("zh", "北京天安门，北京天安门[[分类:北京]][[分類:北京|x]]", {"北京": 2, "天安门": 2}, {"北京天安门"}),
        ("bo", "བོད་སྐད། བོད་སྐད།", {"བོད": 2, "སྐད": 2}, {f"བོད{TSHEG}སྐད"}),
        ("ar", "القطة الصغيرة، القطة الصغيرة [[تصنيف:قطط]]", {"القطة": 2, "الصغيرة": 2}, {"القطة الصغيرة"}),
        ("vi", "con mèo, con mèo [[Thể_loại:Mèo]] [[Thể loại:Mèo]]", {"con": 2, "mèo": 2}, {"con mèo"}),
    ],
)
def test_words_and_pairs_are_those_that_the_text_holds(spark, tmp_path, wiki, text, words, pairs):
    dump = write_dump(tmp_path, wiki, [text])
    out = tmp_path / "list.json"
    flags = ("--min-unigram-count", 2, "--min-pmi", 0, "--min-bigram-count", 2)
    entries = build(out, "--language", wiki, "--wikipedia", dump, *flags)[100:]
    assert entries[: len(words)] == sorted(words, key=lambda word: (-words[word], word))
    assert set(entries[len(words) :]) == pairs and all(pair in text for pair in pairs)
    counted = {row["word"]: row["count"] for row in rows_of(tmp_path / "list.sources/ngrams/unigrams")}
    assert counted.items() >= words.items()


@pytest.mark.processes
def test_the_segmenter_is_recorded_and_decides_the_counts(spark, tmp_path, capsys):
    dump = write_dump(tmp_path, "th", ["รูปแมว"])
    counts = tmp_path / "counts"
    assert run("metadata", "bigrams", dump, "--language", "th", "--out", counts) == 0
    segmenter = record_of(counts)["settings"]["segmenter"]
    assert segmenter.startswith("icu ")
    assert build(tmp_path / "e.json", "--language", "th", "--wikipedia", counts, "--min-unigram-count", 1)[100:102] == [
        "รูป",
        "แมว",
    ]
    assert sources_of(tmp_path / "e.json")["unigrams"]["threshold"]["segmenter"] == segmenter
    uncut = ("metadata", "bigrams", dump, "--language", "th", "--segmenter", "none", "--out")
    assert "settings.segmenter: icu" in refusal(capsys, *uncut, counts)
    assert run(*uncut, tmp_path / "uncut") == 0
    assert [row["word"] for row in rows_of(tmp_path / "uncut/unigrams")] == ["รูปแมว"]
    assert "nothing cuts its words" in capsys.readouterr().err


@pytest.mark.processes
def test_shares_and_caps_by_hand(spark, tmp_path, capsys):
    """Ten words w0 to w9, w0 ten times to w9 once, each time alone in its line; then pairs of rare words."""
    lines = [f"w{number}" for number in range(10) for _ in range(10 - number)]
    dump = write_dump(tmp_path, "de", ["\n".join([*lines, "w7 w8", "w8 w9", "w0 w1"])])
    write_hour(tmp_path / "views", 0, {("de", f"T{number}"): 10 - number for number in range(10)})
    counts = tmp_path / "counts"
    assert run("metadata", "bigrams", dump, "--language", "de", "--out", counts) == 0
    shared = ("--language", "de", "--wikipedia", counts, "--recipe", "metaclip2")
    out = tmp_path / "e.json"

    def taken(*flags: object) -> list[str]:
        return build(out, *shared, *flags)[100:]

    assert taken() == ["w0"]  # 10 % of ten words, 40 % of one word
    assert taken("--unigram-share", 0.5) == ["w0", "w1", "w2", "w3", "w4", "w8 w9", "w7 w8"]
    assert taken("--unigram-share", 0.5, "--max-unigrams", 3, "--bigram-share", 1) == [
        "w0",
        "w1",
        "w2",
        "w8 w9",
        "w7 w8",
        "w0 w1",
    ]
    assert taken("--unigram-share", 0.5, "--max-bigrams", 1) == ["w0", "w1", "w2", "w3", "w4", "w8 w9"]
    assert taken("--unigram-share", 0.5, "--min-bigram-count", 2) == ["w0", "w1", "w2", "w3", "w4"]
    assert taken("--min-pmi", 2.9) == [
        "w0",
        "w8 w9",
    ]  # in place of the share: its lift is 61 / (4 · 2), and 2^2.9 = 7.5
    assert taken("--size", 101) == ["w0"] and taken("--size", 100) == []
    assert taken("--min-unigram-count", 20) == []
    with_views = (*shared, "--pageviews", tmp_path / "views", "--sources", tmp_path / "sources")
    assert build(out, *with_views, "--title-share", 0.35)[101:] == ["T0", "T1", "T2"]
    assert build(out, *with_views, "--max-titles", 2)[101:] == ["T0", "T1"]
    assert len(build(out, *with_views)[101:]) == 7  # 76 % of ten
    assert build(out, *with_views, "--max-characters", 1) == [str(number) for number in range(10)]
    assert sources_of(out)["numbers"]["too_long"] == 90
    assert sources_of(out)["titles"]["threshold"] == {
        "min_views": 1,
        "title_share": 0.76,
        "max_titles": 61235,
        "min_hour_views": 1,
    }
    assert build(out, *with_views, "--recipe", "metaclip", "--max-titles", 1, "--min-views", 9)[100:] == ["T0"]
    assert manifest_of(out)["recipe"] == "metaclip" and manifest_of(out)["size"] == 500_000


@pytest.mark.processes
def test_titles_of_all_wikis_are_counted_once(spark, tmp_path):
    views = {
        ("de", "Öl"): 3,
        ("de.m", "Öl"): 4,
        ("ja", "油"): 5,
        ("zh-min-nan", "Iû"): 6,
        ("en", "Oil"): 7,
        ("en", "Fat"): 6,
        ("de.d", "x"): 9,
    }
    write_hour(
        tmp_path / "views", 0, {**views, ("de", "Datei:Öl.jpg"): 9, ("en", "Draft:Oil"): 9, ("be-tarask", "Алей"): 2}
    )
    write_hour(tmp_path / "views", 1, {("de", "Öl"): 1, ("ja", "Special:油"): 9, ("be-x-old", "Алей"): 3})
    counts = tmp_path / "all"
    assert run("metadata", "titles", tmp_path / "views", "--language", "all", "--out", counts) == 0
    assert {path.name for path in (counts / "titles").glob("wiki=*")} == {
        f"wiki={code}" for code in ("be_tarask", "de", "en", "ja", "zh_min_nan")
    }
    expected = {
        "de": {"Öl": 8, "Datei:Öl.jpg": 9},
        "ja": {"油": 5},
        "be_tarask": {"Алей": 5},
        "zh_min_nan": {"Iû": 6},
        "en": {"Oil": 7, "Fat": 6},
        "fr": {},
    }
    for wiki, titles in expected.items():
        one = tmp_path / f"{wiki}-alone"
        assert run("metadata", "titles", tmp_path / "views", "--language", wiki, "--out", one) == 0
        assert {row["title"]: row["views"] for row in rows_of(one / "titles")} == titles
        for folder in (counts, one):
            entries = build(tmp_path / "e.json", "--language", wiki, "--pageviews", folder, "--min-views", 1)
            assert entries[100:] == sorted(titles, key=lambda title: (-titles[title], title))
            half = ("--min-views", 1, "--title-share", 0.5)
            halved = build(tmp_path / "e.json", "--language", wiki, "--pageviews", folder, *half)
            assert halved == entries[: 100 + len(titles) // 2], "a share of the wiki's titles"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("--bigram-share", 0.4, "--min-pmi", 8), "--bigram-share and --min-pmi: give one of them"),
        (("--language", "all"), "--language all: a list is of one Wikipedia"),
        (("--language", "Deutsch"), "'Deutsch' is not a code such as de, zh_yue or simple"),
        (("--language", "de", "--segmenter", "jieba"), "the words of de are separated by spaces"),
        (("--language", "fr"), "is a dump of de.wikipedia, not of fr: give --language de"),
        ((), "is a dump of de.wikipedia, not of en: give --language de"),
        (("--language", "de", "--recipe", "metaclip3"), "did you mean metaclip?"),
        (("--language", "de", "--unigram-share", 0), "must be above 0"),
    ],
)
def test_misuse_is_one_line(spark, tmp_path, capsys, flags, expected):
    dump = write_dump(tmp_path, "de", ["Text"])
    assert expected in refusal(capsys, "metadata", "build", "--wikipedia", dump, "--out", tmp_path / "e.json", *flags)


def test_titles_of_another_wiki_and_files_without_lemmas_are_refused(spark, tmp_path, capsys):
    write_hour(tmp_path / "views", 0, {("de", "Öl"): 100})
    assert run("metadata", "titles", tmp_path / "views", "--language", "de", "--out", tmp_path / "t") == 0
    out = ("--out", tmp_path / "e.json")
    said = refusal(capsys, "metadata", "build", "--pageviews", tmp_path / "t", *out)
    assert "has the titles of de, not of en: give --language de" in said
    tab = tmp_path / "a.tab"
    tab.write_text("1-n\tdef\tno lemma\n")
    assert "has no line 'synset<TAB>lemma<TAB>word'" in refusal(capsys, "metadata", "build", "--wordnet", tab, *out)


def test_dumps_without_a_siteinfo_stay_english(spark, tmp_path):
    """As before: what the dump does not say is not checked."""
    dump = tmp_path / "a.xml"
    dump.write_text(
        HEAD + "<page><title>A</title><ns>0</ns><revision><text>a [[Category:b]]</text></revision></page></mediawiki>"
    )
    assert build(tmp_path / "e.json", "--wikipedia", dump, "--min-unigram-count", 1)[100:] == ["a"]
