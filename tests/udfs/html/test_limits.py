"""Pages that cost a tree builder far more than their size are cut; other pages are not."""

from collections.abc import Iterator

import pytest
from cpu_time import at_most
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.html import limits, parsers
from udfs.html.document import Image
from udfs.html.limits import MAX_TREE_WORK, within_limits
from udfs.html.parsers import HTML_PARSERS, parse_with_lexbor, parse_with_scanner

EARLY, LATE = b"<img src=early alt=x>", b"<img src=late alt=x>"
IN_A_TREE = b"<svg><base>"  # such a page has no skeleton, so the scanner parses it whole


def blocks(number: int) -> bytes:
    return b"".join(b"<b id=%d><p>" % place for place in range(number))


def attributes(number: int, value: bytes = b"") -> bytes:
    return b"<img " + b" ".join(b"a%d%b" % (place, value) for place in range(number)) + b" src=long alt=x>"


COSTLY = {
    "deep": b"<div>" * 200_000,
    "deeper than its end tags": b"</p></div>" * 9 + b"<div>" * 200_000 + b"</div>" * 200_000,
    "formatting elements between blocks": blocks(20_000),
    "side by side": b"<b></b>" * 3_000_000,
    "templates": b"<template>" * 100_000 + b"</template>" * 100_000,
    "attributes": attributes(200_000),
    "attributes with values": attributes(100_000, b"='>'"),
    "long tags": attributes(4_000) * 20,
}


@pytest.mark.parametrize("name", COSTLY)
@pytest.mark.parametrize("parse", [parse_with_lexbor, parse_with_scanner])
def test_costly_pages_are_cut(name, parse) -> None:
    page = IN_A_TREE + EARLY + COSTLY[name] + LATE
    with at_most(50):  # uncut, most of them take minutes or gigabytes
        document = parse(page)
    assert document.is_capped
    assert document.images[0].src == "early"
    assert "late" not in [image.src for image in document.images]


@pytest.mark.parametrize(
    "page",
    [
        b"<div>" * 4_000,
        blocks(1_000),
        attributes(5_000),
        b"<p><li><td><br>" * 100_000,  # each is closed when the next one starts
        b"<div></div>" * 100_000,
        b"</div>" * 100_000,
        b"<img alt='" + b"word " * 200_000 + b"' src=long>",
        b"<p>" + b"word " * 500_000 + b"</p>",
        b"<script>" + b"a<b " * 100_000 + b"</script>",
        b"<!-- " * 100_000 + b"-->",
    ],
)
def test_large_pages_are_not_cut(page: bytes) -> None:
    assert within_limits(page + LATE) == page + LATE


@given(st.binary(max_size=60), st.integers(1, 3))
def test_any_bytes(piece: bytes, times: int) -> None:
    page = piece * times
    assert page.startswith(within_limits(page))
    assert within_limits(page) == page


@settings(max_examples=settings.default.max_examples // 2)
@given(st.sampled_from(sorted(COSTLY)), st.binary(max_size=40))
def test_the_cut_depends_only_on_the_page_before_it(name: str, before: bytes) -> None:
    """A longer page is cut at the same place, and the cut page is not cut again."""
    page = before + COSTLY[name][:1_500_000]
    kept = within_limits(page)
    assert within_limits(kept) == kept
    if len(kept) < len(page):
        assert page[len(kept) : len(kept) + 1] == b"<"
        assert within_limits(page + b"<p>more</p>") == kept


@pytest.fixture
def few_images(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(parsers, "MAX_IMAGES", 3)
    yield


@pytest.mark.parametrize("parser", HTML_PARSERS)
def test_images_beyond_the_limit(few_images: None, parser: str) -> None:
    page = b"<base href=/b/>" + EARLY * 3
    assert HTML_PARSERS[parser](page)[:3] == ("/b/", [Image("early", (("alt", "x"),))] * 3, False)
    assert HTML_PARSERS[parser](page + LATE)[:3] == ("/b/", [Image("early", (("alt", "x"),))] * 3, True)


@pytest.mark.parametrize("parser", HTML_PARSERS)
def test_every_parser_has_the_same_limits(monkeypatch: pytest.MonkeyPatch, parser: str) -> None:
    monkeypatch.setattr(limits, "MAX_TREE_WORK", 5_000)
    monkeypatch.setattr(limits, "_LONG_TAG_BYTES", 0)
    document = HTML_PARSERS[parser](IN_A_TREE + EARLY + b"<div>" * 200 + LATE)
    assert ([image.src for image in document.images], document.is_capped) == (["early"], True)


def test_the_work_of_a_small_page_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open before: <div> 0, <b> 1, <p> 9, </b> 9, </div> 1, each after its own tag, and 4 a tag."""
    page = b"<div><b><p>text</b></div><br>"
    work = 5 + 13 + 13 + 5 + 4 + 4
    monkeypatch.setattr(limits, "_LONG_TAG_BYTES", 0)
    monkeypatch.setattr(limits, "MAX_TREE_WORK", work)
    assert within_limits(page) == page
    monkeypatch.setattr(limits, "MAX_TREE_WORK", work - 1)
    assert within_limits(page) == page.removesuffix(b"<br>")
    assert MAX_TREE_WORK == 10_000_000
