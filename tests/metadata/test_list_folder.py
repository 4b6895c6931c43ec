"""A folder of lists: which files are lists, which labels lead to them, what languages.toml may say."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from jobs.runs.open_storage import load_lists
from metadata.entries import load_entries
from metadata.lists import EntryLists
from udfs.errors import UsageError
from udfs.matching.boundaries import Boundaries


def write(folder: Path, **files: str | bytes | list[str] | dict[str, str]) -> str:
    """A folder of these files; `__` in a name stands for a dot."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        data = json.dumps(content) if isinstance(content, list | dict) else content
        path = folder / name.replace("__", ".")
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return str(folder)


def entries_by_code(lists: EntryLists) -> dict[str, tuple[str, ...]]:
    return {listed.code: listed.load().entries for listed in lists.lists}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "lists"


def test_every_form_of_a_list_is_read(folder):
    source = write(
        folder,
        de__json=["Katze", "Hund"],
        fr__txt="chat\nchien\n",
        pt__json__gz=gzip.compress(b'["gato"]'),
        zh_yue__txt__gz=gzip.compress("貓\n".encode()),
        other__json={"kot": "title", "\u0421\u043e\u0431\u0430\u043a\u0430": "unigram"},
    )
    lists = load_lists(source)
    assert entries_by_code(lists) == {
        "de": ("Katze", "Hund"),
        "fr": ("chat", "chien"),
        "other": ("kot", "Собака"),
        "pt": ("gato",),
        "zh_yue": ("貓",),
    }
    assert (lists.codes, lists.sizes, lists.size) == (("de", "fr", "other", "pt", "zh_yue"), (2, 2, 2, 1, 1), 8)
    assert lists.source == source and lists.by_language


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("nl.json", b'["a\\nb", " c "]'),
        ("nl.txt", b"\xef\xbb\xbf# no comment\r\n a \rb"),
        ("nl.txt", b'["aap", "noot"]'),
        ("nl.txt", b'"aap"\n"noot"\n'),
        ("nl.json.gz", gzip.compress(b'["mies"]')),
    ],
)
def test_a_list_means_in_a_folder_what_it_means_alone(folder, name, data):
    write(folder, **{name.replace(".", "__"): data})
    (listed,) = load_lists(str(folder)).lists
    alone = load_entries(str(folder / name))
    assert (listed.load().entries, listed.size, listed.sha256) == (alone.entries, alone.size, alone.sha256)


