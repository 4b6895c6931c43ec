"""Images with their context: other sources of the URL, twins in `noscript`, captions of figures.

The rules are narrow, because a wrong pair costs more than a missing one:

- The URL is `src`, unless that is no address or a placeholder and there is another (`lazy_images`). A placeholder is
  detected by its file's name, or because several images of the page share it but load different URLs.
- An image in `noscript` is the twin of the image just before or after it (no other image between) if it has the same
  URL; if neither has, if it has the same `alt` and the other is lazy. The two count as one image, which gets the twin's
  URL and, if the URLs are equal, the twin's texts.
- A `figcaption` belongs to the only image of its `figure` (twins are one, images in the caption do not count), unless
  the figure holds another figure, or something else that the caption may be about (`_OTHER_SUBJECTS`). The caption
  of its own figure goes before that of its twin's.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from udfs.html.document import Image
from udfs.html.lazy_images import Attributes, is_named_placeholder, needs_another, other_urls
from udfs.html.profiles import TEXT_KEYS, Profile
from udfs.html.trees import Tree

_OTHER_SUBJECTS = frozenset(
    "video audio iframe object embed canvas table pre blockquote math svg amp-video amp-audio amp-iframe "
    "amp-youtube".split()
)
_ICON_WITHIN = ("a", "button")  # a drawing in these is an icon, not a subject


@dataclass(slots=True)
class _Element:
    """An `img` and what is known of its surroundings."""

    attributes: Attributes
    src: str | None
    others: tuple[str, ...] = ()
    in_noscript: bool = False
    figure: Hashable = None
    has_twin: bool = False
    twin_of: "_Element | None" = None
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
    if profile.beyond_src and tree.tags("noscript"):
        for node, element in zip(nodes, elements, strict=True):
            element.in_noscript = tree.closest(node, ("noscript",)) is not None
    if profile.beyond_src:
        _keep_src_where_it_serves(elements)
        if any(element.in_noscript for element in elements):
            _unite_twins(elements)
    if captions:
        for node, element in zip(nodes, elements, strict=True):
            element.figure = _figure_beside(tree, node)
        _hand_out(tree, captions, elements)
    keys = profile.attribute_keys
    images = [
        Image(element.src, _texts(element, keys), element.others) for element in elements if element.twin_of is None
    ]
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
    for is_twin in (_has_url_of, _has_alt_of):
        for at, twin in enumerate(elements):
            if not twin.in_noscript or twin.twin_of is not None or needs_another(twin.src):
                continue
            for beside in elements[max(at - 1, 0) : at] + elements[at + 1 : at + 2]:
                if not (beside.in_noscript or beside.has_twin) and is_twin(twin, beside):
                    _unite(beside, twin)
                    break


def _has_url_of(twin: _Element, element: _Element) -> bool:
    url = (twin.src or "").strip()
    return url in element.others if element.others else url == (element.src or "").strip()


def _has_alt_of(twin: _Element, element: _Element) -> bool:
    return bool(_alt(twin)) and _alt(twin) == _alt(element) and _is_lazy(element)


def _is_lazy(element: _Element) -> bool:
    return bool(element.others) or needs_another(element.src)


def _unite(element: _Element, twin: _Element) -> None:
    """Make one image of an element and the one in `noscript`."""
    if _has_url_of(twin, element):
        element.lent = twin.attributes
    if _is_lazy(element):
        element.others = tuple(dict.fromkeys([*element.others, (twin.src or "").strip()]))
    element.has_twin, twin.twin_of = True, element


def _alt(element: _Element) -> str:
    return (element.attributes.get("alt") or "").strip()


def _figure_beside(tree: Tree, node: Any) -> Hashable:
    """The figure that an element is in, unless it is in its caption."""
    around = tree.closest(node, ("figure", "figcaption"))
    return None if around is None or tree.name(around) != "figure" else tree.key(around)


def _hand_out(tree: Tree, captions: list[Any], elements: list[_Element]) -> None:
    """Give the captions of figures to their images."""
    figures = {tree.key(figure): figure for figure in tree.tags("figure")}
    texts: dict[Hashable, Any] = {}
    for caption in captions:
        texts.setdefault(_figure_around(tree, caption), caption)
    with_figures = {_figure_around(tree, figure) for figure in figures.values()}
    images: dict[Hashable, list[_Element]] = {}
    for element in elements:
        partner = element.twin_of
        if element.figure is not None and (partner is None or partner.figure != element.figure):
            images.setdefault(element.figure, []).append(element)
    own_first = sorted(images.items(), key=lambda item: item[1][0].twin_of is not None)
    for figure, within in own_first:
        image = within[0].twin_of or within[0]
        if len(within) > 1 or figure not in texts or figure in with_figures or image.caption is not None:
            continue
        if not _has_other_subject(tree, figures[figure]):
            image.caption = tree.text(texts[figure]).strip()


def _figure_around(tree: Tree, node: Any) -> Hashable:
    figure = tree.closest(node, ("figure",))
    return None if figure is None else tree.key(figure)


def _has_other_subject(tree: Tree, figure: Any) -> bool:
    for name, node in tree.within(figure):
        if name in _OTHER_SUBJECTS and _figure_beside(tree, node) is not None:
            around = tree.closest(node, ("figure", *_ICON_WITHIN))
            if name != "svg" or around is None or tree.name(around) not in _ICON_WITHIN:
                return True
    return False


def _texts(element: _Element, keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    attributes = element.attributes
    texts = [(key, attributes[key] or "") for key in keys if key in attributes]
    if element.lent is not None:
        lent = [(key, text) for key in keys if (text := element.lent.get(key)) and text != attributes.get(key)]
        texts = sorted([text for text in texts if text[1] or text[0] not in dict(lent)] + lent, key=_order)
    return tuple(texts if element.caption is None else sorted([*texts, ("figcaption", element.caption)], key=_order))


def _order(text: tuple[str, str]) -> int:
    return TEXT_KEYS.index(text[0])
