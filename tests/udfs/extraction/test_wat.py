"""WAT records: hand-written JSON, good and odd, and the page or outcome of each."""

import contextlib
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
        set_at(("Envelope", "WARC-Header-Metadata"), 0),
        set_at(("Envelope", "Payload-Metadata", "HTTP-Response-Metadata"), []),
        set_at(HTML, "x"),
        set_at(HTML, []),
    ],
    ids=lambda value: json.dumps(value)[-40:],
)
def test_odd_values_that_leave_no_page_are_value_errors(value: Any) -> None:
    with pytest.raises(ValueError):
        parse(value)


ODD: tuple[Any, ...] = (0, 7, -1.5, True, False, [], ["a"], {}, {"x": 1})
IMAGE = Image("a.jpg", (("alt", "an alt"), ("title", "a title")))
GOOD = WatPage(URL, Document("/b/", [IMAGE, IMAGE]), "CC-MAIN-1.warc.gz", OFFSET)


def with_odd(path: tuple[str | int, ...], item: Any) -> WatPage:
    """The page of a record of two equal images, with one value replaced."""
    link = {"path": "IMG@/src", "url": "a.jpg", "alt": "an alt", "title": "a title"}
    value = record([link, dict(link)], "/b/")
    place: Any = value
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = item
    page = parse(value)
    assert isinstance(page, WatPage)
    return page


def test_the_record_without_odd_values() -> None:
    assert with_odd(("Unread",), 5) == GOOD


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_an_odd_value_in_a_link_loses_that_value(odd: Any) -> None:
    good = GOOD.document
    link = (*HTML, "Links", 0)
    texts = dict(IMAGE.texts)
    for key, image in (
        ("url", Image(None, IMAGE.texts)),
        ("alt", Image("a.jpg", (("title", texts["title"]),))),
        ("title", Image("a.jpg", (("alt", texts["alt"]),))),
    ):
        expected = good._replace(images=[image, IMAGE])
        assert with_odd((*link, key), odd) == GOOD._replace(document=expected, is_odd=True)
    # without its path, a link is no image
    assert with_odd((*link, "path"), odd) == GOOD._replace(document=good._replace(images=[IMAGE]), is_odd=True)
    # a value that nothing reads may be of any type
    assert with_odd((*link, "width"), odd) == GOOD


@pytest.mark.parametrize("odd", [*[value for value in ODD if not isinstance(value, dict)], None, "a.jpg"], ids=repr)
def test_a_link_that_is_no_object(odd: Any) -> None:
    expected = GOOD.document._replace(images=[IMAGE])
    assert with_odd((*HTML, "Links", 0), odd) == GOOD._replace(document=expected, is_odd=True)


@pytest.mark.parametrize("odd", [*[value for value in ODD if not isinstance(value, list)], "a.jpg"], ids=repr)
def test_links_that_are_no_list(odd: Any) -> None:
    assert with_odd((*HTML, "Links"), odd) == GOOD._replace(document=Document("/b/", []), is_odd=True)


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_odd_values_elsewhere(odd: Any) -> None:
    no_base = GOOD._replace(document=GOOD.document._replace(base_href=None), is_odd=True)
    nowhere = GOOD._replace(warc_name=None, warc_offset=None, is_odd=True)
    assert with_odd((*HTML, "Head", "Base"), odd) == no_base
    if not isinstance(odd, dict):
        assert with_odd((*HTML, "Head"), odd) == no_base
        assert with_odd(("Container",), odd) == nowhere
    assert with_odd(("Container", "Filename"), odd) == GOOD._replace(warc_name=None, is_odd=True)
    if type(odd) is not int:
        assert with_odd(("Container", "Offset"), odd) == nowhere
    assert with_odd((*HTML, "Head", "Metas"), odd) == GOOD
    assert with_odd((*HTML[:-1], "Headers"), odd) == GOOD


