"""Image URLs: hand cases after the standards, properties, and the web platform tests' own cases."""

import json
from pathlib import Path
from urllib.parse import quote_from_bytes, urljoin

import pytest
from ada_url import join_url, normalize_url
from hypothesis import example, given, settings
from hypothesis import strategies as st

from udfs.extraction.urls import base_url, image_url, url_text
from udfs.outcomes import Outcome

PAGE = "https://shop.example/tour/2024/7?x=1#top"


@pytest.mark.parametrize(
    ("base_href", "expected"),
    [
        (None, PAGE),
        ("https://cdn.example/assets/", "https://cdn.example/assets/"),
        ("//cdn.example", "https://cdn.example/"),
        ("../media/", "https://shop.example/tour/media/"),
        ("/media", "https://shop.example/media"),
        ("", "https://shop.example/tour/2024/7?x=1"),
        ("  /padded/\n", "https://shop.example/padded/"),
        ("ftp://files.example/a/", "ftp://files.example/a/"),
        # the HTML standard, "set the frozen base URL": failure, data: and javascript: leave the fallback
        ("http://[bad", PAGE),
        ("https://", PAGE),
        ("data:text/html,x", PAGE),
        ("DATA:text/html,x", PAGE),
        ("javascript:void(0)", PAGE),
        (" java\nscript:void(0)", PAGE),
    ],
)
def test_base_url(base_href: str | None, expected: str) -> None:
    assert base_url(PAGE, base_href) == expected


@pytest.mark.parametrize(
    ("src", "expected"),
    [
        ("https://img.example/a.jpg", "https://img.example/a.jpg"),
        ("HTTP://IMG.example:80/A.jpg", "http://img.example/A.jpg"),
        ("//img.example/a.jpg", "https://img.example/a.jpg"),
        ("/a.jpg", "https://shop.example/a.jpg"),
        ("a.jpg", "https://shop.example/tour/2024/a.jpg"),
        ("../../../../a.jpg", "https://shop.example/a.jpg"),
        ("?id=2", "https://shop.example/tour/2024/7?id=2"),
        ("#frag", "https://shop.example/tour/2024/7?x=1#frag"),
        ("\\a\\b.jpg", "https://shop.example/a/b.jpg"),
        (" \n photos/a b.jpg\t ", "https://shop.example/tour/2024/photos/a%20b.jpg"),
        ("pho\nto\ts/a.jpg", "https://shop.example/tour/2024/photos/a.jpg"),
        ("https://bücher.example/ä?ö", "https://xn--bcher-kva.example/%C3%A4?%C3%B6"),
        ("https:a.jpg", "https://shop.example/tour/2024/a.jpg"),
        ("http:a.jpg", "http://a.jpg/"),
        ("\u00a0a.jpg", "https://shop.example/tour/2024/%C2%A0a.jpg"),  # not white space in URLs
        (None, Outcome.IMAGE_NO_URL),
        ("", Outcome.IMAGE_NO_URL),
        (" \t\n\f\r", Outcome.IMAGE_NO_URL),
        ("data:image/gif;base64,R0lGOD", Outcome.IMAGE_DATA_URL),
        ("DATA:,", Outcome.IMAGE_DATA_URL),
        ("\n data:image/gif,x", Outcome.IMAGE_DATA_URL),
        ("da\nta:image/gif,x", Outcome.IMAGE_DATA_URL),
        ("blob:https://shop.example/1-2-3", Outcome.IMAGE_NOT_HTTP),
        ("ftp://files.example/a.jpg", Outcome.IMAGE_NOT_HTTP),
        ("file:///home/a.jpg", Outcome.IMAGE_NOT_HTTP),
        ("about:blank", Outcome.IMAGE_NOT_HTTP),
        ("javascript:void(0)", Outcome.IMAGE_NOT_HTTP),
        ("C:\\pictures\\a.jpg", Outcome.IMAGE_NOT_HTTP),
        ("httpx://img.example/a.jpg", Outcome.IMAGE_NOT_HTTP),
        ("http://[bad/a.jpg", Outcome.IMAGE_UNRESOLVABLE),
        ("http://", Outcome.IMAGE_UNRESOLVABLE),
        ("//", Outcome.IMAGE_UNRESOLVABLE),
        ("https://img.example:99999/a.jpg", Outcome.IMAGE_UNRESOLVABLE),
        ("https://a b/c.jpg", Outcome.IMAGE_UNRESOLVABLE),
    ],
)
def test_image_url(src: str | None, expected: str | Outcome) -> None:
    assert image_url(PAGE, src) == expected


@pytest.mark.parametrize("base", ["", "not a url", "http://[bad/page", "http://"])
def test_page_url_that_does_not_parse(base: str) -> None:
    assert base_url(base, "/media/") == base
    assert image_url(base, "https://img.example/a b.jpg") == "https://img.example/a%20b.jpg"
    assert image_url(base, "ftp://files.example/a.jpg") is Outcome.IMAGE_NOT_HTTP
    assert image_url(base, "data:,x") is Outcome.IMAGE_DATA_URL
    assert image_url(base, " data:,x") is Outcome.IMAGE_DATA_URL
    assert image_url(base, "/a.jpg") is Outcome.IMAGE_UNRESOLVABLE
    assert image_url(base, "") is Outcome.IMAGE_NO_URL


