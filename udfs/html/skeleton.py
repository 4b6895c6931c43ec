"""Cuts out the few tags of a page that extraction reads, without building the page's tree.

A page's skeleton is the source of its `KEPT` tags in order (for captions and `picture`, also of its `KEPT_WHOLE`
elements), and nothing else. The same HTML parser finds the same elements in it as in the whole page, but faster: most
of a page is script, style, text and irrelevant tags. To read another element, add its tags to `KEPT` and take it from
the tree.

Method: numpy finds every `<`. A table of tag codes selects the tags that matter: those kept, and those that change how
the text after them is tokenized (raw text, comments, templates, foreign content). A loop over these applies the rules
of the tokenizer (the HTML standard, section 13.2.5). A `<` may start a tag or be part of an attribute's value. The
bytes before it often show which; if not, all tags since the last known state are tokenized.

Whatever depends on the tree is not guessed: raw text with a `<`, CDATA, `image`, `template` and `base` that may be in
foreign content, `frameset`, `plaintext`, a script in a script's comment, several `base`, and the end of a whole element
that is not plain (`whole_elements`). Such a page has no skeleton and is parsed whole. Elements keep the order of the
source, where a tree moves those that are not allowed in a table to before it.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator

import numpy as np

from udfs.html.tag_codes import CODES, tag_code, tag_codes
from udfs.html.tokens import after_comment, bogus_comment, end_tag_name, start_or_end_tag, tokens
from udfs.html.whole_elements import end_of_plain

KEPT = (b"img", b"image", b"base", b"template", b"/template", b"meta")
"""Tags that a skeleton contains."""

KEPT_WHOLE = (b"figure", b"picture", b"noscript")
"""Elements that a skeleton for captions or `picture` contains unchanged, if they contain what extraction needs."""

_WANTED = (b"img", b"image", b"base")  # a page without any of these is skipped
_opts_out = re.compile(rb"noai|noi|none|tdm-r|&#").search  # part of every `meta` that may opt out
_wanted_of = {  # what a whole element must contain to be kept
    name: re.compile(wanted, re.IGNORECASE).search
    for name, wanted in zip(KEPT_WHOLE, (rb"<figcaption", rb"<im(?:g|age)", rb"<im(?:g|age)"), strict=True)
}
_end_of_head = re.compile(rb"</head(?=[\t\n\f\r />])|<body(?=[\t\n\f\r />])", re.IGNORECASE).search
_buttons = re.compile(rb"<(/?)button(?=[\t\n\f\r />])", re.IGNORECASE).finditer
_RAW = frozenset((b"script", b"style", b"textarea", b"title", b"iframe", b"noembed", b"noframes", b"xmp"))
_FOREIGN = (b"svg", b"/svg", b"desc")
_HTML_WITHIN = (b"math", b"foreignobject")  # may contain open HTML elements, which hide its end tag from the tree
_NEEDS_TREE = (b"frameset", b"plaintext")
_EVERMORE = 1 << 60
_COMMENT_OR_CDATA = (b"!--", b"![C")
_SLASH, _BANG = b"/!"
_BEFORE_A_VALUE = frozenset(b"= \t\n\f\r")


def _table(kept: tuple[bytes, ...]) -> np.ndarray:
    """By tag code: 0 for no tag that matters, 1 for one that may matter, 2 for `meta`, 3 for one of `_WANTED`.
    `_kept_tags` compares the names themselves."""
    table = np.zeros(CODES, np.uint8)
    ends = tuple(b"/" + name for name in _RAW)
    for tags, kind in (
        ((*kept, *_RAW, *ends, *_FOREIGN, *_HTML_WITHIN, *_NEEDS_TREE, *_COMMENT_OR_CDATA), 1),
        ((b"meta",), 2),
        (_WANTED, 3),
    ):
        for tag in tags:
            table[tag_code(tag)] = kind
    return table


_MATTERS, _MATTERS_WITH_WHOLE = _table(KEPT), _table((*KEPT, *KEPT_WHOLE))


class _NeedsTree(Exception):
    """The tokens alone do not show the page's elements."""


def skeleton(html: bytes, *, with_whole: bool = False) -> bytes | None:
    """The `KEPT` tags of a page (ASCII-compatible bytes, however malformed), unchanged, and the `KEPT_WHOLE` elements
    that matter; empty if it has no image or base. None if only a tree can show them."""
    try:
        kept = b"".join(_kept_tags(html, with_whole))
    except _NeedsTree:
        return None
    return b"<body>" + kept if kept and with_whole else kept  # otherwise the first tags would be part of the head


def _kept_tags(html: bytes, with_whole: bool) -> list[bytes]:
    kept: list[bytes] = []
    sure = 0  # everything before is tokenized, and the tokenizer is in its data state here
    open_svgs = bases = 0
    whole = _WholeElements(html)
    walk = zip(*_places(html, _MATTERS_WITH_WHOLE if with_whole else _MATTERS), strict=True)
    for place, previous in walk:
        if place < sure:
            continue
        if previous >= sure and not _is_surely_text(html, sure, previous, place):
            end = _end_of_token_around(html, sure, place)
            if end:
                sure = end
                continue
        if html[place + 1] == _BANG:
            if html.startswith(b"<!--", place):
                sure = after_comment(html, place)
            elif open_svgs:  # CDATA in an SVG, a comment elsewhere
                raise _NeedsTree
            continue
        tag = start_or_end_tag(html, place)
        if tag is None:
            break
        sure = tag.end()
        name = tag[1].lower()
        if name == b"img":
            kept.append(tag[0])
        elif name in _RAW:
            if open_svgs and not _is_plain_text(html, sure, name):
                raise _NeedsTree
            sure = _end_of_raw_text(html, sure, name, walk)
        elif name == b"svg":
            open_svgs += 1
        elif name == b"/svg":
            open_svgs = max(open_svgs - 1, 0)
        elif name in _HTML_WITHIN or (name == b"desc" and not _is_plain_text(html, sure, name)):
            open_svgs = _EVERMORE
        elif name == b"meta":
            if _opts_out(tag[0].lower()):
                kept.append(tag[0])
        elif name in KEPT:
            bases += name == b"base"
            if open_svgs or bases > 1:
                raise _NeedsTree
            kept.append(tag[0])
        elif name in _NEEDS_TREE:
            raise _NeedsTree
        elif name in KEPT_WHOLE:
            end = whole.end(name, place, sure)
            if end and open_svgs:
                raise _NeedsTree
            if end:
                kept.append(html[place:end])
                sure = end
    return kept


