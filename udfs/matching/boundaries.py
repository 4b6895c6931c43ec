"""Where an entry may begin and end in a text: the text that is searched, and the key that is searched for.

An entry occurs in a caption if its `entry_key` is a substring of the caption's `spaced_text`.
"""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from udfs.outcomes import Named

WRAPPED = ",.;:?!`"
"""The marks that the matching rule wraps in spaces: the only list of them."""

CONTINUOUS_SCRIPTS = {
    "Han": "2E80-2FD5 3005-3007 3021-3029 3038-303B 3400-4DBF 4E00-9FFF F900-FAD9 16FE2-16FE3 16FF0-16FF6 20000-2EE5D"
    " 2F800-2FA1D 30000-33479",
    "Hiragana": "3041-309A 309D-309F 1B001-1B11F 1B123 1B132-1B152 1F200",
    "Katakana": "30A1-30FA 30FC-30FF 31F0-31FF 32D0-32FE 3300-3357 FF66-FF9F 1AFF0-1B000 1B120-1B122 1B124-1B128"
    " 1B155-1B168",
    "Bopomofo": "02EA-02EB 3105-312F 31A0-31BF",
    "Thai": "0E01-0E3A 0E40-0E5B",
    "Lao": "0E81-0EDF",
    "Myanmar": "1000-109F A9E0-A9FE AA60-AA7F 116D0-116E3",
    "Khmer": "1780-17F9 19E0-19FF",
    "Tibetan": "0F00-0FD4 0FD9-0FDA",
    "Tai_Le": "1950-1974",
    "New_Tai_Lue": "1980-19DF",
    "Tai_Tham": "1A20-1AAD",
    "Tai_Viet": "AA80-AADF",
}
"""The scripts that put no space between words, as ranges of code points: Unicode's Script property, version 17.0.

A range may hold code points that 17.0 leaves unassigned. Added are characters that Unicode calls common to several
scripts: 〆, ー, and the marks of voiced kana, each also in half width. Marks that belong to one of these scripts, such
as the Tibetan tsheg, are among them; marks of other texts, such as 。, are not."""

_METACLIP2_RANGES = (
    "4E00-9FFF 3400-4DBF 20000-2A6DF 2A700-2B73F 2B740-2B81F 2B820-2CEAF 2CEB0-2EBEF F900-FAFF 2E80-2EFF 2F00-2FDF"
    " 2FF0-2FFF 0E00-0E7F 0E80-0EFF 1000-109F 1780-17FF 0F00-0FFF 0021-002F 003A-0040 005B-0060 007B-007E"
)
_METACLIP2_MARKS = "，。、；：？！“”‘’（）【】《》〈〉「」『』～—"

_CONTINUOUS_CODES = frozenset("bo dz ja km lo my ryu th zh zh_classical zh_yue wuu gan shn mnw blk".split())

_SPACED = [(mark, f" {mark} ") for mark in WRAPPED] + [(space, " ") for space in "\t\r\n"]


class Boundaries(Named):
    """What must stand around an entry in a text."""

    SPACES = "spaces", "a space on either side, as MetaCLIP has it for English"
    CONTINUOUS = (
        "continuous",
        "a space, or nothing where the entry's first or last character is of a script without spaces between words, or "
        "a change from such a script to a letter or digit of another",
    )
    METACLIP2 = (
        "metaclip2",
        "a space, or nothing where the entry's first or last character is Han, Thai, Lao, Burmese, Khmer, Tibetan or "
        "punctuation: the rule of Meta CLIP 2, for comparison",
    )


def _ranges(table: Iterable[str]) -> str:
    """The inside of a character class of regular expressions."""
    return re.sub(r"[0-9A-F]+", lambda code: f"\\U{int(code[0], 16):08x}", " ".join(table)).replace(" ", "")


_CONTINUOUS = _ranges(CONTINUOUS_SCRIPTS.values())
_RUN = re.compile(f"[{_CONTINUOUS}]+")
_NEEDS_NO_SPACE = {
    Boundaries.SPACES: re.compile(r"(?!)"),
    Boundaries.CONTINUOUS: re.compile(f"[{_CONTINUOUS}]"),
    Boundaries.METACLIP2: re.compile(f"[{_ranges([_METACLIP2_RANGES])}{_METACLIP2_MARKS}]"),
}


def space_text(caption: str) -> str:
    """The text in which entries are looked up: the caption with a space at both ends, each mark of `WRAPPED` wrapped
    in spaces, and tab, CR and LF replaced by spaces (Demystifying CLIP Data, section 3.2, as published). Case is kept.
    """
    text = f" {caption} "
    for character, spaced in _SPACED:
        if character in text:  # most captions hold few of them: this takes a fifth of the time of str.translate
            text = text.replace(character, spaced)
    return text


def _continuous_text(caption: str) -> str:
    return part_scripts(space_text(caption))


def _metaclip2_text(caption: str) -> str:
    return space_text(caption.strip())


def text_spacer(boundaries: Boundaries) -> Callable[[str], str]:
    """The function that makes the text to search of a caption: `space_text`, and more for some boundaries.

    `continuous` puts a space at each change of script (`part_scripts`); `metaclip2` drops white space at the ends.
    """
    return {
        Boundaries.SPACES: space_text,
        Boundaries.CONTINUOUS: _continuous_text,
        Boundaries.METACLIP2: _metaclip2_text,
    }[boundaries]


def spaced_text(caption: str, boundaries: Boundaries) -> str:
    """The text in which entries are looked up."""
    return text_spacer(boundaries)(caption)


def part_scripts(text: str) -> str:
    """The text with a space between each two neighbours of which one is of `CONTINUOUS_SCRIPTS` and the other is a
    letter or digit of another script: "我的iPhone手机" becomes "我的 iPhone 手机"."""
    return text if text.isascii() else _RUN.sub(_parted, text)


def _parted(run: re.Match[str]) -> str:
    text, start, end = run.string, run.start(), run.end()
    before = " " if text[max(start - 1, 0) : start].isalnum() else ""
    behind = " " if text[end : end + 1].isalnum() else ""
    return f"{before}{run[0]}{behind}"


class Key(NamedTuple):
    """What is searched for: an entry's text between the spaces that it needs."""

    before: str
    text: str
    behind: str


def key_parts(entry: str, boundaries: Boundaries) -> Key:
    """The parts of `entry_key`. With `continuous`, the text has the same spaces within as captions have."""
    free = _NEEDS_NO_SPACE[boundaries].match
    text = part_scripts(entry) if boundaries is Boundaries.CONTINUOUS else entry
    return Key("" if free(entry[0]) else " ", text, "" if free(entry[-1]) else " ")


def entry_key(entry: str, boundaries: Boundaries) -> str:
    """What must be a substring of the spaced text of a caption that holds the entry, which is not empty.

    Entries with `continuous` may share a key: "T恤" and "T 恤".
    """
    return f" {entry} " if boundaries is Boundaries.SPACES else "".join(key_parts(entry, boundaries))


def default_boundaries(code: str, entries: Iterable[str]) -> Boundaries:
    """`continuous` for the lists of languages without spaces between words, and for a list of which more than half of
    the entries hold a character of `CONTINUOUS_SCRIPTS`; else `spaces`. `code` is the list's: a wiki's or language's.
    """
    if code in _CONTINUOUS_CODES:
        return Boundaries.CONTINUOUS
    balance = sum(1 if _RUN.search(entry) else -1 for entry in entries)
    return Boundaries.CONTINUOUS if balance > 0 else Boundaries.SPACES
