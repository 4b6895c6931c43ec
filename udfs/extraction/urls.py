"""Image URLs by the WHATWG URL standard (the library ada), as browsers resolve them."""

import re
from functools import lru_cache

from ada_url import join_url, normalize_url

from udfs.outcomes import MAX_URL_CHARACTERS, Outcome

_ASCII_WHITE_SPACE = " \t\n\f\r"
_HTTP = ("https://", "http://")
_IGNORED_BASE_SCHEMES = ("data:", "javascript:")  # the HTML standard, document base URL

_NON_ASCII = re.compile(rb"[\x80-\xff]")
# URLs that serialising leaves unchanged: a plain host (no number, no Punycode), a path without dot segments, a query
_SERIALISED = re.compile(
    r"https?://(?!xn--)(?:[a-z0-9_-]++\.(?!xn--))*+[a-z][a-z0-9_-]*+"
    r"(?:/(?!\.|%2[eE])[\w.~%!$&'()*+,;=:@-]*+)++(?:\?[\w.~%!$&()*+,;=:@/-]*+)?",
    re.ASCII,
).fullmatch
_FOLDER_AND_ORIGIN = re.compile(r"((https?://[^/]+)/(?:[^/?]*/)*)").match


def url_text(raw: bytes) -> str:
    """A URL's bytes as text: decoded if they are UTF-8, else with each non-ASCII byte percent-encoded (0xDF as %DF)."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return _NON_ASCII.sub(lambda byte: b"%%%02X" % ord(byte[0]), raw).decode("ascii")


def base_url(page_url: str, base_href: str | None) -> str:
    """The URL that a page's relative URLs are joined to: its `<base href>` if that is usable, else its own URL."""
    if base_href is None:
        return page_url
    try:
        joined = join_url(page_url, base_href)
    except ValueError:
        return page_url
    return page_url if joined.startswith(_IGNORED_BASE_SCHEMES) else joined


def image_url(base: str, src: str | None) -> str | Outcome:
    """The absolute http(s) URL of an image, serialised, or the outcome that explains why there is none.

    A `src` that is absent, empty or white space gives no URL (the HTML standard fetches nothing then). Non-ASCII
    characters in a query are encoded as UTF-8, whatever the page's charset: this deviates from browsers, as does
    MetaCLIP.
    """
    if src is None or not src.strip(_ASCII_WHITE_SPACE):
        return Outcome.IMAGE_NO_URL
    if src[:5].lower() == "data:":  # so that megabytes of base64 are not parsed
        return Outcome.IMAGE_DATA_URL
    if len(src) > MAX_URL_CHARACTERS or (len(base) > MAX_URL_CHARACTERS and not src.startswith(_HTTP)):
        return Outcome.IMAGE_URL_TOO_LONG
    if _SERIALISED(src):
        return src
    if ":" not in src and not src.startswith(("//", "?")):
        folder, origin = _folder_and_origin(base)
        joined = (origin if src.startswith("/") else folder) + src
        if _SERIALISED(joined):  # then joining is appending: this takes a quarter of the library's time
            return joined
    try:
        # an absolute URL needs no base: parsing the base each time costs time, and it may be invalid
        url = normalize_url(src) if src.startswith(_HTTP) else join_url(base, src)
    except ValueError:
        try:
            url = normalize_url(src)
        except ValueError:
            return Outcome.IMAGE_UNRESOLVABLE
    if url.startswith(_HTTP):
        return url
    return Outcome.IMAGE_DATA_URL if url.startswith("data:") else Outcome.IMAGE_NOT_HTTP


@lru_cache(maxsize=1)
def _folder_and_origin(base: str) -> tuple[str, str]:
    """`https://host/folder/` and `https://host` of a base URL; empty strings if serialising may change it."""
    found = _FOLDER_AND_ORIGIN(base) if _SERIALISED(base) else None
    return (found[1], found[2]) if found else ("", "")
