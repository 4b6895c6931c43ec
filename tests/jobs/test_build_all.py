"""Lists of many wikis from a folder of dumps: names, folds, page views read once, resuming, bad dumps."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from metadata_wikis import write_dump, write_hour
from pools import document_of, run

from jobs.entries import build_lists as module
from jobs.runs.open_storage import load_lists

TEXTS = {
    "de": ["Öl und Käse. " * 5, "Hund und Katze"],
    "ja": ["新しいカメラです。" * 5],
    "simple": ["a cat and a dog"],
    "zh": ["我爱北京天安门"],
    "zh_classical": ["學而時習之"],
    "zh_yue": ["我鍾意香港"],
    "zh_min_nan": ["Iû kap hî"],
    "be_x_old": ["алей і сыр"],
}
VIEWS = {
    ("be-x-old", "Сыр"): 2,
    ("de", "Öl"): 9,
    ("de.m", "Datei:Öl.jpg"): 9,
    ("ja", "油"): 5,
    ("zh-yue", "香港"): 5,
    ("be-tarask", "Алей"): 5,
}
MANY = ["be_tarask", "de", "ja", "simple", "zh", "zh_min_nan", "zh_yue"]
SOURCES = ("unigrams", "bigrams", "titles")
CODES = ["de", "ja", "zh_min_nan"]


def write_dumps(folder: Path, wikis: Iterable[str]) -> Path:
    for wiki in wikis:
        write_dump(folder / f"dumps/{wiki}wiki/20240501", wiki, TEXTS[wiki])
    write_hour(folder / "views", 0, VIEWS)
    return folder / "dumps"


@pytest.fixture
def dumps(tmp_path: Path) -> Path:
    return write_dumps(tmp_path, CODES)


def command(dumps: Path, *flags: object) -> tuple[object, ...]:
    folder = dumps.parent
    return ("metadata", "build-all", dumps, "--pageviews", folder / "views", "--out", folder / "lists", *flags)


def entries_of(dumps: Path, code: str) -> list[str]:
    return json.loads((dumps.parent / f"lists/{code}.json").read_text())[100:]


def states(dumps: Path) -> dict[str, tuple[int, int]]:
    """Each file of the lists, with its size and time of change."""
    files = sorted((dumps.parent / "lists").iterdir())
    return {path.name: (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


@pytest.mark.processes
def test_a_list_per_wiki_and_nothing_twice(spark, tmp_path, capsys):
    dumps = write_dumps(tmp_path, TEXTS)
    lists = dumps.parent / "lists"
    shares = ("--unigram-share", 1)
    document = document_of(capsys, *command(dumps, *shares))
    assert list(document["result"]["built"]) == MANY and document["result"]["kept"] == []
    assert document["next"][0]["command"][3:5] == ["--metadata", str(lists)]
    assert sorted(states(dumps)) == sorted(
        [*(f"{code}.json" for code in MANY), *(f"{code}.manifest.json" for code in MANY)]
    )
    # "a" twice, the rest once; 40 % of 4 words are 1 pair, that of highest lift: both others have the "a"
    assert entries_of(dumps, "simple") == ["a", "and", "cat", "dog", "cat and"]
    assert "Öl" in entries_of(dumps, "de") and "Datei:Öl.jpg" not in entries_of(dumps, "de")
    assert {"我", "北京", "北京天安门", "學而"} <= set(entries_of(dumps, "zh")), "Classical Chinese joins Chinese"
    assert "香港" in entries_of(dumps, "zh_yue")
    assert entries_of(dumps, "be_tarask")[-1] == "Алей"
    manifest = json.loads((lists / "zh.manifest.json").read_text())
    names = [source["source"] for source in manifest["sources"]]
    assert names == ["numbers", *SOURCES, *(f"zh_classical {name}" for name in SOURCES)]
    assert (manifest["recipe"], manifest["language"]) == ("metaclip2", "zh")
    loaded = load_lists(str(lists), None)
    assert [listed.code for listed in loaded.lists] == MANY, "the folder is what --metadata takes"
    before = states(dumps)
    again = document_of(capsys, *command(dumps, *shares))["result"]
    assert again["built"] == {} and again["kept"] == MANY and states(dumps) == before


@pytest.mark.processes
def test_other_thresholds_make_other_lists(spark, tmp_path, capsys):
    dumps = write_dumps(tmp_path, ["de"])
    for flags in ((), ("--max-characters", 3), ("--max-characters", 3)):
        result = document_of(capsys, *command(dumps, *flags))["result"]
    assert result["kept"] == ["de"]
    assert all(len(entry) <= 3 for entry in entries_of(dumps, "de"))


def test_each_list_equals_the_one_that_build_makes(spark, tmp_path):
    dumps = write_dumps(tmp_path, ["de", "ja"])
    assert run(*command(dumps, "--recipe", "metaclip", "--min-unigram-count", 1, "--min-views", 1, "--min-pmi", 0)) == 0
    for wiki in ("de", "ja"):
        [dump] = dumps.rglob(f"{wiki}wiki-*.bz2")
        one = dumps.parent / "one.json"
        flags = (
            "--min-unigram-count",
            1,
            "--min-views",
            1,
            "--min-pmi",
            0,
            "--sources",
            dumps.parent / f"{wiki}.counts",
        )
        views = ("--pageviews", dumps.parent / "views")
        assert run("metadata", "build", "--language", wiki, "--wikipedia", dump, *views, *flags, "--out", one) == 0
        assert json.loads(one.read_text())[100:] == entries_of(dumps, wiki)


@pytest.mark.processes
def test_a_bad_dump_stops_no_other_list_and_is_built_once_it_is_mended(spark, tmp_path, capsys):
    dumps = write_dumps(tmp_path, [*CODES, "simple"])
    [german] = dumps.rglob("dewiki-*.bz2")
    whole = german.read_bytes()
    german.write_bytes(whole[:-40])
    [japanese] = dumps.rglob("jawiki-*.bz2")
    japanese.write_bytes(b"<html>404 Not Found")
    [simple] = dumps.rglob("simplewiki-*.bz2")
    other = write_dump(simple.parent, "simple", ["the same"], date="20240601")
    (dumps / "README.html").write_text("not a dump")
    for _ in range(2):  # the second time what failed fails again, and nothing is silent
        assert run(*command(dumps)) == 1
        said = capsys.readouterr().err
        assert re.search(r"WARN .*de \(1 of 4\): not built: dewiki-.*truncated: .*fetch it again", said)
        assert re.search(
            r"WARN .*simple \(3 of 4\): not built: .*20240501.* and .*20240601.* hold the same pages", said
        )
        assert re.search(r"WARN .*ja \(2 of 4\): not built: .*jawiki", said)
        assert "1 files are no dumps" in said
        assert said.splitlines()[-1].startswith("ballast: 3 lists were not built: de, ja, simple")
        assert sorted(states(dumps)) == ["zh_min_nan.json", "zh_min_nan.manifest.json"]
    german.write_bytes(whole)
    other.unlink()
    write_dump(japanese.parent, "ja", TEXTS["ja"])
    document = document_of(capsys, *command(dumps))
    assert list(document["result"]["built"]) == ["de", "ja", "simple"]


@pytest.mark.processes
@pytest.mark.parametrize("by", ["rdd", "frame"])
def test_an_error_in_a_worker_stops_no_other_list(spark, dumps, monkeypatch, capsys, by):
    """Spark raises it as Py4J's error from an RDD, and as its own from a frame."""
    real = module.ranked_sources

    def ranked_sources(spark, settings, *arguments, **options):
        def broken(rows):
            raise MemoryError("no room for the words of ja")

        if settings.wiki.language == "ja":
            frame = spark.range(1)
            frame.rdd.mapPartitions(broken).collect() if by == "rdd" else frame.mapInArrow(broken, "id long").collect()
        return real(spark, settings, *arguments, **options)

    monkeypatch.setattr(module, "ranked_sources", ranked_sources)
    assert run(*command(dumps)) == 1
    said = capsys.readouterr().err.splitlines()
    [line] = [line for line in said if "ja (2 of 3): not built: " in line]
    assert line.endswith("MemoryError: no room for the words of ja") and not any("Traceback" in line for line in said)
    assert said[-1].startswith("ballast: 1 lists were not built: ja")
    assert sorted(path for path in states(dumps) if "manifest" not in path) == ["de.json", "zh_min_nan.json"]
    monkeypatch.setattr(module, "ranked_sources", real)
    assert run(*command(dumps)) == 0


