"""Text of a crawl made fit to be shown: nothing in it can steer a terminal, reorder a line or hide."""

import unicodedata
from functools import lru_cache

_UNSEEN = {"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"}  # controls, formats (bidi, zero width), unassigned, separators
_ELLIPSIS = "…"


def visible(text: str, most: int | None = None) -> str:
    r"""The text with every character that is not seen spelled out: `\x1b`, `\u202e`, `\U000e0001`; cut after `most`.

    A backslash of the text's own stays as it is: this is for reading, not for reading back.
    """
    cut = most is not None and len(text) > most
    if cut:
        text = text[:most]
    shown = text if text.isascii() and text.isprintable() else "".join(map(_spelled, text))
    return shown + _ELLIPSIS if cut else shown


@lru_cache(maxsize=4096)
def _spelled(character: str) -> str:
    if unicodedata.category(character) not in _UNSEEN:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
