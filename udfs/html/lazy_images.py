"""Where the URL of an image stands when its `src` has none: lazy-loading attributes, `srcset`, and `picture`."""

import re
from collections.abc import Iterable, Mapping

from udfs.html.srcset import best_first, parse_srcset

Attributes = Mapping[str, str | None]
"""The attributes of an element by lower-case name; None, like the empty string, is one without a value."""

LAZY_SRC = {
    "data-src": "lazysizes, vanilla-lazyload, lozad, yall, LazyLoad 2, LiteSpeed, Smush and most others",
    "data-lazy-src": "WP Rocket, Jetpack, a3 Lazy Load",
    "data-original": "jQuery Lazy Load (LazyLoad 1)",
    "data-lazy": "Slick",
    "data-flickity-lazyload": "Flickity",
    "data-flickity-lazyload-src": "Flickity",
    "data-lazyload": "Slider Revolution",
    "data-echo": "Echo",
    "data-pagespeed-lazy-src": "PageSpeed module",
    "pagespeed_lazy_src": "PageSpeed module",
    "data-cfsrc": "Cloudflare Mirage",
    "data-ezsrc": "Ezoic",
    "nitro-lazy-src": "NitroPack",
    "data-opt-src": "Optimole",
    "data-breeze": "Breeze",
    "data-ks-lazyload": "KISSY",
    "data-actualsrc": "Zhihu",
}
"""Attributes in which lazy-loading scripts keep the URL until it is wanted, with who does; the first that is there
counts."""

HOME_MADE_SRC = ("data-original-src", "data-lazyload-src", "data-img-src", "data-image-src")
"""What pages call it that load their images by scripts of their own; it may hold another image as well, and counts only
where `src` has none."""

LAZY_SRCSET = {
    "data-srcset": "lazysizes, vanilla-lazyload, lozad, yall",
    "data-lazy-srcset": "WP Rocket, Jetpack",
    "data-flickity-lazyload-srcset": "Flickity",
    "data-ezsrcset": "Ezoic",
    "nitro-lazy-srcset": "NitroPack",
    "data-breeze-srcset": "Breeze",
    "srcset": "the HTML standard",
}
"""The same for what has the form of a `srcset`."""

_LAZY = (frozenset(LAZY_SRC) | frozenset(LAZY_SRCSET)) - {"srcset"}
_LATE_TYPES = frozenset(  # few tools read them: the other sources come first
    ("image/avif", "image/jxl", "image/heic", "image/heif", "image/jp2", "image/jpx", "image/jxr", "image/vnd.ms-photo")
)
_MOST_URLS, _MOST_CHARACTERS = 32, 1 << 16
_not_in_urls = re.compile(r"[{}<>\"|\\^`]").search
_path_or_file = re.compile(r"/|\.[a-zA-Z]{2,5}(?:[?#]|$)").search
_no_address = re.compile(r"[\t\n\f\r ]*(?:$|#|//:|(?!https?:)[a-zA-Z][a-zA-Z0-9+.-]*:)", re.IGNORECASE).match
_placeholder = re.compile(
    r"(?:(?:[a-z0-9]+[-_.])*(?:placeholder|spacer|blank|1x1|lazy[-_]?load(?:ing|er)?)(?:[-_.][a-z0-9]+)*"
    r"|(?:[a-z0-9]+[-_.])*(?:loading|loader|preloader|lazy)(?:[-_.]?[0-9]+(?:x[0-9]+)?)?"
    r"|(?:space|transparent|trans|(?:transparent[-_.]?)?pixel|clear|empty|dummy|gr[ae]y|white)"
    r"(?:[-_.]?[0-9]+(?:x[0-9]+)?)?"
    r")\.(?:gif|png|svg|jpe?g|webp)",
    re.IGNORECASE,
).fullmatch


def needs_another(src: str | None) -> bool:
    """Whether a `src` is no image's address: absent, blank, `#`, or of another scheme than http and https."""
    return src is None or _no_address(src) is not None


def is_named_placeholder(src: str) -> bool:
    """Whether a URL's file is named as those are that stand in for an image until it is loaded."""
    path = src.partition("?")[0].partition("#")[0].strip()
    return _placeholder(path, path.rfind("/") + 1) is not None


def other_urls(attributes: Attributes, sources: Iterable[Attributes]) -> tuple[str, ...]:
    """The URLs of an `img` beside its `src`, as written, the best first.

    Those of lazy-loading attributes, in the order of `LAZY_SRC`; then the candidates of each `srcset`, and those of the
    `source` elements before the image in its `picture`. Templates, which a script fills in, flags and placeholders are
    left out. None for an image that is not lazy by its attributes and has a `src` of its own.
    """
    src = attributes.get("src")
    is_lazy = not _LAZY.isdisjoint(attributes)
    if not (
        is_lazy or needs_another(src) or (src and (sources or "srcset" in attributes) and is_named_placeholder(src))
    ):
        return ()
    names = (*LAZY_SRC, *HOME_MADE_SRC) if needs_another(src) else LAZY_SRC
    urls = [value.strip() for name in names if (value := attributes.get(name)) and _is_address(value)]
    urls += _of_srcsets(attributes)
    late: list[str] = []
    for source in sources:
        is_late = (source.get("type") or "").strip().lower() in _LATE_TYPES
        (late if is_late else urls).extend(_of_srcsets(source))
    distinct = list(dict.fromkeys([*urls, *late]))[:_MOST_URLS]
    return tuple([url for url in distinct if not is_named_placeholder(url)])


def _is_address(value: str) -> bool:
    return len(value) <= _MOST_CHARACTERS and not _not_in_urls(value) and _path_or_file(value.strip()) is not None


def _of_srcsets(attributes: Attributes) -> list[str]:
    texts = [text for name in LAZY_SRCSET if (text := attributes.get(name))]
    return [url for text in texts for url in best_first(parse_srcset(text)) if "{" not in url]
