"""Pages of a WARC or WAT: each HTML response as its URL, where it lies, and its images."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import basename, dirname, join
from typing import NamedTuple

from fastwarc import WarcRecord, WarcRecordType

from udfs.archive.charsets import as_html, charset_from_content_type
from udfs.archive.formats import WARC, WAT
from udfs.archive.http_body import BodyDamage, decode_body
from udfs.extraction.block_lists import Blocker
from udfs.extraction.opt_outs import HEADERS, OptOut, opted_out
from udfs.extraction.wat import wat_page
from udfs.html.document import Document
from udfs.html.parsers import HtmlParser, Unparsable
from udfs.html.profiles import PAPER, Profile
from udfs.outcomes import Outcome

_READ_BYTES = 1 << 20
_HEADER_LINE_BYTES, _HEADER_BYTES = 1 << 16, 1 << 20
_STATUS_LINE = re.compile(r"HTTP/|[A-Z]+(?:/[0-9.]+)?[ \t]+[0-9]{3}\b")
_FIELD = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*:")
_HTML_TYPES = ("text/html", "application/xhtml+xml")
_HTML_START = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body|title|meta|script)\b", re.I | re.S)


class Page(NamedTuple):
    """An HTML response: its URL, its document and where it lies."""

    url: str
    document: Document
    warc_file: str
    warc_offset: int


@dataclass(frozen=True, slots=True)
class PageReader:
    """How pages are read out of records: the parser and what it is to take, the caps on a page's decoded bytes and on a
    record's own, the opt-outs that are respected, and what is blocked.

    Of a page that several outcomes fit, the first counts of `page_not_html`, `page_blocked`, `record_unreadable` (its
    parser gave up) and the opt-outs, in the order of `opt_outs.OptOut`.
    """

    parse: HtmlParser
    max_page_bytes: int
    max_record_bytes: int
    profile: Profile = PAPER
    opt_outs: frozenset[OptOut] = frozenset()
    blocker: Blocker | None = None

    def pages(
        self, records: Iterator[WarcRecord], name: str, archive_format: str | None, counts: Counter[str]
    ) -> Iterator[Page]:
        """Pages of the records, in order; whatever is not a page is counted in `counts`.

        `name` is the file's provenance name (`input_files.provenance_name`). `archive_format` is `warc`, `wat`, or None
        for a file whose name does not say: then the first record that is not a warcinfo does.
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
            counts[Outcome.RECORD_NOT_RESPONSE] += 1
            return None
        url, offset = target_url(record.headers.get("WARC-Target-URI")), record.stream_pos
        header = _read_http_header(record)
        if header is None or url is None:
            counts[Outcome.RECORD_UNREADABLE] += 1
            return None
        content_type = header.fields.get("content-type")
        declared = _mime_type(content_type) or _mime_type(record.headers.get("WARC-Identified-Payload-Type"))
        if declared and declared not in _HTML_TYPES:
            counts[Outcome.PAGE_NOT_HTML] += 1
            return None
        raw, whole = _read_payload(record, record.content_length - header.size_bytes, self.max_record_bytes)
        body, damage = decode_body(
            raw, header.fields.get("transfer-encoding"), header.fields.get("content-encoding"), self.max_page_bytes
        )
        if not declared and _HTML_START.match(body[:1024]) is None:
            counts[Outcome.PAGE_NOT_HTML] += 1
            return None
        if self.blocker is not None and self.blocker.blocks_page(url):
            counts[Outcome.PAGE_BLOCKED] += 1
            return None
        charset = charset_from_content_type(content_type) if content_type else None
        try:
            document = self.parse(as_html(body, charset), self.profile)
        except Unparsable:
            counts[Outcome.RECORD_UNREADABLE] += 1
            return None
        said_no = opted_out(header.opt_outs, document.metas, self.opt_outs)
        if said_no is not None:
            counts[said_no] += 1
            return None
        is_short = len(raw) == self.max_record_bytes < record.content_length - header.size_bytes
        if damage is BodyDamage.CAPPED or is_short or document.is_capped:
            counts[Outcome.PAGE_CAPPED] += 1
        elif damage is not None or not whole:
            counts[Outcome.PAGE_DAMAGED] += 1
        return Page(url, document, name, offset)

    def _from_wat(self, record: WarcRecord, name: str, counts: Counter[str]) -> Page | None:
        if record.record_type != WarcRecordType.metadata:
            counts[Outcome.RECORD_NOT_RESPONSE] += 1
            return None
        offset = record.stream_pos
        if record.content_length > self.max_record_bytes:
            counts[Outcome.RECORD_TOO_LONG] += 1
            return None
        try:
            parsed = wat_page(record.reader.read(), self.profile)
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
        if self.blocker is not None and self.blocker.blocks_page(url):
            counts[Outcome.PAGE_BLOCKED] += 1
            return None
        said_no = opted_out(parsed.opt_outs, parsed.document.metas, self.opt_outs)
        if said_no is not None:
            counts[said_no] += 1
            return None
        if parsed.warc_name is None or parsed.warc_offset is None:
            return Page(url, parsed.document, name, offset)
        return Page(url, parsed.document, warc_of_wat(name, parsed.warc_name), parsed.warc_offset)


