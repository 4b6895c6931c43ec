"""From an input file to tagged rows: its pairs, then one row that counts the outcomes of everything in it."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import pyarrow as pa

from udfs.archive.recognise import why_no_page
from udfs.archive.records import ArchiveDamage, WarcRecord
from udfs.archive.source_stream import SourceStream
from udfs.captions.canonical import canonical
from udfs.captions.invisible import strip_invisible
from udfs.captions.language import LANGUAGE_DETECTORS
from udfs.captions.rules import rules_beyond_length
from udfs.extraction.block_lists import Blocker
from udfs.extraction.options import ExtractOptions
from udfs.extraction.pages import Page, PageReader
from udfs.extraction.urls import base_url, image_url
from udfs.hashing import caption_hash, file_id, image_uuid
from udfs.matching.matcher import Matcher
from udfs.outcomes import COUNTERS, FileStatus, Outcome
from udfs.schemas import FILE, MATCHED_PAIR, PAIR, tagged
from udfs.sources.input_files import InputFile
from udfs.stages import KIND_FILE, KIND_PAIR

BATCH_ROWS, BATCH_CHARACTERS = 8192, 16 << 20
_REMEMBERED_TEXTS, _REMEMBERED_CHARACTERS = 1 << 14, 256  # sites repeat their texts; at most about 40 MB
_URL, _CAPTION = PAIR.names.index("url"), PAIR.names.index("caption")
Row = tuple[Any, ...]
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

    With a matcher, pairs get `entry_ids`, and those without a match are dropped and counted. With a blocker, so are the
    pages and images that it blocks.
    """

    def __init__(self, options: ExtractOptions, matcher: Matcher | None, blocker: Blocker | None = None) -> None:
        self._languages, self._language_score = options.languages, options.language_score
        self._max_characters = options.caption_rules.max_characters
        self._caption_rules = rules_beyond_length(options.caption_rules)
        self._strips = options.caption_rules.strip_invisible
        self.reader = PageReader(options, blocker)
        self._max_file_seconds = options.max_file_seconds
        self._detect = LANGUAGE_DETECTORS[options.language_detector]()
        self._matcher = matcher
        self._blocker = blocker
        self._judged: dict[str, Row | Outcome] = {}
        self.pair_schema = PAIR if matcher is None else MATCHED_PAIR
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
        rows: list[Row] = []
        characters = 0
        try:
            with open_file(file.opened_as) as source:
                stream = reading = SourceStream(source)
                records = self.reader.records(stream)
                watched = self._watched(records, lambda: time.perf_counter() - began - reading.idle_s)
                for page in self.reader.pages(watched, file.name, file.archive_format, counts):
                    for row in self.page_pairs(page, counts):
                        rows.append(row)
                        characters += len(row[_URL]) + len(row[_CAPTION]) + len(page.url)
                        if len(rows) >= BATCH_ROWS or characters >= BATCH_CHARACTERS:
                            handed_over = time.perf_counter()
                            yield self._pair_batch(rows, file)
                            began += time.perf_counter() - handed_over
                            rows, characters = [], 0
        except (ArchiveDamage, OSError, OutOfTime) as damage:
            error = reason_of(damage)
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

    def page_pairs(self, page: Page, counts: Counter[str]) -> Iterator[Row]:
        """The pairs of one page as rows of `pair_schema`; `counts` gets the outcome of every image and text."""
        images = page.document.images
        if not images:
            return
        base = base_url(page.url, page.document.base_href)
        provenance = (page.url, page.warc_file, page.warc_offset)
        judge, strips, blocker = self._judge, self._strips, self._blocker
        with_text = 0
        counts[Outcome.IMAGES] += len(images)
        counts[Outcome.TEXTS] += sum([len(image.texts) for image in images])
        counts[Outcome.NOSCRIPT_TWINS] += page.document.twins
        for src, texts, others in images:
            url = (_first_url(base, others, counts) if others else None) or image_url(base, src)
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
                judgment = judge(text)
                blank = blank and judgment is Outcome.TEXT_BLANK
                if isinstance(judgment, Outcome):
                    counts[judgment] += 1
                else:
                    counts[Outcome.PAIRS] += 1
                    caption, *rest = judgment
                    yield (image_uuid(url), url, caption, key, *rest, *provenance)
            if blank:
                counts[Outcome.IMAGE_NO_TEXT] += 1
            else:
                with_text += 1
        counts[Outcome.IMAGES_WITH_TEXT] += with_text

    def _judge(self, text: str) -> Row | Outcome:
        """The caption of a text, its language, score and hash, and with a matcher its entries; or the outcome that
        drops it. Judgments of recent texts are remembered."""
        judgment = self._judged.get(text)
        if judgment is None:
            judgment = self._judge_caption(canonical(text))
            if len(text) <= _REMEMBERED_CHARACTERS:
                if len(self._judged) >= _REMEMBERED_TEXTS:
                    self._judged.clear()
                self._judged[text] = judgment
        return judgment

    def _judge_caption(self, caption: str) -> Row | Outcome:
        if not caption:
            return Outcome.TEXT_BLANK
        if len(caption) > self._max_characters:
            return Outcome.TEXT_TOO_LONG
        for outcome, applies in self._caption_rules:
            if applies(caption):
                return outcome
        lang, score = self._detect(caption)
        if self._languages is not None and lang not in self._languages:
            return Outcome.TEXT_OTHER_LANGUAGE
        if score < self._language_score:
            return Outcome.TEXT_UNSURE_LANGUAGE
        if self._matcher is None:
            return caption, lang, score, caption_hash(caption)
        entry_ids = self._matcher.match(caption)
        return (caption, lang, score, caption_hash(caption), entry_ids) if entry_ids else Outcome.TEXT_NO_MATCH

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
