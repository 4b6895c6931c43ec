"""Images with what stands around them: other places of their URL, twins in `noscript`, captions of figures.

What belongs to an image is decided narrowly, since a wrong pair costs more than a missing one:

- The URL is `src`, unless that is no address or a placeholder and there is another (`lazy_images`). A placeholder is
  told by its file's name, or by several images of the page that share it and differ in what they will load.
- An image in `noscript` is the twin of the one just before or after it (no other image between) if it has the same URL,
  or the same `alt` and the other is lazy. The two are one image; the twin lends its URL, and if that is the same, its
  texts.
- A `figcaption` belongs to the only image of its `figure` (twins are one, images in the caption do not count), unless
  the figure holds another figure, or something else that the caption may be about (`_OTHER_SUBJECTS`).
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from udfs.document import Image
from udfs.html_trees import Tree
from udfs.lazy_images import Attributes, is_named_placeholder, needs_another, other_urls
from udfs.profiles import TEXT_KEYS, Profile

_OTHER_SUBJECTS = ("video", "audio", "iframe", "object", "embed", "canvas", "table", "pre", "blockquote")


@dataclass(slots=True)
class _Element:
    """An `img` and what is known of its surroundings."""

    attributes: Attributes
    src: str | None
    others: tuple[str, ...] = ()
    in_noscript: bool = False
    figure: Hashable = None
    has_twin: bool = False
    is_twin: bool = False
    lent: Attributes | None = None
    caption: str | None = None


def rich_images(tree: Tree, nodes: list[Any], profile: Profile) -> tuple[list[Image], int]:
    """The images of these `img` nodes in document order, and how many of the nodes are another's twin."""
    sources = _sources(tree) if profile.beyond_src else {}
    elements = []
    for node in nodes:
        attributes = tree.attributes(node)
        element = _Element(attributes, (attributes["src"] or "") if "src" in attributes else None)
        if profile.beyond_src:
            element.others = other_urls(attributes, sources.get(tree.key(node), ()))
        elements.append(element)
    captions = tree.tags("figcaption") if "figcaption" in profile.text_keys else []
    if captions or tree.tags("noscript"):
        _look_around(tree, nodes, elements)
    if profile.beyond_src:
        _keep_src_where_it_serves(elements)
        _unite_twins(elements)
    if captions:
        _hand_out(tree, captions, elements)
    keys = profile.attribute_keys
    images = [Image(element.src, _texts(element, keys), element.others) for element in elements if not element.is_twin]
    return images, len(elements) - len(images)


def _sources(tree: Tree) -> dict[Hashable, list[Attributes]]:
    """The `source` elements before the image of each `picture`, by the image."""
    sources: dict[Hashable, list[Attributes]] = {}
    for picture in tree.tags("picture"):
        before: list[Attributes] = []
        for name, child in tree.children(picture):
            if name == "source":
                before.append(tree.attributes(child))
            elif name == "img":
                sources[tree.key(child)] = before
                break
    return sources


def _look_around(tree: Tree, nodes: list[Any], elements: list[_Element]) -> None:
    for node, element in zip(nodes, elements, strict=True):
        in_caption = False
        for name, around in tree.ancestors(node):
            if name == "noscript":
                element.in_noscript = True
            elif name == "figcaption":
                in_caption = True
            elif name == "figure" and not in_caption:
                element.figure, in_caption = tree.key(around), True  # the nearest one only


def _keep_src_where_it_serves(elements: list[_Element]) -> None:
    """Leave the other URLs to the images whose `src` is no address or a placeholder."""
    loads: dict[str, set[str]] = {}  # by a `src`, what the images that have it will load
    for element in elements:
        if element.src and element.others:
            loads.setdefault(element.src, set()).add(element.others[0])
    for element in elements:
        src = element.src
        if src and element.others and not needs_another(src) and len(loads[src]) == 1 and not is_named_placeholder(src):
            element.others = ()


def _unite_twins(elements: list[_Element]) -> None:
    for at, element in enumerate(elements):
        if element.in_noscript and not needs_another(element.src):
            for beside in elements[max(at - 1, 0) : at] + elements[at + 1 : at + 2]:
                if not (beside.in_noscript or beside.has_twin) and _unite(beside, element):
                    break


def _unite(element: _Element, twin: _Element) -> bool:
    """Make one image of an element and the one in `noscript`, if they are."""
    src = (twin.src or "").strip()
    if src == (element.src or "").strip() or src in element.others:
        element.lent = twin.attributes
    elif not (_alt(twin) and _alt(twin) == _alt(element) and (element.others or needs_another(element.src))):
        return False
    if element.others or needs_another(element.src):
        element.others = tuple(dict.fromkeys([*element.others, src]))
    element.has_twin = twin.is_twin = True
    return True


def _alt(element: _Element) -> str:
    return (element.attributes.get("alt") or "").strip()


def _hand_out(tree: Tree, captions: list[Any], elements: list[_Element]) -> None:
    """Give the captions of figures to their images."""
    texts: dict[Hashable, Any] = {}
    for caption in captions:
        figure = _figure_around(tree, caption, past_captions=True)
        if figure is not None:
            texts.setdefault(figure, caption)
    several = {_figure_around(tree, figure, past_captions=True) for figure in tree.tags("figure")}
    several.update(
        _figure_around(tree, subject, past_captions=False) for name in _OTHER_SUBJECTS for subject in tree.tags(name)
    )
    images: dict[Hashable, list[_Element]] = {}
    for element in elements:
        if not element.is_twin and element.figure is not None:
            images.setdefault(element.figure, []).append(element)
    for figure, within in images.items():
        if len(within) == 1 and figure in texts and figure not in several:
            within[0].caption = tree.text(texts[figure]).strip()


def _figure_around(tree: Tree, node: Any, *, past_captions: bool) -> Hashable:
    """The nearest `figure` around a node; None where there is none, or a `figcaption` is nearer and counts."""
    for name, around in tree.ancestors(node):
        if name == "figure":
            return tree.key(around)
        if name == "figcaption" and not past_captions:
            return None
    return None


def _texts(element: _Element, keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    attributes = element.attributes
    texts = [(key, attributes[key] or "") for key in keys if key in attributes]
    if element.lent is not None:
        lent = [(key, text) for key in keys if (text := element.lent.get(key)) and text != attributes.get(key)]
        texts = sorted([text for text in texts if text[1] or text[0] not in dict(lent)] + lent, key=_order)
    return tuple(texts if element.caption is None else sorted([*texts, ("figcaption", element.caption)], key=_order))


def _order(text: tuple[str, str]) -> int:
    return TEXT_KEYS.index(text[0])
