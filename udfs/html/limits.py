"""How much of a page a tree is built of, so that no page hangs its reader or fills the memory.

A tree costs more than its page where elements nest: a tag may walk all that is open, and each block opens anew, as
copies, the formatting elements (`b`, `font` …) that were left open before it: 22 kB of `<b id=1><p><b id=2><p>…` come
to a million nodes. The attributes of one tag are compared with each other. All of this is estimated from the page's
tags before it is parsed, so that what is cut hangs on the page alone and never on how busy a machine is.
"""

import re

import numpy as np
import numpy.typing as npt

from udfs.html.tag_codes import BITS, CODES, tag_code, tag_codes

MAX_TREE_WORK = 10_000_000
"""The most work (see `_work`) that a tree may take: 4,400 elements within each other, 1,100 formatting elements between
as many blocks, 5,400 attributes of one tag, or 2.5 million tags side by side."""

MAX_IMAGES = 100_000
"""The most images that are taken from a page."""

_TAG_WORK, _FORMATTING_WORK, _ATTRIBUTES_A_WORK = 4, 8, 3
_LONG_TAG_BYTES = 4_000
_FORMATTING = b"a b big code em font i nobr s small strike strong tt u".split()
_NEVER_OPEN = (  # void elements, and those that the next of their kind closes
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
    """The page up to the tag that exceeds `MAX_TREE_WORK`; nearly always the page itself."""
    tags = html.count(b"<")
    if len(html) <= _LONG_TAG_BYTES and (_FORMATTING_WORK * tags + _TAG_WORK) * tags <= MAX_TREE_WORK:
        return html
    data = np.frombuffer(html + b"    ", np.uint8)  # three bytes are looked at after every `<`, four after `</`
    places = np.flatnonzero(data[:-4] == ord("<"))
    over = np.searchsorted(np.cumsum(_work(html, data, places)), MAX_TREE_WORK, side="right")
    return html[: places[over]] if over < len(places) else html


def _work(html: bytes, data: npt.NDArray[np.uint8], places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The work of each tag: `_TAG_WORK`, what is open there (formatting elements weigh `_FORMATTING_WORK`), and for a
    long one the square of its attributes by `_ATTRIBUTES_A_WORK`. What looks like a tag in a comment counts too; in a
    script or a style it opens nothing."""
    is_end = data[places + 1] == ord("/")
    name = places + 1 + is_end
    code = tag_codes(data, name)
    opened = _OPENED[code].astype(np.int64)
    letter = data[name] | 0x20
    is_tag = (letter >= ord("a")) & (letter <= ord("z"))
    for raw in _RAW:
        is_tag &= ~_lies_within(np.flatnonzero((code == raw) & is_tag), is_end)
    opened[~is_tag] = 0
    np.negative(opened, out=opened, where=is_end)
    depth = np.cumsum(opened)
    depth -= np.minimum(np.minimum.accumulate(depth), 0)  # an end tag too many closes nothing
    work = depth + _TAG_WORK
    starts = np.flatnonzero(is_tag & ~is_end)
    closes = np.append(np.flatnonzero(data == ord(">")), len(data))
    long = np.diff(places[starts], append=len(html)) > _LONG_TAG_BYTES
    long |= closes[np.searchsorted(closes, places[starts])] - places[starts] > _LONG_TAG_BYTES
    reached = 0
    for tag in starts[long].tolist():
        if places[tag] >= reached:  # else it lies in the tag before
            count, reached = _attributes(html, int(places[tag]))
            work[tag] += count**2 // _ATTRIBUTES_A_WORK
    return work


def _lies_within(tags: npt.NDArray[np.int64], is_end: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Whether a tag lies within an element, of whose kind `tags` are: from a start tag to the next end tag."""
    within = np.zeros(len(is_end), np.bool_)
    ends = np.append(tags[is_end[tags]], len(is_end))
    reached = -1
    for start in tags[~is_end[tags]].tolist():
        if start > reached:
            reached = int(ends[np.searchsorted(ends, start)])
            within[start + 1 : reached] = True
    return within


def _attributes(html: bytes, place: int) -> tuple[int, int]:
    """How many attributes the start tag at `place` has, and where the last of them ends."""
    name = _name(html, place)
    count, position = 0, len(html) if name is None else name.end()
    while (found := _attribute(html, position)) is not None:
        count, position = count + 1, found.end()
    return count, position


def _opened() -> npt.NDArray[np.int8]:
    """What a start tag leaves open, by the code of its name. Longer names count as what they begin like: it is an
    estimate."""
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
