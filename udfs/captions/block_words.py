"""Captions that hold a blocked word or phrase, of a list that may be tens of thousands long."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from unicodedata import category, normalize

import ahocorasick

from udfs.captions.canonical import canonical
from udfs.errors import UsageError
from udfs.list_files import list_text, text_lines

_COMMENT = "#"
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class BlockWords:
    """Distinct words and phrases, folded and sorted; none blocks nothing."""

    words: tuple[str, ...] = field(default=(), repr=False)

    @property
    def fingerprint(self) -> dict[str, int | str] | None:
        """What a run records to tell whether another run used the same list: the number of words, and a hash that
        neither their order nor comments change; None for no words."""
        if not self.words:
            return None
        return {"words": len(self.words), "sha256": hashlib.sha256("\n".join(self.words).encode()).hexdigest()}


NO_WORDS = BlockWords()


def parse_block_words(data: bytes, name: str) -> BlockWords:
    """The words of a list file (`udfs.list_files`): a word or phrase per line; blank lines and lines that begin with
    `#` are ignored. Raises `UsageError` for a list that cannot be read, and for one without words."""
    lines = text_lines(list_text(data, name))
    words = {fold(canonical(line)) for line in lines if not line.lstrip().startswith(_COMMENT)} - {""}
    if not words:
        raise UsageError(f"{name}: holds no words: give a list with a word or phrase per line")
    return BlockWords(tuple(sorted(words)))


def fold(text: str) -> str:
    """A text without its case: equal for texts that are canonical caseless matches (The Unicode Standard, D145), but in
    NFC."""
    return text.lower() if text.isascii() else normalize("NFC", normalize("NFD", text).casefold())


@lru_cache(maxsize=1)
def held_blocker(words: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a canonical caption holds one of these folded words, as a function, held for a worker's later tasks.

    A word or phrase occurs where its folded text stands and neither end is within a word. Characters of words are those
    of a regular expression's word by UTS #18: letters, numbers, underscores, marks and the zero-width joiners. So "sex"
    is in "Sex-ed" and not in "Essex"; in scripts without spaces a word is seldom found.
    """
    automaton = ahocorasick.Automaton(ahocorasick.STORE_LENGTH)
    for word in words:
        automaton.add_word(word)
    automaton.make_automaton()

    def blocks(caption: str) -> bool:
        text = fold(caption)
        for last, length in automaton.iter(text):
            if not (_is_within_word(text, last - length + 1) or _is_within_word(text, last + 1)):
                return True
        return False

    return blocks


def _is_within_word(text: str, place: int) -> bool:
    """Whether the characters before and at a place are of one word."""
    return 0 < place < len(text) and _is_of_word(text[place - 1]) and _is_of_word(text[place])


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character == "_" or character in _JOINERS or category(character).startswith("M")
