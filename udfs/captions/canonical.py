"""The canonical caption: the one string that is stored, language-identified, matched and hashed."""

from unicodedata import is_normalized, normalize


def canonical(text: str) -> str:
    """The text in Unicode NFC, with each run of white space replaced by one space and none at the ends; perhaps empty.

    White space is as in `str.split`: Unicode's White_Space and the four separators U+001C–U+001F. Idempotent.
    """
    if not (text.isascii() or is_normalized("NFC", text)):
        text = normalize("NFC", text)
    return " ".join(text.split())
