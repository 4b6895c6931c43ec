"""WAT records: hand-written JSON, good and odd, and the page or outcome of each."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.extraction.wat import WatPage, wat_page
from udfs.html.document import Document, Image
from udfs.outcomes import Outcome

URL = "https://shop.example/page"
OFFSET = 2**33


def record(
    links: Any = (), base: Any = None, *, kind: Any = "response", container: Any = "default", html: Any = "default"
) -> dict[str, Any]:
    """A WAT record in the form of CommonCrawl's extractor."""
    if container == "default":
        container = {"Filename": "CC-MAIN-1.warc.gz", "Compressed": True, "Offset": str(OFFSET)}
    if html == "default":
        html = {"Head": {"Title": "A page", **({} if base is None else {"Base": base})}, "Links": list(links)}
    response = {"Response-Message": {"Status": "200"}, **({} if html is None else {"HTML-Metadata": html})}
    payload = {"HTTP-Response-Metadata": response, "Actual-Content-Type": "application/http; msgtype=response"}
    envelope = {
        "Format": "WARC/1.0",
        "WARC-Header-Metadata": {"WARC-Type": kind, "WARC-Target-URI": URL},
        "Payload-Metadata": payload,
    }
    return {"Envelope": envelope, **({} if container is None else {"Container": container})}


def parse(value: Any) -> WatPage | Outcome:
    return wat_page(json.dumps(value).encode())


def document(payload: bytes | dict[str, Any]) -> Document:
    page = wat_page(payload) if isinstance(payload, bytes) else parse(payload)
    assert isinstance(page, WatPage)
    return page.document


def test_a_page() -> None:
    links = [
        {"path": "A@/href", "url": "/a", "text": "link", "alt": "no image"},
        {"path": "IMG@/src", "url": "a.jpg", "alt": "an alt", "title": "a title"},
        {"path": "IMG@/src", "url": "b.jpg", "title": "only a title"},
        {"path": "IMG@/src", "url": "c.jpg"},
        {"path": "IMG@/src", "url": "", "alt": ""},
        {"path": "IMG@/src", "alt": "no url"},
        {"path": "IMG@/src", "url": None, "alt": None, "title": None},
        {"path": "IMG@/srcset", "url": "d.jpg", "alt": "srcset"},
        {"path": "IMG@/longdesc", "url": "d.txt"},
        {"path": "STYLE/#text", "href": "e.jpg"},
        {"url": "f.jpg"},
        {},
        {"path": "IMG@/src", "url": "g.jpg", "alt": "last", "width": 3, "data-image-title": "unknown"},
    ]
    expected = [
        Image("a.jpg", (("alt", "an alt"), ("title", "a title"))),
        Image("b.jpg", (("title", "only a title"),)),
        Image("c.jpg", ()),
        Image("", (("alt", ""),)),
        Image(None, (("alt", "no url"),)),
        Image(None, ()),
        Image("g.jpg", (("alt", "last"),)),
    ]
    assert parse(record(links, "/b/")) == WatPage(URL, Document("/b/", expected), "CC-MAIN-1.warc.gz", OFFSET)


def test_texts_come_in_the_order_of_html() -> None:
    link = {"title": "second", "alt": "first", "path": "IMG@/src", "url": "a"}
    assert document(record([link])).images == [Image("a", (("alt", "first"), ("title", "second")))]


@pytest.mark.parametrize("base", [None, "", "https://cdn.example/"])
def test_base(base: str | None) -> None:
    assert document(record(base=base)).base_href == base


@pytest.mark.parametrize("html", [{}, {"Head": {}}, {"Links": []}, {"Head": {"Base": None}, "Links": []}])
def test_html_without_links(html: dict[str, Any]) -> None:
    assert document(record(html=html)) == Document(None, [])


@pytest.mark.parametrize(
    ("container", "place"),
    [
        (None, (None, None)),
        ({}, (None, None)),
        ({"Filename": "x.warc.gz"}, (None, None)),
        ({"Filename": "x.warc.gz", "Offset": None}, (None, None)),
        ({"Filename": "x.warc.gz", "Offset": "0"}, ("x.warc.gz", 0)),
        ({"Filename": "x.warc.gz", "Offset": 7}, ("x.warc.gz", 7)),
        ({"Filename": "x.warc.gz", "Offset": "007"}, ("x.warc.gz", 7)),
        ({"Filename": "x.warc.gz", "Offset": ""}, (None, None)),
        ({"Filename": "x.warc.gz", "Offset": "-1"}, (None, None)),
        ({"Filename": "x.warc.gz", "Offset": -1}, (None, None)),
        ({"Filename": "x.warc.gz", "Offset": "1.5"}, (None, None)),
        ({"Filename": "x.warc.gz", "Offset": "0x10"}, (None, None)),
        ({"Filename": "x.warc.gz", "Offset": " 1"}, (None, None)),
        ({"Filename": "x.warc.gz", "Offset": str(10**18 - 1)}, ("x.warc.gz", 10**18 - 1)),
        ({"Filename": "x.warc.gz", "Offset": str(2**63)}, (None, None)),  # no long holds it
        ({"Filename": "x.warc.gz", "Offset": 2**63}, (None, None)),
        ({"Filename": "x.warc.gz", "Offset": "9" * 5000}, (None, None)),
    ],
)
def test_container(container: Any, place: tuple[str | None, int | None]) -> None:
    page = parse(record(container=container))
    assert isinstance(page, WatPage)
    assert (page.warc_name, page.warc_offset) == place


@pytest.mark.parametrize("kind", ["request", "metadata", "warcinfo", "revisit", "resource", "Response", "", None])
def test_records_of_other_types(kind: str | None) -> None:
    assert parse(record(kind=kind)) is Outcome.RECORD_NOT_RESPONSE


def test_a_request_as_the_extractor_writes_it() -> None:
    value = record(kind="request")
    value["Envelope"]["Payload-Metadata"] = {"HTTP-Request-Metadata": {"Headers": {"Host": "shop.example"}}}
    assert parse(value) is Outcome.RECORD_NOT_RESPONSE


def test_responses_without_html() -> None:
    assert parse(record(html=None)) is Outcome.PAGE_NOT_HTML
    value = record()
    value["Envelope"]["Payload-Metadata"]["HTTP-Response-Metadata"]["HTML-Metadata"] = None
    assert parse(value) is Outcome.PAGE_NOT_HTML
    del value["Envelope"]["Payload-Metadata"]["HTTP-Response-Metadata"]
    assert parse(value) is Outcome.PAGE_NOT_HTML
    del value["Envelope"]["Payload-Metadata"]
    assert parse(value) is Outcome.PAGE_NOT_HTML


def test_no_target() -> None:
    value = record()
    del value["Envelope"]["WARC-Header-Metadata"]["WARC-Target-URI"]
    page = parse(value)
    assert isinstance(page, WatPage)
    assert page.url is None


def with_alt(raw: bytes) -> bytes:
    """A record whose one image has this raw JSON string as alt."""
    link = {"path": "IMG@/src", "url": "a.jpg", "alt": "MARK", "title": "é"}
    return json.dumps(record([link]), ensure_ascii=False).encode().replace(b'"MARK"', raw)


@pytest.mark.parametrize(
    ("raw", "alt"),
    [
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"a\\ud800b"', "a\ufffdb"),
        (b'"a\\udc00"', "a\ufffd"),
        (b'"\\ud800"', "\ufffd"),
        (b'"\\udc00\\ud800"', "\ufffd\ufffd"),
        (b'"\\ud800\\ud83d\\ude00"', "\ufffd😀"),
        (b'"\\ud83d\\u0041"', "\ufffdA"),
        (b'"\\u0000"', "\0"),
        (b'"\xff"', "\ufffd"),
        (b'"caf\xe9!"', "caf\ufffd!"),
        (b'"\xc3\xa9\xff"', "é\ufffd"),
        (b'"\xed\xa0\x80"', "\ufffd\ufffd\ufffd"),  # a surrogate as UTF-8: three errors by the Encoding standard
        (b'"\xff\\ud800"', "\ufffd\ufffd"),
        (b'"&amp;"', "&amp;"),  # as the extractor decoded it: nothing is decoded twice
    ],
)
def test_strings_that_are_not_unicode(raw: bytes, alt: str) -> None:
    assert document(with_alt(raw)).images == [Image("a.jpg", (("alt", alt), ("title", "é")))]


