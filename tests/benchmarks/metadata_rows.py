"""Rows `l` and `m`: counting a dump and a file of views on one core, against reading them; projected to a full dump."""

import gzip
import random
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median

import pyarrow as pa
from corpus import SHARED
from table import TIMES, Row, interleave, timed

sys.path.insert(1, str(Path(__file__).resolve().parents[1]))  # for the miniature dumps of the tests

from metadata_dumps import MiniPage, write_bzip2

from metadata.counting import OUTCOME, count_views
from metadata.dumps import Piece, plan_pieces, read_pages
from metadata.ngram_counting import count_piece
from metadata.pageviews import HOURLY, ViewsFile
from metadata.streams import read_lines
from metadata.wikitext import parse_page
from udfs.sample.words import CONCEPTS

_ROUNDS = 3
_LINES = 400_000
_DUMP_BYTES, _ARTICLES = 22e9, 7e6
"""The size of a full bzip2 dump of the English Wikipedia, and its number of articles."""


def metadata(repeat: int, folder: Path) -> list[Row]:
    """All rows."""
    return [*_dump(min(repeat, _ROUNDS), folder), *_views(min(repeat, _ROUNDS), folder)]


def _dump(repeat: int, folder: Path) -> list[Row]:
    path = next(iter(sorted((SHARED / "wiki").glob("*.bz2"))), None) or _made_up(folder / "made-up.xml.bz2")
    [piece] = plan_pieces([str(path)], 1 << 30)
    runs = [timed(partial(_counted, piece)), timed(partial(_read, piece))]
    (ours_s, read_s), (outcomes, pages) = interleave(runs, repeat)
    articles, size = outcomes["articles"], path.stat().st_size
    text_bytes = sum(len(parse_page(page).text) for page in read_pages(piece) if isinstance(page, bytes))
    hours = median(ours_s) / size * _DUMP_BYTES / 3600
    rate = f"{articles / median(ours_s):,.0f} articles/s, {text_bytes / median(ours_s) / 1e6:.1f} MB of wikitext/s"
    kb = text_bytes / max(articles, 1) / 1000
    note = (
        f"{path.name}: {articles:,} articles of {kb:,.0f} kB, {size:,} bytes. By bytes of bzip2, "
        f"{_DUMP_BYTES / 1e9:.0f} GB ({_ARTICLES / 1e6:.0f} million shorter articles) take {hours:,.0f} core-hours"
    )
    name = "dump to counts of words and pairs"
    return [
        Row(
            "l",
            name,
            ours_s,
            "reading, XML",
            read_s,
            TIMES,
            sum(outcomes.values()),
            "ms/page",
            outcomes.total() == pages,
        ),
        Row("l", f"{name}, one core", text=rate, notes=[note]),
    ]


def _counted(piece: Piece) -> Counter[str]:
    return _outcomes(count_piece(piece, with_pairs=True, lowercase=False))


def _outcomes(batches: Iterator[pa.RecordBatch]) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    for batch in batches:
        if OUTCOME in batch.column("kind").unique().to_pylist():
            outcomes.update({row["second"]: row["count"] for row in batch.to_pylist() if row["kind"] == OUTCOME})
    return outcomes


def _read(piece: Piece) -> int:
    return sum(1 for page in read_pages(piece) if isinstance(page, bytes) and parse_page(page))


def _made_up(path: Path) -> Path:
    """Pages with some markup, used without a real dump."""
    draw = random.Random(0)
    pages = []
    for number in range(400):
        words = [draw.choice(CONCEPTS) for _ in range(1500)]
        marked = [f"[[{word}]]" if place % 12 == 0 else word for place, word in enumerate(words)]
        text = "{{Infobox|name=x}}\n== Head ==\n" + " ".join(marked) + "<ref>A book</ref>"
        pages.append(MiniPage(f"Page {number}", text))
    return write_bzip2(path, pages)


def _views(repeat: int, folder: Path) -> list[Row]:
    draw = random.Random(0)
    path = folder / "pageviews-20240101-000000.gz"
    projects = ("de", "en", "en.m", "fr", "en.b", "ja.m")
    lines = (f"{draw.choice(projects)} Title_of_{number % 90_000} {number % 9 + 1} 0\n" for number in range(_LINES))
    path.write_bytes(gzip.compress("".join(lines).encode()))
    file = ViewsFile(str(path), path.name, "20240101", HOURLY)
    ours = timed(lambda: _outcomes(count_views(file, min_hour_views=1)))
    reading = timed(lambda: sum(line.startswith((b"en ", b"en.m ")) for line in read_lines(str(path))))
    (ours_s, read_s), (outcomes, english) = interleave([ours, reading], repeat)
    same = outcomes.total() == english
    return [Row("m", "hourly views to titles", ours_s, "reading lines", read_s, TIMES, _LINES, "lines", same)]
