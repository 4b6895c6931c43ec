"""Extracts the images of an HTML page, and what else extraction needs, with parsers that follow the HTML standard.

`scanner` (the default) cuts out the tags that matter and parses only these with lexbor. `lexbor` parses the whole page.
`beautifulsoup` parses it with html5lib: slow, but an independent oracle. All parse with scripting off, so `noscript`
counts; comments, raw text and the contents of `template` do not.

They return the same images, except where one of them deviates from the standard. html5lib 1.1 is older: it ignores an
`img` in `select`, which browsers accept since 2025. lexbor loses `<image>`, the old spelling of `img`, directly in a
table. One order differs: the scanner keeps the order of the source, where a tree moves an image between the cells of a
table to before the table.
"""

import re
from collections.abc import Callable

from udfs.html.document import NO_IMAGES, Document, Image
from udfs.html.limits import MAX_IMAGES, within_limits
from udfs.html.profiles import PAPER, Profile
from udfs.html.rich_images import rich_images
from udfs.html.skeleton import skeleton
from udfs.html.trees import LexborTree, Tree
from udfs.opt_outs import META_WORDS


class Unparsable(Exception):
    """A parser gave up on a page."""


_IMAGE_BYTES = re.compile(rb"<im(?:g|age)", re.IGNORECASE).search
_may_opt_out = re.compile("|".join(map(re.escape, META_WORDS)), re.IGNORECASE).search

Html = str | bytes
"""Text without lone surrogates, or UTF-8 bytes (malformed parts count as U+FFFD): see `charsets.as_html`."""

HtmlParser = Callable[[Html, Profile], Document]


def parse_with_scanner(html: Html, profile: Profile = PAPER) -> Document:
    """Parse the page's skeleton with lexbor, or the whole page if it has none; never raises."""
    page = html if isinstance(html, bytes) else html.encode()
    cut = skeleton(page, with_whole=profile.looks_around)
    if cut is None:
        return parse_with_lexbor(page, profile)
    return _lexbor_document(cut, profile) if cut else NO_IMAGES


def parse_with_lexbor(html: Html, profile: Profile = PAPER) -> Document:
    """Parse with lexbor; never raises. A page without the bytes `<img` or `<image` is not parsed."""
    page = html if isinstance(html, bytes) else html.encode()
    return NO_IMAGES if _IMAGE_BYTES(page) is None else _lexbor_document(page, profile)


def parse_with_beautifulsoup(html: Html, profile: Profile = PAPER) -> Document:
    """Parse with BeautifulSoup on html5lib's tree. Raises `Unparsable` for pages on which html5lib fails."""
    from udfs.html.soup_tree import SoupTree  # an extra, which only this parser needs

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
    """Name and content of the `meta` elements that may opt out."""
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
