"""The HTTP header at the start of a response record."""

import re
from collections.abc import Set
from io import BytesIO
from typing import NamedTuple

_LINE_BYTES, _HEADER_BYTES = 1 << 16, 1 << 20
_STATUS_LINE = re.compile(r"HTTP/|[A-Z]+(?:/[0-9.]+)?[ \t]+[0-9]{3}\b")
_FIELD = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*:")


class HttpHeader(NamedTuple):
    """`fields` by name in lower case, the last value of a repeated one; `listed`, every (name, value) of the names
    that were asked for; and the header's size, its blank line included."""

    fields: dict[str, str]
    listed: list[tuple[str, str]]
    size_bytes: int


def read_http_header(block: bytes, listed: Set[str]) -> HttpHeader | None:
    """Read a response's HTTP header, whose lines end in CRLF or LF; None if there is none.

    The names `listed`, in lower case, are those of which every value matters. FastWARC's own parser treats a header
    with bare LFs as empty, and reads into the body. A header may lack the status line if its first line looks like a
    field. A line that is not a field is skipped.
    """
    fields: dict[str, list[str]] = {}  # the parts of each value
    every: list[tuple[str, list[str]]] = []
    size_bytes, parts = 0, [""]
    reader = BytesIO(block)
    try:
        while line := reader.readline(_LINE_BYTES):
            first = not size_bytes
            size_bytes += len(line)
            text = line.decode("latin-1").rstrip("\r\n")
            if not text:
                joined = {name: " ".join(value) for name, value in fields.items()}
                return HttpHeader(joined, [(name, " ".join(value)) for name, value in every], size_bytes)
            if first and not (_STATUS_LINE.match(text) or _FIELD.match(text)):
                return None
            if text[0] in " \t":  # an obsolete continuation line
                parts.append(text.strip())
            elif _FIELD.match(text):
                name, _, value = text.partition(":")
                name = name.rstrip().lower()
                parts = fields[name] = [value.strip()]
                if name in listed:
                    every.append((name, parts))
            if size_bytes > _HEADER_BYTES:
                return None
    except (OSError, ValueError):
        return None  # the archive is damaged: reading the next record reports it
    return None
