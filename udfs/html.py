"""Images of an HTML page: `img` elements and `<base href>`, by parsers that follow the HTML standard.

`scanner` (the default) cuts the tags that matter out of the page and gives only these to lexbor; `lexbor` gives it the
whole page, and `beautifulsoup` parses it by html5lib (slow, an independent oracle). All parse with scripting off, so
that `noscript` counts; comments, raw text and `template` contents do not.

They give the same images but where one of them departs from the standard: html5lib 1.1 is older than it (an `img`
within `select` counts for browsers since 2025, and not for html5lib); lexbor loses `<image>`, the old spelling of
`img`, directly in a table. Order differs in one case: the scanner keeps the source's, where trees move an image that
stands between a table's cells to before the table.
"""

import re
import warnings
from collections.abc import Callable
from typing import NamedTuple

from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning
from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser

from udfs.html_limits import MAX_IMAGES, within_limits
from udfs.html_skeleton import skeleton

warnings.filterwarnings("ignore", category=XMLParsedAsHTMLWarning)  # XHTML is meant to be read as HTML here

TEXT_KEYS = ("alt", "title", "data-image-title")
"""The attributes that may hold a text of an image, in the order in which pairs are emitted."""


class Unparsable(Exception):
    """A parser gave up on a page."""


class Image(NamedTuple):
    """An `img` element: `src` and the texts present as (text_key, value), all as written, entities decoded."""

    src: str | None
    texts: tuple[tuple[str, str], ...]


class Document(NamedTuple):
    """What extraction takes from a page: its images in document order and, where there are any, the first `<base href>`
    to resolve their URLs by. `is_capped` where the page has more than `html_limits` allow, which was not looked at."""

    base_href: str | None
    images: list[Image]
    is_capped: bool = False


NO_IMAGES = Document(None, [])
_AS_WRITTEN = LexborDocumentOptions.WO_EVENTS.value  # else <selectedcontent> holds a second copy of an option's image
_IMAGE_BYTES = re.compile(rb"<im(?:g|age)", re.IGNORECASE).search

Html = str | bytes
"""Text without lone surrogates, or bytes that are UTF-8 (malformed parts count as U+FFFD): see `charsets.as_html`."""

HtmlParser = Callable[[Html], Document]


def parse_with_scanner(html: Html) -> Document:
    """Parse the page's skeleton with lexbor, or the page where it has none; never raises."""
    page = html if isinstance(html, bytes) else html.encode()
    cut = skeleton(page)
    if cut is None:
        return parse_with_lexbor(page)
    return _document(cut) if cut else NO_IMAGES


def parse_with_lexbor(html: Html) -> Document:
    """Parse with lexbor; never raises. A page that does not hold the bytes `<img` or `<image` is not parsed at all."""
    page = html if isinstance(html, bytes) else html.encode()
    return NO_IMAGES if _IMAGE_BYTES(page) is None else _document(page)


def _document(html: bytes) -> Document:
    bounded = within_limits(html)
    tree = LexborHTMLParser(bounded, options=_AS_WRITTEN)
    images = []
    nodes = tree.tags("img")
    for node in nodes[:MAX_IMAGES]:
        attributes = node.attributes
        # lexbor gives None for an attribute without a value, where the DOM has the empty string
        src = (attributes["src"] or "") if "src" in attributes else None
        images.append(Image(src, tuple([(key, attributes[key] or "") for key in TEXT_KEYS if key in attributes])))
    is_capped = len(bounded) < len(html) or len(nodes) > MAX_IMAGES
    if not images:
        return Document(None, [], is_capped)
    bases = (node.attributes for node in tree.tags("base"))
    return Document(next((base["href"] or "" for base in bases if "href" in base), None), images, is_capped)


def parse_with_beautifulsoup(html: Html) -> Document:
    """Parse with BeautifulSoup on html5lib's tree; html5lib keeps `template` contents in the tree, so skip them.

    Raises `Unparsable` for the pages on which html5lib trips over itself.
    """
    page = html if isinstance(html, bytes) else html.encode()
    bounded = within_limits(page)
    try:
        tree = BeautifulSoup(bounded.decode("utf-8", "replace"), "html5lib")
    except AssertionError as error:
        raise Unparsable from error
    images: list[Image] = []
    is_capped = len(bounded) < len(page)
    for node in tree.find_all("img"):
        if node.find_parent("template") is None:
            if len(images) == MAX_IMAGES:
                is_capped = True
                break
            src = str(node["src"]) if "src" in node.attrs else None
            images.append(Image(src, tuple((key, str(node[key])) for key in TEXT_KEYS if key in node.attrs)))
    if not images:
        return Document(None, [], is_capped)
    bases = (node for node in tree.find_all("base", href=True) if node.find_parent("template") is None)
    return Document(next((str(base["href"]) for base in bases), None), images, is_capped)


HTML_PARSERS: dict[str, HtmlParser] = {
    "scanner": parse_with_scanner,
    "lexbor": parse_with_lexbor,
    "beautifulsoup": parse_with_beautifulsoup,
}