class _WholeElements:
    """Selects the `KEPT_WHOLE` elements that contain what extraction needs. Scans the page once, not per element."""

    def __init__(self, html: bytes) -> None:
        self._html = html
        self._wanted = dict.fromkeys(KEPT_WHOLE, -1)  # the position of the next wanted part
        self._vain = dict.fromkeys(KEPT_WHOLE, 0)  # no element before this position contains a wanted part
        self._head_end: int | None = None
        self._buttons: list[tuple[int, bool]] | None = None  # position, and whether it is a start tag

    def end(self, name: bytes, start: int, inside: int) -> int:
        """The end of an element whose start tag is from `start` to `inside`; 0 if it contains nothing wanted."""
        if self._wanted[name] < inside:
            match = _wanted_of[name](self._html, inside)
            self._wanted[name] = _EVERMORE if match is None else match.start()
        if self._wanted[name] == _EVERMORE or inside <= self._vain[name]:
            return 0
        if name == b"noscript" and self._is_in_head(start):  # the parser moves its images to the body
            return 0
        end = end_of_plain(self._html, start, self._is_in_button)
        if end is None:
            raise _NeedsTree
        if self._wanted[name] < end:
            return end
        self._vain[name] = end
        return 0

    def _is_in_head(self, place: int) -> bool:
        if self._head_end is None:
            match = _end_of_head(self._html)
            self._head_end = 0 if match is None else match.start()
        return place < self._head_end

    def _is_in_button(self, place: int) -> bool:
        if self._buttons is None:
            self._buttons = [(tag.start(), not tag[1]) for tag in _buttons(self._html)]
        before = bisect_left(self._buttons, (place, False))
        return before > 0 and self._buttons[before - 1][1]


def _places(html: bytes, matters: np.ndarray) -> tuple[list[int], list[int]]:
    """Where tags that may matter start, up to the last `meta` or wanted tag, and the last `<` before each (or -1)."""
    data = np.frombuffer(html, np.uint8)
    angles = np.flatnonzero(data[:-3] == ord("<"))
    kinds = matters[tag_codes(data[1:], angles)]
    chosen = np.flatnonzero(kinds)
    wanted = np.flatnonzero(kinds[chosen] >= 2)
    if not len(wanted) or kinds[chosen].max() < 3:
        return [], []
    chosen = chosen[: wanted[-1] + 1]
    before = angles[chosen - 1]
    if chosen[0] == 0:
        before[0] = -1
    return angles[chosen].tolist(), before.tolist()


def _is_surely_text(html: bytes, sure: int, previous: int, place: int) -> bool:
    """Whether the tokenizer is in its data state at `place`, if it was so at `sure`, and the last `<` is `previous`.

    It is if a `>` after `previous` closes the tag that may be open there. That `>` does, unless it is part of a quoted
    value. In that case, the last quotation mark of its kind before `place` either follows a `=` (the value is still
    open), or is between the `>` and `place` (the value ended there).
    """
    closing = html.rfind(b">", previous, place)
    if closing < 0:
        return False
    for mark in (b'"', b"'"):
        quote = html.rfind(mark, sure, place)
        if quote > closing or (quote >= 0 and html[quote - 1] in _BEFORE_A_VALUE):
            return False
    return True


def _end_of_token_around(html: bytes, sure: int, place: int) -> int:
    """The end of the tag or bogus comment that contains `place`; 0 if none does."""
    reached = _end_of(tokens(html, sure, place), html)
    return 0 if reached == place else _end_of(start_or_end_tag(html, reached) or bogus_comment(html, reached), html)


def _end_of_raw_text(html: bytes, start: int, name: bytes, walk: Iterator[tuple[int, int]]) -> int:
    """The end of the raw text element of this name that is open at `start`; consumes its places from `walk`."""
    comment = -1  # in a script, the position of its last `<!--`
    for place, _ in walk:
        if place < start:
            continue
        if html[place + 1] == _SLASH:
            if name == b"script" and html.startswith(b"</script>", place):  # most of them
                return place + len(b"</script>")
            end = end_tag_name(html, place)
            if end is not None and end[1].lower() == name:
                return _end_of(start_or_end_tag(html, place), html)
        elif name == b"script":
            if html.startswith(b"<!--", place):
                comment = place
            elif (
                html[place + 1 : place + 7].lower() == name
                and comment >= 0
                and html.find(b"-->", comment + 2, place) < 0
            ):
                raise _NeedsTree  # from here on, an end tag may not close the script
    return len(html)


def _end_of(match: re.Match[bytes] | None, html: bytes) -> int:
    """The end of a match; the end of the page if there is none."""
    return len(html) if match is None else match.end()


def _is_plain_text(html: bytes, start: int, name: bytes) -> bool:
    """Whether only text is between `start` and the end tag of this name, so that it reads the same as raw text."""
    place = html.find(b"<", start)
    end = end_tag_name(html, place) if place >= 0 else None
    return end is not None and end[1].lower() == name
