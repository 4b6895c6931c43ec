"""The filters of pages: text from a crawl stays text, is seen whole, and leads only to web addresses."""

import re

from jinja2 import Environment

from udfs.captions.visible import visible
from udfs.report.templates import environment

_LINKED_CHARACTERS = 2000
_LINKED = re.compile(r"https?://[^\s<>\"\x00-\x1f\x7f]+", re.IGNORECASE).fullmatch


def page_environment() -> Environment:
    """jinja2 for HTML pages, which escapes everything. `seen` spells out invisible characters; `address` is a URL that
    may be a link, or None."""
    made = environment(autoescape=True)
    made.filters |= {"seen": seen, "address": address}
    return made


def seen(text: object, most: int | None = None) -> str:
    return visible(str(text), most)


def address(url: object) -> str | None:
    """The URL if it may be a link: of http or https, and not too long for a page."""
    text = str(url)
    return text if len(text) <= _LINKED_CHARACTERS and _LINKED(text) else None