class _HttpHeader(NamedTuple):
    """The fields of an HTTP header by lower-case name, the last of equal ones; those of `opt_outs.HEADERS`, all of
    them; and its size."""

    fields: dict[str, str]
    opt_outs: list[tuple[str, str]]
    size_bytes: int


def _read_http_header(record: WarcRecord) -> _HttpHeader | None:
    """Read a response's HTTP header, with lines that end in CRLF or LF; None when there is none.

    FastWARC's own parser takes a header with bare LFs for an empty one, and reads over the body. A header without a
    status line is one if its first line looks like a field; a line that is no field is skipped.
    """
    fields: dict[str, list[str]] = {}  # the parts of each value
    opt_outs: list[tuple[str, list[str]]] = []
    size_bytes, parts = 0, [""]
    try:
        while line := record.reader.readline(_HEADER_LINE_BYTES):
            first = not size_bytes
            size_bytes += len(line)
            text = line.decode("latin-1").rstrip("\r\n")
            if not text:
                whole = {name: " ".join(value) for name, value in fields.items()}
                return _HttpHeader(whole, [(name, " ".join(value)) for name, value in opt_outs], size_bytes)
            if first and not (_STATUS_LINE.match(text) or _FIELD.match(text)):
                return None
            if text[0] in " \t":  # an old-fashioned continuation
                parts.append(text.strip())
            elif _FIELD.match(text):
                name, _, value = text.partition(":")
                name = name.rstrip().lower()
                parts = fields[name] = [value.strip()]
                if name in HEADERS:
                    opt_outs.append((name, parts))
            if size_bytes > _HEADER_BYTES:
                return None
    except (OSError, ValueError):
        return None  # the archive's own damage: the next record meets it again and says so
    return None


def _read_payload(record: WarcRecord, length: int, limit: int) -> tuple[bytes, bool]:
    """Up to `limit` bytes of a record's payload of `length`, and whether they are all that there should be."""
    wanted = min(length, limit)
    data = b""
    try:
        data = record.reader.read(min(wanted, _READ_BYTES))
        while len(data) < wanted and (more := record.reader.read(min(wanted - len(data), _READ_BYTES))):
            data += more
    except (OSError, ValueError):
        return data, False  # the archive's own damage: the next record meets it again and says so
    return data, len(data) == wanted


def target_url(value: str | None) -> str | None:
    """A WARC-Target-URI without the angle brackets that old wget wrote around it."""
    if value is None:
        return None
    value = value.strip()
    return value[1:-1] if value.startswith("<") and value.endswith(">") else value


def warc_of_wat(wat_name: str, container_name: str) -> str:
    """The provenance name of the WARC that a WAT was made from: in the sibling `warc/` folder where the WAT lies in a
    `wat/` folder, as CommonCrawl lays them out, else beside it."""
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
