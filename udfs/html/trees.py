"""Trees of a page by lexbor and by html5lib, behind the few methods that extraction needs."""

from collections.abc import Hashable, Iterator
from typing import Any, Protocol

from bs4 import BeautifulSoup, NavigableString, Tag
from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode

from udfs.html.lazy_images import Attributes

_AS_WRITTEN = LexborDocumentOptions.WO_EVENTS.value  # with events, <selectedcontent> gets a copy of an option's image
_BLOCKS = frozenset(
    "address article aside blockquote br center dd details dialog div dl dt fieldset figcaption figure footer form h1 "
    "h2 h3 h4 h5 h6 header hgroup hr li main nav ol p pre section table tbody td tfoot th thead tr ul".split()
)
_NO_TEXT = frozenset("script style template noembed noframes iframe textarea xmp title".split())


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

    def tags(self, name: str) -> list[LexborNode]:
        return self._parser.tags(name)

    def attributes(self, node: LexborNode) -> Attributes:
        return node.attributes

    def key(self, node: LexborNode) -> Hashable:
        return node.mem_id

    def name(self, node: LexborNode) -> str:
        return node.tag or ""

    def parent(self, node: LexborNode) -> LexborNode | None:
        return node.parent

    def children(self, node: LexborNode) -> Iterator[tuple[str, LexborNode]]:
        return ((child.tag or "", child) for child in node.iter(include_text=False))

    def within(self, node: LexborNode) -> Iterator[tuple[str, LexborNode]]:
        return ((part.tag or "", part) for part in node.traverse())

    def text(self, node: LexborNode) -> str:
        parts, last = [], None
        blocks: dict[Hashable, Hashable] = {}  # by element, the nearest block
        for part in node.traverse(include_text=True):
            if part.tag in _BLOCKS:
                parts.append(" ")
            elif part.is_text_node and (part.parent is None or part.parent.tag not in _NO_TEXT):
                block = _nearest_block(self, part.parent, blocks)
                parts += [part.text_content or ""] if block == last else [" ", part.text_content or ""]
                last = block
        return "".join(parts)


class SoupTree:
    """A tree by html5lib. It skips the contents of `template`, which html5lib keeps in the tree.

    Raises `AssertionError` for pages on which html5lib fails."""

    def __init__(self, html: str) -> None:
        self._soup = BeautifulSoup(html, "html5lib")

    def tags(self, name: str) -> list[Tag]:
        return [node for node in self._soup.find_all(name) if node.find_parent("template") is None]

    def attributes(self, node: Tag) -> Attributes:
        return {name: value if isinstance(value, str) else " ".join(value) for name, value in node.attrs.items()}

    def key(self, node: Tag) -> Hashable:
        return id(node)

    def name(self, node: Tag) -> str:
        return node.name

    def parent(self, node: Tag) -> Tag | None:
        return node.parent

    def children(self, node: Tag) -> Iterator[tuple[str, Tag]]:
        return ((child.name, child) for child in node.children if isinstance(child, Tag))

    def within(self, node: Tag) -> Iterator[tuple[str, Tag]]:
        return ((part.name, part) for part in node.find_all(True) if part.find_parent("template") is None)

    def text(self, node: Tag) -> str:
        parts, last = [], None
        blocks: dict[Hashable, Hashable] = {}
        for part in node.descendants:
            if isinstance(part, Tag):
                parts += [" "] * (part.name in _BLOCKS)
            elif type(part) is NavigableString and not any(around.name in _NO_TEXT for around in part.parents):
                block = _nearest_block(self, part.parent, blocks)
                parts += [str(part)] if block == last else [" ", str(part)]
                last = block
        return "".join(parts)


def _nearest_block(tree: Tree, node: Any | None, blocks: dict[Hashable, Hashable]) -> Hashable:
    """The block that an element is or is in. Memoised in `blocks`, so each ancestor is visited once."""
    path = []
    block: Hashable = None
    while node is not None:
        key = tree.key(node)
        if key in blocks:
            block = blocks[key]
            break
        path.append(key)
        if tree.name(node) in _BLOCKS:
            block = key
            break
        node = tree.parent(node)
    blocks.update(dict.fromkeys(path, block))
    return block
