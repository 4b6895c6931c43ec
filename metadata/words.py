"""Words and word pairs of running text, counted; and the association of a pair.

**A word** is a run of letters, combining marks and digits of any script, with single hyphens or apostrophes inside:
"well-known", "don’t" and "1990-91" are one word each, as they are in a caption, where the matching rule looks for them
between spaces. Every other character ends a word, the wrapped marks `, . ; : ? !` and the backtick among them ("U.S."
gives "U" and "S", "1,000" gives "1" and "000"). Case is kept, since matching minds it; `lowercase` folds it. Digits
stay as they stand. Text is made canonical first (Unicode NFC), line by line.

**A pair** is two words of one line with nothing but white space between them: then "first second" stands so in a
caption too. No pair reaches over a mark, a bracket, a symbol, the end of a line or of a page.
"""

import math
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

import regex

from udfs.captions.canonical import canonical

TOKENIZER_VERSION = 1
MAX_WORD_CHARS = 100
"""Longer runs (DNA, base64, keyboard noise) are no words; they end a pair."""

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:[-'’][\p{L}\p{M}\p{N}]+)*")
_LINE = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")


def phrases(text: str, *, lowercase: bool = False) -> Iterator[list[str]]:
    """The words of a text, in runs within which each two neighbours are a pair."""
    for line in _LINE.split(text):
        if not line:
            continue
        canonical_line = canonical(line.lower() if lowercase else line)
        run: list[str] = []
        end = -1
        for found in _WORD.finditer(canonical_line):
            start = found.start()
            if found.end() - start > MAX_WORD_CHARS:
                continue
            if run and not (start == end + 1 and canonical_line[end] == " "):
                yield run
                run = []
            run.append(found[0])
            end = found.end()
        if run:
            yield run


def pairs(phrase: list[str]) -> Iterable[tuple[str, str]]:
    """The pairs of a run of words."""
    return pairwise(phrase)


def lift(pair: int, first: int, second: int, words: int) -> float:
    """How many times as often a pair occurs as its words' counts let expect: c(xy) · N / (c(x) · c(y)).

    `pair`, `first` and `second` are counts, `words` the number N of all words counted, repetitions included. In
    float64, by one rounding an operation, so that the JVM computes the same bits.
    """
    return float(pair) * float(words) / (float(first) * float(second))


def pointwise_mutual_information(pair: int, first: int, second: int, words: int) -> float:
    """PMI(x, y) = log2(c(xy) · N / (c(x) · c(y))): base 2, maximum likelihood, no smoothing, no discount.

    The convention is NLTK's (`BigramAssocMeasures.pmi` of a `BigramCollocationFinder`): N is the number of words, for
    pairs too, and no count is too small. MetaCLIP's published `build_metadata.py` calls just that and keeps 30 and
    above, on counts of Wikipedia that it does not come with. What follows by arithmetic: PMI never exceeds
    log2(N / max(c(x), c(y))), so that 30 needs over a billion words and, with the 2 to 4 billion of English
    Wikipedia, keeps only pairs of words that occur up to about three times each. That the paper's 100,646 pairs are of
    that kind is inferred, not known. A smaller corpus, or pairs that captions hold, ask for a lower threshold.

    Whether a pair passes a threshold T is decided by `lift` >= 2^T, which is exact where the logarithm is not.
    """
    return math.log2(lift(pair, first, second, words))
