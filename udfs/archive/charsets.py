"""Decodes the bytes of a page as browsers do.

Sources: the HTML standard, "determining the character encoding"
(https://html.spec.whatwg.org/multipage/parsing.html#determining-the-character-encoding), and the Encoding standard
(https://encoding.spec.whatwg.org/). Deviations:

- a declaration after the first 1,024 bytes is ignored (browsers restart when they find one);
- a page that declares nothing is UTF-8 if all of it is valid UTF-8, else windows-1252. A last character cut short is
  tolerated if others come before it, because crawlers truncate pages. Browsers use the default of the reader's locale,
  or guess, which would make the text depend on the reader;
- the CJK tables are Python's: rare characters (user-defined areas, vendor extensions of Big5, half-width katakana in
  ISO-2022-JP) may come out as U+FFFD or as another code point.
"""

import codecs
import re
from collections.abc import Callable
from functools import lru_cache, partial

import webencodings

_PRESCAN_BYTES = 1024
_REPLACEMENT = "\ufffd"
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))

# The standard has since merged these into "replacement"; webencodings below 0.6 still lists them.
_REPLACEMENT_ENCODINGS = frozenset({"replacement", "hz-gb-2312", "iso-2022-kr", "iso-2022-cn", "iso-2022-cn-ext"})
_MULTI_BYTE_CODECS = {
    "big5": "big5hkscs",
    "euc-jp": "euc_jp",
    "euc-kr": "cp949",
    "gb18030": "gb18030",
    "gbk": "gb18030",  # the standard decodes both alike; Python's gbk lacks the four-byte half
    "iso-2022-jp": "iso2022_jp",
    "shift_jis": "cp932",
}
# Characters that Python's tables map differently from the standard's indexes (JIS dashes and signs; a GBK space).
_JIS_CHANGES = dict(zip("〜‖−¢£¬", "～∥－￠￡￢", strict=True))
_TEXT_CHANGES = {"euc-jp": _JIS_CHANGES, "iso-2022-jp": _JIS_CHANGES, "gb18030": {"\ue5e5": "\u3000"}}
_TEXT_CHANGES["gbk"] = _TEXT_CHANGES["gb18030"]
# First bytes of two-byte characters, by the codec's name in UnicodeDecodeError.
_LEADS = {
    "big5hkscs": frozenset(range(0x81, 0xFF)),
    "cp932": frozenset((*range(0x81, 0xA0), *range(0xE0, 0xFD))),
    "cp949": frozenset(range(0x81, 0xFF)),
    "euc_jp": frozenset((0x8E, 0x8F, *range(0xA1, 0xFF))),
    "gb18030": frozenset(range(0x81, 0xFF)),
}
# Where the standard's single-byte indexes differ from Python's tables in more than the C1 controls.
_INDEX_CHANGES = {"koi8-u": {0xAE: "\u045e", 0xBE: "\u040e"}, "windows-1255": {0xCA: "\u05ba"}}

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

