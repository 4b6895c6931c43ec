"""The tree of a page by BeautifulSoup and html5lib, for `--html-parser beautifulsoup`."""

import warnings
from collections.abc import Hashable, Iterator

from bs4 import BeautifulSoup, NavigableString, Tag, XMLParsedAsHTMLWarning

from udfs.html.lazy_images import Attributes
from udfs.html.trees import BLOCKS, NOT_READ, nearest_block

warnings.filterwarnings("ignore", category=XMLParsedAsHTMLWarning)  # here, XHTML is parsed as HTML on purpose

_NAMESPACES = {"http://www.w3.org/2000/svg": "svg", "http://www.w3.org/1998/Math/MathML": "math"}


class SoupTree:
    """A tree by html5lib. It skips the contents of `template`, which html5lib keeps in the tree.

    Raises `AssertionError` for pages on which html5lib fails."""

    def __init__(self, html: str) -> None:
        self._soup = BeautifulSoup(html, "html5lib")

    def tags(self, name: str) -> list[Tag]:
        nodes = self._soup.find_all(name)
        shown = [node for node in nodes if self.name(node) == name and not self._is_in_template(node)]
        return sorted(shown, key=lambda node: (node.sourceline or 0, node.sourcepos or 0))

    def _is_in_template(self, node: Tag) -> bool:
        return any(self.name(around) == "template" for around in node.find_parents("template"))

    def attribute(self, node: Tag, name: str) -> str | None:
        return self.attributes(node).get(name)

    def attributes(self, node: Tag) -> Attributes:
        return {name: value if isinstance(value, str) else " ".join(value) for name, value in node.attrs.items()}

    def key(self, node: Tag) -> Hashable:
        return id(node)

    def name(self, node: Tag) -> str:
        namespace = _NAMESPACES.get(node.namespace or "", node.name)
        return node.name if namespace == node.name else f"{namespace} {node.name}"

    def parent(self, node: Tag) -> Tag | None:
        return node.parent

    def closest(self, node: Tag, names: tuple[str, ...]) -> Tag | None:
        return next((around for around in node.parents if self.name(around) in names), None)

    def children(self, node: Tag) -> Iterator[tuple[str, Tag]]:
        return ((self.name(child), child) for child in node.children if isinstance(child, Tag))

    def within(self, node: Tag) -> Iterator[tuple[str, Tag]]:
        return ((self.name(part), part) for part in node.find_all(True) if not self._is_in_template(part))

    def text(self, node: Tag) -> str:
        parts, last = [], None
        blocks: dict[Hashable, Hashable] = {id(node): id(node)}
        for part in node.descendants:
            if isinstance(part, Tag):
                parts += [" "] * (self.name(part) in BLOCKS)
            elif type(part) is NavigableString:
                block = nearest_block(self, part.parent, blocks)
                if block != NOT_READ:
                    parts += [str(part)] if block == last else [" ", str(part)]
                    last = block
        return "".join(parts)