@pytest.mark.parametrize("absent", [((*HTML, "Links"), []), ((*HTML, "Head"), None), (("Container",), None)])
def test_null_counts_as_absent(absent: tuple[tuple[str, ...], list[Image] | None]) -> None:
    assert not with_odd(absent[0], None).is_odd


def test_warc_fields_that_were_sent_several_times() -> None:
    """A WAT holds them as a list."""
    header = ("Envelope", "WARC-Header-Metadata")
    assert with_odd((*header, "WARC-Target-URI"), [URL, "https://other.example/"]) == GOOD
    assert with_odd((*header, "WARC-Type"), ["response"]) == GOOD
    for odd in ([], [5], 5, {}):
        assert with_odd((*header, "WARC-Target-URI"), odd) == GOOD._replace(url=None, is_odd=True)
    assert parse(set_at((*header, "WARC-Type"), ["request", "response"])) is Outcome.RECORD_NOT_RESPONSE


@pytest.mark.parametrize("raw", [b"9" * 5000, b"-" + b"9" * 5000, b"1e999999", b"NaN", b"-Infinity", b"1E-999"])
def test_numbers_that_no_type_holds(raw: bytes) -> None:
    """The number is left out, wherever it stands."""
    for path in (
        (*HTML, "Links", 0, "alt"),
        (*HTML, "Head", "Metas"),
        (*HTML[:-1], "Headers"),
        ("Container", "Offset"),
    ):
        page = wat_page(json.dumps(set_at(path, "MARK")).encode().replace(b'"MARK"', raw))
        assert isinstance(page, WatPage)
        assert page.document.images == [Image("a.jpg", ())]


def test_the_last_of_equal_keys_counts() -> None:
    for broken, alt in ((b'"x"', "x"), (b'"\\ud800"', "\ufffd"), (b"5", None)):
        payload = with_alt(b'"first", "alt": ' + broken)
        texts = (() if alt is None else (("alt", alt),)) + (("title", "é"),)
        assert document(payload).images == [Image("a.jpg", texts)]


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


JSON_VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.lists(st.text(max_size=2))
)
JSON_VALUES |= st.dictionaries(st.sampled_from(["path", "url", "alt", "title"]), st.text(max_size=3), max_size=2)
PLACES = [
    ("Container",),
    ("Container", "Filename"),
    ("Container", "Offset"),
    ("Envelope", "WARC-Header-Metadata", "WARC-Target-URI"),
    (*HTML, "Head"),
    (*HTML, "Head", "Base"),
    (*HTML, "Links"),
    *[(*HTML, "Links", number) for number in range(2)],
    *[(*HTML, "Links", number, key) for number in range(2) for key in ("path", "url", "alt", "title")],
]


def naive_images(value: Any) -> list[Image]:
    """The images of a record, read with no type taken for granted."""
    links = value["Envelope"]["Payload-Metadata"]["HTTP-Response-Metadata"]["HTML-Metadata"].get("Links")
    images = []
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("path") == "IMG@/src":
            texts = {key: link.get(key) for key in ("alt", "title")}
            url = link.get("url")
            kept = tuple((key, text) for key, text in texts.items() if isinstance(text, str))
            images.append(Image(url if isinstance(url, str) else None, kept))
    return images


@given(st.lists(st.tuples(st.sampled_from(PLACES), JSON_VALUES), max_size=4))
def test_any_values_lose_only_themselves(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    link = {"path": "IMG@/src", "url": "a.jpg", "alt": "an alt", "title": "a title"}
    value = record([link, dict(link)], "/b/")
    for path, item in changes:
        place: Any = value
        with contextlib.suppress(KeyError, IndexError, TypeError):  # an earlier change took the place away
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = item
    page = parse(value)
    assert isinstance(page, WatPage)
    assert page.document.images == naive_images(value)
    target = value["Envelope"]["WARC-Header-Metadata"]["WARC-Target-URI"]
    assert page.url == (
        target if isinstance(target, str) else next(iter(target), None) if isinstance(target, list) else None
    )
