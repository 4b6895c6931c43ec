"""One page of a MediaWiki dump to plain text: its XML, then its wikitext.

wikitextparser strips the markup. mwparserfromhell was slower on a piece of a real dump, and did not come back from
thousands of unclosed `<ref `, in C, where no signal stops it. wikitextparser too is more than linear in openings that
nothing closes: pages beyond `MAX_*` below are counted and left out. These are counts, not clocks, so that the result
never hangs on how busy a machine was.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError

import wikitextparser
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

MAX_TEXT_CHARS = 2 << 20
"""Longer wikitext is left out; MediaWiki itself takes no more than 2 MiB ($wgMaxArticleSize)."""
MAX_DEPTH = 100
"""Deeper nesting of links, templates and tables is left out: the parser takes a pass a level."""
MAX_OPENINGS = {"[[": 40_000, "{{": 40_000, "||": 100_000, "!!": 100_000}
"""More of these, after comments and references are cut, are left out."""
MAX_WORK = 10**10
"""The length of a text times its tags, or its table rows, is at most so much: the parser may look through the text for
the end of each. A text of 500,000 characters may have 20,000 of them."""

_CUT_TAGS = "ref|math|chem|score|timeline|gallery|imagemap|syntaxhighlight|source|graph|mapframe|templatestyles|hiero"
_CUT = re.compile(rf"<!--|-->|<(/?)({_CUT_TAGS})\b([^<>]*)>", re.IGNORECASE)
_CATEGORY = re.compile(r"\[\[\s*Category\s*:[^\[\]]*\]\]", re.IGNORECASE)
_EXTERNAL_LINK = re.compile(r"\[(?:https?:|ftps?:|mailto:|//)[^\s\[\]]*[^\S\n]*([^\[\]\n]*)\]", re.IGNORECASE)
_BARE_URL = re.compile(r"(?<!\[)\bhttps?://[^\s\[\]<>{}|]+", re.IGNORECASE)
_NESTING = re.compile(r"\[\[|\]\]|\{\{|\}\}|\{\||\|\}")


class Page(NamedTuple):
    """A page of a dump. `text` is the wikitext of its revision, empty where the dump has none."""

    title: str
    namespace: int
    is_redirect: bool
    text: str


class MalformedPage(Exception):
    """The bytes are no page of a MediaWiki export."""


class Unparsable(Exception):
    """The markup library fails on the wikitext."""


class TooComplex(Exception):
    """The wikitext is beyond the limits of this module."""


def parse_page(data: bytes) -> Page:
    """The page of one `<page>…</page>` element in UTF-8.

    A document type, and so an entity of its own, is refused: nothing is expanded or fetched.

    Raises MalformedPage for bytes that are no such element.
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
        raise MalformedPage("its ns is no number") from error
    revision = _find(page, "revision")
    text = _find(revision, "text") if revision is not None else None
    wikitext = (text.text if text is not None else None) or ""
    return Page(title.text, number, _find(page, "redirect") is not None, wikitext)


def _find(parent: Element, name: str) -> Element | None:
    return next((child for child in parent if child.tag.rpartition("}")[2] == name), None)


def plain_text(wikitext: str) -> str:
    """The running text of a page: paragraphs, headings, lists, captions of images and the cells of tables.

    Left out: comments, templates, parser functions and parameters with all in them; references and other extension
    tags (`_CUT_TAGS`) with their contents; categories, files, bare URLs. Links give their label, HTML tags their
    contents, entities their characters. An opening tag that nothing closes is left out alone.

    Raises TooComplex for text beyond the limits, Unparsable where the library fails.
    """
    if len(wikitext) > MAX_TEXT_CHARS:
        raise TooComplex("text")
    text = _CATEGORY.sub(" ", "".join(_uncut(wikitext)))
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
    except Exception as error:  # its own defects, of any type, must not end a piece of 10,000 pages
        raise Unparsable(f"{type(error).__name__}: {error}") from error


def _uncut(text: str) -> Iterator[str]:
    """The pieces of a text outside comments and cut tags, in one pass: an unclosed opening costs no search."""
    inside = ""  # "--" in a comment, the name in a cut tag
    handled = 0
    for found in _CUT.finditer(text):
        name = (found[2] or "").lower()
        opens, closes = bool(name) and not found[1], bool(found[1])
        if inside == "--":
            if found[0] != "-->":
                continue
            inside = ""
        elif inside and closes and name == inside:
            inside = ""
        elif not inside or (opens and name == inside):  # in the second case the opening before was never closed
            yield text[handled : found.start()]
            if name:
                yield " "
            if found[0] == "<!--":
                inside = "--"
            elif opens:
                inside = "" if found[3].endswith("/") else name
        else:
            continue
        handled = found.end()
    if inside != "--":  # MediaWiki too takes an unclosed comment to the end
        yield text[handled:]


def _depth(text: str) -> int:
    deepest = depth = 0
    for found in _NESTING.finditer(text):
        depth = depth + 1 if found[0] in ("[[", "{{", "{|") else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest
