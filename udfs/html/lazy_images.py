"""Finds an image's URL if its `src` has none: in lazy-loading attributes, in `srcset`, and in `picture`."""

import re
from collections.abc import Iterable, Mapping

from udfs.html.srcset import best_first, parse_srcset

Attributes = Mapping[str, str | None]
"""The attributes of an element by lower-case name. None, like the empty string, stands for no value."""

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
"""Attributes in which lazy-loading scripts keep the URL until they load the image, and the scripts that use each. The
first one present counts."""

HOME_MADE_SRC = ("data-original-src", "data-lazyload-src", "data-img-src", "data-image-src")
"""Attributes of pages with their own lazy-loading scripts. They may also contain another image, so they count only if
`src` has no address."""

LAZY_SRCSET = {
    "data-srcset": "lazysizes, vanilla-lazyload, lozad, yall",
    "data-lazy-srcset": "WP Rocket, Jetpack",
    "data-flickity-lazyload-srcset": "Flickity",
    "data-ezsrcset": "Ezoic",
    "nitro-lazy-srcset": "NitroPack",
    "data-breeze-srcset": "Breeze",
    "srcset": "the HTML standard",
}
"""The same for attributes in the format of `srcset`."""

_LAZY = (frozenset(LAZY_SRC) | frozenset(LAZY_SRCSET)) - {"srcset"}
_LATE_TYPES = frozenset(  # few tools read these formats: other sources come first
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
    """Whether a `src` is not an image's address: absent, blank, `#`, or with a scheme other than http and https."""
    return src is None or _no_address(src) is not None


def is_named_placeholder(src: str) -> bool:
    """Whether a URL's file has a typical name of a placeholder, which pages show until an image is loaded."""
    path = src.partition("?")[0].partition("#")[0].strip()
    return _placeholder(path, path.rfind("/") + 1) is not None


def other_urls(attributes: Attributes, sources: Iterable[Attributes]) -> tuple[str, ...]:
    """The URLs of an `img` other than its `src`, as written, the best first.

    First those of lazy-loading attributes, in the order of `LAZY_SRC`; then the candidates of each `srcset`; then those
    of the `source` elements before the image in its `picture`. Excludes flags, placeholders, and templates that a
    script fills in. Empty for an image without lazy-loading attributes whose `src` is an address.
    """
    src = attributes.get("src")
    is_lazy = not _LAZY.isdisjoint(attributes)
    if not (
        is_lazy or needs_another(src) or (src and (sources or "srcset" in attributes) and is_named_placeholder(src))
    ):
        return ()
    attributes = dict(attributes.items())  # the parser's own mapping looks for each name in turn
    names = (*LAZY_SRC, *HOME_MADE_SRC) if needs_another(src) else LAZY_SRC
    urls = [value.strip() for name in names if (value := attributes.get(name)) and _is_address(value)]
    urls += _srcset_urls(attributes)
    late: list[str] = []
    for source in sources:
        is_late = (source.get("type") or "").strip().lower() in _LATE_TYPES
        (late if is_late else urls).extend(_srcset_urls(source))
    distinct = list(dict.fromkeys([*urls, *late]))[:_MOST_URLS]
    return tuple([url for url in distinct if not is_named_placeholder(url)])


def _is_address(value: str) -> bool:
    return len(value) <= _MOST_CHARACTERS and not _not_in_urls(value) and _path_or_file(value.strip()) is not None


def _srcset_urls(attributes: Attributes) -> list[str]:
    texts = [text for name in LAZY_SRCSET if (text := attributes.get(name))]
    return [url for text in texts for url in best_first(parse_srcset(text)) if "{" not in url]
