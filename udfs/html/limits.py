"""Limits how much of a page is parsed, so that no page blocks its reader or fills the memory.

Each block of a page copies the formatting elements (`b`, `font` …) left open before it: 22 kB of
`<b id=1><p><b id=2><p>…` become a million nodes. html5lib also looks through all open elements at each tag. This module
estimates that work from the tags before parsing, so the cut depends only on the page, not on the machine's load.
"""

import re
from typing import NamedTuple

MAX_OPEN = 4_000_000
"""A page is cut where the number of elements that are open at each tag, added up over the tags, exceeds this: 2,000
formatting elements before as many blocks. turbohtml then makes a million nodes, of 125 MB."""

MAX_IMAGES = 100_000
"""The most images to take from a page."""

_NAME_ENDS = rb"(?=[\t\n\f\r />])"
_FORMATTING = rb"(?:b|big|code|em|font|i|s|small|strike|strong|tt|u)" + _NAME_ENDS
_NEVER_OPEN = (  # void elements, and elements that the next one of their kind closes
    rb"(?:area|base|br|col|embed|hr|image|img|input|keygen|link|meta|param|source|track|wbr|frame|"
    rb"p|li|dt|dd|tr|td|th|option|optgroup|tbody|thead|tfoot|rb|rt|rp|rtc)" + _NAME_ENDS
)


class Opening(NamedTuple):
    """Elements that count as open: patterns of their start tags, and of all tags. The group of the second is empty
    for a start tag of such an element, `/` for an end tag, None for other tags."""

    starts: re.Pattern[bytes]
    tags: re.Pattern[bytes]

    @classmethod
    def of(cls, name: bytes) -> "Opening":
        return cls(re.compile(rb"<(?i:%b)" % name), re.compile(rb"<(?i:(/?)%b)?" % name))


FORMATTING, ANY = Opening.of(_FORMATTING), Opening.of(rb"(?!%b)[a-z]" % _NEVER_OPEN)


def within_limits(html: bytes, opening: Opening = FORMATTING) -> bytes:
    """The page up to the tag at which `MAX_OPEN` is exceeded; nearly always the whole page. Tags in comments and
    scripts count like others."""
    tags = html.count(b"<")
    if tags**2 <= 4 * MAX_OPEN or tags * len(opening.starts.findall(html)) <= MAX_OPEN:  # the most that can be met
        return html
    opened = met = 0
    for tag in opening.tags.finditer(html):
        met += opened
        if met > MAX_OPEN:
            return html[: tag.start()]
        if tag[1] is not None:
            opened = max(opened - 1, 0) if tag[1] else opened + 1
    return html
