"""Counts the words and pairs of words of a piece of a dump. Needs the extra `wikipedia`."""

from collections.abc import Iterator

import pyarrow as pa

from metadata.counting import BIGRAM, DAMAGE, MAX_KEYS, OUTCOME, UNIGRAM, PartialCounts
from metadata.dumps import OversizedPage, Piece, read_pages
from metadata.streams import Damage
from metadata.wikitext import MalformedPage, TooComplex, Unparsable, parse_page, plain_text
from metadata.words import pairs, phrases


def count_piece(
    piece: Piece, *, with_pairs: bool, lowercase: bool, max_keys: int = MAX_KEYS
) -> Iterator[pa.RecordBatch]:
    """Count the words, and optionally the pairs, of the articles of a piece, and the outcome of each page.

    Articles are the pages of the main namespace, except redirects. Each page has one outcome: `articles`, `redirects`,
    `other namespaces`, `malformed`, `too large`, `too complex` or `unparsable`. Damage ends the piece; what precedes it
    is counted.
    """
    counts = PartialCounts(max_keys)
    try:
        for data in read_pages(piece):
            outcome, text = _article(data)
            counts.add(OUTCOME, piece.name, outcome)
            for phrase in phrases(text, lowercase=lowercase):
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


def _article(data: bytes | OversizedPage) -> tuple[str, str]:
    """The outcome of a page, and its text if it is an article."""
    if isinstance(data, OversizedPage):
        return "too large", ""
    try:
        page = parse_page(data)
        if page.namespace != 0:
            return "other namespaces", ""
        if page.is_redirect:
            return "redirects", ""
        return "articles", plain_text(page.text)
    except MalformedPage:
        return "malformed", ""
    except TooComplex:
        return "too complex", ""
    except Unparsable:
        return "unparsable", ""
