"""The encoding that an HTML page declares in its own bytes.

Source: the HTML standard, "prescan a byte stream to determine its encoding" and "change the encoding while parsing"
(https://html.spec.whatwg.org/multipage/parsing.html#determining-the-character-encoding).
"""

import re
from collections.abc import Callable

from udfs.archive.decoders import encoding_name

_PRESCAN_BYTES = 1024

# The prescan reads lower-cased bytes. Possessive quantifiers keep every match linear.
_TAG = re.compile(rb"<(?:(meta)(?=[\t\n\f\r /])|/?[a-z][^\t\n\f\r >]*+(?=[\t\n\f\r >]))")
_ATTRIBUTE_NAME = re.compile(rb"[\t\n\f\r /]*+([^\t\n\f\r />][^\t\n\f\r />=]*+)[\t\n\f\r ]*+(=?)")
_ATTRIBUTE_VALUE = re.compile(
    rb"""[\t\n\f\r ]*+(?:"([^"]*+)"|'([^']*+)'|(?=>)|([^\t\n\f\r >"'][^\t\n\f\r >]*+)(?=[\t\n\f\r >]))"""
)
_TAG_END = re.compile(rb"[\t\n\f\r /]*+>")
_CONTENT_CHARSET = re.compile(rb"charset[\t\n\f\r ]*+=[\t\n\f\r ]*+")
_CONTENT_LABEL = re.compile(rb"""(?:"([^"]*+)"|'([^']*+)'|([^\t\n\f\r ;"'][^\t\n\f\r ;]*+))""")
_XML_ENCODING = re.compile(
    rb"""<\?xml(?>[^>]*?encoding)[\x00-\x20]*+=[\x00-\x20]*+(?:"([^"\x00-\x20>]*+)"|'([^'\x00-\x20>]*+)')[^>]*+>"""
)

# Elements whose content is text: in it, nothing is a tag. With scripts enabled, as in browsers, noscript is one.
_TEXT_ELEMENTS = "iframe|noembed|noframes|noscript|plaintext|script|style|textarea|title|xmp"
_TEXT_ELEMENT = re.compile(rb"<(%b)[\t\n\f\r />]" % _TEXT_ELEMENTS.encode())
_TEXT_ENDS = {
    name.encode(): re.compile(rb"</%b(?=[\t\n\f\r />])" % name.encode()) for name in _TEXT_ELEMENTS.split("|")
}


def declared_encoding(data: bytes) -> str | None:
    """The encoding that the first 1,024 bytes declare, by the HTML standard's prescan; None if they declare none."""
    if data.startswith((b"<\0?\0x\0", b"\0<\0?\0x")):
        return "utf-16le" if data[0] else "utf-16be"
    head = data[:_PRESCAN_BYTES]
    lowered = head.lower()
    # No declaration without these two strings, so most pages need no scan.
    encoding = _meta_encoding(lowered) if b"<meta" in lowered and b"charset" in lowered else None
    if encoding is None and head.startswith(b"<?xml") and (declaration := _XML_ENCODING.match(head)):
        encoding = encoding_name((declaration[1] or declaration[2] or b"").decode("latin-1"))
        encoding = "utf-8" if encoding in ("utf-16le", "utf-16be") else encoding
    return encoding


def late_encoding(data: bytes) -> str | None:
    """The encoding that the first `<meta>` element of a whole page declares, None without one. Unlike the prescan, it
    passes over what is text to the parser: the contents of scripts, styles, titles and the like."""
    lowered = data.lower()
    return _meta_encoding(lowered, _after_text) if b"<meta" in lowered and b"charset" in lowered else None


def _after_text(page: bytes, tag: int, end: int) -> int:
    """Where to go on after the start tag at `tag`: behind its text, if it is a text element, else at the tag's `end`
    (-1: nothing follows)."""
    element = _TEXT_ELEMENT.match(page, tag)
    if element is None:
        return end
    closing = _TEXT_ENDS[element[1]].search(page, end)
    return -1 if closing is None else closing.start()


def _meta_encoding(head: bytes, after_tag: Callable[[bytes, int, int], int] | None = None) -> str | None:
    """The encoding of the first `<meta>` that names one, in a lower-cased head ("prescan a byte stream"). `after_tag`
    takes where a tag starts and ends, and returns where to go on."""
    position = 0
    while (position := head.find(b"<", position)) >= 0:
        if head.startswith(b"<!--", position):
            position = head.find(b"-->", position + 2)  # the two hyphens may be the opening ones: <!-->
        elif tag := _TAG.match(head, position):
            attributes, position = _attributes(head, tag.end())
            if position >= 0 and tag[1] and (encoding := _encoding_of_meta(attributes)):
                return encoding
            if position >= 0 and after_tag is not None:
                position = after_tag(head, tag.start(), position)
        elif head.startswith((b"<!", b"</", b"<?"), position):
            position = head.find(b">", position)
        else:
            position += 1
        if position < 0:  # the head ends within a comment or a tag: the standard stops here
            return None
    return None


def _attributes(head: bytes, position: int) -> tuple[dict[bytes, bytes], int]:
    """The attributes of a tag (the first of each name), and the position of its `>` (-1: the head ends before it)."""
    attributes: dict[bytes, bytes] = {}
    while name := _ATTRIBUTE_NAME.match(head, position):
        value, position = b"", name.end()
        if name[2]:
            match = _ATTRIBUTE_VALUE.match(head, position)
            if match is None:
                return attributes, -1
            value, position = match[1] or match[2] or match[3] or b"", match.end()
        attributes.setdefault(name[1], value)
    end = _TAG_END.match(head, position)
    return attributes, end.end() - 1 if end else -1


def _encoding_of_meta(attributes: dict[bytes, bytes]) -> str | None:
    """The encoding that one `<meta>` declares. A `charset` attribute, even with an unknown label, hides `content`."""
    label = attributes.get(b"charset")
    if label is None:
        if attributes.get(b"http-equiv") != b"content-type":
            return None
        content = attributes.get(b"content", b"")
        start = _CONTENT_CHARSET.search(content)
        match = _CONTENT_LABEL.match(content, start.end()) if start else None
        if match is None:
            return None
        label = match[1] or match[2] or match[3] or b""
    encoding = encoding_name(label.decode("latin-1"))
    # The declaration was read as ASCII, so the page cannot be UTF-16.
    if encoding in ("utf-16le", "utf-16be"):
        return "utf-8"
    return "windows-1252" if encoding == "x-user-defined" else encoding