# A Content-Type value, by the MIME Sniffing standard: one or more types, separated by commas outside quotes.
_HEADER_PART = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*+(?:"|$))+', re.DOTALL)
_MIME_TYPE = re.compile(r"[\t\n\r ]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)[\t\n\r ]*(?=;|$)")
_MIME_PARAMETER = re.compile(
    r';[\t\n\r ]*+([^;=]*+)(?:=(?:"((?:[^"\\]|\\.)*+)(?:"|\\?$)[^;]*+|([^;]*+)))?',
    re.DOTALL,
)
_PARAMETER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def as_html(data: bytes, http_charset: str | None) -> str | bytes:
    """An HTML body as text, decoded as browsers would; if it is UTF-8 (or ASCII), the bytes themselves.

    The encoding comes from the first of: a byte-order mark; the label `http_charset` (see `charset_from_content_type`);
    a declaration in the first 1,024 bytes (`<meta>`, then `<?xml encoding?>`); UTF-8 if the whole body is valid;
    windows-1252. A label that the Encoding standard does not define counts as absent. The byte-order mark is dropped.
    Malformed bytes count as U+FFFD, as `bytes.decode("utf-8", "replace")` gives them. Never raises; the text has no
    lone surrogate. Deviations from the standards: see the module.
    """
    for bom, codec in _BOMS:
        if data.startswith(bom):
            data = data[len(bom) :]
            return data if codec == "utf-8" else data.decode(codec, "replace")
    encoding = (_encoding_name(http_charset) if http_charset else None) or _declared_encoding(data)
    if encoding is None:
        encoding = "utf-8" if data.isascii() or _is_utf8(data) else "windows-1252"
    return data if encoding == "utf-8" else _decoder(encoding)(data)


def _is_utf8(data: bytes) -> bool:
    """Whether bytes are UTF-8; a last character cut short is tolerated if a non-ASCII character comes before it."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and not data[: error.start].isascii()
    return True


@lru_cache(maxsize=512)
def charset_from_content_type(value: str) -> str | None:
    """The charset label in a Content-Type header's value, as browsers find it; None if there is none.

    The first `charset` parameter counts, without double quotes and backslash escapes; the label is not checked. In
    repeated headers joined by commas the last type counts, and inherits the charset of an equal type before it. As in
    browsers, three forms have no effect: a value without `type/subtype`, a space before the sign in `charset =`, and
    single quotes, which make the label an unknown one.
    Source: "extract a MIME type" of https://fetch.spec.whatwg.org/ and "parse a MIME type" of
    https://mimesniff.spec.whatwg.org/.
    """
    essence, charset = None, None
    for part in _HEADER_PART.findall(value):
        mime_type = _MIME_TYPE.match(part)
        if mime_type is None or mime_type[1] == "*/*":
            continue
        own_charset = _charset_parameter(part, mime_type.end())
        if own_charset is not None or mime_type[1].lower() != essence:
            charset = own_charset
        essence = mime_type[1].lower()
    return charset


def _charset_parameter(part: str, position: int) -> str | None:
    """The value of the first usable `charset` parameter from `position` on."""
    for parameter in _MIME_PARAMETER.finditer(part, position):
        name, quoted, plain = parameter.groups()
        if name.lower() != "charset" or (quoted is None and not (plain or "").strip("\t\n\r ")):
            continue
        label = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
        if _PARAMETER_VALUE.fullmatch(label.rstrip("\t\n\r ") if quoted is None else label):
            return label.strip("\t\n\r ") or None
    return None


@lru_cache(maxsize=256)
def _encoding_name(label: str) -> str | None:
    """The Encoding standard's name for a label; None for an unknown label."""
    try:
        encoding = webencodings.lookup(label)
    except UnicodeEncodeError:  # a lone surrogate, from a header read with "surrogateescape"
        return None
    return None if encoding is None else encoding.name


def _declared_encoding(data: bytes) -> str | None:
    """The encoding that the first 1,024 bytes declare, by the HTML standard's prescan; None if they declare none."""
    if data.startswith((b"<\0?\0x\0", b"\0<\0?\0x")):
        return "utf-16le" if data[0] else "utf-16be"
    head = data[:_PRESCAN_BYTES]
    lowered = head.lower()
    # No declaration without these two strings, so most pages need no scan.
    encoding = _meta_encoding(lowered) if b"<meta" in lowered and b"charset" in lowered else None
    if encoding is None and head.startswith(b"<?xml") and (declaration := _XML_ENCODING.match(head)):
        encoding = _encoding_name((declaration[1] or declaration[2] or b"").decode("latin-1"))
        encoding = "utf-8" if encoding in ("utf-16le", "utf-16be") else encoding
    return encoding


def _meta_encoding(head: bytes) -> str | None:
    """The encoding of the first `<meta>` that names one, in a lower-cased head ("prescan a byte stream")."""
    position = 0
    while (position := head.find(b"<", position)) >= 0:
        if head.startswith(b"<!--", position):
            position = head.find(b"-->", position + 2)  # the two hyphens may be the opening ones: <!-->
        elif tag := _TAG.match(head, position):
            attributes, position = _attributes(head, tag.end())
            if position >= 0 and tag[1] and (encoding := _encoding_of_meta(attributes)):
                return encoding
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
    encoding = _encoding_name(label.decode("latin-1"))
    # The declaration was read as ASCII, so the page cannot be UTF-16.
    if encoding in ("utf-16le", "utf-16be"):
        return "utf-8"
    return "windows-1252" if encoding == "x-user-defined" else encoding


@lru_cache(maxsize=64)
def _decoder(encoding: str) -> Callable[[bytes], str]:
    """The function that decodes an encoding, by its name in the Encoding standard."""
    if encoding in _REPLACEMENT_ENCODINGS:
        return lambda data: _REPLACEMENT if data else ""
    if encoding in ("utf-16le", "utf-16be"):
        return lambda data: data.decode(encoding, "replace")
    if encoding in _MULTI_BYTE_CODECS:
        return partial(_decode_multi_byte, _MULTI_BYTE_CODECS[encoding], _TEXT_CHANGES.get(encoding, {}))
    table = _single_byte_table(encoding)
    # Most such pages are ASCII, and Python's charmap loop takes ten times as long as its ASCII check.
    return lambda data: data.decode("ascii") if data.isascii() else codecs.charmap_decode(data, "strict", table)[0]


def _decode_multi_byte(codec: str, changes: dict[str, str], data: bytes) -> str:
    """Decode with one of Python's CJK codecs, then replace the characters that the standard maps differently."""
    text = data.decode(codec, "ballast-html")
    for python_character, character in changes.items():
        text = text.replace(python_character, character)
    return text


def _single_byte_table(encoding: str) -> str:
    """The 256 characters of a single-byte encoding, by the Encoding standard's index.

    Python leaves some of 0x80–0x9F undefined; the standard maps them to the C1 controls of the same numbers.
    """
    decode = webencodings.lookup(encoding).codec_info.decode
    changes = _INDEX_CHANGES.get(encoding, {})

    def character(byte: int) -> str:
        if byte in changes:
            return changes[byte]
        text: str = decode(bytes([byte]), "replace")[0]
        return chr(byte) if text == _REPLACEMENT and byte < 0xA0 else text

    return "".join(map(character, range(256)))


def _replace_multi_byte_error(error: UnicodeError) -> tuple[str, int]:
    """Codec error handler for the CJK encodings: one U+FFFD for each error of the standard's decoders.

    It skips both bytes of an undefined pair, unless the second is ASCII, which may be a `<`. Python alone would
    continue at the second byte and misread all pairs after it.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    lead, trail = error.object[error.start], error.object[error.start + 1 : error.start + 2]
    if trail > b"\x7f" and lead in _LEADS.get(error.encoding, ()):
        return _nec_character(lead, trail[0]) if error.encoding == "euc_jp" else _REPLACEMENT, error.start + 2
    if lead == 0x80 and error.encoding == "gb18030":
        return "€", error.start + 1
    # At the end of the data the error spans all of the unfinished character.
    return _REPLACEMENT, error.end if error.reason.startswith("incomplete") else error.start + 1


def _nec_character(lead: int, trail: int) -> str:
    """NEC's and IBM's additions, such as ① and ㈱, which Python has in its Shift_JIS but not in its EUC-JP."""
    row, cell = lead - 0xA0, trail - 0xA0
    if not (1 <= row <= 94 and 1 <= cell <= 94):
        return _REPLACEMENT
    first = (row - 1) // 2 + (0x81 if row <= 62 else 0xC1)
    second = cell + (0x9E if row % 2 == 0 else 0x3F if cell < 64 else 0x40)
    return bytes((first, second)).decode("cp932", "replace")[:1]


codecs.register_error("ballast-html", _replace_multi_byte_error)
