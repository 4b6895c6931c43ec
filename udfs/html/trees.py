"""The tree of a page, with the few methods that extraction needs, and that of lexbor.

An element of SVG or MathML is no element of HTML, even where both have the name: `<svg><figcaption>` captions nothing.
Here its name has a prefix, as html5lib-tests write it (`svg figcaption`), except for the roots `svg` and `math`
themselves. No tag can spell a name with a space.
"""

import re
from collections.abc import Hashable, Iterator
from typing import Any, Protocol

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode

from udfs.html.lazy_images import Attributes

_AS_WRITTEN = LexborDocumentOptions.WO_EVENTS.value  # with events, <selectedcontent> gets a copy of an option's image
BLOCKS = frozenset(
    "address article aside blockquote br center dd details dialog div dl dt fieldset figcaption figure footer form h1 "
    "h2 h3 h4 h5 h6 header hgroup hr li main nav ol p pre section table tbody td tfoot th thead tr ul".split()
)
_NO_TEXT = frozenset("script style template noembed noframes iframe textarea xmp title".split())
_NO_TEXT |= {"svg script", "svg style", "svg title"}
NOT_READ = "text that is not shown"
_ALWAYS_HTML = ("img", "meta")  # the HTML standard, 13.2.6.5: their tags end foreign content
_has_foreign = re.compile(rb"<(?:svg|math)", re.IGNORECASE).search
_HTML_WITHIN = frozenset(
    ("svg foreignObject", "svg desc", "svg title", "math mi", "math mo", "math mn", "math ms", "math mtext")
)


class Tree(Protocol):
    """The elements of a page, except those in `template`. Nodes are the parser's own objects."""

    def tags(self, name: str) -> list[Any]:
        """The elements of this name, in document order."""
        ...

    def attributes(self, node: Any) -> Attributes:
        """An element's attributes as written, entities decoded."""
        ...

    def key(self, node: Any) -> Hashable:
        """A key that identifies an element."""
        ...

    def name(self, node: Any) -> str:
        """An element's name."""
        ...

    def parent(self, node: Any) -> Any | None:
        """The element that contains this one; None for the outermost."""
        ...

    def children(self, node: Any) -> Iterator[tuple[str, Any]]:
        """The names and nodes of an element's children, in order."""
        ...

    def within(self, node: Any) -> Iterator[tuple[str, Any]]:
        """The names and nodes of all elements inside one, at any depth."""
        ...

    def text(self, node: Any) -> str:
        """The text of an element as a reader sees it: spaces between blocks, without scripts and other raw text."""
        ...


class LexborTree:
    """A tree by lexbor, of UTF-8 bytes."""

    def __init__(self, html: bytes) -> None:
        self._parser = LexborHTMLParser(html, options=_AS_WRITTEN)
        self._has_foreign = _has_foreign(html) is not None
        self._names: dict[Hashable, str] = {}

    def tags(self, name: str) -> list[LexborNode]:
        nodes = self._parser.tags(name)
        if not self._has_foreign or name in _ALWAYS_HTML:
            return nodes
        return [node for node in nodes if self.name(node) == name]

    def attributes(self, node: LexborNode) -> Attributes:
        return node.attributes

    def key(self, node: LexborNode) -> Hashable:
        return node.mem_id

    def name(self, node: LexborNode) -> str:
        """Lexbor does not tell the namespace: what an element lies in does (the HTML standard, 13.2.6)."""
        if not self._has_foreign:
            return node.tag or ""
        names, way = self._names, []
        around: LexborNode | None = node
        while around is not None and around.mem_id not in names:
            way.append(around)
            around = around.parent
        for part in reversed(way):
            names[part.mem_id] = self._name_in_parent(part)
        return names[node.mem_id]

    def _name_in_parent(self, node: LexborNode) -> str:
        tag, parent = node.tag or "", node.parent
        around = "" if parent is None else self._names[parent.mem_id]
        namespace = around.partition(" ")[0]
        is_html = namespace not in ("svg", "math") or around in _HTML_WITHIN
        if around == "math annotation-xml" and parent is not None:
            encoding = (parent.attributes.get("encoding") or "").lower()
            is_html = tag == "svg" or encoding in ("text/html", "application/xhtml+xml")
        return tag if is_html else f"{namespace} {tag}"

    def parent(self, node: LexborNode) -> LexborNode | None:
        return node.parent

    def children(self, node: LexborNode) -> Iterator[tuple[str, LexborNode]]:
        return ((self.name(child), child) for child in node.iter(include_text=False))

    def within(self, node: LexborNode) -> Iterator[tuple[str, LexborNode]]:
        return ((self.name(part), part) for part in node.traverse())

    def text(self, node: LexborNode) -> str:
        parts, last = [], None
        blocks: dict[Hashable, Hashable] = {node.mem_id: node.mem_id}
        for part in node.traverse(include_text=True):
            if part.is_text_node:
                block = nearest_block(self, part.parent, blocks)
                if block != NOT_READ:
                    parts += [part.text_content or ""] if block == last else [" ", part.text_content or ""]
                    last = block
            elif self.name(part) in BLOCKS:
                parts.append(" ")
        return "".join(parts)


def nearest_block(tree: Tree, node: Any | None, blocks: dict[Hashable, Hashable]) -> Hashable:
    """The block that an element is or is in, `NOT_READ` where an element around it hides its text.

    Memoised in `blocks`, so each ancestor is visited once.
    """
    path = []
    while node is not None and tree.key(node) not in blocks:
        path.append(node)
        node = tree.parent(node)
    block = None if node is None else blocks[tree.key(node)]
    for around in reversed(path):
        name, key = tree.name(around), tree.key(around)
        if block != NOT_READ:
            block = NOT_READ if name in _NO_TEXT else key if name in BLOCKS else block
        blocks[key] = block
    return block
