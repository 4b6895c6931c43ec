"""Makes a crawl's text safe to print: it cannot control a terminal, reorder a line or hide characters."""

import unicodedata
from functools import lru_cache

_INVISIBLE = {"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"}  # controls, formats (bidi, zero width), unassigned, separators
_ELLIPSIS = "…"


def visible(text: str, most: int | None = None) -> str:
    r"""The text with invisible characters escaped (`\x1b`, `\u202e`, `\U000e0001`), cut after `most` characters.

    The text's own backslashes stay as they are, so the result is for people and cannot be parsed back.
    """
    cut = most is not None and len(text) > most
    if cut:
        text = text[:most]
    escaped = text if text.isascii() and text.isprintable() else "".join(map(_escaped, text))
    return escaped + _ELLIPSIS if cut else escaped


@lru_cache(maxsize=4096)
def _escaped(character: str) -> str:
    if unicodedata.category(character) not in _INVISIBLE:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