def test_what_is_no_list_is_passed_over(folder):
    write(
        folder,
        sv__json=["katt"],
        sv__manifest__json={"sha256": "0"},
        sv__pkl=b"\x80\x04",
        README__md="lists",
        __hidden__json="{",
    )
    (folder / "_SUCCESS").touch()
    (folder / "sv.sources").mkdir()
    (folder / "sv.sources" / "unigrams.json").write_text("[]")
    assert load_lists(str(folder)).codes == ("sv",)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "lists: has no lists of entries"),
        ({"README__md": "x"}, "lists: has no lists of entries"),
        ({"german__json": ["x"]}, "lists/german.json: is not named for a language"),
        ({"DE__json": ["x"]}, "lists/DE.json: is not named for a language"),
        ({"de__JSON": ["x"]}, "lists/de.JSON: is not named for a language"),
        ({"de__json": ["x"], "d__txt": "x"}, "lists/d.txt: is not named for a language"),
        ({"de__json": ["x"], "DE__json": ["x"]}, "lists: DE.json and de.json are lists of one language: keep one"),
        ({"de__json": ["x"], "de__txt": "x"}, "lists: de.json and de.txt are lists of one language: keep one"),
        ({"de__json": ["x"], "de__json__gz": b""}, "lists: de.json and de.json.gz are lists of one language"),
        ({"zh-yue__txt": "x", "zh_yue__txt": "x"}, "lists: zh-yue.txt and zh_yue.txt are lists of one language"),
        ({"de__jsonl": '"x"'}, "lists/de.jsonl: a list in a folder is CODE.json or CODE.txt"),
        ({"de__json": ["x"], "fr__csv": "entry\nx"}, "lists/fr.csv: a list in a folder is CODE.json or CODE.txt"),
        ({"de__json": ["x"], "language__toml": ""}, "lists/language.toml: is not read: name it languages.toml"),
        ({"de__json": []}, "lists/de.json: holds no entries"),
        ({"de__txt": ""}, "lists/de.txt: holds no entries"),
        ({"de__json": {}}, "lists/de.json: holds no entries"),
        ({"de__json": ["x", "y", "x"]}, "lists/de.json: index 2 repeats index 0: 'x' (1 duplicate in all)"),
        ({"de__json": '{"x": "title", "y": "title", "x": "unigram"}'}, "lists/de.json: entry 2 repeats entry 0: 'x'"),
        ({"de__json": '{"x": 3}'}, "lists/de.json: 'x' has a value that is not text"),
        ({"de__json": '{"x": {"y": "z"}}'}, "lists/de.json: 'x' has a value that is not text"),
        ({"de__json": '{"x": "title"'}, "lists/de.json: is not valid JSON"),
        ({"de__json": ["x", " "]}, "lists/de.json: index 1 is blank"),
        ({"de__json": ["x"], "languages__toml": "map = 3"}, "lists/languages.toml: map must be a table, [map]"),
        ({"de__json": ["x"], "languages__toml": "[mapp]\nde = 'de'"}, "lists/languages.toml: unknown 'mapp'"),
        ({"de__json": ["x"], "languages__toml": "[map"}, "lists/languages.toml: not TOML"),
        ({"de__json": ["x"], "languages__toml": b"[map]\n\xff = 1"}, "lists/languages.toml: not TOML"),
        (
            {"de__json": ["x"], "languages__toml": "[map]\ndeu_Latn = 'dee'"},
            "lists/languages.toml: [map] deu_Latn: the folder has no list 'dee'",
        ),
        ({"de__json": ["x"], "languages__toml": "[map]\nde = 1"}, "[map] de: must name a list in quotation marks"),
        (
            {"de__json": ["x"], "languages__toml": "[boundaries]\nja = 'continuous'"},
            "lists/languages.toml: [boundaries]: the folder has no list 'ja'",
        ),
        (
            {"de__json": ["x"], "languages__toml": "[boundaries]\nde = 'contnuous'"},
            "[boundaries] de: 'contnuous' is not one of spaces, continuous, metaclip2; did you mean continuous?",
        ),
        ({"de__json": ["x"], "languages__toml": "[boundaries]\nde = []"}, "[boundaries] de: [] is not one of spaces"),
    ],
)
def test_what_cannot_be_used_is_an_error_of_one_line(folder, files, message):
    write(folder, **files)
    with pytest.raises(UsageError) as error:
        load_lists(str(folder))
    assert message in str(error.value)
    assert str(folder) in str(error.value)
    assert "\n" not in str(error.value)


def test_labels_lead_to_lists_by_name_alias_script_and_map(folder):
    write(
        folder,
        **{f"{code}__json": [code] for code in ("en", "de", "zh", "no", "cbk_zam", "als", "sq", "gsw", "und_x")},
        languages__toml='[map]\nzho_Hant = "und_x"\nxx = "de"\n',
    )
    lists = load_lists(str(folder))
    for label, code in {
        "en": "en",
        "eng_Latn": "en",
        "deu_Latn": "de",
        "zh": "zh",
        "zho_Hans": "zh",
        "zho_Hant": "und_x",
        "cmn_Hani": "zh",
        "yue": "zh",
        "yue_Hant": "zh",
        "cbk": "cbk_zam",
        "nob_Latn": "no",
        "als": "als",
        "als_Latn": "sq",
        "gsw_Latn": "gsw",
        "xx": "de",
        "fr": None,
        "fra_Latn": None,
        "und": None,
        "": None,
        "other": None,
        "ENG_LATN": None,
    }.items():
        assert lists.lists_of([label]) == ({} if code is None else {label: code})
    assert lists.lists_of(["yue", "fr", "deu_Latn"]) == {"yue": "zh", "deu_Latn": "de"}


def test_aliases_yield_to_a_list_of_the_languages_own(folder):
    write(folder, yue__json=["x"], zh__json=["x"], nb__json=["x"], no__json=["x"], zho_hant__json=["x"])
    lists = load_lists(str(folder))
    labels = ("yue", "yue_Hant", "nb", "nob_Latn", "nno_Latn", "zho_Hans", "zho_Hant")
    assert lists.lists_of(labels) == {
        "yue": "yue",
        "yue_Hant": "yue",
        "nb": "nb",
        "nob_Latn": "nb",
        "zho_Hans": "zh",
        "zho_Hant": "zho_hant",
    }


