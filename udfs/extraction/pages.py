"""Pages of a WARC or WAT: the URL of each HTML response, its place in the archive, and its images."""

from collections import Counter
from collections.abc import Iterator
from posixpath import basename, dirname, join
from typing import NamedTuple

from udfs.archive.charsets import as_html
from udfs.archive.content_type import HTML_TYPES, content_type, sniffs_as_html
from udfs.archive.formats import WARC, WAT
from udfs.archive.http_body import BodyDamage, decode_body
from udfs.archive.http_header import read_http_header
from udfs.archive.records import WarcRecord, read_records
from udfs.archive.source_stream import SourceStream
from udfs.extraction.block_lists import Blocker
from udfs.extraction.options import ExtractOptions
from udfs.extraction.urls import url_text
from udfs.extraction.wat import wat_page
from udfs.html.document import Document
from udfs.html.parsers import HTML_PARSERS, Unparsable
from udfs.opt_outs import HEADERS, opted_out
from udfs.outcomes import Outcome

_HTTP_BLOCKS = (b"application/http", b"message/http")
_HTTP_ADDRESSES = (b"http://", b"https://", b"<http://", b"<https://")
_WAT_KEY = b'"Envelope"'
_LINE_END = b"\r\n"


class Page(NamedTuple):
    """An HTML response: its URL, its document, and the file and byte offset of its record."""

    url: str
    document: Document
    warc_file: str
    warc_offset: int


class PageReader:
    """Reads the pages out of an archive's records, and counts the records that are not taken as pages.

    If several outcomes fit a page, the first of these counts: `page_not_html`, `page_blocked`, `record_unreadable` (the
    parser gave up), then the opt-outs in the order of `opt_outs.OptOut`.
    """

    def __init__(self, options: ExtractOptions, blocker: Blocker | None = None) -> None:
        self._parse = HTML_PARSERS[options.html_parser]
        self._options = options
        self._blocker = blocker

    def records(self, stream: SourceStream) -> Iterator[WarcRecord]:
        """The records of an archive, with as much of their blocks as pages may take; see `read_records`."""
        return read_records(stream, self._options.max_record_bytes)

    def pages(
        self, records: Iterator[WarcRecord], name: str, archive_format: str | None, counts: Counter[str]
    ) -> Iterator[Page]:
        """The pages of the records, in order; `counts` gets the outcome of every record.

        `name` is the file's provenance name (`input_files.provenance_name`), and `archive_format` is `warc`, `wat` or
        None, as the file's name tells. Names can be wrong: the first response, or metadata as WATs have it, decides.
        """
        found_format = None
        for record in records:
            counts[Outcome.RECORDS] += 1
            if not record.is_usable:
                counts[Outcome.RECORD_DAMAGED] += 1
                continue
            kind = record.type
            found_format = found_format or _format_of(record)
            page: Page | None = None
            if (found_format or archive_format) == WAT and kind == "metadata":
                page = self._from_wat(record, name, counts)
            elif found_format == WARC and kind == "response" and _is_http(record):
                page = self._from_warc(record, name, counts)
            else:
                counts[Outcome.RECORD_CONVERSION if kind == "conversion" else Outcome.RECORD_NOT_RESPONSE] += 1
            if page is not None:
                counts[Outcome.PAGES] += 1
                yield page

    def _from_warc(self, record: WarcRecord, name: str, counts: Counter[str]) -> Page | None:
        block = record.block
        raw_url, offset = record.value(b"WARC-Target-URI"), record.offset
        url = None if raw_url is None else target_url(url_text(raw_url))
        header = read_http_header(block, HEADERS)
        if header is None or url is None:
            counts[Outcome.RECORD_UNREADABLE] += 1
            return None
        essence, charset = content_type(header.fields.get("content-type", ""))
        identified = (record.value(b"WARC-Identified-Payload-Type") or b"").decode("latin-1")
        declared = essence or content_type(identified).essence
        if declared and declared not in HTML_TYPES:
            counts[Outcome.PAGE_NOT_HTML] += 1
            return None
        body, damage = decode_body(
            block[header.size_bytes :].removeprefix(_LINE_END),  # CommonCrawl's of August 2018 have one too many
            header.fields.get("transfer-encoding"),
            header.fields.get("content-encoding"),
            self._options.max_page_bytes,
        )
        if not declared and not sniffs_as_html(body, header.fields.get("x-content-type-options")):
            counts[Outcome.PAGE_NOT_HTML] += 1
            return None
        if self._blocker is not None and self._blocker.blocks_page(url):
            counts[Outcome.PAGE_BLOCKED] += 1
            return None
        try:
            document = self._parse(as_html(body, charset, url), self._options.profile)
        except Unparsable:
            counts[Outcome.RECORD_UNREADABLE] += 1
            return None
        opt_out = opted_out(header.listed, document.metas, self._options.opt_outs)
        if opt_out is not None:
            counts[opt_out] += 1
            return None
        is_cut = len(block) < record.content_length
        if damage is BodyDamage.CAPPED or is_cut or document.is_capped:
            counts[Outcome.PAGE_CAPPED] += 1
        elif damage is not None or not record.is_whole or _says_cut(record):
            counts[Outcome.PAGE_DAMAGED] += 1
        return Page(url, document, name, offset)

    def _from_wat(self, record: WarcRecord, name: str, counts: Counter[str]) -> Page | None:
        offset = record.offset
        if record.content_length > self._options.max_record_bytes:
            counts[Outcome.RECORD_TOO_LONG] += 1
            return None
        try:
            parsed = wat_page(record.block, self._options.profile)
        except ValueError:
            counts[Outcome.RECORD_UNREADABLE] += 1
            return None
        if isinstance(parsed, Outcome):
            counts[parsed] += 1
            return None
        url = target_url(parsed.url)
        if url is None:
            counts[Outcome.RECORD_UNREADABLE] += 1
            return None
        if self._blocker is not None and self._blocker.blocks_page(url):
            counts[Outcome.PAGE_BLOCKED] += 1
            return None
        opt_out = opted_out(parsed.opt_outs, parsed.document.metas, self._options.opt_outs)
        if opt_out is not None:
            counts[opt_out] += 1
            return None
        if parsed.is_odd:
            counts[Outcome.PAGE_DAMAGED] += 1
        if parsed.warc_name is None or parsed.warc_offset is None:
            return Page(url, parsed.document, name, offset)
        return Page(url, parsed.document, warc_of_wat(name, parsed.warc_name), parsed.warc_offset)


