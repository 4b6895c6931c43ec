"""The canonical caption: the one string that is stored, language-identified, matched and hashed."""

from unicodedata import is_normalized, normalize


def canonical(text: str) -> str:
    """Unicode NFC, each run of white space one space, ends trimmed; empty when nothing is left.

    White space is what `str.split` takes: Unicode's White_Space and the four separators U+001C–U+001F. Idempotent.
    """
    if not (text.isascii() or is_normalized("NFC", text)):
        text = normalize("NFC", text)
    return " ".join(text.split())
