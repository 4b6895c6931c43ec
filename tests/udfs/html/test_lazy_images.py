"""Other URLs of an image: which attributes count, in which order, and which values are not URLs."""

import pytest
from cpu_time import at_most
from hypothesis import given
from hypothesis import strategies as st

from udfs.html.lazy_images import HOME_MADE_SRC, LAZY_SRC, LAZY_SRCSET, is_named_placeholder, needs_another, other_urls


@pytest.mark.parametrize(
    "src", [None, "", " \n", "#", "#top", "data:image/gif;base64,R0", "about:blank", "//:0", "blob:x"]
)
def test_not_an_address(src: str | None) -> None:
    assert needs_another(src)


@pytest.mark.parametrize(
    "src", ["a.jpg", "/a", "//h/a", "https://h/a", " HTTP://h/a", "?q", "a:b.jpg/"[2:], "x/data:,"]
)
def test_address(src: str) -> None:
    assert not needs_another(src)


@pytest.mark.parametrize(
    "src",
    "/i/blank.gif spacer.gif?v=2 https://h/img/lazy-loading-14x9.png LOADING.GIF 1x1.png t/grey.gif placeholder.svg "
    "img-placeholder.jpg transparent_pixel.gif ajax-loader.gif lazyload.png".split(),
)
def test_placeholder_by_name(src: str) -> None:
    assert is_named_placeholder(src)


@pytest.mark.parametrize(
    "src",
    "a.jpg /blank/a.jpg pixelart.html shirt-white.jpg shoe_grey.png google-pixel-8.jpg whitehouse.jpg greyhound.jpg "
    "space-shuttle.jpg clearwater.jpg transit.jpg empty-street.jpg loading-dock.jpg space-station.jpg/x".split(),
)
def test_not_a_placeholder_by_name(src: str) -> None:
    assert not is_named_placeholder(src)


@pytest.mark.parametrize("name", LAZY_SRC)
def test_lazy_attribute(name: str) -> None:
    assert other_urls({"src": "data:,", name: " /a.jpg "}, ()) == ("/a.jpg",)


@pytest.mark.parametrize("name", HOME_MADE_SRC)
def test_home_made_attribute(name: str) -> None:
    assert other_urls({name: "/a.jpg"}, ()) == ("/a.jpg",)
    assert other_urls({"src": "/b.jpg", name: "/a.jpg"}, ()) == ()
    assert other_urls({"src": "/b.jpg", "data-lazy": "/c.jpg", name: "/a.jpg"}, ()) == ("/c.jpg",)


def test_placeholders_are_excluded() -> None:
    attributes = {"src": "data:,", "data-src": "/img/loading.gif", "srcset": "/blank.gif 1w, /real.jpg 2w"}
    assert other_urls(attributes, ()) == ("/real.jpg",)


@pytest.mark.parametrize("name", LAZY_SRCSET)
def test_lazy_srcset(name: str) -> None:
    assert other_urls({name: "a.jpg 100w, b.jpg 300w, c.jpg 200w"}, ()) == ("b.jpg", "c.jpg", "a.jpg")


def test_order() -> None:
    attributes = {"srcset": "s 2x", "data-srcset": "t 2x", "data-original": "o.jpg", "data-src": "/d", "src": ""}
    sources = [{"srcset": "v.avif", "type": "image/avif"}, {"data-srcset": "w.webp", "type": "image/webp"}]
    assert other_urls(attributes, sources) == ("/d", "o.jpg", "t", "s", "w.webp", "v.avif")


@pytest.mark.parametrize(
    "value", ["true", "1", "", " ", "{width}/a.jpg", '{"a": "/b.jpg"}', "0.5", "name", "a/<b>", "./" * 40_000]
)
def test_flags_and_templates_are_excluded(value: str) -> None:
    assert other_urls({"data-lazy": value}, ()) == ()
    assert other_urls({"data-lazy": value, "srcset": "{w}.jpg 1x, good.jpg 1x"}, ()) == ("good.jpg",)


def test_an_image_with_a_src_that_is_not_lazy_has_no_others() -> None:
    assert other_urls({"src": "a.jpg", "srcset": "b.jpg 2x"}, [{"srcset": "c.jpg"}]) == ()
    assert other_urls({"src": "spacer.gif", "srcset": "b.jpg 2x"}, [{"srcset": "c.jpg"}]) == ("b.jpg", "c.jpg")


VALUES = st.none() | st.text(max_size=30) | st.sampled_from(("a/b.jpg", "a.jpg 1x, b.jpg 2x", "true", "data:,x"))


@given(st.dictionaries(st.sampled_from(("src", *LAZY_SRC, *LAZY_SRCSET)), VALUES))
def test_any_attributes(attributes: dict[str, str | None]) -> None:
    urls = other_urls(attributes, [attributes])
    assert len(set(urls)) == len(urls) <= 32
    assert all(url and url == url.strip("\t\n\f\r ") for url in urls)


@pytest.mark.parametrize("part", ["/a", "a-", "blank", "a.b", "x ", "(", "1x,"])
def test_time_grows_with_the_value(part: str) -> None:
    long = part * (1_000_000 // len(part))
    with at_most(30):
        other_urls({"src": long[:60_000], "data-src": long[:60_000] + "{", "data-lazy": long, "srcset": long}, ())
        is_named_placeholder(long)
