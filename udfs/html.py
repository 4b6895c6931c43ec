"""Images of an HTML page: `img` elements and `<base href>`, by a parser that follows the HTML standard.

Two backends give the same images: lexbor (the default) and BeautifulSoup on html5lib (slow, an independent oracle).
Both parse with scripting off, so that `noscript` counts; comments, raw text and `template` contents do not. They differ
where html5lib 1.1 is older than the standard: an `img` within `select` counts for lexbor, as it does in browsers since
the standard's 2025 change, and not for html5lib.
"""

from collections.abc import Callable
from typing import NamedTuple

from bs4 import BeautifulSoup
from selectolax.lexbor import LexborHTMLParser

TEXT_KEYS = ("alt", "title", "data-image-title")
"""The attributes that may hold a text of an image, in the order in which pairs are emitted."""


class Image(NamedTuple):
    """An `img` element: `src` and the texts present as (text_key, value), all as written, entities decoded."""

    src: str | None
    texts: tuple[tuple[str, str], ...]


class Document(NamedTuple):
    """What extraction takes from a page: the first `<base href>` and the images in document order."""

    base_href: str | None
    images: list[Image]


HtmlParser = Callable[[str], Document]


def parse_with_lexbor(html: str) -> Document:
    """Parse with lexbor. Takes decoded text without lone surrogates; never raises on any such text."""
    tree = LexborHTMLParser(html)
    base_href = None
    for node in tree.tags("base"):
        attributes = node.attributes
        if "href" in attributes:
            base_href = attributes["href"] or ""
            break
    images = []
    for node in tree.tags("img"):
        attributes = node.attributes
        # lexbor gives None for an attribute without a value, where the DOM has the empty string
        src = (attributes["src"] or "") if "src" in attributes else None
        images.append(Image(src, tuple((key, attributes[key] or "") for key in TEXT_KEYS if key in attributes)))
    return Document(base_href, images)


def parse_with_beautifulsoup(html: str) -> Document:
    """Parse with BeautifulSoup on html5lib's tree; html5lib keeps `template` contents in the tree, so skip them."""
    tree = BeautifulSoup(html, "html5lib")
    base_href = None
    for node in tree.find_all("base", href=True):
        if node.find_parent("template") is None:
            base_href = str(node["href"])
            break
    images = []
    for node in tree.find_all("img"):
        if node.find_parent("template") is None:
            src = str(node["src"]) if "src" in node.attrs else None
            images.append(Image(src, tuple((key, str(node[key])) for key in TEXT_KEYS if key in node.attrs)))
    return Document(base_href, images)


HTML_PARSERS: dict[str, HtmlParser] = {
    "lexbor": parse_with_lexbor,
    "beautifulsoup": parse_with_beautifulsoup,
}
