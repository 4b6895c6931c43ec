"""Chooses the encoding of a page as browsers do, and decodes it.

Sources: the HTML standard, "determining the character encoding"
(https://html.spec.whatwg.org/multipage/parsing.html#determining-the-character-encoding), and for pages that declare
nothing the detector of Firefox, chardetng (https://github.com/hsivonen/chardetng). Deviations:

- a page that declares nothing in its header and its first 1,024 bytes is UTF-8 if all of it is, whatever a later
  `<meta>` says, and if it mostly is. Browsers never guess UTF-8, so that authors declare it; here nobody can;
- the declaration that browsers would find by the prescan holds, even if it lies in a script and another follows;
- the CJK tables are Python's: see `decoders`.
"""

import re

from chardetng_py import EncodingDetector

from udfs.archive.declared_charset import declared_encoding, late_encoding
from udfs.archive.decoders import decoder, encoding_name

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_ESCAPE = b"\x1b"  # ISO-2022-JP is ASCII with escapes
# Of texts of five sentences in 22 legacy charsets, none has more than 0.56 characters that are valid UTF-8 by chance
# for each malformed part (tests/benchmarks/charset_table.py).
_VALID_PER_MALFORMED = 2
_DETECTED_BYTES = 1 << 17
_HOST_END = re.compile(r"[/?#]")
_LABEL_LIMIT = 64
_ASCII_LABEL = re.compile(rb"[a-z0-9-]+")
_PYTHON_NAMES = {"cp874": "windows-874"}  # chardetng-py answers with the names of Python's codecs


def as_html(data: bytes, http_charset: str | None, url: str = "") -> str | bytes:
    """An HTML body as text, decoded as browsers would; if it is UTF-8 (or ASCII), the bytes themselves.

    The encoding comes from the first of: a byte-order mark; the label `http_charset` (see `content_type`); a
    declaration in the first 1,024 bytes (`<meta>`, then `<?xml encoding?>`); UTF-8 if the whole body is valid; a later
    `<meta>` element; UTF-8 if the body has at least two valid characters for each malformed part; what chardetng
    detects, which takes the top-level domain of `url` into account. A label that the Encoding standard does not define
    counts as absent. The byte-order mark is dropped. Malformed bytes count as U+FFFD, as `bytes.decode("utf-8",
    "replace")` gives them. Never raises; the text has no lone surrogate. Deviations from the standards: see the module.
    """
    for bom, codec in _BOMS:
        if data.startswith(bom):
            data = data[len(bom) :]
            return data if codec == "utf-8" else data.decode(codec, "replace")
    encoding = (encoding_name(http_charset) if http_charset else None) or declared_encoding(data)
    if encoding is None:
        encoding = _undeclared_encoding(data, url)
    return data if encoding == "utf-8" else decoder(encoding)(data)


def _undeclared_encoding(data: bytes, url: str) -> str:
    """The encoding of a page that declares none in its header or first 1,024 bytes."""
    if _is_plain_ascii(data) or (not data.isascii() and _is_utf8(data)):
        return "utf-8"
    return late_encoding(data) or ("utf-8" if _is_mostly_utf8(data) else detected_encoding(data, url))


def _is_plain_ascii(data: bytes) -> bool:
    return data.isascii() and _ESCAPE not in data


def _is_utf8(data: bytes) -> bool:
    """Whether bytes are UTF-8. A last character cut short is tolerated if others come before it, because crawlers
    truncate pages."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and not data[: error.start].isascii()
    return True


def _is_mostly_utf8(data: bytes) -> bool:
    """Whether malformed parts are stray bytes in UTF-8."""
    valid, malformed = utf8_parts(data)
    return valid >= _VALID_PER_MALFORMED * malformed and valid > 0


def utf8_parts(data: bytes) -> tuple[int, int]:
    """How many non-ASCII characters bytes have as UTF-8, without U+FFFD, and how many malformed parts."""
    text = data.decode("utf-8", "replace")
    replaced = text.count("\ufffd")
    valid = len(text) - len(text.encode("ascii", "ignore")) - replaced
    return valid, replaced - data.count("\ufffd".encode())


def detected_encoding(data: bytes, url: str) -> str:
    """The encoding that chardetng detects, by its name in the Encoding standard; never UTF-8. It reads the first part
    of the page that is not ASCII, because it is slow on long pages."""
    starts = range(0, len(data), _DETECTED_BYTES)
    start = next((start for start in starts if not _is_plain_ascii(data[start : start + _DETECTED_BYTES])), 0)
    detector = EncodingDetector()
    detector.feed(data[start : start + 2 * _DETECTED_BYTES], last=True)
    name = detector.guess(tld=_top_level_domain(url), allow_utf8=False)
    return encoding_name(_PYTHON_NAMES.get(name, name)) or "windows-1252"


def _top_level_domain(url: str) -> bytes | None:
    """The last label of a URL's host, lower-cased and in Punycode; None if it has none."""
    host = _HOST_END.split(url.partition("://")[2], maxsplit=1)[0].rpartition("@")[2].partition(":")[0]
    label = host.rstrip(".").rpartition(".")[2]
    try:
        encoded = label.encode("idna").lower() if len(label) < _LABEL_LIMIT else b""
    except UnicodeError:
        return None
    return encoded if _ASCII_LABEL.fullmatch(encoded) else None
