"""The header of a WARC record: its first line, its fields, and the blank line that ends it."""

import re
from functools import cache
from typing import NamedTuple

FIRST_LINE = re.compile(rb"WARC/[0-9]+\.[0-9]+[ \t]*\r?\n")
FIRST_LINE_BYTES = len(b"WARC/1.0\r\n")
_MAX_LENGTH_DIGITS = 19


class WarcHeader(NamedTuple):
    """A record's header with its blank line, and the length of the block that it declares: None if it declares none,
    or several."""

    data: bytes
    block_bytes: int | None

    @property
    def size_bytes(self) -> int:
        return len(self.data)

    @property
    def first_line(self) -> bytes:
        """How the first line begins, with the major version: the other records of a file have the same."""
        return self.data[:7]

    def value(self, name: bytes) -> bytes | None:
        """The value of a field, the first one of that name; names do not depend on case. None if there is none."""
        match = _field(name).search(self.data)
        return None if match is None else match[1].strip()


def blank_line_end(data: bytes, start: int, cap: int) -> int:
    """The end of the first blank line, or -1."""
    crlf = data.find(b"\n\r\n", start, cap)
    lf = data.find(b"\n\n", start, cap if crlf < 0 else crlf)
    return lf + 2 if lf >= 0 else crlf + 3 if crlf >= 0 else -1


@cache
def _field(name: bytes) -> re.Pattern[bytes]:
    """Finds the fields of a name; a value goes on in the next line if that begins with a blank."""
    return re.compile(rb"\n%b[ \t]*:((?:[^\n]|\n[ \t])*)" % re.escape(name), re.IGNORECASE)


def parse_header(data: bytes) -> WarcHeader | None:
    """The header that these bytes are, up to a blank line; None if they do not begin as one."""
    if FIRST_LINE.match(data) is None or FIRST_LINE.search(data, 1):  # the second is a header that was cut
        return None
    lengths = {length.strip() for value in _field(b"Content-Length").findall(data) for length in value.split(b",")}
    length = lengths.pop() if len(lengths) == 1 else b""  # RFC 9110 8.6: the same length several times is that length
    return WarcHeader(data, int(length) if length.isdigit() and len(length) < _MAX_LENGTH_DIGITS else None)
