"""The rules that drop a caption for what it is by itself. Without settings, only the longest texts are dropped."""

from collections.abc import Callable
from dataclasses import dataclass

from udfs.captions.block_words import NO_WORDS, BlockWords, cached_word_check
from udfs.captions.file_names import is_file_name
from udfs.errors import UsageError
from udfs.outcomes import MAX_TEXT_CHARACTERS, Outcome

Rule = tuple[Outcome, Callable[[str], bool]]
"""An outcome, and a function that returns whether it applies to a canonical caption."""


@dataclass(frozen=True, slots=True)
class CaptionRules:
    """How texts are cleaned, and which captions are dropped. Characters are code points of the canonical caption, words
    its parts between spaces; None means no bound. Raises `UsageError` for bounds that no caption can meet."""

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
                raise UsageError(
                    f"--min-caption-{unit} {least:,} is above --max-caption-{unit} {most:,}: no caption meets both"
                )


NO_RULES = CaptionRules()


def rules_beyond_length(rules: CaptionRules) -> tuple[Rule, ...]:
    """The rules that are on, except `max_characters`, in the order in which they apply."""
    active: list[Rule] = []
    if (least := rules.min_characters) is not None:
        active.append((Outcome.TEXT_TOO_SHORT, lambda caption: len(caption) < least))
    if (fewest := rules.min_words) is not None:
        active.append((Outcome.TEXT_TOO_SHORT, lambda caption: _words(caption) < fewest))
    if (most := rules.max_words) is not None:
        active.append((Outcome.TEXT_TOO_LONG, lambda caption: _words(caption) > most))
    if rules.drop_file_names:
        active.append((Outcome.TEXT_FILE_NAME, is_file_name))
    if rules.block_words.words:
        active.append((Outcome.TEXT_BLOCK_WORD, cached_word_check(rules.block_words.words)))
    return tuple(active)


def _words(caption: str) -> int:
    return caption.count(" ") + 1
