"""Finds captions that hold a blocked word or phrase, from a list of up to tens of thousands."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from unicodedata import category, normalize

import ahocorasick

from udfs.captions.canonical import canonical
from udfs.errors import UsageError
from udfs.list_files import list_words

_COMMENT, _COLUMN = "#", "word"
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class BlockWords:
    """Distinct words and phrases, folded (`fold`) and sorted; an empty list blocks nothing."""

    words: tuple[str, ...] = field(default=(), repr=False)

    @property
    def fingerprint(self) -> dict[str, int | str] | None:
        """What a run records to recognise its list: the number of words, and a hash that does not depend on their order
        or on comments; None without words."""
        if not self.words:
            return None
        return {"words": len(self.words), "sha256": hashlib.sha256("\n".join(self.words).encode()).hexdigest()}


NO_WORDS = BlockWords()


def parse_block_words(data: bytes, name: str) -> BlockWords:
    """The words of a list of words and phrases (`list_files.list_words`, of a table the column `word`). Blank ones, and
    lines of a text that begin with `#`, are ignored. Raises `UsageError` for a list that cannot be read, and for one
    without words."""
    listed = list_words(data, name, _COLUMN)
    kept = (word for word in listed.words if not (listed.is_text and word.lstrip().startswith(_COMMENT)))
    words = {fold(canonical(word)) for word in kept} - {""}
    if not words:
        raise UsageError(f"{name}: holds no words: give a list with a word or phrase per line")
    return BlockWords(tuple(sorted(words)))


def fold(text: str) -> str:
    """A text with its case folded: equal for two texts that are canonical caseless matches (The Unicode Standard,
    D145). The result is in NFC."""
    return text.lower() if text.isascii() else normalize("NFC", normalize("NFD", text).casefold())


@lru_cache(maxsize=1)
def cached_word_check(words: tuple[str, ...]) -> Callable[[str], bool]:
    """A function that returns whether a canonical caption holds one of these folded words; cached for later tasks.

    A word or phrase occurs where its folded text stands, unless one of its ends lies inside a longer word. The
    characters of words are those of UTS #18 (regular expressions): letters, numbers, underscores, marks and the
    zero-width joiners. So "sex" occurs in "Sex-ed" but not in "Essex", and rarely in scripts without spaces.
    """
    automaton = ahocorasick.Automaton(ahocorasick.STORE_LENGTH)
    for word in words:
        automaton.add_word(word)
    automaton.make_automaton()

    def holds_word(caption: str) -> bool:
        text = fold(caption)
        for last, length in automaton.iter(text):
            if not (_is_inside_word(text, last - length + 1) or _is_inside_word(text, last + 1)):
                return True
        return False

    return holds_word


def _is_inside_word(text: str, place: int) -> bool:
    """Whether the characters before and at a place belong to one word."""
    return 0 < place < len(text) and _is_word_character(text[place - 1]) and _is_word_character(text[place])


def _is_word_character(character: str) -> bool:
    return character.isalnum() or character == "_" or character in _JOINERS or category(character).startswith("M")
