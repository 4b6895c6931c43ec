"""Images of an HTML page and what else extraction takes from it, by parsers that follow the HTML standard.

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

from bs4 import XMLParsedAsHTMLWarning

from udfs.html.document import NO_IMAGES, Document, Image
from udfs.html.limits import MAX_IMAGES, within_limits
from udfs.html.profiles import PAPER, Profile
from udfs.html.rich_images import rich_images
from udfs.html.skeleton import skeleton
from udfs.html.trees import LexborTree, SoupTree, Tree

warnings.filterwarnings("ignore", category=XMLParsedAsHTMLWarning)  # XHTML is meant to be read as HTML here


class Unparsable(Exception):
    """A parser gave up on a page."""


_IMAGE_BYTES = re.compile(rb"<im(?:g|age)", re.IGNORECASE).search
_may_opt_out = re.compile("noai|noimageai|noindex|none|tdm-reservation", re.IGNORECASE).search

Html = str | bytes
"""Text without lone surrogates, or bytes that are UTF-8 (malformed parts count as U+FFFD): see `charsets.as_html`."""

HtmlParser = Callable[[Html, Profile], Document]


def parse_with_scanner(html: Html, profile: Profile = PAPER) -> Document:
    """Parse the page's skeleton with lexbor, or the page where it has none; never raises."""
    page = html if isinstance(html, bytes) else html.encode()
    cut = skeleton(page, with_whole=profile.looks_around)
    if cut is None:
        return parse_with_lexbor(page, profile)
    return _lexbor_document(cut, profile) if cut else NO_IMAGES


def parse_with_lexbor(html: Html, profile: Profile = PAPER) -> Document:
    """Parse with lexbor; never raises. A page that does not hold the bytes `<img` or `<image` is not parsed at all."""
    page = html if isinstance(html, bytes) else html.encode()
    return NO_IMAGES if _IMAGE_BYTES(page) is None else _lexbor_document(page, profile)


def parse_with_beautifulsoup(html: Html, profile: Profile = PAPER) -> Document:
    """Parse with BeautifulSoup on html5lib's tree. Raises `Unparsable` for the pages on which html5lib trips."""
    page = html if isinstance(html, bytes) else html.encode()
    bounded = within_limits(page)
    try:
        tree = SoupTree(bounded.decode("utf-8", "replace"))
    except AssertionError as error:
        raise Unparsable from error
    return _document(tree, profile, is_cut=len(bounded) < len(page))


def _lexbor_document(html: bytes, profile: Profile) -> Document:
    bounded = within_limits(html)
    return _document(LexborTree(bounded), profile, is_cut=len(bounded) < len(html))


def _document(tree: Tree, profile: Profile, *, is_cut: bool) -> Document:
    nodes = tree.tags("img")
    is_capped = is_cut or len(nodes) > MAX_IMAGES
    if not nodes:
        return Document(None, [], is_capped)
    twins = 0
    if profile.looks_around:
        images, twins = rich_images(tree, nodes[:MAX_IMAGES], profile)
    else:
        images = []
        for node in nodes[:MAX_IMAGES]:
            attributes = tree.attributes(node)
            src = (attributes["src"] or "") if "src" in attributes else None
            texts = tuple([(key, attributes[key] or "") for key in profile.text_keys if key in attributes])
            images.append(Image(src, texts))
    bases = (tree.attributes(node) for node in tree.tags("base"))
    base_href = next((base["href"] or "" for base in bases if "href" in base), None)
    return Document(base_href, images, is_capped, _metas(tree), twins)


def _metas(tree: Tree) -> tuple[tuple[str, str], ...]:
    """Name and content of the `meta` elements that may say no."""
    metas = []
    for node in tree.tags("meta"):
        attributes = tree.attributes(node)
        name, content = attributes.get("name") or "", attributes.get("content") or ""
        if _may_opt_out(name) or _may_opt_out(content):
            metas.append((name.strip().lower(), content))
    return tuple(metas)


HTML_PARSERS: dict[str, HtmlParser] = {
    "scanner": parse_with_scanner,
    "lexbor": parse_with_lexbor,
    "beautifulsoup": parse_with_beautifulsoup,
}
