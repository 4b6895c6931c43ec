"""`metadata show` of a folder of lists; where a folder is not taken; a folder on S3."""

import json
from pathlib import Path

import pytest
from fasttext_model import write_model
from pools import document_of, run

from jobs.runs import open_storage
from jobs.runs.open_storage import load_lists
from jobs.spark.hadoop_storage import HadoopStorage
from udfs.captions.language import known_languages
from udfs.errors import UsageError
from udfs.storage.s3 import S3Storage

FILES = {
    "de.json": '["Katze", "Hund", "a.b"]',
    "fr.txt": "e\u0301te\u0301\nété\n",
    "ja.json": '["猫"]',
    "zh.json": '{"猫": "title"}',
    "tlh.txt": "HIq\n",
    "languages.toml": '[map]\nlzh_Hani = "zh"\n[boundaries]\nzh = "spaces"\n',
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lists = tmp_path / "lists"
    lists.mkdir()
    for name, text in FILES.items():
        (lists / name).write_text(text, encoding="utf-8")
    return lists


def shown(capsys, *words: object) -> dict:
    return document_of(capsys, "metadata", "show", *words)["result"]


def test_show_has_a_row_a_list(folder, capsys):
    content = shown(capsys, folder)
    assert [(row["list"], row["entries"], row["boundaries"], row["labels"]) for row in content["lists"]] == [
        ("de", 3, "spaces", ["de"]),
        ("fr", 2, "spaces", ["fr"]),
        ("ja", 1, "continuous", ["ja"]),
        ("tlh", 1, "spaces", []),
        ("zh", 1, "spaces", ["yue", "zh"]),
    ]
    assert [(row["cannot_match"], row["not_nfc"]) for row in content["lists"]] == [
        (1, 0),
        (1, 1),
        (0, 0),
        (0, 0),
        (0, 0),
    ]
    assert (content["entries"], content["model_labels"]) == (8, 176)
    assert set(content["labels_without_list"]) == set(known_languages()) - {"de", "fr", "ja", "yue", "zh"}
    assert content["unknown_labels"] == ["lzh_Hani"]
    assert content["sha256"] == load_lists(str(folder)).fingerprint["sha256"]


def test_show_of_another_models_labels(folder, capsys, tmp_path):
    model = write_model(
        tmp_path / "m.bin", {"deu_Latn": ["x"], "lzh_Hani": ["y"], "zho_Hant": ["z"], "epo_Latn": ["w"]}
    )
    content = shown(capsys, folder, "--language-model", model, "--boundaries", "metaclip2")
    assert {row["list"]: row["labels"] for row in content["lists"] if row["labels"]} == {
        "de": ["deu_Latn"],
        "zh": ["lzh_Hani", "zho_Hant"],
    }
    assert {row["boundaries"] for row in content["lists"]} == {"metaclip2"}
    assert (content["labels_without_list"], content["unknown_labels"]) == (["epo_Latn"], [])


@pytest.mark.parametrize("name", ["de.json", None])
def test_show_of_one_list_refuses_a_model(folder, capsys, name):
    words = [] if name is None else [folder / name]
    assert run("metadata", "show", *words, "--language-model", "/nonexistent") == 2
    error = capsys.readouterr().err
    assert "--language-model: is for a folder of lists" in error and error.count("\n") == 1


def test_other_takes_the_rest(folder, capsys):
    (folder / "other.json").write_text('["x"]')
    content = shown(capsys, folder)
    assert content["labels_without_list"] == []
    (other,) = [row for row in content["lists"] if row["list"] == "other"]
    assert len(other["labels"]) == 176 - 5


def test_show_prints_a_table(folder, capsys):
    assert run("metadata", "show", folder) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{folder}: 5 lists, 8 entries, sha256 ")
    assert [line.split() for line in lines[2:8]] == [
        ["list", "boundaries", "entries", "never", "match", "not", "NFC", "labels"],
        ["de", "spaces", "3", "1", "0", "de"],
        ["fr", "spaces", "2", "1", "1", "fr"],
        ["ja", "continuous", "1", "0", "0", "ja"],
        ["tlh", "spaces", "1", "0", "0", "none"],
        ["zh", "spaces", "1", "0", "0", "yue,", "zh"],
    ]
    assert "  171 of 176 labels lead to no list: af, als, am, an, ar, arz, as, ast and 163 more" in lines
    assert lines[-1] == "  languages.toml maps labels that the language model does not have: lzh_Hani"


def test_show_of_a_file_takes_boundaries(folder, capsys):
    (folder / "th.txt").write_text("แมว\nx\nC++\n", encoding="utf-8")
    assert shown(capsys, folder / "th.txt", "--boundaries", "continuous")["entries"] == 3


@pytest.mark.parametrize(
    "words", [("import", "{folder}"), ("diff", "{folder}", "english"), ("diff", "wordnet", "{folder}")]
)
def test_import_and_diff_take_no_folder(folder, capsys, words):
    assert run("metadata", *(word.replace("{folder}", str(folder)) for word in words)) == 2
    error = capsys.readouterr().err
    assert f"{folder}: is a folder: name one of its lists" in error and error.count("\n") == 1


def test_a_broken_folder_is_one_line(folder, capsys):
    (folder / "DE.txt").write_text("x")
    assert run("metadata", "show", folder) == 2
    error = capsys.readouterr().err
    assert "DE.txt and de.json are lists of one language" in error and error.count("\n") == 1


def test_a_folder_on_s3_is_read_as_a_local_one(folder, bucket):
    storage = S3Storage(f"s3://{bucket}/some/lists")
    for name in FILES:
        storage.write(name, (folder / name).read_bytes())
    for address in (f"s3://{bucket}/some/lists", f"s3a://{bucket}/some/lists/"):
        lists = load_lists(address)
        assert lists.fingerprint == load_lists(str(folder)).fingerprint
        assert lists.lists[0].load().entries == ("Katze", "Hund", "a.b")
        assert lists.lists[0].load().source == f"{address.rstrip('/')}/de.json"
    assert not load_lists(f"s3://{bucket}/some/lists/de.json").by_language
    with pytest.raises(UsageError, match="none: no such file"):
        load_lists(f"s3://{bucket}/none")


def test_a_folder_is_read_through_hadoop(spark, folder, monkeypatch):
    """With `file://`, as test_remote_runs does."""
    expected = load_lists(str(folder)).fingerprint
    monkeypatch.setattr(open_storage, "LocalStorage", lambda path: HadoopStorage(f"file://{Path(path).absolute()}"))
    lists = load_lists(str(folder))
    assert lists.fingerprint == expected
    assert lists.lists[1].load().entries == ("e\u0301te\u0301", "été")


def test_a_local_folder_may_have_any_name(tmp_path):
    odd = tmp_path / "a*b" / "[x]"
    odd.mkdir(parents=True)
    (odd / "list.json").write_text(json.dumps(["x"]))
    assert load_lists(str(odd / "list.json")).entries == ("x",)