def test_base_that_cannot_be_a_base() -> None:
    assert image_url("mailto:a@shop.example", "a.jpg") is Outcome.IMAGE_UNRESOLVABLE
    assert image_url("mailto:a@shop.example", "http://img.example/") == "http://img.example/"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"https://s.example/stra\xdfe/", "https://s.example/stra%DFe/"),
        (b"https://s.example/?q=\xe9\xe8", "https://s.example/?q=%E9%E8"),
        (b"https://s.example/%DF\xdf", "https://s.example/%DF%DF"),
        (b"https://s.example/\xc3\xa9/\xe9", "https://s.example/%C3%A9/%E9"),
        ("https://s.example/é/".encode(), "https://s.example/é/"),
        (b"", ""),
    ],
)
def test_url_text(raw: bytes, text: str) -> None:
    assert url_text(raw) == text


@given(st.binary(max_size=20))
def test_the_bytes_of_a_url_that_is_not_utf8_come_back(raw: bytes) -> None:
    try:
        expected = raw.decode("utf-8")
    except UnicodeDecodeError:
        expected = quote_from_bytes(raw, safe=bytes(range(128)))
    assert url_text(raw) == expected


def test_images_of_a_page_in_latin_1() -> None:
    page = url_text(b"https://s.example/stra\xdfe/page")
    assert image_url(base_url(page, None), "a.png") == "https://s.example/stra%DFe/a.png"
    assert image_url(base_url(page, "../b/"), "a.png") == "https://s.example/b/a.png"


SCHEMES = ("http", "https", "HTTP", "data", "ftp", "blob", "ht\ntp")
SIGNS = (":", "/", "//", "\\", "?", "#", "@", "[", "]", "%", "%4", "%41", " ", "\t", "\n", "\0", "..", ".")
HOSTS = ("a", "img.example", "1.2.3", "[::1]", ":80", ":99999", "ß", "\ufffd", "日本", "xn--")
PIECES = st.sampled_from((*SCHEMES, *SIGNS, *HOSTS))
WILD = st.one_of(
    st.lists(PIECES, max_size=8).map("".join), st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)
BASES = st.one_of(st.sampled_from([PAGE, "http://a/", "", "file:///x", "mailto:x", "http://[bad"]), WILD)


@given(BASES, st.none() | WILD, st.none() | WILD)
def test_an_outcome_or_a_url_that_parses_to_itself(page_url: str, base_href: str | None, src: str | None) -> None:
    url = image_url(base_url(page_url, base_href), src)
    if isinstance(url, Outcome):
        assert url in {
            *(Outcome.IMAGE_NO_URL, Outcome.IMAGE_DATA_URL, Outcome.IMAGE_NOT_HTTP, Outcome.IMAGE_UNRESOLVABLE),
        }
        return
    assert url.startswith(("http://", "https://"))
    assert url.isascii()
    assert not set(url) & set(" \t\r\n\0")
    assert normalize_url(url) == url
    assert image_url("https://other.example/", url) == url


BASE_PIECES = st.sampled_from(("http://", "https://", *HOSTS, *SIGNS, "b", "c/", "/%2E", "~u/", "x=1", "é"))
SRC_PIECES = st.sampled_from(("a", "b.jpg", "c/", "%2e", "~u", "é", "x=1", "'", *SIGNS))


@settings(max_examples=settings.default.max_examples * 5)
@given(st.lists(BASE_PIECES, max_size=7).map("".join), st.lists(SRC_PIECES, min_size=1, max_size=5).map("".join))
@example("https://h", "pics/a.jpg")
@example("https://h.example/a/b", "//i.example/c.jpg")
@example("https://h.example/a/b", "?x=1")
@example("https://h.example/a/b", "ftp:c.jpg")
@example("https://h.example/a/b\\\\c", "d.jpg")
@example("https://h.example/a/..\t", "d.jpg")
@example("https://h.example?x/y", "a.jpg")
@example("https://h.example/a#b/c", "d.jpg")
def test_joins_as_the_library_does(base: str, src: str) -> None:
    """Also those that are made without it."""
    try:
        expected = join_url(base, src)
    except ValueError:
        return
    if expected.startswith(("http://", "https://")) and src.strip(" \t\n\f\r"):
        assert image_url(base, src) == expected


PLAIN_SEGMENT = st.text("abcXYZ019-_~", min_size=1, max_size=5)


@given(st.lists(PLAIN_SEGMENT | st.just(".."), max_size=5), PLAIN_SEGMENT, st.sampled_from(["", "/"]))
def test_plain_paths_agree_with_urllib(folders: list[str], name: str, start: str) -> None:
    src = start + "/".join([*folders, name])
    assert image_url("https://shop.example/a/b/c", src) == urljoin("https://shop.example/a/b/c", src)


def test_web_platform_cases(shared_data: Path) -> None:
    """Uses ../shared/data: all cases of the web platform tests but lone surrogates."""
    cases = json.loads((shared_data / "html" / "ada-url__ada__tests_wpt_urltestdata.json").read_bytes())
    checked = failures = 0
    for case in cases:
        if isinstance(case, str) or any("\ud800" <= character <= "\udfff" for character in case["input"]):
            continue
        base, src = case.get("base") or "", case["input"]
        if not src.strip(" \t\n\f\r"):
            continue  # no URL for an image, whatever it is for a URL
        if src.lower().startswith("data:"):
            assert image_url(base, src) is Outcome.IMAGE_DATA_URL, case  # valid or not: it is not parsed
        elif case.get("failure"):
            failures += 1
            assert image_url(base, src) is Outcome.IMAGE_UNRESOLVABLE, case
        elif case["href"].startswith(("http://", "https://")):
            checked += 1
            assert image_url(base, src) == case["href"], case
        else:
            expected = Outcome.IMAGE_DATA_URL if case["href"].startswith("data:") else Outcome.IMAGE_NOT_HTTP
            assert image_url(base, src) is expected, case
    assert checked > 200
    assert failures > 200
