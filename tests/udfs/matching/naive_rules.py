"""The matching rules from their words, one character at a time, with Unicode's names in place of tables of ranges."""

import re
import string
from unicodedata import category, name

from udfs.matching.boundaries import Boundaries

_CONTINUOUS_NAMES = re.compile(
    r"CJK|KANGXI|IDEOGRAPH|HIRAGANA|HENTAIGANA|KATAKANA|BOPOMOFO|THAI |LAO |MYANMAR|KHMER|TIBETAN"
    r"|TAI (LE|THAM|VIET)|NEW TAI LUE"
)
_METACLIP2_NAMES = re.compile(r"CJK (UNIFIED|COMPAT)|^THAI |^LAO |^MYANMAR|^KHMER|^TIBETAN")
_METACLIP2_MARKS = string.punctuation + "，。、；：？！“”‘’（）【】《》〈〉「」『』～—"


def is_continuous(character: str) -> bool:
    """Whether a letter, mark or number is of a script without spaces between words. Of its other characters, only the
    Tibetan tsheg is; tests use no more of them."""
    return character == "་" or (category(character)[0] in "LMN" and bool(_CONTINUOUS_NAMES.search(name(character, ""))))


def is_other_letter(character: str) -> bool:
    return (character.isalpha() or character.isdigit()) and not is_continuous(character)


def naive_text(caption: str, boundaries: Boundaries) -> str:
    """One space around, each mark wrapped in spaces, tab, CR and LF into spaces; then the spaces between scripts."""
    if boundaries is Boundaries.METACLIP2:
        caption = caption.strip()
    text = " "
    for character in caption:
        if boundaries is Boundaries.CONTINUOUS and (
            (is_continuous(text[-1]) and is_other_letter(character))
            or (is_other_letter(text[-1]) and is_continuous(character))
        ):
            text += " "
        if character in ",.;:?!`":
            text += f" {character} "
        else:
            text += " " if character in "\t\r\n" else character
    return text + " "


def naive_key(entry: str, boundaries: Boundaries) -> str:
    if boundaries is Boundaries.SPACES:
        return f" {entry} "
    if boundaries is Boundaries.METACLIP2:
        first, last = (
            "" if edge in _METACLIP2_MARKS or _METACLIP2_NAMES.search(name(edge, "")) else " "
            for edge in (entry[0], entry[-1])
        )
        return f"{first}{entry}{last}"
    key = "" if is_continuous(entry[0]) else " "
    for before, character in zip(" " + entry, entry, strict=False):
        if (is_continuous(before) and is_other_letter(character)) or (
            is_other_letter(before) and is_continuous(character)
        ):
            key += " "
        key += character
    return key if is_continuous(entry[-1]) else f"{key} "


def naive_ids(caption: str, entries: list[str], boundaries: Boundaries) -> list[int]:
    text = naive_text(caption, boundaries)
    return [entry_id for entry_id, entry in enumerate(entries) if naive_key(entry, boundaries) in text]
