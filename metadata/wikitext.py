"""Converts one page of a MediaWiki dump to plain text: first its XML, then its wikitext.

wikitextparser strips the markup. mwparserfromhell was slower on a piece of a real dump, and did not return from
thousands of unclosed `<ref `, in C code that no signal stops. wikitextparser also takes more than linear time for
unclosed markup, so pages beyond the `MAX_*` below are counted and left out. These limits are counts, not times, so that
the result does not depend on how busy a machine is.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import unescape
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError

import wikitextparser
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

MAX_TEXT_CHARS = 2 << 20
"""Longer wikitext is left out; MediaWiki itself accepts at most 2 MiB ($wgMaxArticleSize)."""
MAX_DEPTH = 100
"""Deeper nesting of links, templates and tables is left out: the parser makes one pass per level."""
MAX_OPENINGS = {"[[": 40_000, "{{": 40_000, "||": 100_000, "!!": 100_000}
"""Text with more of these, after comments and references are cut, is left out."""
MAX_WORK = 10**10
"""The limit for a text's length times its number of tags, or of table rows: the parser may search the whole text for
the end of each. A text of 500,000 characters may have 20,000 of them."""

_CUT_TAGS = "ref|math|chem|score|timeline|gallery|imagemap|syntaxhighlight|source|graph|mapframe|templatestyles|hiero"
_CUT = re.compile(rf"<!--|-->|<(/?)({_CUT_TAGS})\b([^<>]*)>", re.IGNORECASE)
_EXTERNAL_LINK = re.compile(r"\[(?:https?:|ftps?:|mailto:|//)[^\s\[\]]*[^\S\n]*([^\[\]\n]*)\]", re.IGNORECASE)
_BARE_URL = re.compile(r"(?<!\[)\bhttps?://[^\s\[\]<>{}|]+", re.IGNORECASE)
_NESTING = re.compile(r"\[\[|\]\]|\{\{|\}\}|\{\||\|\}")


class Page(NamedTuple):
    """A page of a dump. `text` is the wikitext of its revision, empty if the dump has none."""

    title: str
    namespace: int
    is_redirect: bool
    text: str


class MalformedPage(Exception):
    """The bytes are not a page of a MediaWiki export."""


class Unparsable(Exception):
    """The markup library fails on the wikitext."""


class TooComplex(Exception):
    """The wikitext is beyond the limits of this module."""


def parse_page(data: bytes) -> Page:
    """The page of one `<page>…</page>` element in UTF-8.

    A document type, which could define entities, is an error: nothing is expanded or fetched.

    Raises MalformedPage for any other bytes.
    """
    try:
        page = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise MalformedPage(str(error)) from error
    title, namespace = _find(page, "title"), _find(page, "ns")
    if title is None or not title.text:
        raise MalformedPage("no title")
    try:
        number = int((namespace.text if namespace is not None else None) or "0")  # old exports have no ns
    except ValueError as error:
        raise MalformedPage("its ns is not a number") from error
    revision = _find(page, "revision")
    text = _find(revision, "text") if revision is not None else None
    wikitext = (text.text if text is not None else None) or ""
    return Page(title.text, number, _find(page, "redirect") is not None, wikitext)


def _find(parent: Element, name: str) -> Element | None:
    return next((child for child in parent if child.tag.rpartition("}")[2] == name), None)


def plain_text(wikitext: str, categories: tuple[str, ...] = ()) -> str:
    """The running text of a page: paragraphs, headings, lists, captions of images and the cells of tables.

    `categories` are the wiki's own names of categories, such as "Kategorie", besides "Category".

    Left out are comments; templates, parser functions and parameters with their contents; references and other
    extension tags (`_CUT_TAGS`) with their contents; categories, files and bare URLs. Links become their labels, HTML
    tags their contents, entities their characters. Of an unclosed tag, only the tag itself is left out.

    Raises TooComplex for text beyond the limits, and Unparsable if the library fails.
    """
    if len(wikitext) > MAX_TEXT_CHARS:
        raise TooComplex("text")
    text = _category_links(categories).sub(" ", "".join(_uncut(wikitext)))
    text = _BARE_URL.sub(" ", _EXTERNAL_LINK.sub(r"\1", text))
    for opening, most in MAX_OPENINGS.items():
        if text.count(opening) > most:
            raise TooComplex(opening)
    if max(text.count("<"), text.count("|-")) * len(text) > MAX_WORK:
        raise TooComplex("tags or rows")
    if _depth(text) > MAX_DEPTH:
        raise TooComplex("depth")
    try:
        return unescape(wikitextparser.remove_markup(text, replace_external_links=False))
    except Exception as error:  # a bug of the library, of any type, must not end a piece of 10,000 pages
        raise Unparsable(f"{type(error).__name__}: {error}") from error


@lru_cache
def _category_links(names: tuple[str, ...]) -> re.Pattern[str]:
    alternatives = "|".join(re.sub(r"(\\?[ _])+", "[ _]+", re.escape(name)) for name in ("Category", *names))
    return re.compile(rf"\[\[\s*(?:{alternatives})\s*:[^\[\]]*\]\]", re.IGNORECASE)


def _uncut(text: str) -> Iterator[str]:
    """The pieces of a text outside comments and cut tags, in one pass: unclosed tags cause no search."""
    inside = ""  # "--" in a comment, the name in a cut tag
    handled = 0
    for match in _CUT.finditer(text):
        name = (match[2] or "").lower()
        opens, closes = bool(name) and not match[1], bool(match[1])
        if inside == "--":
            if match[0] != "-->":
                continue
            inside = ""
        elif inside and closes and name == inside:
            inside = ""
        elif not inside or (opens and name == inside):  # in the second case the previous tag was never closed
            yield text[handled : match.start()]
            if name:
                yield " "
            if match[0] == "<!--":
                inside = "--"
            elif opens:
                inside = "" if match[3].endswith("/") else name
        else:
            continue
        handled = match.end()
    if inside != "--":  # in MediaWiki, too, an unclosed comment extends to the end
        yield text[handled:]


def _depth(text: str) -> int:
    deepest = depth = 0
    for match in _NESTING.finditer(text):
        depth = depth + 1 if match[0] in ("[[", "{{", "{|") else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest
