"""Lists that users give as files: entries, block lists, block words. All are UTF-8 text, plain or gzip.

A byte-order mark at the start is dropped. A line ends in LF or CRLF; what a line means is up to each list.
"""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from io import BytesIO, TextIOWrapper

from udfs.errors import UsageError

GZIP_MAGIC = b"\x1f\x8b"
REPLACED = "\ufffd"
"""What `lenient_lines` puts in place of bytes that are not UTF-8."""


def list_text(data: bytes, name: str) -> str:
    """The text of a list; `name` is what messages call it.

    Raises `UsageError` for gzip that cannot be unpacked, and for bytes that are not UTF-8.
    """
    data = _unpacked(data, name).removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        raise UsageError(f"{name}: line {line} is not UTF-8 (byte 0x{byte:02x}); save it as UTF-8") from error


def text_lines(text: str) -> list[str]:
    """The lines of a list's text without their line ends."""
    # str.splitlines also splits at characters that a line may hold, such as U+2028
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]


def lenient_lines(data: bytes, name: str) -> Iterator[str]:
    """The lines of a list one at a time, without white space at their ends, for lists of millions of lines.

    Bytes that are not UTF-8 become `REPLACED`. Raises `UsageError` for gzip that cannot be unpacked.
    """
    return map(str.strip, TextIOWrapper(BytesIO(_unpacked(data, name)), "utf-8-sig", "replace", newline="\n"))


def _unpacked(data: bytes, name: str) -> bytes:
    if not data.startswith(GZIP_MAGIC):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{name}: starts as gzip but cannot be unpacked: {error}") from error