@pytest.mark.processes
def test_a_killed_run_goes_on(spark, dumps, monkeypatch, capsys):
    """Killed after the second list: page views and finished lists are not read again."""
    built = []
    real = module.merge_list

    def merge_list(out, *arguments):
        if len(built) == 2:
            raise KeyboardInterrupt
        built.append(Path(out).stem)
        return real(out, *arguments)

    monkeypatch.setattr(module, "merge_list", merge_list)
    assert run(*command(dumps)) == 130
    assert built == CODES[:2]
    monkeypatch.setattr(module, "merge_list", real)
    capsys.readouterr()
    before = states(dumps)
    assert run(*command(dumps)) == 0
    said = capsys.readouterr().err
    assert f"{dumps.parent}/lists.sources/titles holds these counts already" in said
    assert f"{dumps.parent}/lists.sources/zh_min_nan/ngrams holds these counts already" in said, (
        "counted before the kill"
    )
    assert before.items() <= states(dumps).items()
    assert sorted(path for path in states(dumps) if "manifest" not in path) == [f"{code}.json" for code in CODES]


@pytest.mark.processes
def test_a_list_of_another_command_stays(spark, tmp_path, capsys):
    dumps = write_dumps(tmp_path, ["ja"])
    lists = dumps.parent / "lists"
    lists.mkdir()
    (lists / "ja.json").write_text('["油"]')
    assert run(*command(dumps)) == 0
    assert "ja.json: was not built by this command: stays as it is" in capsys.readouterr().err
    assert json.loads((lists / "ja.json").read_text()) == ["油"]
    assert run(*command(dumps, "--overwrite")) == 0
    assert json.loads((lists / "ja.json").read_text())[:2] == ["0", "1"]


