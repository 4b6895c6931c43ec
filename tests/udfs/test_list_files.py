"""Lists that users give: every list takes the same forms of file, and reports the same fault in the same words."""

import gzip
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
