"""Limits how much of a page is parsed, so that no page blocks its reader or fills the memory.

Nested elements make a tree larger and slower than its page. A tag may search all open elements. Each block copies the
formatting elements (`b`, `font` …) left open before it: 22 kB of `<b id=1><p><b id=2><p>…` become a million nodes.
The attributes of a tag are compared with each other. This module estimates that work from the page's tags before
parsing, so the cut depends only on the page, not on the load of the machine.
"""

import re

import numpy as np
import numpy.typing as npt

from udfs.html.tag_codes import BITS, CODES, tag_code, tag_codes

MAX_TREE_WORK = 10_000_000
"""The most work (see `_work`) for a tree: 4,400 nested elements, 1,100 formatting elements between as many blocks,
5,400 attributes of one tag, or 2.5 million tags that are not nested."""

MAX_IMAGES = 100_000
"""The most images to take from a page."""

_TAG_WORK, _FORMATTING_WORK, _ATTRIBUTES_A_WORK = 4, 8, 3
_LONG_TAG_BYTES = 4_000
_FORMATTING = b"a b big code em font i nobr s small strike strong tt u".split()
_NEVER_OPEN = (  # void elements, and elements that the next one of their kind closes
    b"area base br col embed hr image img input keygen link meta param source track wbr frame "
    b"p li dt dd tr td th option optgroup tbody thead tfoot rb rt rp rtc"
).split()
_NAME_ENDS = b" \t\n\f\r/>"
_name = re.compile(rb"<[a-zA-Z][^\t\n\f\r />]*+").match
_attribute = re.compile(
    rb"[\t\n\f\r /]*+[^\t\n\f\r />][^\t\n\f\r />=]*+"
    rb"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:\"[^\"]*+\"?+|'[^']*+'?+|[^\t\n\f\r >]*+))?+"
).match


def within_limits(html: bytes) -> bytes:
    """The page up to the tag at which its work exceeds `MAX_TREE_WORK`; nearly always the whole page."""
    tags = html.count(b"<")
    if len(html) <= _LONG_TAG_BYTES and (_FORMATTING_WORK * tags + _TAG_WORK) * tags <= MAX_TREE_WORK:
        return html
    data = np.frombuffer(html + b"    ", np.uint8)  # `_work` reads three bytes after every `<`, four after `</`
    places = np.flatnonzero(data[:-4] == ord("<"))
    over = np.searchsorted(np.cumsum(_work(html, data, places)), MAX_TREE_WORK, side="right")
    return html[: places[over]] if over < len(places) else html


def _work(html: bytes, data: npt.NDArray[np.uint8], places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The work of each tag: `_TAG_WORK`, plus the elements open there (a formatting element counts `_FORMATTING_WORK`),
    plus, for a long tag, the square of its number of attributes divided by `_ATTRIBUTES_A_WORK`. A tag in a comment
    counts like others; a tag in a script or style opens nothing."""
    is_end = data[places + 1] == ord("/")
    name = places + 1 + is_end
    code = tag_codes(data, name)
    opened = _OPENED[code].astype(np.int64)
    letter = data[name] | 0x20
    is_tag = (letter >= ord("a")) & (letter <= ord("z"))
    for raw in _RAW:
        is_tag &= ~_is_inside(np.flatnonzero((code == raw) & is_tag), is_end)
    opened[~is_tag] = 0
    np.negative(opened, out=opened, where=is_end)
    depth = np.cumsum(opened)
    depth -= np.minimum(np.minimum.accumulate(depth), 0)  # a surplus end tag closes nothing
    work = depth + _TAG_WORK
    starts = np.flatnonzero(is_tag & ~is_end)
    closes = np.append(np.flatnonzero(data == ord(">")), len(data))
    long = np.diff(places[starts], append=len(html)) > _LONG_TAG_BYTES
    long |= closes[np.searchsorted(closes, places[starts])] - places[starts] > _LONG_TAG_BYTES
    reached = 0
    for tag in starts[long].tolist():
        if places[tag] >= reached:  # otherwise it is inside the tag before
            count, reached = _attributes(html, int(places[tag]))
            work[tag] += count**2 // _ATTRIBUTES_A_WORK
    return work


def _is_inside(tags: npt.NDArray[np.int64], is_end: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """For each tag of the page, whether it is inside an element of one kind. `tags` are the indexes of this kind's
    tags; an element reaches from a start tag to the next end tag."""
    inside = np.zeros(len(is_end), np.bool_)
    ends = np.append(tags[is_end[tags]], len(is_end))
    reached = -1
    for start in tags[~is_end[tags]].tolist():
        if start > reached:
            reached = int(ends[np.searchsorted(ends, start)])
            inside[start + 1 : reached] = True
    return inside


def _attributes(html: bytes, place: int) -> tuple[int, int]:
    """The number of attributes of the start tag at `place`, and where the last one ends."""
    name = _name(html, place)
    count, position = 0, len(html) if name is None else name.end()
    while (attribute := _attribute(html, position)) is not None:
        count, position = count + 1, attribute.end()
    return count, position


def _opened() -> npt.NDArray[np.int8]:
    """The weight of the element that a start tag opens, by the tag's code. As an estimate, a longer name counts like
    the one with the same first three letters."""
    opened = np.ones(CODES, np.int8)
    for names, weight in ((_FORMATTING, _FORMATTING_WORK), (_NEVER_OPEN, 0)):
        for name in names:
            if len(name) >= 3:
                opened[tag_code(name)] = weight
                continue
            after_end = np.arange(1 << BITS * (2 - len(name))) << BITS * (len(name) + 1)
            for end in _NAME_ENDS:
                opened[tag_code(name + bytes([end])) | after_end] = weight
    return opened


_OPENED = _opened()
_RAW = (tag_code(b"script"), tag_code(b"style"))
