"""The HTTP header at the start of a response record.

Source: RFC 9112 §2.2, §5 and RFC 9110 §5.3, §5.5, §15.2. Archives hold what servers sent and what crawlers made of it,
so this reader is more lenient: see `read_http_header`.
"""

import re
from collections.abc import Set
from io import BytesIO
from typing import NamedTuple

_LINE_BYTES, _HEADER_BYTES = 1 << 16, 1 << 20
# With up to four bytes before the protocol's name, as Chromium allows; ":status 200" is how some tools print HTTP/2.
_STATUS_LINE = re.compile(
    r".{0,4}http(?:/|[ \t]+[0-9])|[ \t]*(?:[a-z]+/?[0-9.]*[ \t]+|:status[ \t]+)?[0-9]{3}(?![^ \t])", re.I | re.S
)
_INTERIM_STATUS = re.compile(r"[^:\s]+[ \t]+1[0-9]{2}\b")
_NEXT_HEADER = re.compile(rb"HTTP/[0-9.]+ [0-9]{3}")
_FIELD = re.compile(r":?([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*:")
_CONTROLS = str.maketrans("\r\0", "  ")


class HttpHeader(NamedTuple):
    """`fields` by name in lower case, with the values of repeated lines joined by commas; `listed`, every (name, value)
    of the names that were asked for; and the header's size, its blank line included."""

    fields: dict[str, str]
    listed: list[tuple[str, str]]
    size_bytes: int


def read_http_header(block: bytes, listed: Set[str]) -> HttpHeader | None:
    """Read the HTTP header at the start of a response's block, whose lines end in CRLF or LF; None if there is none.

    The names `listed`, in lower case, are those of which every value matters.

    The header may begin with blank lines, be nothing else, lack the status line if its first line looks like a field,
    and have a status line of any protocol and case, or HTTP/2's `:status: 200`. Interim responses (`100 Continue`) are
    skipped, and so are headers before another one: a proxy's, or the same one twice. A continuation line belongs to the
    field above it. A CR or NUL within a line counts as a space. A line that is not a field is skipped, with its
    continuations.
    """
    # the parts of each value, which a long header could make quadratic work of
    fields: dict[str, list[str]] = {}
    every: list[tuple[str, list[str]]] = []
    size_bytes, start, parts, own_parts = 0, "", [""], [""]
    reader = BytesIO(block)
    while line := reader.readline(_LINE_BYTES):
        size_bytes += len(line)
        if size_bytes > _HEADER_BYTES:
            return None
        text = line.decode("latin-1").rstrip("\r\n")
        if "\r" in text or "\0" in text:
            text = text.translate(_CONTROLS)
        if not text:
            if start and not _INTERIM_STATUS.match(start) and not _NEXT_HEADER.match(block, size_bytes):
                joined = {name: "".join(value) for name, value in fields.items()}
                return HttpHeader(joined, [(name, "".join(value)) for name, value in every], size_bytes)
            start = ""
            fields.clear()
            every.clear()
            continue
        field = _FIELD.match(text)
        if not start:
            if field is None and not _STATUS_LINE.match(text):
                before_bytes = size_bytes - len(line)
                return HttpHeader({}, [], before_bytes) if before_bytes else None
            start = text
        if field:
            name, own_parts = field[1].lower(), [text[field.end() :].strip()]
            if name in fields:
                parts = fields[name]
                parts += (", ", *own_parts)
            else:
                parts = fields[name] = own_parts.copy()
            if name in listed:
                every.append((name, own_parts))
        elif text[0] in " \t":
            continued = " " + text.strip()
            parts.append(continued)
            own_parts.append(continued)
        else:
            parts, own_parts = [], []
    return None
