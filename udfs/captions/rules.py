"""The rules of caption hygiene that one caption is judged by alone. All are off unless asked for."""

from collections.abc import Callable
from dataclasses import dataclass

from udfs.captions.block_words import NO_WORDS, BlockWords, held_blocker
from udfs.captions.file_names import is_file_name
from udfs.errors import UsageError
from udfs.outcomes import MAX_TEXT_CHARACTERS, Outcome

Rule = tuple[Outcome, Callable[[str], bool]]
"""An outcome, and whether a canonical caption has it."""


@dataclass(frozen=True, slots=True)
class CaptionRules:
    """What is done to texts, and what captions must be like. Characters are code points of the canonical caption, words
    its parts between spaces; None is no bound. Raises `UsageError` for bounds that no caption keeps."""

    min_characters: int | None = None
    max_characters: int = MAX_TEXT_CHARACTERS
    min_words: int | None = None
    max_words: int | None = None
    strip_invisible: bool = False
    drop_file_names: bool = False
    block_words: BlockWords = NO_WORDS

    def __post_init__(self) -> None:
        bounds = (
            ("characters", self.min_characters, self.max_characters),
            ("words", self.min_words, self.max_words),
        )
        for unit, least, most in bounds:
            if least is not None and most is not None and least > most:
                raise UsageError(f"--min-caption-{unit} {least:,} is above --max-caption-{unit} {most:,}: none is left")


NO_RULES = CaptionRules()


def rules_beyond_length(rules: CaptionRules) -> tuple[Rule, ...]:
    """The rules that are on but `max_characters`, in the order in which captions are judged."""
    found: list[Rule] = []
    if (least := rules.min_characters) is not None:
        found.append((Outcome.TEXT_TOO_SHORT, lambda caption: len(caption) < least))
    if (fewest := rules.min_words) is not None:
        found.append((Outcome.TEXT_TOO_SHORT, lambda caption: _words(caption) < fewest))
    if (most := rules.max_words) is not None:
        found.append((Outcome.TEXT_TOO_LONG, lambda caption: _words(caption) > most))
    if rules.drop_file_names:
        found.append((Outcome.TEXT_FILE_NAME, is_file_name))
    if rules.block_words.words:
        found.append((Outcome.TEXT_BLOCK_WORD, held_blocker(rules.block_words.words)))
    return tuple(found)


def _words(caption: str) -> int:
    return caption.count(" ") + 1