def test_broken_strings_elsewhere() -> None:
    """In the URL, the base, the target and in what is not read at all."""
    value = json.dumps(record([{"path": "IMG@/src", "url": "MARK", "list": ["MARK", {"x": "MARK"}]}], "MARK"))
    value = value.replace('"MARK"', r'"x\ud800"').replace(URL, URL + r"\udfff")
    assert wat_page(value.encode()) == WatPage(
        URL + "\ufffd", Document("x\ufffd", [Image("x\ufffd", ())]), "CC-MAIN-1.warc.gz", OFFSET
    )


def set_at(path: tuple[str | int, ...], item: Any) -> dict[str, Any]:
    value = record([{"path": "IMG@/src", "url": "a.jpg"}])
    place: Any = value
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = item
    return value


HTML = ("Envelope", "Payload-Metadata", "HTTP-Response-Metadata", "HTML-Metadata")


@pytest.mark.parametrize(
    "value",
    [
        *([], {}, "text", 1, None, True, {"Container": {}}, {"Envelope": None}, {"Envelope": []}, {"Envelope": "x"}),
        set_at(("Envelope", "Payload-Metadata"), []),
        set_at(("Envelope", "WARC-Header-Metadata"), "x"),
        set_at(("Envelope", "WARC-Header-Metadata", "WARC-Target-URI"), ["a"]),
        set_at(("Container",), "x"),
        set_at(("Container", "Offset"), {}),
        set_at(("Container", "Filename"), []),
        set_at(HTML, "x"),
        set_at((*HTML, "Head"), []),
        set_at((*HTML, "Head", "Base"), {}),
        set_at((*HTML, "Links"), {}),
        set_at((*HTML, "Links", 0), "x"),
        set_at((*HTML, "Links", 0, "alt"), ["x"]),
        set_at((*HTML, "Links", 0, "url"), {"x": 1}),
    ],
    ids=lambda value: json.dumps(value)[-40:],
)
def test_wrong_types_are_value_errors(value: Any) -> None:
    with pytest.raises(ValueError):
        parse(value)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b" ",
        b"{",
        b"software: Apache\r\n",
        b'{"Envelope": {}',
        b'{"Envelope": {}} more',
        b"\xff\xfe{\0}\0",
        b"[" * 200_000,
        b'{"Envelope": ' * 200_000,
        json.dumps(record()).encode().replace(b'"Title"', b'"Deep": ' + b"[" * 100_000 + b"]" * 100_000 + b', "Title"'),
    ],
    ids=lambda payload: ascii(payload[:12]),
)
def test_other_bytes_than_json_are_a_value_error(payload: bytes) -> None:
    with pytest.raises(ValueError):
        wat_page(payload)


STRINGS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LINKS = st.lists(
    st.fixed_dictionaries(
        {"path": st.sampled_from(["IMG@/src", "A@/href"])}, optional={"url": STRINGS, "alt": STRINGS, "title": STRINGS}
    )
)


@given(LINKS, st.booleans())
def test_both_decoders_give_the_same(links: list[dict[str, str]], ascii_only: bool) -> None:
    """A record that the strict decoder takes, and the same one with a broken string that nothing reads."""
    expected = [
        Image(link.get("url"), tuple((key, link[key]) for key in ("alt", "title") if key in link))
        for link in links
        if link["path"] == "IMG@/src"
    ]
    value = json.dumps(record(links), ensure_ascii=ascii_only)
    assert document(value.encode()).images == expected
    assert document(value.replace('"Title": "A page"', r'"Title": "\ud800"').encode()).images == expected


@given(st.binary(max_size=60), st.integers(0, 400), st.integers(0, 30))
def test_damaged_records_never_crash(garbage: bytes, at: int, drop: int) -> None:
    payload = with_alt(b'"alt"')
    damaged = payload[:at] + garbage + payload[at + drop :]
    try:
        page = wat_page(damaged)
    except ValueError:
        return
    if isinstance(page, WatPage):
        for image in page.document.images:
            assert all(text.encode() is not None for _, text in image.texts)
        assert page.warc_offset is None or 0 <= page.warc_offset < 2**63
