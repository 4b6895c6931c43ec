"""Extracts the images of an HTML page, and what else extraction needs, with parsers that follow the HTML standard.

`turbohtml` (the default) parses the page's skeleton if the compiled `skeleton` is there and the page has a skeleton,
else the whole page. The images are the same, unless the page exceeds the `limits`, or nests elements more than 500 deep
(turbohtml then closes some). `beautifulsoup` parses the page with html5lib: slow, but an independent oracle.
Both parse with scripting off, so `noscript` counts; comments, raw text and the contents of `template` do not.

They return the same images, except where html5lib 1.1 deviates from today's standard. For example, it ignores an `img`
in `select`, which browsers accept since 2025.
"""

import re
from collections.abc import Callable

from udfs.html.document import NO_IMAGES, Document, Image
from udfs.html.limits import ANY, MAX_IMAGES, within_limits
from udfs.html.profiles import PAPER, Profile
from udfs.html.rich_images import rich_images
from udfs.html.skeleton import skeleton
from udfs.html.trees import Tree, TurboTree
from udfs.opt_outs import META_WORDS


class Unparsable(Exception):
    """A parser gave up on a page."""


_IMAGE_BYTES = re.compile(rb"<im(?:g|age)", re.IGNORECASE).search
_may_opt_out = re.compile("|".join(map(re.escape, META_WORDS)), re.IGNORECASE | re.ASCII).search

Html = str | bytes
"""Text without lone surrogates, or UTF-8 bytes (malformed parts count as U+FFFD): see `charsets.as_html`."""

HtmlParser = Callable[[Html, Profile], Document]


def parse_with_turbohtml(html: Html, profile: Profile = PAPER) -> Document:
    """Parse with turbohtml; never raises for `Html`. A page without the bytes `<img` or `<image` is not parsed."""
    page = html if isinstance(html, bytes) else html.encode()
    cut = skeleton(page, profile.looks_around) if skeleton else page if _IMAGE_BYTES(page) else b""
    if cut is None:
        cut = page
    if not cut:
        return NO_IMAGES
    bounded = within_limits(cut)
    return _document(TurboTree(bounded), profile, is_cut=len(bounded) < len(cut))


def parse_with_beautifulsoup(html: Html, profile: Profile = PAPER) -> Document:
    """Parse with BeautifulSoup on html5lib's tree. Raises `Unparsable` for pages on which html5lib fails."""
    from udfs.html.soup_tree import SoupTree  # an extra, which only this parser needs

    page = html if isinstance(html, bytes) else html.encode()
    bounded = within_limits(page, ANY)
    try:
        tree = SoupTree(bounded.decode("utf-8", "replace"))
    except AssertionError as error:
        raise Unparsable from error
    return _document(tree, profile, is_cut=len(bounded) < len(page))


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
            texts = [(key, text) for key in profile.text_keys if (text := tree.attribute(node, key)) is not None]
            images.append(Image(tree.attribute(node, "src"), tuple(texts)))
    bases = (tree.attribute(node, "href") for node in tree.tags("base"))
    base_href = next((href for href in bases if href is not None), None)
    return Document(base_href, images, is_capped, _metas(tree), twins)


def _metas(tree: Tree) -> tuple[tuple[str, str], ...]:
    """Name and content of the `meta` elements that may opt out."""
    metas = []
    for node in tree.tags("meta"):
        name, content = tree.attribute(node, "name") or "", tree.attribute(node, "content") or ""
        if _may_opt_out(name) or _may_opt_out(content):
            metas.append((name.strip().lower(), content))
    return tuple(metas)


HTML_PARSERS: dict[str, HtmlParser] = {
    "turbohtml": parse_with_turbohtml,
    "beautifulsoup": parse_with_beautifulsoup,
}
