"""What Ballast is compared with, in plain form: reading alone, the stack of typical tutorials, and the libraries of
MetaCLIP's published WARC script."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import ahocorasick
from bs4 import BeautifulSoup
from fastwarc import ArchiveIterator
from langdetect import DetectorFactory, LangDetectException, detect
from selectolax.lexbor import LexborHTMLParser
from warcio.archiveiterator import ArchiveIterator as WarcioIterator

from udfs.captions.language import fasttext_detector
from udfs.matching.boundaries import space_text

DetectorFactory.seed = 0
Pair = tuple[str, str]
Images = tuple[str | None, Iterable[Mapping[str, Any]]]
"""The base's href and the attributes of each image."""


def read_bare(path: Path) -> tuple[int, int]:
    """FastWARC alone: reads every record, its HTTP headers, and the payloads of responses. Counts records and bytes."""
    records = payload_bytes = 0
    with path.open("rb") as source:
        for record in ArchiveIterator(source, parse_http=True):
            records += 1
            if record.is_http_parsed:
                payload_bytes += len(record.reader.read())
    return records, payload_bytes


def build_automaton(entries: list[str]) -> Any:
    """The bare pyahocorasick engine on spaced entries."""
    automaton = ahocorasick.Automaton(ahocorasick.STORE_INTS)
    for entry_id, entry in enumerate(entries):
        automaton.add_word(f" {entry} ", entry_id)
    automaton.make_automaton()
    return automaton


def extract_slowly(path: Path, automaton: Any) -> set[Pair]:
    """Pairs in English with a match, by warcio, BeautifulSoup's html.parser, urljoin, langdetect and pyahocorasick.

    html.parser does not follow the HTML standard, nor urljoin the URL standard: some pairs may differ.
    """

    def language(caption: str) -> str | None:
        try:
            return detect(caption)
        except LangDetectException:
            return None

    return _english_matches(path, automaton, _images_by_beautifulsoup, language)


def extract_with_published_libraries(path: Path, automaton: Any) -> set[Pair]:
    """The same by warcio, selectolax, urljoin, fastText and pyahocorasick.

    MetaCLIP's script uses these, but its licence does not allow a copy here; it used selectolax's slower Modest parser.
    """
    language = fasttext_detector()
    return _english_matches(path, automaton, _images_by_selectolax, lambda caption: language(caption)[0])


def _english_matches(
    path: Path, automaton: Any, images: Callable[[bytes], Images], language: Callable[[str], str | None]
) -> set[Pair]:
    return {
        (url, caption)
        for url, caption in _pairs(path, images)
        if language(caption) == "en" and next(automaton.iter(space_text(caption)), None) is not None
    }


def _pairs(path: Path, images: Callable[[bytes], Images]) -> Iterator[Pair]:
    with path.open("rb") as source:
        for record in WarcioIterator(source):
            if record.rec_type != "response":
                continue
            page_url = record.rec_headers.get_header("WARC-Target-URI")
            base_href, tags = images(record.content_stream().read())
            base = urljoin(page_url, base_href) if base_href else page_url
            for attributes in tags:
                src = str(attributes.get("src") or "").strip()
                if not src:
                    continue
                try:
                    url = urljoin(base, src)
                except ValueError:
                    continue
                for key in ("alt", "title", "data-image-title"):
                    caption = " ".join(str(attributes.get(key) or "").split())
                    if caption and url.startswith(("http://", "https://")):
                        yield url, caption


def _images_by_beautifulsoup(html: bytes) -> Images:
    soup = BeautifulSoup(html, "html.parser")
    base = soup.find("base", href=True)
    return str(base["href"]) if base else None, [image.attrs for image in soup.find_all("img")]


def _images_by_selectolax(html: bytes) -> Images:
    tree = LexborHTMLParser(html)
    base = tree.css_first("base[href]")
    return base.attributes["href"] if base else None, [image.attributes for image in tree.css("img")]
