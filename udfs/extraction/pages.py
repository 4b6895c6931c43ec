"""Pages of a WARC or WAT: the URL of each HTML response, its place in the archive, and its images."""

import re
from collections import Counter
from collections.abc import Iterator
from posixpath import basename, dirname, join
from typing import NamedTuple

from fastwarc import WarcRecord, WarcRecordType

from udfs.archive.charsets import as_html, charset_from_content_type
from udfs.archive.formats import WARC, WAT
from udfs.archive.http_body import BodyDamage, decode_body
from udfs.archive.http_header import read_http_header
from udfs.extraction.block_lists import Blocker
from udfs.extraction.options import ExtractOptions
from udfs.extraction.wat import wat_page
from udfs.html.document import Document
from udfs.html.parsers import HTML_PARSERS, Unparsable
from udfs.opt_outs import HEADERS, opted_out
from udfs.outcomes import Outcome

_READ_BYTES = 1 << 20
_HTML_TYPES = ("text/html", "application/xhtml+xml")
_HTML_START = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body|title|meta|script)\b", re.I | re.S)


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

    def pages(
        self, records: Iterator[WarcRecord], name: str, archive_format: str | None, counts: Counter[str]
    ) -> Iterator[Page]:
        """The pages of the records, in order; `counts` gets the outcome of every record.

        `name` is the file's provenance name (`input_files.provenance_name`). `archive_format` is `warc`, `wat`, or None
        for a file whose name does not tell: then its first record that is not a warcinfo decides.
        """
        for record in records:
            counts[Outcome.RECORDS] += 1
            if archive_format is None:
                archive_format = _format_of(record)
            if archive_format == WAT:
                page = self._from_wat(record, name, counts)
            else:
                page = self._from_warc(record, name, counts)
            if page is not None:
                counts[Outcome.PAGES] += 1
                yield page

    def _from_warc(self, record: WarcRecord, name: str, counts: Counter[str]) -> Page | None:
        if record.record_type != WarcRecordType.response or not record.is_http:
            is_text = record.record_type == WarcRecordType.conversion
            counts[Outcome.RECORD_CONVERSION if is_text else Outcome.RECORD_NOT_RESPONSE] += 1
            return None
        url, offset = target_url(record.headers.get("WARC-Target-URI")), record.stream_pos
        header = read_http_header(record, HEADERS)
        if header is None or url is None:
            counts[Outcome.RECORD_UNREADABLE] += 1
            return None
        content_type = header.fields.get("content-type")
        declared = _mime_type(content_type) or _mime_type(record.headers.get("WARC-Identified-Payload-Type"))
        if declared and declared not in _HTML_TYPES:
            counts[Outcome.PAGE_NOT_HTML] += 1
            return None
        limit, body_bytes = self._options.max_record_bytes, record.content_length - header.size_bytes
        raw, is_complete = _read_payload(record, body_bytes, limit)
        body, damage = decode_body(
            raw,
            header.fields.get("transfer-encoding"),
            header.fields.get("content-encoding"),
            self._options.max_page_bytes,
        )
        if not declared and _HTML_START.match(body[:1024]) is None:
            counts[Outcome.PAGE_NOT_HTML] += 1
            return None
        if self._blocker is not None and self._blocker.blocks_page(url):
            counts[Outcome.PAGE_BLOCKED] += 1
            return None
        charset = charset_from_content_type(content_type) if content_type else None
        try:
            document = self._parse(as_html(body, charset), self._options.profile)
        except Unparsable:
            counts[Outcome.RECORD_UNREADABLE] += 1
            return None
        opt_out = opted_out(header.listed, document.metas, self._options.opt_outs)
        if opt_out is not None:
            counts[opt_out] += 1
            return None
        is_cut = len(raw) == limit < body_bytes
        if damage is BodyDamage.CAPPED or is_cut or document.is_capped:
            counts[Outcome.PAGE_CAPPED] += 1
        elif damage is not None or not is_complete:
            counts[Outcome.PAGE_DAMAGED] += 1
        return Page(url, document, name, offset)

    def _from_wat(self, record: WarcRecord, name: str, counts: Counter[str]) -> Page | None:
        if record.record_type != WarcRecordType.metadata:
            is_text = record.record_type == WarcRecordType.conversion
            counts[Outcome.RECORD_CONVERSION if is_text else Outcome.RECORD_NOT_RESPONSE] += 1
            return None
        offset = record.stream_pos
        if record.content_length > self._options.max_record_bytes:
            counts[Outcome.RECORD_TOO_LONG] += 1
            return None
        try:
            parsed = wat_page(record.reader.read(), self._options.profile)
        except (OSError, ValueError):
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
        if parsed.warc_name is None or parsed.warc_offset is None:
            return Page(url, parsed.document, name, offset)
        return Page(url, parsed.document, warc_of_wat(name, parsed.warc_name), parsed.warc_offset)


def _read_payload(record: WarcRecord, length: int, limit: int) -> tuple[bytes, bool]:
    """Up to `limit` bytes of a record's payload of `length` bytes, and whether none of these is missing."""
    wanted = min(length, limit)
    data = b""
    try:
        data = record.reader.read(min(wanted, _READ_BYTES))
        while len(data) < wanted and (more := record.reader.read(min(wanted - len(data), _READ_BYTES))):
            data += more
    except (OSError, ValueError):
        return data, False  # the archive is damaged: reading the next record reports it
    return data, len(data) == wanted


def target_url(value: str | None) -> str | None:
    """A WARC-Target-URI without the angle brackets that old versions of wget write around it."""
    if value is None:
        return None
    value = value.strip()
    return value[1:-1] if value.startswith("<") and value.endswith(">") else value


def warc_of_wat(wat_name: str, container_name: str) -> str:
    """The provenance name of the WARC that a WAT was made from: in the sibling folder `warc/` if the WAT is in a folder
    `wat/`, which is CommonCrawl's layout, else in the same folder."""
    folder = dirname(wat_name)
    if basename(folder) == WAT:
        folder = join(dirname(folder), WARC)
    return join(folder, basename(container_name))


def _format_of(record: WarcRecord) -> str | None:
    if record.record_type == WarcRecordType.warcinfo:
        return None
    is_json = (record.headers.get("Content-Type") or "").startswith("application/json")
    return WAT if record.record_type == WarcRecordType.metadata and is_json else WARC


def _mime_type(content_type: str | None) -> str:
    return (content_type or "").split(";", 1)[0].strip().lower()
