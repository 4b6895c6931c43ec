"""Pages that cost a tree builder far more than their size are cut; other pages are not."""

from collections.abc import Iterator

import pytest
from cpu_time import at_most
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.html import limits, parsers
from udfs.html.document import Image
from udfs.html.limits import ANY, FORMATTING, MAX_OPEN, Opening, within_limits
from udfs.html.parsers import HTML_PARSERS, parse_with_beautifulsoup, parse_with_turbohtml

EARLY, LATE = b"<img src=early alt=x>", b"<img src=late alt=x>"
IN_A_TREE = b"<base><base>"  # a page with this has no skeleton


def blocks(number: int) -> bytes:
    return b"".join(b"<b id=%d><p>" % place for place in range(number))


def attributes(number: int, value: bytes = b"") -> bytes:
    return b"<img " + b" ".join(b"a%d%b" % (place, value) for place in range(number)) + b" src=long alt=x>"


COSTLY = {
    "formatting elements between blocks": blocks(20_000),
    "closed late": blocks(20_000) + b"</b>" * 20_000,
    "in upper case": blocks(20_000).upper(),
}
LARGE = {
    "deep": b"<div>" * 200_000,
    "deeper than its end tags": b"</p></div>" * 9 + b"<div>" * 200_000 + b"</div>" * 200_000,
    "side by side": b"<b></b>" * 1_000_000,
    "templates": b"<template>" * 100_000 + b"</template>" * 100_000,
    "attributes": attributes(200_000),
    "attributes with values": attributes(100_000, b"='>'"),
    "long tags": attributes(4_000) * 20,
    "some formatting elements between many blocks": blocks(400) + b"<p>x" * 8_000,
    "formatting elements without blocks": b"<i><b></b></i>" * 100_000,
    "end tags": b"</div>" * 100_000,
    "long value": b"<img alt='" + b"word " * 200_000 + b"' src=long>",
    "comment": b"<!-- " * 100_000 + b"-->",
    "adoption agency": b"<a>" * 3_000 + b"<p></a>" * 3_000,
    "links in misnested blocks": b"<a><div>" * 20_000,
    "forms": b"<form><div></form>" * 50_000,
    "lists": b"<ul><li>" * 50_000,
    "tables": b"<table>" * 50_000,
    "tables in cells": b"<table><tr><td>" * 30_000,
    "text before tables": b"<table>x<b>" * 2_000,
    "selects": b"<select><option>" * 50_000,
    "drawings": b"<svg><g>" * 100_000,
    "formulas": b"<math><mi>" * 100_000,
    "nobr": b"<nobr><p>" * 2_000,
    "buttons": b"<button><p>" * 50_000,
}


@pytest.mark.parametrize("name", COSTLY)
def test_costly_pages_are_cut(name: str) -> None:
    page = IN_A_TREE + EARLY + COSTLY[name] + LATE
    with at_most(10):  # uncut, gigabytes
        document = parse_with_turbohtml(page)
    assert document.is_capped
    assert document.images[0].src == "early"
    assert "late" not in [image.src for image in document.images]


@pytest.mark.parametrize("name", LARGE)
def test_large_pages_are_not_cut_and_take_time_as_their_size(name: str) -> None:
    page = IN_A_TREE + EARLY + LARGE[name] + LATE
    with at_most(60):  # most of them take other parsers minutes
        document = parse_with_turbohtml(page)
    assert not document.is_capped
    assert [image.src for image in document.images if image.src != "long"] == ["early", "late"]


def test_the_reference_parser_is_not_given_deep_pages() -> None:
    """html5lib looks through all open elements at each tag."""
    with at_most(100):
        document = parse_with_beautifulsoup(EARLY + b"<div>" * 200_000 + LATE)
    assert ([image.src for image in document.images], document.is_capped) == (["early"], True)


@pytest.mark.parametrize("opening", [FORMATTING, ANY])
@given(piece=st.binary(max_size=60), times=st.integers(1, 3))
def test_any_bytes(opening: Opening, piece: bytes, times: int) -> None:
    assert within_limits(piece * times, opening) == piece * times


@settings(max_examples=settings.default.max_examples // 2)
@given(st.sampled_from(sorted(COSTLY)), st.binary(max_size=40))
def test_the_cut_depends_only_on_the_page_before_it(name: str, before: bytes) -> None:
    """A longer page is cut at the same place, and the cut page is not cut again."""
    page = before + COSTLY[name]
    kept = within_limits(page)
    assert within_limits(kept) == kept
    assert len(kept) < len(page)
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


def test_the_open_elements_of_a_small_page_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open at each tag: <div> 0, <b> 0, <I> 1, </x> 2, </i> 2, <bold> 1, <br> 1, </b> 1, </b> 0, <p> 0. ANY counts
    <div> and <bold> too."""
    page = b"<div><b><I>text</x></i><bold><br></b></b><p>"
    for opening, met in ((FORMATTING, 8), (ANY, 0 + 1 + 2 + 3 + 2 + 1 + 2 + 2 + 1 + 0)):
        monkeypatch.setattr(limits, "MAX_OPEN", met)
        assert within_limits(page, opening) == page
        monkeypatch.setattr(limits, "MAX_OPEN", met - 1)
        assert within_limits(page, opening) != page
    assert MAX_OPEN == 4_000_000
