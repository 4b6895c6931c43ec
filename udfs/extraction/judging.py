"""What becomes of texts: a caption with its language and entries, or the outcome that drops it."""

from collections.abc import Iterable
from typing import Any

from udfs.captions.canonical import canonical
from udfs.captions.language import detector_of
from udfs.captions.rules import rules_beyond_length
from udfs.extraction.options import ExtractOptions
from udfs.hashing import caption_hash
from udfs.matching.by_language import LanguageMatcher
from udfs.matching.matcher import Matcher
from udfs.outcomes import Outcome

_REMEMBERED_TEXTS, _REMEMBERED_CHARACTERS = 1 << 14, 256  # sites repeat their texts; at most about 40 MB
Judgment = tuple[Any, ...] | Outcome
"""Of a text that is kept: its caption, language, with a list for each language the code of its list, score and hash,
and with a matcher its entry ids. Else why not."""


class Judge:
    """Judges texts by the caption rules, then the language, then the entries of a matcher, if there is one."""

    def __init__(self, options: ExtractOptions, matcher: Matcher | LanguageMatcher | None) -> None:
        self._languages, self._language_score = options.languages, options.language_score
        self._max_characters = options.caption_rules.max_characters
        self._rules = rules_beyond_length(options.caption_rules)
        self._detect = detector_of(options.language_detector, options.language_model)
        self._matcher = matcher
        self._list_of = matcher.labels.list_of if isinstance(matcher, LanguageMatcher) else None
        self._remembered: dict[str, Judgment] = {}

    def judge(self, texts: Iterable[str]) -> dict[str, Judgment]:
        """The judgment of each distinct text. Those of recent texts are remembered."""
        remembered = self._remembered
        judgments: dict[str, Any] = {text: remembered.get(text) for text in texts}
        new = [text for text, judgment in judgments.items() if judgment is None]
        judgments.update(zip(new, self._judge_captions(map(canonical, new)), strict=True))
        short = {text: judgment for text, judgment in judgments.items() if len(text) <= _REMEMBERED_CHARACTERS}
        if len(remembered) + len(short) > _REMEMBERED_TEXTS:
            remembered.clear()
        remembered.update(short)
        return judgments

    def _judge_captions(self, captions: Iterable[str]) -> list[Judgment]:
        """The judgments of canonical captions, in order.

        All languages are detected before anything is matched: the tables of the detector and those of the matcher
        evict each other from the processor's caches, and parsing a page evicts both.
        """
        judgments = [self._judge_alone(caption) for caption in captions]
        if self._matcher is None:
            return judgments
        if isinstance(self._matcher, LanguageMatcher):
            match_list = self._matcher.match
            return [
                judgment
                if isinstance(judgment, Outcome)
                else _with_entries(judgment, match_list(judgment[2], judgment[0]))
                for judgment in judgments
            ]
        match = self._matcher.match
        return [
            judgment if isinstance(judgment, Outcome) else _with_entries(judgment, match(judgment[0]))
            for judgment in judgments
        ]

    def _judge_alone(self, caption: str) -> Judgment:
        if not caption:
            return Outcome.TEXT_BLANK
        if len(caption) > self._max_characters:
            return Outcome.TEXT_TOO_LONG
        for outcome, applies in self._rules:
            if applies(caption):
                return outcome
        lang, score = self._detect(caption)
        if self._languages is not None and lang not in self._languages:
            return Outcome.TEXT_OTHER_LANGUAGE
        if score < self._language_score:
            return Outcome.TEXT_UNSURE_LANGUAGE
        if self._list_of is None:
            return caption, lang, score, caption_hash(caption)
        if (code := self._list_of(lang)) is None:
            return Outcome.TEXT_NO_LIST
        return caption, lang, code, score, caption_hash(caption)


def _with_entries(judgment: tuple[Any, ...], entry_ids: list[int]) -> Judgment:
    return (*judgment, entry_ids) if entry_ids else Outcome.TEXT_NO_MATCH
