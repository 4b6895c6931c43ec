"""Why a WARC and its WAT have different pairs: compares the pairs of one page, for `wat_parity.py`."""

from collections import Counter
from collections.abc import Collection
from html import unescape
from typing import NamedTuple

WAT_TEXT_KEYS = ("alt", "title")

NO_PAGE = "the page has no HTML-Metadata in the WAT"
NO_ATTRIBUTE = "its attribute is in no WAT"
CHARSET = "the WAT has the text in another charset"
REFERENCES = "the WAT has character references undecoded"
OTHER_TEXT = "the WAT has another text"
OTHER_URL = "the WAT has another URL"
NO_IMAGE = "the WAT passes over the img"
NO_TEXT = "the WAT has the img without the text"
NO_ELEMENT = "no img by the HTML standard"


class Pair(NamedTuple):
    """A pair of a page."""

    text_key: str
    url: str
    caption: str


class Difference(NamedTuple):
    """A pair that only one side has, the cause, and what the other side has instead."""

    cause: str
    pair: Pair
    instead: Pair | None = None


def differences(
    warc: Counter[Pair], wat: Counter[Pair], wat_urls: Collection[str] | None
) -> tuple[list[Difference], list[Difference]]:
    """The pairs of a page that its WAT lacks, and the pairs of the WAT that replace none of these.

    `wat_urls` are the URLs of the WAT's images, with a text or without; None if the WAT lacks the page.
    """
    left = wat - warc
    lacks = []
    for pair in (warc - wat).elements():
        found = _explain(pair, list(left), wat_urls)
        if found.instead is not None:
            left -= Counter([found.instead])
        lacks.append(found)
    return lacks, [Difference(NO_ELEMENT, pair) for pair in left.elements()]


def _explain(pair: Pair, left: Collection[Pair], wat_urls: Collection[str] | None) -> Difference:
    if wat_urls is None:
        return Difference(NO_PAGE, pair)
    if pair.text_key not in WAT_TEXT_KEYS:
        return Difference(NO_ATTRIBUTE, pair)
    for other in left:
        if (other.text_key, other.url) == (pair.text_key, pair.url):
            return Difference(_difference_of_texts(pair.caption, other.caption), pair, other)
    for other in left:
        if (other.text_key, other.caption) == (pair.text_key, pair.caption):
            return Difference(OTHER_URL, pair, other)
    return Difference(NO_TEXT if pair.url in wat_urls else NO_IMAGE, pair)


def _difference_of_texts(warc: str, wat: str) -> str:
    if unescape(wat) == warc:
        return REFERENCES
    ascii_alone = {"".join(filter(str.isascii, text)) for text in (warc, wat)}
    return CHARSET if "\ufffd" in wat or len(ascii_alone) == 1 else OTHER_TEXT
