"""Lists of entries: every accepted form gives the same list, every refused one an error that names the place."""

import gzip
import json
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import metadata
import udfs
from metadata.entries import EntryList, load_entries, packaged_entries, parse_entries
from metadata.spacing import can_match
from udfs.errors import UsageError

ENTRIES = ("cat", "café", 'say "x"')
# printf '["cat","caf\xc3\xa9","say \\"x\\""]' | sha256sum
ENTRIES_SHA256 = "3ec1a0c342c1183931996f9726b3f5e84d40b82ba3b304ce5dd3dec95f4036b7"
# zcat metadata/wordnet.txt.gz | jq -Rcsj 'rtrimstr("\n") | split("\n")' | sha256sum, and the same of english.txt.gz
ENGLISH_SHA256 = "5c5fadb8789ef146a94c11bab6b0b57b5d2fa4510c2ae5fb9d2c4ab4de6eedba"
WORDNET_SHA256 = "9b2f14b5c0a93c11cdc59755c385d8c77a9c39762ac8a15b5ee02f30336fd4c2"

TEXT = 'cat\ncafé\nsay "x"'.encode()
JSON_LINES = b'"cat"\n"caf\\u00e9"\n"say \\"x\\""\n'
TABLE = 'id,entry\n0,cat\n1,café\n2,"say ""x"""\n'.encode()
JSON = rb'["cat", "caf\u00e9", "say \"x\""]'


def refusal(data: bytes, source: str = "list.txt") -> str:
    with pytest.raises(UsageError) as caught:
        parse_entries(data, source)
    message = str(caught.value)
    assert message.startswith(f"{source}: ")
    assert len(message.splitlines()) == 1
    return message.removeprefix(f"{source}: ")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("list.txt", TEXT),
        ("final-newline.txt", TEXT + b"\n"),
        ("windows.txt", TEXT.replace(b"\n", b"\r\n") + b"\r\n"),
        ("byte-order-mark.txt", b"\xef\xbb\xbf" + TEXT),
        ("list.txt.gz", gzip.compress(TEXT)),
        ("gzip-without-its-name.txt", gzip.compress(TEXT)),
        ("two-gzip-members.gz", gzip.compress(TEXT[:5]) + gzip.compress(TEXT[5:])),
        ("list.json", JSON),
        ("old-mac.txt", TEXT.replace(b"\n", b"\r") + b"\r"),
        ("mixed-line-ends.txt", TEXT.replace(b"\n", b"\r", 1)),
        ("appended.txt", TEXT.replace(b"\n", b"\n\xef\xbb\xbf")),
        ("list.jsonl", JSON_LINES),
        ("LIST.NDJSON.GZ", gzip.compress(JSON_LINES + b"\n\n")),
        ("json-lines-without-their-name.txt", JSON_LINES),
        ("list.csv", TABLE),
        ("list.csv.gz", gzip.compress(TABLE.replace(b"\n", b"\r\n"))),
        ("old-mac.csv", TABLE.replace(b"\n", b"\r")),
        ("list.tsv", TABLE.replace(b",", b"\t")),
        ("indented.json", b"\n\t " + JSON.replace(b", ", b",\n  ") + b"\n"),
        ("byte-order-mark.json", b"\xef\xbb\xbf" + JSON),
        ("json-without-its-name", JSON),
        ("list.json.gz", gzip.compress(JSON)),
    ],
)
def test_one_list_in_every_form(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    loaded = load_entries(str(path))
    assert loaded.entries == ENTRIES
    assert loaded.source == str(path)
    assert loaded.size == 3
    assert loaded.sha256 == ENTRIES_SHA256
    assert loaded.fingerprint == {"entries": 3, "sha256": ENTRIES_SHA256}


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("x.jsonl", b'"a"\n3\n', "line 2 is a number, not a string"),
        ("x.jsonl", b'"a"\n\n["b"]\n', "line 3 is a list, not a string"),
        ("x.jsonl", b'{"entry": "a"}\n', "line 1 is an object, not a string"),
        ("x.ndjson", b"cat\n", "line 1 is not valid JSON: Expecting value"),
        ("x.csv", b"cat\ndog\n", "line 1 is no header with the column entry, but 'cat': add a header, or name a list"),
        ("x.csv", b"entry,id\ncat\n", "line 2 has 1 columns, but the header has 2"),
        ("x.csv", b'entry,id\n"a\nb",1\n"",2\n', "line 4 is blank"),
        ("x.csv", b'entry,id\n"a,1\n', "line 2 cannot be read as a table: unexpected end of data"),
        ("x.csv", b"", "line 1 is no header with the column entry, but ''"),
        ("x.tsv", b"entry\tid\na\t1\nb\t2\na\t3\n", "line 4 repeats line 2: 'a' (1 duplicate in all)"),
    ],
)
def test_errors_in_other_forms_name_the_line(name: str, data: bytes, message: str) -> None:
    assert message in refusal(data, name)


def test_the_hash_depends_on_the_order_and_not_on_the_source() -> None:
    assert EntryList(("a", "b"), "one").sha256 == EntryList(("a", "b"), "two").sha256
    assert EntryList(("a", "b"), "one").sha256 != EntryList(("b", "a"), "one").sha256


def test_a_list_survives_pickling() -> None:
    assert pickle.loads(pickle.dumps(EntryList(ENTRIES, "x"))) == EntryList(ENTRIES, "x")


def test_entries_are_kept_as_they_stand() -> None:
    kept = '  two spaces \nA\na\ncaf\u00e9\ncafe\u0301\na\u2028b\nc\x85d\n#1\n"x"\na, b'
    assert parse_entries(kept.encode(), "x.txt").entries == (
        "  two spaces ",
        "A",
        "a",
        "caf\u00e9",
        "cafe\u0301",
        "a\u2028b",
        "c\x85d",
        "#1",
        '"x"',
        "a, b",
    )


def test_a_text_may_open_with_a_bracket() -> None:
    assert parse_entries(b"[sic]\n{x}\n", "x.txt").entries == ("[sic]", "{x}")


# No line break and no NUL, as text cannot hold them; not led by a bracket or a quotation mark: it might then be JSON.
WORD = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\n\0\ufeff"), min_size=1)


@given(st.lists(WORD.filter(lambda word: word.strip() and word.lstrip()[0] not in '[{"'), min_size=1, unique=True))
def test_text_and_json_give_the_same_list(words: list[str]) -> None:
    text = parse_entries("\n".join(words).encode(), "x")
    assert list(text.entries) == words
    assert text == parse_entries("\r\n".join([*words, ""]).encode(), "x")
    assert text == parse_entries(json.dumps(words).encode(), "x")
    assert text == parse_entries(gzip.compress(json.dumps(words, indent=1, ensure_ascii=False).encode()), "x")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "holds no entries"),
        (b" \n\n", "holds no entries"),
        (b"[]", "holds no entries"),
        (b"a\n\nb\n", "line 2 is blank"),
        (b"a\r\n \t\r\nb\r\n", "line 2 is blank"),
        (b"a\nb\n\n", "line 3 is blank"),
        (b'["a", "b", ""]', "index 2 is blank"),
        (b'["a", "\\u00a0"]', "index 1 is blank"),
        (b"a\nb\nc\nb\na\na\n", "line 4 repeats line 2: 'b' (3 duplicates in all)"),
        (b"a\na\n", "line 2 repeats line 1: 'a' (1 duplicate in all)"),
        (b'["x\\ny", "b", "x\\ny"]', r"index 2 repeats index 0: 'x\ny' (1 duplicate in all)"),
        (b"a\nb\ncaf\xe9\n", "line 3 is not UTF-8 (byte 0xe9)"),
        ("a\nb\n".encode("utf-16"), "is UTF-16 or UTF-32: save it as UTF-8"),
        ("a\nb\n".encode("utf-32"), "is UTF-16 or UTF-32: save it as UTF-8"),
        ("a\nb\n".encode("utf-16-be"), "line 1 holds a NUL character: is it UTF-8 text?"),
        (b"a\rb\r\nc\n\xff", "line 4 is not UTF-8 (byte 0xff)"),
        (b"a\r\rb", "line 2 is blank"),
        (b"id,entry\n0,cat\n", "line 1 is the header of a table ('id,entry'): name the file .csv, or leave only"),
        (b"Entry\tcount\ncat\t5\n", r"line 1 is the header of a table ('Entry\tcount'): name the file .tsv, or"),
        (b'["a", "b\\ud83d"]', r"index 1 holds a lone surrogate, which UTF-8 cannot encode: 'b\ud83d'"),
        (b'["a", 3]', "index 1 is a number, not a string"),
        (b'["a", 3.5]', "index 1 is a number, not a string"),
        (b'["a", true]', "index 1 is a boolean, not a string"),
        (b'["a", "b", null]', "index 2 is null, not a string"),
        (b'["a", ["b"]]', "index 1 is a list, not a string"),
        (b'[{"a": 1}]', "index 0 is an object, not a string"),
        (b'{"cat": 5}', "give its metadata.json"),
        (b'["a", "b"', "is not valid JSON: Expecting ',' delimiter: line 1 column 10"),
        (b'[\n  "a",\n  "b",\n]', "is not valid JSON: Expecting value: line 4 column 1"),
        (b'{"text": "a"}\n{"text": "b"}\n', "is not valid JSON: Extra data: line 2 column 1"),
        (gzip.compress(TEXT)[:-9], "starts as gzip but cannot be unpacked"),
        (b"\x1f\x8b", "starts as gzip but cannot be unpacked"),
        (b"\x1f\x8b\x08\x00not gzip at all", "starts as gzip but cannot be unpacked"),
        (gzip.compress(TEXT) + b"tail", "starts as gzip but cannot be unpacked"),
    ],
)
def test_errors_name_the_fault_and_its_place(data: bytes, message: str) -> None:
    assert message in refusal(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"cat\ndog\n", "is not valid JSON: Expecting value: line 1 column 1"),
        (b"", "is not valid JSON"),
        (b"[" * 100_000, "is not valid JSON"),
        (b"null", "holds null as JSON, not a list of strings"),
        (b"7", "holds a number as JSON, not a list of strings"),
        (b'"cat"', "holds a string as JSON, not a list of strings"),
    ],
)
@pytest.mark.parametrize("source", ["list.json", "LIST.JSON.GZ"])
def test_a_file_named_json_must_be_json(data: bytes, message: str, source: str) -> None:
    assert message in refusal(data, source)


