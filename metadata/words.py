"""Words and word pairs of running text, and the association of a pair.

**A word** is a run of letters, combining marks and digits of any script, with single hyphens or apostrophes inside:
"well-known", "don’t" and "1990-91" are one word each, as in a caption, where the matching rule finds them between
spaces. Every other character ends a word, so the wrapped marks (`udfs.matching.matcher.WRAPPED`) do: "U.S." becomes "U"
and "S", "1,000" becomes "1" and "000". Case is kept, because matching depends on it; `lowercase` folds it. Digits are
kept. Text is made canonical first (Unicode NFC), line by line.

**A pair** is two words of one line with only white space between them, so that a caption can hold "first second". No
pair extends across a mark, a bracket, a symbol, or the end of a line or page.

**In other languages than English** a word may also have inside it what their writing needs: zero-width joiners, the
middle dot of Catalan, the gershayim of Hebrew. **In languages without spaces** a segmenter (`metadata.segmenters`) cuts
the words further. There a pair is two words with nothing between them, or with what joins them (the tsheg of Tibetan),
so that a text can hold it.
"""

import math
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import regex

from metadata.segmenters import SEGMENTERS, cut_run
from metadata.wikis import ENGLISH
from udfs.captions.canonical import canonical

MAX_WORD_CHARS = 100
"""Longer runs (DNA, base64, keyboard noise) are not words, and end a pair."""

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:[-'’][\p{L}\p{M}\p{N}]+)*")
_WORD_OF_OTHERS = regex.compile(
    r"""[\p{L}\p{M}\p{N}]+
    (?:(?:[-'’·‧׳״\u200c\u200d]|(?<=\p{Script=Hebrew})"(?=\p{Script=Hebrew}))[\p{L}\p{M}\p{N}]+)*""",
    regex.VERBOSE,
)
_LINE = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")


class WordRule(NamedTuple):
    """How the words of a wiki are found."""

    version: int
    pattern: "regex.Pattern[str]"
    segmenter: str | None = None
    """The name of the segmenter that cuts each run of the pattern, where words are not separated by spaces."""

    @property
    def joiner(self) -> str:
        """What stands between the words of a pair, in text as in a list: one character, or nothing."""
        return " " if self.segmenter is None else SEGMENTERS[self.segmenter].joiner


ENGLISH_WORDS = WordRule(1, _WORD)


def word_rule(wiki: str, segmenter: str | None) -> WordRule:
    """The rule of a wiki, with its segmenter if it needs one (`segmenters.segmenter_of`)."""
    return ENGLISH_WORDS if wiki == ENGLISH else WordRule(2, _WORD_OF_OTHERS, segmenter)


def phrases(text: str, *, lowercase: bool = False, rule: WordRule = ENGLISH_WORDS) -> Iterator[list[str]]:
    """The words of a text, in runs in which every two neighbours are a pair.

    Raises like `segmenters.cutter`.
    """
    pattern, joiner = rule.pattern, rule.joiner
    for line in _LINE.split(text):
        if not line:
            continue
        canonical_line = canonical(line.lower() if lowercase else line)
        if not joiner:
            for match in pattern.finditer(canonical_line):
                yield from _cut_phrases(match[0], rule)
            continue
        run: list[str] = []
        end = -1
        for match in pattern.finditer(canonical_line):
            start = match.start()
            if match.end() - start > MAX_WORD_CHARS:
                continue
            if run and not (start == end + 1 and canonical_line[end] == joiner):
                yield run
                run = []
            run.append(match[0])
            end = match.end()
        if run:
            yield run


def _cut_phrases(letters: str, rule: WordRule) -> Iterator[list[str]]:
    """The words of a run of letters without spaces. A piece that is more than a word, such as one with a joiner at its
    end, ends the phrase; the words in it stand alone."""
    run: list[str] = []
    for piece in cut_run(letters, str(rule.segmenter)):
        if len(piece) <= MAX_WORD_CHARS and rule.pattern.fullmatch(piece):
            run.append(piece)
            continue
        if run:
            yield run
            run = []
        yield from ([word] for word in rule.pattern.findall(piece) if len(word) <= MAX_WORD_CHARS)
    if run:
        yield run


def pairs(phrase: list[str]) -> Iterable[tuple[str, str]]:
    """The pairs of a run of words."""
    return pairwise(phrase)


def lift(pair: int, first: int, second: int, words: int) -> float:
    """How often a pair occurs, relative to what its words' counts predict: c(xy) · N / (c(x) · c(y)).

    `pair`, `first` and `second` are counts; `words` is N, the number of all words, repetitions included. Computed in
    float64 with one rounding per operation, so that the JVM computes the same bits.
    """
    return float(pair) * float(words) / (float(first) * float(second))


def pointwise_mutual_information(pair: int, first: int, second: int, words: int) -> float:
    """PMI(x, y) = log2(c(xy) · N / (c(x) · c(y))): base 2, maximum likelihood, no smoothing, no discount.

    The convention is NLTK's (`BigramAssocMeasures.pmi` of a `BigramCollocationFinder`): N is the number of words, for
    pairs too, and no count is too small. MetaCLIP's published `build_metadata.py` calls it and keeps pairs of at least
    30, on counts of Wikipedia that are not published. By arithmetic, PMI never exceeds log2(N / max(c(x), c(y))). So a
    threshold of 30 needs over a billion words, and with the 2 to 4 billion of English Wikipedia it keeps only pairs of
    words that occur up to about three times each. That the paper's 100,646 pairs are such pairs is inferred, not
    known. A smaller corpus, or pairs that captions hold, need a lower threshold.

    Whether a pair passes a threshold T is decided by `lift` >= 2^T, which is exact, while the logarithm is rounded.
    """
    return math.log2(lift(pair, first, second, words))
