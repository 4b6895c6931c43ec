"""What extraction does with one file, page by page and image by image, for people to look at."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from udfs.archive.records import ArchiveDamage
from udfs.archive.source_stream import SourceStream
from udfs.extraction.extractor import Extractor, Opener, file_status, reason_of
from udfs.outcomes import SUMS, FileStatus, Outcome
from udfs.sources.input_files import InputFile

_PAGE_STATES = (Outcome.PAGE_DAMAGED, Outcome.PAGE_CAPPED)
_PROVENANCE = (Outcome.IMAGES_BEYOND_SRC, Outcome.NOSCRIPT_TWINS, Outcome.TEXT_STRIPPED)
_NOT_FAILURES = frozenset((*SUMS, Outcome.PAGES, Outcome.IMAGES_WITH_TEXT, Outcome.PAIRS, *_PROVENANCE))


class InspectedImage(NamedTuple):
    """An `img`: its `src` and texts as the page has them, its pairs by column name, and why texts gave no pair:
    `reasons` counts the outcomes of the image and its texts."""

    src: str | None
    texts: list[tuple[str, str]]
    pairs: list[dict[str, object]]
    reasons: Counter[str]


class InspectedPage(NamedTuple):
    """A page with its images. `skipped` counts the outcomes of the records since the previous page; `state` is
    `page_damaged` or `page_capped`, None for a page that was read whole."""

    url: str
    offset: int
    images: list[InspectedImage]
    skipped: Counter[str]
    state: Outcome | None = None


class Ending(NamedTuple):
    """The file's end: the outcomes of the records after the last page, and its row's status and error."""

    skipped: Counter[str]
    status: FileStatus
    error: str | None


def inspect_file(extractor: Extractor, file: InputFile, open_file: Opener) -> Iterator[InspectedPage | Ending]:
    """Every page of a file in order, then its end. Raises only what opening the file raises."""
    counts: Counter[str] = Counter()
    total: Counter[str] = Counter()
    damage = None
    with open_file(file.opened_as) as source:
        records = extractor.reader.records(SourceStream(source))
        try:
            for page in extractor.reader.pages(records, file.name, file.archive_format, counts):
                images = []
                for image in page.document.images:
                    reasons: Counter[str] = Counter()
                    alone = page._replace(document=page.document._replace(images=[image], twins=0))
                    rows = extractor.page_pairs(alone, reasons)
                    pairs = [dict(zip(extractor.pair_schema.names, row, strict=True)) for row in rows]
                    images.append(InspectedImage(image.src, list(image.texts), pairs, _failures(reasons)))
                total += counts
                state = next((state for state in _PAGE_STATES if counts.pop(state, 0)), None)
                yield InspectedPage(page.url, page.warc_offset, images, _failures(counts), state)
                counts.clear()
        except (ArchiveDamage, OSError) as error:
            damage = reason_of(error)
    yield Ending(_failures(counts), *file_status(total + counts, damage))


def _failures(counts: Counter[str]) -> Counter[str]:
    """The outcomes that drop something: no totals, no successes, and none that only describe a pair."""
    return Counter({outcome: count for outcome, count in counts.items() if count and outcome not in _NOT_FAILURES})