def test_a_language_without_a_list_leads_to_other_where_there_is_one(folder):
    write(folder, ro__json=["x"], other__json=["y"])
    lists = load_lists(str(folder))
    labels = ("ro", "ron_Latn", "fr", "und", "fra_Latn")
    assert list(lists.lists_of(labels).values()) == ["ro", "ro", "other", "other", "other"]


def test_wikipedias_own_codes_are_found(folder):
    codes = ("zh", "zh-yue", "zh_classical", "zh_min_nan", "als", "bat_smg", "fiu_vro", "roa_rup")
    write(folder, **{f"{code}__txt": code for code in codes})
    lists = load_lists(str(folder))
    labels = ("zho_Hant", "yue", "lzh_Hani", "nan_Latn", "gsw", "sgs_Latn", "vro_Latn", "rup_Latn")
    assert tuple(lists.lists_of(labels).values()) == codes


def test_boundaries_are_those_of_the_flag_else_of_the_file(folder):
    write(
        folder,
        pl__json=["kot"],
        cs__json=["kočka"],
        ja__json=["neko"],
        other__json=["แมว", "หมา", "cat"],
        zh__json=["猫"],
        **{"zh-classical__json": ["cat"]},
        languages__toml='[boundaries]\npl = "metaclip2"\nzh = "spaces"\n',
    )
    by_code = {listed.code: listed.boundaries for listed in load_lists(str(folder)).lists}
    assert by_code == {
        "pl": Boundaries.METACLIP2,
        "cs": Boundaries.SPACES,
        "ja": Boundaries.CONTINUOUS,
        "other": Boundaries.CONTINUOUS,
        "zh": Boundaries.SPACES,
        "zh-classical": Boundaries.CONTINUOUS,
    }
    assert {listed.boundaries for listed in load_lists(str(folder), "continuous").lists} == {Boundaries.CONTINUOUS}


def test_a_file_is_one_list_for_all_captions(folder):
    write(folder, de__json=["Katze"])
    lists = load_lists(str(folder / "de.json"))
    assert not lists.by_language
    assert lists.entries == ("Katze",)
    assert lists.fingerprint == load_entries(str(folder / "de.json")).fingerprint
    assert lists.lists[0].boundaries is Boundaries.SPACES
    assert load_lists(str(folder / "de.json"), "metaclip2").lists[0].boundaries is Boundaries.METACLIP2


def test_a_packaged_name_is_not_a_folder_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "wordnet", de__json=["Katze"])
    assert not load_lists("wordnet").by_language
    assert load_lists("./wordnet").codes == ("de",)


def test_the_fingerprint_changes_with_lists_boundaries_and_labels(folder):
    source = write(folder, hu__json=["macska"], fi__json=["kissa", "koira"])
    first = load_lists(source).fingerprint
    assert first["entries"] == 3
    sha256 = hashlib.sha256(b'["macska"]').hexdigest()
    assert first["lists"]["hu"] == {"entries": 1, "sha256": sha256, "boundaries": "spaces"}
    write(folder, hu__manifest__json={}, hu__pkl="x")
    assert load_lists(source).fingerprint == first
    seen = {first["sha256"]}
    for changed in (
        {"languages__toml": '[map]\nxx = "fi"'},
        {"languages__toml": '[boundaries]\nfi = "metaclip2"'},
        {"fi__json": ["koira", "kissa"]},
        {"et__json": ["kass"]},
    ):
        write(folder, **changed)
        seen.add(load_lists(source).fingerprint["sha256"])
    assert len(seen) == 5


def test_a_list_that_changed_since_is_refused(folder):
    source = write(folder, it__json=["gatto"])
    (listed,) = load_lists(source).lists
    assert listed.load().entries == ("gatto",)
    write(folder, it__json=["cane"])
    with pytest.raises(UsageError, match=r"it\.json: has changed since this run began"):
        listed.load()
    (folder / "it.json").unlink()
    with pytest.raises(UsageError, match=r"it\.json: no such file"):
        listed.load()
