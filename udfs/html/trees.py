"""The tree of a page, with the few methods that extraction needs, and that of turbohtml.

An element of SVG or MathML is no element of HTML, even where both have the name: `<svg><figcaption>` captions nothing.
Here its name has a prefix, as html5lib-tests write it (`svg figcaption`), except for the roots `svg` and `math`
themselves. No tag can spell a name with a space.
"""

import re
from collections.abc import Hashable, Iterator, Mapping
from typing import Any, Protocol

from turbohtml import Element, Namespace, Text, parse

BLOCKS = frozenset(
    "address article aside blockquote br center dd details dialog div dl dt fieldset figcaption figure footer form h1 "
    "h2 h3 h4 h5 h6 header hgroup hr li main nav ol p pre section table tbody td tfoot th thead tr ul".split()
)
_NO_TEXT = frozenset("script style template noembed noframes iframe textarea xmp title".split())
_NO_TEXT |= {"svg script", "svg style", "svg title"}
NOT_READ = "text that is not shown"
_has_template = re.compile(rb"<(?i:template)").search
_selected_content = re.compile(rb"<(?i:selectedcontent)").sub  # gets a copy of an option, with its images


class Tree(Protocol):
    """The elements of a page, except those in `template`. Nodes are the parser's own objects."""

    def tags(self, name: str) -> list[Any]:
        """The elements of this name, in the order of the source."""
        ...

    def attribute(self, node: Any, name: str) -> str | None:
        """An element's attribute as written, entities decoded; empty for one without value, None for none."""
        ...

    def attributes(self, node: Any) -> Mapping[str, Any]:
        """All of an element's attributes, by lower-case name."""
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

    def closest(self, node: Any, names: tuple[str, ...]) -> Any | None:
        """The innermost element around this one that has one of these names."""
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


class TurboTree:
    """A tree by turbohtml, of UTF-8 bytes (malformed parts count as U+FFFD)."""

    def __init__(self, html: bytes) -> None:
        html = _selected_content(b"<no-copy", html)
        self._document = parse(html.decode("utf-8", "replace"), allow_declarative_shadow_roots=False)
        self._hidden = self._in_templates() if _has_template(html) else frozenset()

    def _in_templates(self) -> set[Element]:
        hidden: set[Element] = set()
        for template in self._document.find_all("template"):
            if template.namespace is Namespace.HTML and template not in hidden:
                hidden.update(template.iter_elements())
        return hidden

    def tags(self, name: str) -> list[Element]:
        nodes = [node for node in self._document.find_all(name) if node.namespace is Namespace.HTML]
        if self._hidden:
            nodes = [node for node in nodes if node not in self._hidden]
        return sorted(nodes, key=_position)

    attribute = staticmethod(Element.attr)

    def attributes(self, node: Element) -> Mapping[str, Any]:
        return node.attrs

    def key(self, node: Element) -> Hashable:
        return node

    def name(self, node: Element) -> str:
        tag, namespace = node.tag, node.namespace
        return tag if namespace is Namespace.HTML or tag == namespace.value else f"{namespace.value} {tag}"

    def parent(self, node: Element) -> Element | None:
        around = node.parent
        return around if isinstance(around, Element) else None

    def closest(self, node: Element, names: tuple[str, ...]) -> Element | None:
        around = self.parent(node)
        while around is not None and (around := around.closest(",".join(names))) is not None:
            if around.namespace is Namespace.HTML:
                break
            around = self.parent(around)
        return around

    def children(self, node: Element) -> Iterator[tuple[str, Element]]:
        return ((self.name(child), child) for child in node.children if isinstance(child, Element))

    def within(self, node: Element) -> Iterator[tuple[str, Element]]:
        return ((self.name(part), part) for part in node.iter_elements() if part not in self._hidden)

    def text(self, node: Element) -> str:
        parts, last = [], None
        blocks: dict[Hashable, Hashable] = {node: node}
        for part in node.descendants:
            if isinstance(part, Text):
                block = nearest_block(self, part.parent, blocks)
                if block != NOT_READ:
                    parts += [part.data] if block == last else [" ", part.data]
                    last = block
            elif isinstance(part, Element) and self.name(part) in BLOCKS:
                parts.append(" ")
        return "".join(parts)


def _position(node: Element) -> tuple[int, int]:
    """Where an element's tag starts. A tree moves an element that is not allowed in a table to before the table."""
    return node.position or (0, 0)


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
