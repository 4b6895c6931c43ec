"""What a run with a list for each language cannot do is one line and status 2, before anything is read or written."""

import json
from pathlib import Path

import pytest
from build_warcs import build_warc, page
from pools import run

LISTS = {"en": ["ferry", "harbour"], "de": ["Fähre", "Hafen"], "ja": ["港"]}


@pytest.fixture(scope="module")
def warc(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("refused") / "page.warc.gz"
    path.write_bytes(build_warc([page('<img src="/a.jpg" alt="a ferry in the harbour">')]))
    return path


@pytest.fixture
def lists(tmp_path) -> Path:
    folder = tmp_path / "lists"
    folder.mkdir()
    for code, entries in LISTS.items():
        (folder / f"{code}.json").write_text(json.dumps(entries), encoding="utf-8")
    return folder


def refused(capsys, tmp_path: Path, *words: object) -> str:
    """The line of a command that must end with status 2 and write nothing."""
    capsys.readouterr()
    try:
        status = run(*words, "--out", tmp_path / "out")
    except SystemExit as stopped:
        status = stopped.code
    error = capsys.readouterr().err
    assert status == 2, error
    assert not (tmp_path / "out").exists(), error
    lines = error.splitlines()
    assert "Traceback" not in error and [line for line in lines if "ballast" in line][-1:] == lines[-1:], error
    return lines[-1]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "has no lists of entries"),
        ({"de.json": '["x"]', "de.txt": "x\n"}, "de.json and de.txt are lists of one language: keep one"),
        ({"de.json": '["x"]', "DE.json": '["x"]'}, "are lists of one language: keep one"),
        ({"zh_yue.json": '["x"]', "zh-yue.json": '["x"]'}, "are lists of one language: keep one"),
        ({"de.json": '["x"]', "languages.toml": '[boundaries]\nde = "space"\n'}, "did you mean spaces"),
        ({"de.json": '["x"]', "languages.toml": '[map]\nde = "dd"\n'}, "the folder has no list 'dd'"),
        ({"de.json": '["x"]', "languages.toml": "[map\n"}, "not TOML"),
        ({"de.json": '["x", "x"]'}, "de.json"),
        ({"de.json": "[]"}, "de.json"),
        ({"de.json": '{"x": 3}'}, "counts are not a list"),
        ({"german.json": '["x"]'}, "is not named for a language"),
        ({"de.csv": "entry\nx\n"}, "a list in a folder is CODE.json or CODE.txt"),
        ({"xx.json": '["x"]'}, "no language of the detector leads to one of its lists"),
    ],
)
def test_a_folder_that_cannot_be_used(warc, tmp_path, capsys, files, message):
    folder = tmp_path / "bad"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    assert message in refused(capsys, tmp_path, "curate", warc, "--metadata", folder)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--t", "5", "--anchor", "fr"), "--t: is the t of the list fr, which is not among 'de, en, ja'"),
        (("--preset", "400m", "--anchor", "english"), "--preset: is the t of the list english, which is not among"),
        (("--target-size", "10,20"), "--target-size: name one size"),
        (("--anchor", "de"), "--anchor: names the list whose t is given: add --t or --preset"),
        (("--anchor", "de", "--target-size", "10"), "--anchor: names the list whose t is given: add --t or --preset"),
        (("--min-list-matches", "-1"), "--min-list-matches"),
        (("--tail-rule", "most"), "--tail-rule"),
        (("--t-by-list", "{tmp}/none.json"), "none.json: cannot be read: "),
        (("--t-by-list", "{tmp}"), "cannot be read: "),
        (("--t-by-list", "{tmp}/t.json", "--t", "5"), "--t-by-list"),
        (("--languages", "xx"), "--languages"),
    ],
)
def test_flags_that_do_not_fit(warc, lists, tmp_path, capsys, flags, message):
    words = [flag.replace("{tmp}", str(tmp_path)) for flag in flags]
    assert message in refused(capsys, tmp_path, "curate", warc, "--metadata", lists, *words)


def test_t_needs_a_list_en_or_an_anchor(warc, lists, tmp_path, capsys):
    (lists / "en.json").unlink()
    assert "--t: is the t of the list en, which is not among 'de, ja': name another list by --anchor CODE" in refused(
        capsys, tmp_path, "curate", warc, "--metadata", lists, "--t", "5"
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("{", "cannot be read as JSON"),
        ("\udcff", "cannot be read as JSON"),
        ("", "cannot be read as JSON"),
        ('["en"]', "must be JSON of {list: t}"),
        ("5", "must be JSON of {list: t}"),
        ('{"en": "5", "de": 5, "ja": 5}', "must be JSON of {list: t}"),
        ('{"en": true, "de": 5, "ja": 5}', "must be JSON of {list: t}"),
        ('{"en": 5.5, "de": 5, "ja": 5}', "must be JSON of {list: t}"),
        ('{"en": null, "de": 5, "ja": 5}', "must be JSON of {list: t}"),
        ('{"en": 5, "de": 5}', "has no t for the list ja"),
        ('{"en": 5, "de": 5, "ja": 5, "fr": 5}', "names a list that the pool was not matched with: fr"),
        ('{"en": 5, "de": 0, "ja": 5}', "the t of de is 0; it must be from 1 to 9,007,199,254,740,992"),
        ('{"en": 5, "de": 5, "ja": -3}', "the t of ja is -3; it must be from 1 to 9,007,199,254,740,992"),
        ('{"en": 5, "de": 5, "ja": 99999999999999999999}', "the t of ja is 99999999999999999999; it must be from 1 to"),
        ('{"en": 5, "de": 5, "ja": 5, "ja": 6}', "gives the t of ja twice"),
    ],
)
def test_a_file_of_ts_that_cannot_be_used(warc, lists, tmp_path, capsys, given, message):
    (tmp_path / "t.json").write_bytes(given.encode("utf-8", "surrogateescape"))
    error = refused(capsys, tmp_path, "curate", warc, "--metadata", lists, "--t-by-list", tmp_path / "t.json")
    assert message in error and str(tmp_path / "t.json") in error


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--t-by-list", "{tmp}/t.json"), "--t-by-list: "),
        (("--anchor", "en", "--t", "5"), "--anchor: "),
        (("--min-list-matches", "5"), "--min-list-matches: "),
    ],
)
def test_flags_for_lists_by_language_with_one_list(warc, lists, tmp_path, capsys, flags, message):
    (tmp_path / "t.json").write_text('{"en": 5}')
    words = [flag.replace("{tmp}", str(tmp_path)) for flag in flags]
    error = refused(capsys, tmp_path, "curate", warc, "--metadata", lists / "en.json", *words)
    assert message in error and "needs a list for each language" in error
