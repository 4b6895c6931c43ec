"""The type of an HTTP response, read from its Content-Type as browsers read it, or sniffed from its body.

Sources: "extract a MIME type" and "determine nosniff" of the Fetch standard (https://fetch.spec.whatwg.org/), "parse a
MIME type" and table 7.1 of the MIME Sniffing standard (https://mimesniff.spec.whatwg.org/).
"""

import re
from functools import lru_cache
from typing import NamedTuple

HTML_TYPES = frozenset(("text/html", "application/xhtml+xml"))
_UNKNOWN_TYPES = frozenset(("unknown/unknown", "application/unknown"))
_SNIFFED_BYTES = 1445
_REMEMBERED_CHARACTERS = 256

_PARTS = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*+(?:"|\\?\Z))+', re.DOTALL)  # separated by commas outside quotes
_TYPE = re.compile(r"[\t\n\r ]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)[\t\n\r ]*(?=;|$)")
_PARAMETER = re.compile(
    r';[\t\n\r ]*+([^;=]*+)(?:=(?:"((?:[^"\\]|\\.)*+)(?:"|\\?$)[^;]*+|([^;]*+)))?',
    re.DOTALL,
)
_PARAMETER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_HTML_SIGNATURE = re.compile(
    rb"[\t\n\f\r ]*+<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|!--)[ >]",
    re.IGNORECASE,
)


class ContentType(NamedTuple):
    """The `essence`, `type/subtype` in lower case, and the label of the charset. None: the header names none."""

    essence: str | None
    charset: str | None


def content_type(value: str) -> ContentType:
    """The type and charset of a Content-Type header's value; the values of repeated headers are joined by commas.

    Of several types the last that can be parsed counts, and it inherits the charset of an equal type before it. `*/*`,
    `unknown/unknown` and `application/unknown` name no type. The first `charset` parameter counts, without double
    quotes and backslash escapes; the label is not checked. As in browsers, three forms have no effect: a value without
    `type/subtype`, a space before the sign in `charset =`, and single quotes, which make the label an unknown one.
    """
    return _remembered(value) if len(value) <= _REMEMBERED_CHARACTERS else _content_type(value)


def _content_type(value: str) -> ContentType:
    essence, charset = None, None
    for part in _PARTS.findall(value):
        match = _TYPE.match(part)
        if match is None or match[1] == "*/*":
            continue
        own_charset = _charset_parameter(part, match.end())
        if own_charset is not None or match[1].lower() != essence:
            charset = own_charset
        essence = match[1].lower()
    return ContentType(None if essence in _UNKNOWN_TYPES else essence, charset)


_remembered = lru_cache(maxsize=512)(_content_type)


def _charset_parameter(part: str, position: int) -> str | None:
    """The value of the first usable `charset` parameter from `position` on."""
    for parameter in _PARAMETER.finditer(part, position):
        name, quoted, plain = parameter.groups()
        if name.lower() != "charset" or (quoted is None and not (plain or "").strip("\t\n\r ")):
            continue
        label = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
        if _PARAMETER_VALUE.fullmatch(label.rstrip("\t\n\r ") if quoted is None else label):
            return label.strip("\t\n\r ") or None
    return None


def sniffs_as_html(body: bytes, x_content_type_options: str | None = None) -> bool:
    """Whether browsers take a body without a known type for HTML: by its first tag, unless the header says `nosniff`.

    A tag counts only with a space or `>` behind its name, as in the table.
    """
    nosniff = (x_content_type_options or "").partition(",")[0].strip("\t ").lower() == "nosniff"
    return not nosniff and _HTML_SIGNATURE.match(body, 0, _SNIFFED_BYTES) is not None
