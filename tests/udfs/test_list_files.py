"""Lists that users give: every list takes the same forms of file, and reports the same fault in the same words."""

import gzip
import json
from collections.abc import Callable

import pytest

from metadata.entries import parse_entries
from udfs.captions.block_words import parse_block_words
from udfs.errors import UsageError
from udfs.extraction.block_lists import BlockListBuilder

LISTS: dict[str, tuple[Callable[[bytes, str], object], bytes]] = {
    "entries": (parse_entries, b"golden retriever"),
    "block words": (parse_block_words, b"golden retriever"),
    "domains": (lambda data, name: BlockListBuilder().add_domains(data, name), b"example.com"),
    "images": (lambda data, name: BlockListBuilder().add_images(data, name), b"https://example.com/a.jpg"),
}
each_list = pytest.mark.parametrize(("read", "line"), LISTS.values(), ids=list(LISTS))


@each_list
def test_gzip_byte_order_mark_and_line_ends(read: Callable[[bytes, str], object], line: bytes) -> None:
    plain = read(line, "list")
    assert read(b"\xef\xbb\xbf" + line + b"\r\n", "list") == plain
    assert read(gzip.compress(line + b"\n"), "list") == plain


@each_list
def test_broken_gzip(read: Callable[[bytes, str], object], line: bytes) -> None:
    with pytest.raises(UsageError, match=r"^my list: starts as gzip but cannot be unpacked: "):
        read(gzip.compress(line)[:-9], "my list")


@each_list
def test_bytes_that_are_not_utf8(read: Callable[[bytes, str], object], line: bytes) -> None:
    for data in (line + b"\ncaf\xe9\n", gzip.compress(line + b"\ncaf\xe9\n")):
        with pytest.raises(UsageError) as error:
            read(data, "my list")
        assert str(error.value) == "my list: line 2 is not UTF-8 (byte 0xe9); save it as UTF-8"


@each_list
def test_a_line_may_end_in_cr(read: Callable[[bytes, str], object], line: bytes) -> None:
    plain = read(line, "list")
    assert read(line + b"\r", "list") == plain
    with pytest.raises(UsageError) as error:
        read(line + b"\r#\r\n" + line + b"2\rcaf\xe9\r", "my list")
    assert str(error.value) == "my list: line 4 is not UTF-8 (byte 0xe9); save it as UTF-8"


@each_list
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_other_encodings_are_refused(read: Callable[[bytes, str], object], line: bytes, encoding: str) -> None:
    for data in (line.decode().encode(encoding), gzip.compress(line.decode().encode(encoding))):
        with pytest.raises(UsageError, match=r"^my list: is UTF-16 or UTF-32: save it as UTF-8$"):
            read(data, "my list")


@pytest.mark.parametrize("name", ["domains", "images"])
@pytest.mark.parametrize("table", [b'"%b"', b"name,%b", b"id\t%b", b'{"entry": "%b"}', b'["%b"]', b"'%b'", b"%b\0"])
def test_a_table_or_json_is_refused_with_its_line(name: str, table: bytes) -> None:
    """Words may have other forms; lists of millions of domains or images are lines."""
    read, line = LISTS[name]
    with pytest.raises(UsageError, match=r"^my list: line 2 "):
        read(line + b"\n" + table % line + b"\n", "my list")


@pytest.mark.parametrize("name", ["entries", "block words"])
@pytest.mark.parametrize(
    ("data", "fault"), [(b"cat\nd\0g\n", "line 2 holds a NUL"), (b'{"word": "cat"}\n', "holds a JSON object")]
)
def test_words_of_no_known_form_are_refused(name: str, data: bytes, fault: str) -> None:
    with pytest.raises(UsageError, match=f"^my list: {fault}"):
        LISTS[name][0](data, "my list")


WORDS = ("golden retriever", 'say "x"', "a, b")
FORMS = {
    "list.json": json.dumps(WORDS).encode(),
    "list.jsonl": "\n".join(map(json.dumps, WORDS)).encode() + b"\n",
    "list": "\r".join(map(json.dumps, WORDS)).encode(),
    "list.txt": "\n".join(WORDS).encode(),
    "list.csv": b'COLUMN,n\ngolden retriever,1\n"say ""x""",2\n"a, b",3\n',
    "list.TSV.gz": gzip.compress(b'n\tCOLUMN\r\n1\tgolden retriever\r\n2\t"say ""x"""\r\n\r\n3\ta, b\r\n'),
}


@pytest.mark.parametrize(("name", "data"), FORMS.items(), ids=list(FORMS))
def test_words_in_other_forms(name: str, data: bytes) -> None:
    def named(column: bytes) -> bytes:
        return (
            gzip.compress(gzip.decompress(data).replace(b"COLUMN", column))
            if name.endswith("gz")
            else data.replace(b"COLUMN", column)
        )

    assert parse_entries(named(b"entry"), name).entries == WORDS
    assert parse_block_words(named(b"word"), name).words == tuple(sorted(WORDS))


def test_comments_are_of_block_words_and_not_of_entries() -> None:
    assert parse_entries(b"#1\n# x\n", "list").entries == ("#1", "# x")
    assert parse_block_words(b"#1\n# x\ndog\n", "list").words == ("dog",)
    assert parse_block_words(b'["#1", "dog"]', "list").words == ("#1", "dog")