def target_url(value: str | None) -> str | None:
    """A WARC-Target-URI without the angle brackets that old versions of wget write around it."""
    if value is None:
        return None
    value = value.strip()
    return value[1:-1].strip() if value.startswith("<") and value.endswith(">") else value


def warc_of_wat(wat_name: str, container_name: str) -> str:
    """The provenance name of the WARC that a WAT was made from: in the sibling folder `warc/` if the WAT is in a folder
    `wat/`, which is CommonCrawl's layout, else in the same folder."""
    folder = dirname(wat_name)
    if basename(folder) == WAT:
        folder = join(dirname(folder), WARC)
    return join(folder, basename(container_name))


def _is_http(record: WarcRecord) -> bool:
    """Whether the block of a response is HTTP: by its type, or because its address is (some writers give no type)."""
    block_type = (record.value(b"Content-Type") or b"").lower()
    address = (record.value(b"WARC-Target-URI") or b"").lower()
    return block_type.startswith(_HTTP_BLOCKS) or address.startswith(_HTTP_ADDRESSES)


def _format_of(record: WarcRecord) -> str | None:
    """The format of a file with this record; None for a record that both formats have."""
    if record.type == "response":
        return WARC
    return WAT if record.type == "metadata" and _WAT_KEY in record.block else None


def _says_cut(record: WarcRecord) -> bool:
    """Whether the record says that its block is only a part: the crawler stopped, or the rest is in other records."""
    return record.value(b"WARC-Truncated") is not None or record.value(b"WARC-Segment-Number") is not None
