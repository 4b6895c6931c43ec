"""Row `d`: where our time goes. Calls the functions of the stages on each page in turn, and times each.

The rest (counting, hashing, rows, Arrow) is the difference to the whole.
"""

from collections.abc import Iterator
from functools import partial
from time import process_time
from typing import NamedTuple

from corpus import Corpus
from extraction_rows import ENGLISH, extract, file_row
from table import SHARE, Row, interleave, timed

from udfs.archive.charsets import as_html
from udfs.archive.content_type import content_type
from udfs.archive.http_body import decode_body
from udfs.archive.http_header import read_http_header
from udfs.archive.records import read_records
from udfs.archive.source_stream import SourceStream
from udfs.captions.canonical import canonical
from udfs.captions.language import LANGUAGE_DETECTORS
from udfs.extraction.urls import base_url, image_url
from udfs.html.document import Document
from udfs.html.parsers import HTML_PARSERS, Html
from udfs.html.skeleton import skeleton
from udfs.matching.matcher import Matcher
from udfs.outcomes import Outcome
from udfs.storage.local import open_input

READ, DECODE, PARSE, URLS = "read", "HTTP body, charset", "parse, attributes", "image URLs"
LANGUAGE, MATCH = "canonical text, language", "match"
SKELETON, TREE, REST = "parse: skeleton", "parse: its tree, attributes", "rest: counts, hashes, rows, Arrow"


class Payload(NamedTuple):
    """A response as read, with its codings."""

    url: str
    content_type: str
    codings: tuple[str | None, str | None]
    body: bytes


class Laps:
    """CPU seconds by name; each lap starts where the last one ended."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = process_time()

    def lap(self, name: str) -> None:
        now = process_time()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._last
        self._last = now


def breakdown(corpus: Corpus, matcher: Matcher, repeat: int) -> list[Row]:
    """The share of each stage, and the whole. Same answer: both have the same number of pages and texts."""
    whole = partial(extract, corpus.path, ENGLISH, matcher)
    runs = [timed(work) for work in (whole, partial(_walk, corpus, matcher), partial(_walk_skeletons, corpus))]
    wholes: list[float] = []
    walks: list[dict[str, float]] = []
    for _ in range(repeat):
        ([seconds], *_), (batches, laps, cuts) = interleave(runs, 1)
        wholes.append(seconds)
        walks.append(cuts | laps)
    return _rows(corpus, wholes, walks, same=_agrees(corpus, file_row(batches)))


def _rows(corpus: Corpus, wholes: list[float], walks: list[dict[str, float]], *, same: bool) -> list[Row]:
    stages = {name: [laps[name] for laps in walks] for name in (READ, DECODE, PARSE, URLS, LANGUAGE, MATCH)}
    cuts = [laps[SKELETON] for laps in walks]
    split = {SKELETON: cuts, TREE: [both - cut for both, cut in zip(stages[PARSE], cuts, strict=True)]}
    parts_s = {READ: stages[READ], DECODE: stages[DECODE], **split}
    parts_s |= {name: stages[name] for name in (URLS, LANGUAGE, MATCH)}
    parts_s[REST] = [whole - sum(parts) for whole, *parts in zip(wholes, *stages.values(), strict=True)]
    rows = [
        Row("d", f"{corpus.name}: {name}", seconds, "the whole", wholes, SHARE, corpus.pages, "ms/page")
        for name, seconds in parts_s.items()
    ]
    whole = Row("d", f"{corpus.name}: the whole", wholes, items=corpus.pages, unit="ms/page", same=same)
    return [*rows, whole]


def read_payloads(corpus: Corpus) -> Iterator[Payload]:
    """The HTML responses of a corpus as extraction reads them."""
    with open_input(str(corpus.path)) as source:
        for record in read_records(SourceStream(source)):
            if record.type != "response":
                continue
            block = record.block
            header = read_http_header(block, frozenset())
            content_type = header.fields.get("content-type", "") if header is not None else ""
            if header is not None and "html" in content_type.lower():
                codings = header.fields.get("transfer-encoding"), header.fields.get("content-encoding")
                url = (record.value(b"WARC-Target-URI") or b"").decode()
                yield Payload(url, content_type, codings, block[header.size_bytes :])


def _walk(corpus: Corpus, matcher: Matcher) -> dict[str, float]:
    parse, detect = HTML_PARSERS[ENGLISH.html_parser], LANGUAGE_DETECTORS[ENGLISH.language_detector]()
    seen: set[str] = set()
    laps = Laps()
    for payload in read_payloads(corpus):
        laps.lap(READ)
        html = as_page(payload)
        laps.lap(DECODE)
        document = parse(html, ENGLISH.profile)
        laps.lap(PARSE)
        urls = _urls(payload, document)
        laps.lap(URLS)
        texts = [text for text in dict.fromkeys(_texts(document, urls)) if text not in seen]  # judged once a file
        seen.update(texts)
        laps.lap(REST)
        captions = [caption for caption in map(canonical, texts) if caption]
        kept = [caption for caption in captions if ENGLISH.languages is None or detect(caption)[0] in ENGLISH.languages]
        laps.lap(LANGUAGE)
        for caption in kept:
            matcher.match(caption)
        laps.lap(MATCH)
    laps.lap(READ)
    return laps.seconds


def _walk_skeletons(corpus: Corpus) -> dict[str, float]:
    """Cutting the skeleton alone. A page without a skeleton counts as parsing."""
    assert skeleton is not None, "the skeleton is not compiled: run make setup"
    laps = Laps()
    for payload in read_payloads(corpus):
        html = as_page(payload)
        laps.lap(READ)
        skeleton(html if isinstance(html, bytes) else html.encode(), False)
        laps.lap(SKELETON)
    return laps.seconds


def as_page(payload: Payload) -> Html:
    body, _ = decode_body(payload.body, *payload.codings, ENGLISH.max_page_bytes)
    return as_html(body, content_type(payload.content_type).charset)


def read_texts(corpus: Corpus) -> list[str]:
    """The texts of all images of a corpus that have a URL, in order."""
    parse = HTML_PARSERS[ENGLISH.html_parser]
    texts: list[str] = []
    for payload in read_payloads(corpus):
        document = parse(as_page(payload), ENGLISH.profile)
        texts += _texts(document, _urls(payload, document))
    return texts


def _urls(payload: Payload, document: Document) -> list[str | Outcome]:
    base = base_url(payload.url, document.base_href)
    return [image_url(base, image.src) for image in document.images]


def _texts(document: Document, urls: list[str | Outcome]) -> Iterator[str]:
    for image, url in zip(document.images, urls, strict=True):
        if not isinstance(url, Outcome):
            for _, text in image.texts:
                yield text


def _agrees(corpus: Corpus, facts: dict[str, int]) -> bool:
    texts = facts[Outcome.TEXTS] - facts[Outcome.TEXT_NO_URL]
    return facts[Outcome.PAGES] == corpus.pages and texts == len(read_texts(corpus))
