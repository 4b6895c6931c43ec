"""Counts the words and pairs of words of a piece of a dump. Needs the extra `wikipedia`."""

from collections.abc import Iterator

import pyarrow as pa

from metadata.counting import BIGRAM, DAMAGE, MAX_KEYS, OUTCOME, UNIGRAM, PartialCounts
from metadata.dumps import OversizedPage, Piece, read_pages
from metadata.streams import Damage
from metadata.wikitext import MalformedPage, TooComplex, Unparsable, parse_page, plain_text
from metadata.words import ENGLISH_WORDS, WordRule, pairs, phrases


def count_piece(
    piece: Piece,
    *,
    with_pairs: bool,
    lowercase: bool,
    rule: WordRule = ENGLISH_WORDS,
    categories: tuple[str, ...] = (),
    max_keys: int = MAX_KEYS,
) -> Iterator[pa.RecordBatch]:
    """Count the words, and optionally the pairs, of the articles of a piece, and the outcome of each page.

    `categories` are the wiki's own names of categories, besides `Category`.

    Articles are the pages of the main namespace, except redirects. Each page has one outcome: `articles`, `redirects`,
    `other namespaces`, `malformed`, `too large`, `too complex` or `unparsable`. Damage ends the piece; what precedes it
    is counted.
    """
    counts = PartialCounts(max_keys)
    try:
        for data in read_pages(piece):
            outcome, text = _article(data, categories)
            counts.add(OUTCOME, piece.name, outcome)
            for phrase in phrases(text, lowercase=lowercase, rule=rule):
                for word in phrase:
                    counts.add(UNIGRAM, word)
                if with_pairs:
                    for first, second in pairs(phrase):
                        counts.add(BIGRAM, first, second)
            if counts.is_full:
                yield from counts.batches()
    except Damage as damage:
        counts.add(DAMAGE, piece.name, str(damage))
    yield from counts.batches()


def _article(data: bytes | OversizedPage, categories: tuple[str, ...]) -> tuple[str, str]:
    """The outcome of a page, and its text if it is an article."""
    if isinstance(data, OversizedPage):
        return "too large", ""
    try:
        page = parse_page(data)
        if page.namespace != 0:
            return "other namespaces", ""
        if page.is_redirect:
            return "redirects", ""
        return "articles", plain_text(page.text, categories)
    except MalformedPage:
        return "malformed", ""
    except TooComplex:
        return "too complex", ""
    except Unparsable:
        return "unparsable", ""