def test_long_entries_are_cut_in_messages() -> None:
    assert len(refusal(b"\n".join([b"x" * 10_000] * 2))) < 200


def test_the_line_is_counted_after_the_byte_order_mark() -> None:
    assert refusal(b"\xef\xbb\xbfa\n\xff").startswith("line 2 is not UTF-8 (byte 0xff)")


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path, message in ((tmp_path / "none.txt", "No such file"), (tmp_path, "s a directory")):
        with pytest.raises(UsageError, match=message) as caught:
            load_entries(str(path))
        assert str(path) in str(caught.value)


def test_the_packaged_list_wordnet() -> None:
    packaged = load_entries("wordnet")
    assert packaged.source == "wordnet (packaged)"
    assert packaged.size == 86_654 == len(set(packaged.entries))  # MetaCLIP's Table 1
    assert packaged.entries[-100:] == tuple(map(str, range(100)))
    names = packaged.entries[:-100]
    assert len(names) == 86_554
    assert not any(name.isdecimal() for name in names)
    assert all(entry and entry == " ".join(entry.split()).lower() for entry in packaged.entries)
    assert not any("_" in entry or "." in entry or "(" in entry for entry in packaged.entries)
    assert packaged.sha256 == WORDNET_SHA256
    assert set(packaged.entries).isdisjoint({"of", "the", "photo", "and", "with", "to", "an", "is", "cookies"})


def test_the_default_list() -> None:
    packaged = load_entries(None)
    assert packaged == packaged_entries() == load_entries("english")
    assert packaged.source == "english (packaged)"
    assert packaged.size == 289_948 == len(set(packaged.entries))
    assert packaged.sha256 == ENGLISH_SHA256
    assert list(packaged.entries) == sorted(packaged.entries, key=lambda entry: (entry.lower(), entry))
    assert all(can_match(entry) for entry in packaged.entries)
    entries = set(packaged.entries)
    assert entries > set(load_entries("wordnet").entries)
    assert entries >= {"of", "photo", "Photo", "cookies", "The", "dogs", "colour", "New York", "U . S .", "don't"}
    assert entries.isdisjoint({"dog's", "of the", "'s"})


def test_a_file_named_like_a_packaged_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wordnet").write_text("cat\n")
    assert load_entries("./wordnet").entries == ("cat",)
    assert load_entries("wordnet").size == 86_654


def test_the_packaged_list_loads_from_a_zip(tmp_path: Path) -> None:
    archive = tmp_path / "ballast.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for package in (metadata, udfs):
            folder = Path(str(package.__file__)).parent
            for path in (*folder.glob("*.py"), *folder.glob("*.gz")):
                file.write(path, f"{folder.name}/{path.name}")
    code = (
        f"import sys; sys.path.insert(0, {str(archive)!r}); import metadata.entries as m; "
        "print('ballast.zip' in m.__file__, m.load_entries(None).sha256)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", ENGLISH_SHA256]
