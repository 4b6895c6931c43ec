"""Miniature dumps: pages as MediaWiki exports them, plain, bzip2 and multistream with its index; and a naive count."""

import bz2
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from unicodedata import category
from xml.sax.saxutils import escape, quoteattr

HEAD = '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="en">\n  <siteinfo/>\n'
FOOT = "</mediawiki>\n"


class MiniPage(NamedTuple):
    title: str
    text: str
    namespace: int = 0
    redirect: str | None = None

    def xml(self) -> str:
        redirect = f"    <redirect title={quoteattr(self.redirect)} />\n" if self.redirect else ""
        return (
            f"  <page>\n    <title>{escape(self.title)}</title>\n    <ns>{self.namespace}</ns>\n"
            f"    <id>1</id>\n{redirect}"
            f'    <revision>\n      <id>2</id>\n      <text bytes="3" xml:space="preserve">{escape(self.text)}</text>\n'
            "    </revision>\n  </page>\n"
        )


def write_plain(path: Path, pages: Sequence[MiniPage | str]) -> Path:
    """A dump in plain XML; a string stands for itself in place of a page."""
    path.write_text(HEAD + "".join(_xml(page) for page in pages) + FOOT, encoding="utf-8")
    return path


def write_bzip2(path: Path, pages: Sequence[MiniPage | str]) -> Path:
    """The same as one bzip2 stream."""
    xml = HEAD + "".join(_xml(page) for page in pages) + FOOT
    path.write_bytes(bz2.compress(xml.encode()))
    return path


def write_multistream(folder: Path, pages: Sequence[MiniPage], pages_a_stream: int) -> tuple[Path, Path]:
    """A multistream dump and its index, named as Wikimedia names them."""
    dump = folder / "enwiki-20240101-pages-articles-multistream.xml.bz2"
    index = folder / "enwiki-20240101-pages-articles-multistream-index.txt.bz2"
    data = bz2.compress(HEAD.encode())
    lines = []
    for start in range(0, len(pages), pages_a_stream):
        stream = pages[start : start + pages_a_stream]
        lines += [f"{len(data)}:{start + number}:{page.title}\n" for number, page in enumerate(stream)]
        data += bz2.compress("".join(page.xml() for page in stream).encode())
    dump.write_bytes(data + bz2.compress(FOOT.encode()))
    index.write_bytes(bz2.compress("".join(lines).encode()))
    return dump, index


def _xml(page: MiniPage | str) -> str:
    return page if isinstance(page, str) else page.xml()


def naive_counts(texts: Sequence[str]) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """Words and pairs of plain texts by a walk over characters, from the definition in `metadata.words`."""
    words: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for text in texts:
        for line in re.split(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", text):
            before = None
            for token in _tokens(" ".join(line.split())):
                if token.isspace():
                    continue
                if not is_word_char(token[0]) or len(token) > 100:
                    before = None
                    continue
                words[token] += 1
                if before is not None:
                    pairs[before, token] += 1
                before = token
    return words, pairs


def is_word_char(char: str) -> bool:
    return category(char)[0] in "LMN"


def _tokens(line: str) -> list[str]:
    """Words, and every other character on its own."""
    found: list[str] = []
    at = 0
    while at < len(line):
        end = at + 1
        if is_word_char(line[at]):
            while end < len(line) and (
                is_word_char(line[end]) or (line[end] in "-'’" and end + 1 < len(line) and is_word_char(line[end + 1]))
            ):
                end += 1
        found.append(line[at:end])
        at = end
    return found
