"""Finds the end of elements that can be cut out of a page whole, without building the page's tree.

Tokens alone do not show where an element ends if elements are badly nested: a stray `</div>` closes elements outside,
a `<td>` closes the cell around it. An element is plain if no tag inside it can do so: it contains only the tags below,
and those that close other elements (`_CLOSING`) are properly nested.
"""

import re
from collections.abc import Callable

from udfs.html.tokens import after_comment, bogus_comment, start_or_end_tag

_CLOSING = frozenset(
    b"figure figcaption div section article header footer center button p h1 h2 h3 h4 h5 h6".split()
)  # their end tags close all elements open inside them
_HEADINGS = frozenset(b"h1 h2 h3 h4 h5 h6".split())
_ORDINARY = frozenset(
    b"a abbr b big cite code em font i label mark nobr noscript picture q s small span strike strong sub sup time tt u "
    b"img image source br hr wbr link meta".split()
)  # their end tags close nothing outside a `figure`, or nothing at all
_RAW = {
    name: re.compile(rb"</%b(?=[\t\n\f\r />])" % name, re.IGNORECASE).search
    for name in (b"script", b"style", b"iframe")
}
_plain_drawing = re.compile(
    rb"(?:[\t\n\f\r ]++|</?(?:circle|defs|ellipse|g|line|path|polygon|polyline|rect|use)(?=[\t\n\f\r />])[^<>]*+>)*+"
    rb"</svg>",
    re.IGNORECASE,
).match


def end_of_plain(html: bytes, start: int, in_button: Callable[[int], bool]) -> int | None:
    """The end of the element that starts at `start`; None if its tags alone do not show it. `in_button` says whether a
    `button`, which a second one would close, may be open at a position."""
    opened: list[bytes] = []
    open_button = False
    position = start
    while (place := html.find(b"<", position)) >= 0:
        if html.startswith(b"<!--", place):
            position = after_comment(html, place)
            continue
        tag = start_or_end_tag(html, place)
        if tag is None:
            bogus = bogus_comment(html, place)
            if bogus is None and not _is_text(html, place):
                return None
            position = place + 1 if bogus is None else bogus.end()
            continue
        name, position = tag[1].lower(), tag.end()
        is_end = name.startswith(b"/")
        name = name.removeprefix(b"/")
        if not opened:
            opened.append(name)
        elif name in _CLOSING or name == opened[0]:
            if not is_end:
                if name in _HEADINGS and opened[-1] in _HEADINGS:
                    return None
                if name == b"button" and (open_button or in_button(start)):
                    return None
                open_button |= name == b"button"
                opened.append(name)
            elif opened.pop() != name:
                return None
            elif name == b"button":
                open_button = False
            elif not opened:
                return position
        elif name in _RAW and not is_end:
            end = _RAW[name](html, position)
            if end is None or html.find(b"<!--", position, end.start()) >= 0:
                return None
            position = end.start()
        elif name == b"svg" and not is_end:
            drawing = _plain_drawing(html, position)
            if drawing is None:
                return None
            position = drawing.end()
        elif name not in _ORDINARY and name not in _RAW and b"-" not in name:
            return None
    return None


def _is_text(html: bytes, place: int) -> bool:
    """Whether the `<` at `place` is text: no tag and no comment."""
    following = html[place + 1 : place + 2]
    return not (following.isalpha() or following in (b"/", b"!", b"?"))
