"""From an input file to tagged rows: its pairs, then one row that counts the outcomes of everything in it."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import pyarrow as pa

from udfs.archive.recognise import why_no_page
from udfs.archive.records import ArchiveDamage, WarcRecord
from udfs.archive.source_stream import SourceStream
from udfs.captions.invisible import strip_invisible
from udfs.extraction.block_lists import Blocker
from udfs.extraction.judging import Judge
from udfs.extraction.options import ExtractOptions
from udfs.extraction.pages import Page, PageReader
from udfs.extraction.urls import base_url, image_url
from udfs.hashing import file_id, image_uuid
from udfs.matching.by_language import LanguageMatcher
from udfs.matching.matcher import Matcher
from udfs.outcomes import COUNTERS, FileStatus, Outcome
from udfs.schemas import FILE, MATCHED_PAIR, PAIR, tagged, with_list
from udfs.sources.input_files import InputFile
from udfs.stages import KIND_FILE, KIND_PAIR

BATCH_TEXTS, BATCH_CHARACTERS = 8192, 8 << 20
_REMEMBERED_CHARACTERS = 256  # of a URL: a page may have 100,000
Row = tuple[Any, ...]
ImageText = tuple[str, str, str, tuple[str, str, int]]
"""A text that is not blank of an image: the image's URL, the text's key, the text, and the page: its URL, file and
offset."""
Opener = Callable[[str], BinaryIO]


class OutOfTime(Exception):
    """A file took longer than the watchdog allows."""


def file_status(counts: Mapping[str, int], error: str | None) -> tuple[FileStatus, str | None]:
    """The status of a file that was read, and why it is not `ok`, by the outcomes of its records and the error that
    ended it."""
    if not counts[Outcome.RECORDS]:
        return FileStatus.FAILED, error
    if of_another_kind := why_no_page(counts):
        return FileStatus.FAILED, of_another_kind
    return FileStatus.OK if error is None else FileStatus.PARTIAL, error


def reason_of(error: Exception) -> str:
    """Why a file could not be read, in one line without its path, so that equal reasons are equal."""
    reason = error.strerror if isinstance(error, OSError) else None
    return reason or str(error) or type(error).__name__


class Extractor:
    """Extracts files one at a time, in one process; the detector is loaded once.

    With a matcher, pairs get `entry_ids`, and of a list for each language `list`; those without a match are dropped and
    counted. With a blocker, so are the
    pages and images that it blocks.
    """

    def __init__(
        self, options: ExtractOptions, matcher: Matcher | LanguageMatcher | None, blocker: Blocker | None = None
    ) -> None:
        self._strips = options.caption_rules.strip_invisible
        self.reader = PageReader(options, blocker)
        self._max_file_seconds = options.max_file_seconds
        self._judge = Judge(options, matcher).judge
        self._blocker = blocker
        self.pair_schema = PAIR if matcher is None else MATCHED_PAIR
        if isinstance(matcher, LanguageMatcher):
            self.pair_schema = with_list(MATCHED_PAIR)
        self.schema = tagged(self.pair_schema)

    def file_batches(self, file: InputFile, open_file: Opener) -> Iterator[pa.RecordBatch]:
        """Tagged batches (`schemas.tagged`) of one file: pairs in document order, the file's row last.

        Never raises for what the file holds: a damaged file ends as `partial` or `failed`, with the reason. So does one
        that takes longer than `max_file_seconds`; time in which the consumer of the batches works, or the source waits
        before a retry, does not count. Raises what the source raises for all its files (`SourceRefused`).
        """
        began = time.perf_counter()
        counts: Counter[str] = Counter()
        stream: SourceStream | None = None
        error: str | None = None
        texts: list[ImageText] = []
        characters = 0
        try:
            with open_file(file.opened_as) as source:
                stream = reading = SourceStream(source)
                records = self.reader.records(stream)
                watched = self._watched(records, lambda: time.perf_counter() - began - reading.idle_s)
                for page in self.reader.pages(watched, file.name, file.archive_format, counts):
                    for text in self._image_texts(page, counts):
                        texts.append(text)
                        characters += len(text[0]) + len(text[2]) + len(page.url)
                        if len(texts) >= BATCH_TEXTS or characters >= BATCH_CHARACTERS:
                            rows = self._pairs(texts, counts)
                            handed_over = time.perf_counter()
                            if rows:
                                yield self._pair_batch(rows, file)
                            began += time.perf_counter() - handed_over
                            texts, characters = [], 0
        except (ArchiveDamage, OSError, OutOfTime) as damage:
            error = reason_of(damage)
        rows = self._pairs(texts, counts)
        seconds = time.perf_counter() - began
        if rows:
            yield self._pair_batch(rows, file)
        status, error = file_status(counts, error)
        file_row: Mapping[str, object] = {
            "path": file.path,
            "status": status.value,
            **{counter.value: counts[counter] for counter in COUNTERS},
            "bytes": stream.bytes_read if stream else 0,
            "seconds": seconds,
            "error": error,
        }
        yield self._file_batch(file_row, file)

    def _watched(self, records: Iterator[WarcRecord], seconds: Callable[[], float]) -> Iterator[WarcRecord]:
        """The records; raises `OutOfTime` when their file takes too long."""
        for record in records:
            if seconds() > self._max_file_seconds:
                raise OutOfTime(
                    f"stopped by the watchdog after {self._max_file_seconds:,g} s, at byte {record.offset:,}"
                )
            yield record

    def page_pairs(self, page: Page, counts: Counter[str]) -> list[Row]:
        """The pairs of one page as rows of `pair_schema`; `counts` gets the outcome of every image and text."""
        return self._pairs(list(self._image_texts(page, counts)), counts)

    def _image_texts(self, page: Page, counts: Counter[str]) -> Iterator[ImageText]:
        """The texts to judge, in order; `counts` gets the outcomes of images, and of texts that need no judgment."""
        images = page.document.images
        if not images:
            return
        base = base_url(page.url, page.document.base_href)
        provenance = (page.url, page.warc_file, page.warc_offset)
        urls: dict[str | None, str | Outcome] = {}
        strips, blocker = self._strips, self._blocker
        with_text = 0
        counts[Outcome.IMAGES] += len(images)
        counts[Outcome.TEXTS] += sum([len(image.texts) for image in images])
        counts[Outcome.NOSCRIPT_TWINS] += page.document.twins
        for src, texts, others in images:
            url = _first_url(base, others, counts) if others else None
            if url is None and (url := urls.get(src)) is None:
                url = image_url(base, src)
                if len(url) <= _REMEMBERED_CHARACTERS:
                    urls[src] = url
            if isinstance(url, Outcome):
                counts[url] += 1
                counts[Outcome.TEXT_NO_URL] += len(texts)
                continue
            if blocker is not None and blocker.blocks_image(url):
                counts[Outcome.IMAGE_BLOCKED] += 1
                counts[Outcome.TEXT_BLOCKED] += len(texts)
                continue
            blank = True
            for key, text in texts:
                if strips and (stripped := strip_invisible(text)) != text:
                    counts[Outcome.TEXT_STRIPPED] += 1
                    text = stripped
                if not text or text.isspace():
                    counts[Outcome.TEXT_BLANK] += 1
                else:
                    blank = False
                    yield url, key, text, provenance
            if blank:
                counts[Outcome.IMAGE_NO_TEXT] += 1
            else:
                with_text += 1
        counts[Outcome.IMAGES_WITH_TEXT] += with_text

    def _pairs(self, texts: list[ImageText], counts: Counter[str]) -> list[Row]:
        """The pairs of these texts as rows of `pair_schema`, in order; `counts` gets the outcome of every text."""
        judgments = self._judge(text for _, _, text, _ in texts)
        rows: list[Row] = []
        for url, key, text, provenance in texts:
            judgment = judgments[text]
            if isinstance(judgment, Outcome):
                counts[judgment] += 1
            else:
                caption, *rest = judgment
                rows.append((image_uuid(url), url, caption, key, *rest, *provenance))
        counts[Outcome.PAIRS] += len(rows)
        return rows

    def _pair_batch(self, rows: list[Row], file: InputFile) -> pa.RecordBatch:
        columns = [
            pa.array(column, field.type)
            for column, field in zip(zip(*rows, strict=True), self.pair_schema, strict=True)
        ]
        file_column = pa.nulls(len(rows), self.schema.field("file").type)
        kind_column = pa.repeat(pa.scalar(KIND_PAIR), len(rows))
        id_column = pa.repeat(pa.scalar(file_id(file.path), pa.int64()), len(rows))
        return pa.RecordBatch.from_arrays([*columns, id_column, file_column, kind_column], schema=self.schema)

    def _file_batch(self, row: Mapping[str, object], file: InputFile) -> pa.RecordBatch:
        columns = [pa.nulls(1, field.type) for field in self.pair_schema]
        file_column = pa.array([row], pa.struct(list(FILE)))
        id_column = pa.array([file_id(file.path)], pa.int64())
        return pa.RecordBatch.from_arrays([*columns, id_column, file_column, pa.array([KIND_FILE])], schema=self.schema)


def _first_url(base: str, others: tuple[str, ...], counts: Counter[str]) -> str | None:
    """The first usable URL among an image's URLs outside `src`, or None."""
    for other in others:
        url = image_url(base, other)
        if not isinstance(url, Outcome):
            counts[Outcome.IMAGES_BEYOND_SRC] += 1
            return url
    return None
