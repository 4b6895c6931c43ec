"""What Ballast is compared with, each written plainly: bare reading, and the stack that tutorials build."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import ahocorasick
from bs4 import BeautifulSoup
from fastwarc import ArchiveIterator
from langdetect import DetectorFactory, LangDetectException, detect
from warcio.archiveiterator import ArchiveIterator as WarcioIterator

from udfs.matcher import space_text

DetectorFactory.seed = 0


def read_bare(path: Path) -> tuple[int, int]:
    """Nothing but FastWARC: every record, HTTP headers parsed, payloads of responses read. Counts records and bytes."""
    records = payload_bytes = 0
    with path.open("rb") as source:
        for record in ArchiveIterator(source, parse_http=True):
            records += 1
            if record.is_http_parsed:
                payload_bytes += len(record.reader.read())
    return records, payload_bytes


def build_automaton(entries: list[str]) -> Any:
    """The bare pyahocorasick engine over spaced entries."""
    automaton = ahocorasick.Automaton(ahocorasick.STORE_INTS)
    for entry_id, entry in enumerate(entries):
        automaton.add_word(f" {entry} ", entry_id)
    automaton.make_automaton()
    return automaton


def extract_slowly(path: Path, automaton: Any) -> set[tuple[str, str]]:
    """(url, caption) pairs in English with a match, by warcio, BeautifulSoup's html.parser, urljoin, langdetect and
    pyahocorasick. html.parser does not follow the HTML standard, nor urljoin the URL standard: some pairs may differ.
    """
    kept = set()
    for url, caption in _slow_images(path):
        try:
            language = detect(caption)
        except LangDetectException:
            continue
        if language == "en" and next(automaton.iter(space_text(caption)), None) is not None:
            kept.add((url, caption))
    return kept


def _slow_images(path: Path) -> Iterator[tuple[str, str]]:
    with path.open("rb") as source:
        for record in WarcioIterator(source):
            if record.rec_type != "response":
                continue
            page_url = record.rec_headers.get_header("WARC-Target-URI")
            soup = BeautifulSoup(record.content_stream().read(), "html.parser")
            base_tag = soup.find("base", href=True)
            base = urljoin(page_url, str(base_tag["href"])) if base_tag else page_url
            for image in soup.find_all("img", src=True):
                src = str(image["src"]).strip()
                if not src:
                    continue
                try:
                    url = urljoin(base, src)
                except ValueError:
                    continue
                for key in ("alt", "title", "data-image-title"):
                    caption = " ".join(str(image.get(key, "")).split())
                    if caption and url.startswith(("http://", "https://")):
                        yield url, caption
