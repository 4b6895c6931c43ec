"""The input of the benchmarks: archives of pages and lists of entries, made for each run, and always the same.

Real pages and captions come from the folder `shared/data` beside the checkout, which is only read. Without it, the
sample generator's are used instead.
"""

import gzip
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, chain, islice, pairwise
from pathlib import Path
from random import Random
from typing import NamedTuple

import pyarrow.parquet as pq
from fastwarc import ArchiveIterator, WarcRecordType

from metadata.entries import load_entries
from udfs.archive.http_body import decode_body
from udfs.captions.canonical import canonical
from udfs.extraction.pages import target_url
from udfs.sample.archive import write_warc
from udfs.sample.web import make_page

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
MODERN = "modern"
ENTRIES = 500_000
MODERN_BYTES, SAMPLE_PAGES = 100 << 20, 8000
_PAIR_OCCURS, _SHORT = 3, 6
_REAL_WARCS = ("wrapped__mozilla-readability*", "allenai__dolma*", "commoncrawl__whirlwind*", "iipc__jwarc*")
_ALT = re.compile(rb'(?<=alt=")[^"]*[^"\s][^"]*(?=")', re.IGNORECASE)


class Response(NamedTuple):
    """An HTML response, with its body decoded."""

    url: str
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Corpus:
    """A WARC to read, and its name. Its first `distinct` pages are different pages, not copies with other captions."""

    name: str
    path: Path
    pages: int
    html_bytes: int
    distinct: int

    @property
    def label(self) -> str:
        return f"{self.name}: {self.pages:,} pages, {self.html_bytes / 1e6:,.0f} MB HTML"


def read_responses(path: Path) -> Iterator[Response]:
    """The HTML responses of a WARC."""
    with path.open("rb") as source:
        for record in ArchiveIterator(source, record_types=WarcRecordType.response, parse_http=True):
            headers, url = record.http_headers, target_url(record.headers.get("WARC-Target-URI"))
            content_type = headers.get("Content-Type") or "" if headers is not None else ""
            if headers is None or url is None or "html" not in content_type.lower():
                continue
            codings = headers.get("Transfer-Encoding"), headers.get("Content-Encoding")
            yield Response(url, content_type, decode_body(record.reader.read(), *codings, 64 << 20)[0])


def write_responses(path: Path, name: str, responses: Iterator[Response], distinct: int | None = None) -> Corpus:
    """Write responses as a WARC with one gzip member a record. `distinct` None: all pages are distinct."""
    pages = html_bytes = 0
    with path.open("wb") as out:
        for pages, response in enumerate(responses, 1):
            out.write(gzip.compress(_record(response, pages), compresslevel=6, mtime=0))
            html_bytes += len(response.body)
    return Corpus(name, path, pages, html_bytes, distinct or pages)


def _record(response: Response, number: int) -> bytes:
    http = f"HTTP/1.1 200 OK\r\nContent-Type: {response.content_type}\r\nContent-Length: {len(response.body)}\r\n\r\n"
    block = http.encode() + response.body
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {response.url}\r\nWARC-Date: 2024-05-18T00:00:00Z\r\n"
        f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012d}>\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def modern_pages(folder: Path) -> Corpus:
    """Real pages, repeated up to `MODERN_BYTES`; a number makes about half of the captions of each copy new. Without
    real pages, the sample generator's."""
    path = folder / "modern.warc.gz"
    real = [page for pattern in _REAL_WARCS for file in sorted(SHARED.glob(f"warc/{pattern}")) for page in _all(file)]
    if real:
        copies = -(-MODERN_BYTES // sum(len(page.body) for page in real))
        pages = (_vary(page, copy) if copy else page for copy in range(copies) for page in real)
        return write_responses(path, MODERN, pages, len(real))
    write_warc(path, SAMPLE_PAGES, seed=0)
    return describe(path, "sample")


def _all(file: Path) -> list[Response]:
    return list(read_responses(file))


def _vary(page: Response, copy: int) -> Response:
    return page._replace(body=vary_captions(page.body, copy, _ALT))


def vary_captions(data: bytes, copy: int, captions: re.Pattern[bytes]) -> bytes:
    """Append a number to about half of the captions in these bytes, chosen by the copy and their order."""
    random = Random(f"{copy}:{len(data)}")
    return captions.sub(
        lambda match: match[0] + f" {copy}{random.randrange(1000)}".encode() if random.random() < 0.5 else match[0],
        data,
    )


def describe(path: Path, name: str) -> Corpus:
    """A corpus of an existing WARC."""
    sizes = [len(page.body) for page in read_responses(path)]
    return Corpus(name, path, len(sizes), sum(sizes), len(sizes))


def cut(corpus: Corpus, pages: int, path: Path) -> Corpus:
    """A smaller corpus: about `pages` distinct pages, evenly spread over a larger one."""
    step = max(corpus.distinct // pages, 1)
    return write_responses(path, corpus.name, islice(read_responses(corpus.path), 0, pages * step, step))


def captions(count: int) -> list[str]:
    """Distinct canonical captions: real ones if there are any, else those of sample pages."""
    distinct: dict[str, None] = {}
    for file in sorted(SHARED.glob("captions/*.parquet")):
        distinct.update(dict.fromkeys(map(canonical, filter(None, pq.read_table(file)["TEXT"].to_pylist()))))
    index = 0
    while len(distinct) < count and index < 20 * count:
        images = make_page(index, seed=7).images
        distinct.update(dict.fromkeys(canonical(image.alt) for image in images if image.alt))
        index += 1
    distinct.pop("", None)
    return list(islice(distinct, count))


def entries() -> list[str]:
    """`ENTRIES` distinct entries: the list `wordnet`; the words of real captions, if there are any, and pairs of words
    that several share; then combinations of two or three short names of that list, some names far more often
    than others, like real words. (Long, dissimilar entries would make a larger automaton than the published list.)
    """
    packaged = list(load_entries("wordnet").entries)  # not the default: so that published figures stay comparable
    chosen = dict.fromkeys(packaged)
    if any(SHARED.glob("captions/*.parquet")):
        words = [caption.split() for caption in captions(10_000)]
        pairs = Counter(" ".join(pair) for line in words for pair in pairwise(line))
        chosen.update(dict.fromkeys(chain.from_iterable(words)))
        chosen.update(dict.fromkeys(pair for pair, times in pairs.items() if times >= _PAIR_OCCURS))
    random = Random(0)
    names = [entry for entry in packaged if len(entry) <= _SHORT and " " not in entry]
    random.shuffle(names)
    totals = list(accumulate(1 / rank for rank in range(1, len(names) + 1)))
    while len(chosen) < ENTRIES:
        chosen[" ".join(random.choices(names, cum_weights=totals, k=random.choice((2, 2, 2, 3))))] = None
    return list(islice(chosen, ENTRIES))
