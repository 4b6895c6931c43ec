"""Row `g`: reading WATs, against cc2dataset's reader in its own virtual environment."""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from corpus import SHARED, vary_captions
from extraction_rows import comparable, pair_set
from table import SPEEDUP, Row, interleave, timed
from warcio.archiveiterator import ArchiveIterator as WarcioIterator
from warcio.warcwriter import WARCWriter

from udfs.archive.formats import WAT
from udfs.archive.records import read_records
from udfs.archive.source_stream import SourceStream
from udfs.captions.canonical import canonical
from udfs.extraction.extractor import Extractor
from udfs.extraction.options import ExtractOptions
from udfs.extraction.pages import Page, PageReader
from udfs.extraction.urls import base_url, image_url
from udfs.outcomes import Outcome
from udfs.sample.archive import write_warc, write_wat
from udfs.sources.input_files import InputFile

ENVIRONMENT = Path(__file__).resolve().parents[2] / ".venv-bench"
_COPIES, _SAMPLE_PAGES, _SHOWN = 8, 4000, 10
_ALT = re.compile(rb'(?<="alt":")[^"\\]*[^"\s\\][^"\\]*(?=")')
_ALL = ExtractOptions(None)
Pairs = set[tuple[str, str]]


def write_wats(folder: Path) -> Path:
    """One WAT made of repeated shared ones, with new captions in each copy; without them, the sample generator's."""
    path = folder / "pages.warc.wat.gz"
    sources = sorted(SHARED.glob("wat/*.wat.gz"))
    if not sources:
        warc = folder / "sample.warc.gz"
        write_wat(path, warc, write_warc(warc, _SAMPLE_PAGES, seed=0), seed=0)
        return path
    with path.open("wb") as out:
        writer = WARCWriter(out, gzip=True)
        for copy in range(_COPIES):
            for source in sources:
                _append(writer, source, copy)
    return path


def _append(writer: WARCWriter, source: Path, copy: int) -> None:
    with source.open("rb") as archive:
        for record in WarcioIterator(archive):
            payload = record.content_stream().read()
            if copy:
                payload = vary_captions(payload, copy, _ALT)
            headers = {name: value for name, value in record.rec_headers.headers if name != "Content-Length"}
            uri = record.rec_headers.get_header("WARC-Target-URI")
            writer.write_record(
                writer.create_warc_record(
                    uri,
                    record.rec_type,
                    payload=BytesIO(payload),
                    length=len(payload),
                    warc_content_type=record.content_type,
                    warc_headers_dict=headers,
                )
            )


def against_cc2dataset(repeat: int, folder: Path) -> list[Row]:
    """Reading pairs alone, like cc2dataset, and with language and Arrow rows, which it lacks. Same answer: ours finds
    every pair that it finds, except blank captions, the base URL of an empty `src`, and invalid URLs (`comparable`)."""
    path = write_wats(folder)
    data = path.read_bytes()
    python = ENVIRONMENT / "bin" / "python"
    names = ("WAT to pairs", "WAT to pairs, language, Arrow rows")
    if not python.exists():
        return [Row("g", name, other="cc2dataset", text="not run: cc2dataset is not installed") for name in names]
    ours = (partial(read_pairs, data, path.name), partial(_extract, data, path.name))
    with _reader(python, path) as ask:
        try:
            listed = ask("pairs")["pairs"]
        except (OSError, ValueError):
            return [Row("g", name, other="cc2dataset", text="not run: cc2dataset does not start") for name in names]
        (pairs_s, rows_s, other_s), (pairs, batches, _) = interleave(
            [*map(timed, ours), lambda: (ask("time")["seconds"], None)], repeat
        )
    theirs, blank, empty = _usable(listed, {base for base, _ in _pages(data, path.name)})
    our_pairs = [comparable(pairs), pair_set(batches)]
    notes = [
        f"{len(data) / 1e6:.1f} MB of WATs; {len(theirs):,} distinct pairs of cc2dataset, {len(our_pairs[0]):,} of "
        f"ours; left out of cc2dataset's: {blank} blank captions, {empty} URLs for an empty src",
        *(f"missing in ours: {url} {caption!r}" for url, caption in sorted(theirs - our_pairs[0])[:_SHOWN]),
    ]
    return [
        Row("g", name, seconds, "cc2dataset", other_s, SPEEDUP, same=theirs <= mine, notes=row_notes)
        for name, seconds, mine, row_notes in zip(names, (pairs_s, rows_s), our_pairs, (notes, []), strict=True)
    ]


def _usable(listed: list[tuple[str, str]], bases: set[str]) -> tuple[Pairs, int, int]:
    """The pairs with an image and a text; and the number of pairs dropped for a blank text, and for an empty `src`."""
    texts = [(url, alt) for url, alt in listed if canonical(alt)]
    images = [(url, alt) for url, alt in texts if url not in bases]
    return comparable(images), len(listed) - len(texts), len(texts) - len(images)


def _pages(data: bytes, name: str) -> Iterator[tuple[str, Page]]:
    """The pages of a WAT, each with the base URL of its images."""
    records = read_records(SourceStream(BytesIO(data)))
    reader = PageReader(replace(_ALL, opt_outs=frozenset()))
    for page in reader.pages(records, name, WAT, Counter[str]()):
        yield base_url(page.url, page.document.base_href), page


def read_pairs(data: bytes, name: str) -> list[tuple[str, str]]:
    """The (url, caption) pairs of a WAT by our reader."""
    pairs = []
    for base, page in _pages(data, name):
        for image in page.document.images:
            url = image_url(base, image.src)
            if not isinstance(url, Outcome):
                pairs += [(url, caption) for _, text in image.texts if (caption := canonical(text))]
    return pairs


def _extract(data: bytes, name: str) -> list[Any]:
    file = InputFile(name, name, WAT)
    return list(Extractor(_ALL, None).file_batches(file, lambda path: BytesIO(data)))


@contextmanager
def _reader(python: Path, path: Path) -> Iterator[Any]:
    """Starts cc2dataset in a lasting process, so that its start is not timed. Returns a function to call it."""
    command = [str(python), str(Path(__file__).with_name("cc2dataset_reader.py")), str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None and stdout is not None

        def ask(what: str) -> dict[str, Any]:
            stdin.write(f"{what}\n")
            stdin.flush()
            answer: dict[str, Any] = json.loads(stdout.readline())
            return answer

        yield ask