@pytest.mark.processes
def test_wordnets_of_a_folder(spark, dumps, capsys):
    wordnets = dumps.parent / "wordnets"
    wordnets.mkdir()
    (wordnets / "wn-data-jpn.tab").write_text("# J\tjpn\tx\n1-n\tjpn:lemma\t呼吸+する\n")
    (wordnets / "wn-data-deu.tab").write_text("# D\tdeu\tx\n1-n\tdeu:lemma\tgroße_Katze\n")
    assert run(*command(dumps, "--wordnet", wordnets)) == 0
    first = {code: json.loads((dumps.parent / f"lists/{code}.json").read_text())[0] for code in CODES}
    assert first == {"de": "große Katze", "ja": "呼吸する", "zh_min_nan": "0"}
    (wordnets / "x").mkdir()
    (wordnets / "x/wn-data-ja.tab").write_text("1-n\tlemma\tx\n")
    assert run(*command(dumps, "--wordnet", wordnets)) == 2
    assert "are both wordnets of ja" in capsys.readouterr().err


def test_page_views_are_one_pass_over_the_files(spark, tmp_path, monkeypatch):
    """The counting of all wikis starts once, and no list counts page views of its own."""
    dumps = write_dumps(tmp_path, ["de", "zh_min_nan"])
    calls = []
    real = module.open_source_folder

    def opened(spark, counted_by, *arguments, **options):
        calls.append(counted_by[0].name)
        return real(spark, counted_by, *arguments, **options)

    monkeypatch.setattr(module, "open_source_folder", opened)
    assert run(*command(dumps)) == 0
    assert calls == ["metadata titles"]
    folders = [path.parent for path in (dumps.parent / "lists.sources").rglob("run.json")]
    assert [path for path in folders if path.name == "titles"] == [dumps.parent / "lists.sources/titles"]


def test_titles_of_one_wiki_are_refused_before_a_dump_is_counted(spark, dumps, capsys):
    titles, views = dumps.parent / "titles", dumps.parent / "views"
    words = ("metadata", "build-all", dumps, "--out", dumps.parent / "lists")
    for language in ("en", "de"):
        assert run("metadata", "titles", views, "--out", titles, "--language", language, "--overwrite") == 0
        capsys.readouterr()
        assert run(*words, "--pageviews", titles) == 2
        said = capsys.readouterr().err
        assert f"--pageviews {titles}: has the titles of {language} alone" in said and said.count("\n") == 1
        assert not list((dumps.parent / "lists").glob("*")) and not (dumps.parent / "lists.sources").exists()
    assert run("metadata", "titles", views, "--out", titles, "--language", "all", "--overwrite") == 0
    assert run(*words, "--pageviews", titles) == 0
    assert sorted(path.stem for path in (dumps.parent / "lists").glob("??*.json")) == sorted(
        [*CODES, *(f"{code}.manifest" for code in CODES)]
    )


@pytest.mark.parametrize(
    ("make", "flags", "expected"),
    [
        (False, (), "is no folder"),
        (True, (), "has no dump of a Wikipedia, such as dewiki-20240501-pages-articles.xml.bz2"),
        (True, ("--bigram-share", 0.4, "--min-pmi", 8), "--bigram-share and --min-pmi: give one of them"),
    ],
)
def test_misuse_is_one_line(spark, tmp_path, capsys, make, flags, expected):
    if make:
        (tmp_path / "dumps").mkdir()
    assert run("metadata", "build-all", tmp_path / "dumps", "--out", tmp_path / "lists", *flags) == 2
    said = capsys.readouterr().err
    assert expected in said and len(said.splitlines()) == 1
    assert not (tmp_path / "lists").exists()
