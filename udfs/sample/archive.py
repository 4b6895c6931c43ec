"""Writes the sample web as a WARC, and as the WAT that CommonCrawl's extractor would make of it.

The same pages and seed give the same file, byte for byte, on all machines whose zlib and Brotli compress alike
(zlib-ng, which some distributions use for Python, compresses differently); the content is the same everywhere. A WARC
depends neither on its file name nor on the clock; a WAT contains the name of its WARC.
"""

import json
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from udfs.errors import UsageError
from udfs.sample.web import SamplePage, make_page

_START = datetime(2024, 5, 18)
_REASONS = {200: "OK", 404: "Not Found"}
_INFO = (("software", "ballast sample"), ("format", "WARC File Format 1.0"))
_SLOP_BYTES = 4  # the two CRLF after a record, which the extractor calls trailing slop


@dataclass(frozen=True, slots=True)
class WrittenRecord:
    """What a WAT needs to know of a record written to its WARC.

    ``page_index`` is None for the warcinfo record. ``stored_bytes`` is the length in the file, ``record_bytes`` the
    uncompressed one. ``crc`` is the gzip member's; None in an uncompressed file.
    """

    kind: str
    page_index: int | None
    headers: tuple[tuple[str, str], ...]
    offset: int
    stored_bytes: int
    record_bytes: int
    crc: int | None


def write_warc(path: Path, pages: int, seed: int) -> tuple[WrittenRecord, ...]:
    """Write ``pages`` pages: a warcinfo record, then request, response and metadata of each, as a crawl stores them.

    A ``.warc.gz`` is compressed record by record, a ``.warc`` is not. Returns the records in file order, with their
    offsets. Raises UsageError for another suffix or a negative number of pages, and OSError from the disk.
    """
    compressed = _is_compressed(path)
    if pages < 0:
        raise UsageError(f"the number of pages must be 0 or more, not {pages}")
    written: list[WrittenRecord] = []
    with path.open("wb") as out:
        _append(out, _make_warcinfo(seed), "warcinfo", None, compressed, written)
        for index in range(pages):
            page = make_page(index, seed)
            for kind, record in _make_records(page, index, seed):
                _append(out, record, kind, index, compressed, written)
    return tuple(written)


def name_wat(warc_path: Path) -> Path:
    """The path of a WARC's WAT: ``sample.warc.wat.gz`` for ``sample.warc.gz``. UsageError for another suffix."""
    stem = warc_path.name.removesuffix(".gz")
    return warc_path.with_name(f"{stem}.wat.gz" if _is_compressed(warc_path) else f"{stem}.wat")


def write_wat(path: Path, warc_path: Path, records: tuple[WrittenRecord, ...], seed: int) -> None:
    """Write the WAT of a WARC. ``write_warc(warc_path, …, seed)`` returned its ``records``.

    A WAT has a metadata record for each WARC record, in the JSON of CommonCrawl's ia-web-commons extractor. It lacks
    images without ``src``, all attributes of an image except src, alt and title (so ``data-image-title``), the page's
    text, and whether an image is in ``noscript``. Deviations: this WAT is made from the ground truth. So it lacks
    images in ``template`` or ``textarea``, which the extractor lists because it builds no tree; it is right in every
    encoding; and it has the page's language, but none of its ``<meta>`` tags. Raises OSError from the disk.
    """
    compressed = path.name.endswith(".gz")
    with path.open("wb") as out:
        writer = WARCWriter(out, gzip=compressed)
        headers = {"WARC-Filename": path.name, **_identify("wat-file", None, seed)}
        writer.write_record(_build(writer, "warcinfo", None, _write_fields(_INFO), headers))
        for record in records:
            page = None if record.page_index is None else make_page(record.page_index, seed)
            described = dict(record.headers)
            content = json.dumps(
                {"Container": _describe_container(record, warc_path), "Envelope": _describe_record(record, page)},
                ensure_ascii=False,
                separators=(",", ":"),
            )
            headers = {
                **_identify(f"wat-{record.kind}", record.page_index, seed),
                "WARC-Refers-To": described["WARC-Record-ID"],
                "Content-Type": "application/json",
            }
            uri = page.url if page else warc_path.name
            writer.write_record(_build(writer, "metadata", uri, content.encode(), headers))


def _is_compressed(path: Path) -> bool:
    if not path.name.endswith((".warc", ".warc.gz")):
        raise UsageError(f"{path}: the name of a sample must end in .warc.gz or .warc")
    return path.name.endswith(".gz")


def _identify(kind: str, index: int | None, seed: int) -> dict[str, str]:
    """A record's id and date, derived from its kind, index and seed instead of chance and the clock."""
    name = f"ballast-sample:{seed}:{'' if index is None else index}:{kind}"
    date = _START + timedelta(seconds=index or 0)
    return {"WARC-Date": f"{date.isoformat()}Z", "WARC-Record-ID": f"<urn:uuid:{uuid5(NAMESPACE_URL, name)}>"}


def _build(
    writer: WARCWriter,
    kind: str,
    uri: str | None,
    payload: bytes,
    headers: dict[str, str],
    http: StatusAndHeaders | None = None,
) -> ArcWarcRecord:
    return writer.create_warc_record(
        uri, kind, payload=BytesIO(payload), length=len(payload), warc_headers_dict=headers, http_headers=http
    )


def _make_warcinfo(seed: int) -> ArcWarcRecord:
    return _build(WARCWriter(BytesIO()), "warcinfo", None, _write_fields(_INFO), _identify("warcinfo", None, seed))


def _write_fields(fields: tuple[tuple[str, str], ...]) -> bytes:
    """``application/warc-fields``."""
    return "".join(f"{name}: {value}\r\n" for name, value in fields).encode()


def _make_records(page: SamplePage, index: int, seed: int) -> list[tuple[str, ArcWarcRecord]]:
    """The three records of one exchange, linked as CommonCrawl links them."""
    writer = WARCWriter(BytesIO())
    ids = {kind: _identify(kind, index, seed) for kind in ("request", "response", "metadata")}
    common = {
        "WARC-Warcinfo-ID": _identify("warcinfo", None, seed)["WARC-Record-ID"],
        "WARC-IP-Address": f"192.0.2.{index % 250 + 1}",
    }
    request = StatusAndHeaders(f"GET {urlsplit(page.url).path} HTTP/1.1", list(_ask(page)), is_http_request=True)
    response = StatusAndHeaders(f"{page.status} {_REASONS[page.status]}", list(page.headers), protocol="HTTP/1.1")
    follows_request = {"WARC-Concurrent-To": ids["request"]["WARC-Record-ID"]}
    follows_response = {"WARC-Concurrent-To": ids["response"]["WARC-Record-ID"]}
    notes = _write_fields(_note(page, index))
    return [
        ("request", _build(writer, "request", page.url, b"", {**ids["request"], **common}, request)),
        (
            "response",
            _build(writer, "response", page.url, page.body, {**ids["response"], **common, **follows_request}, response),
        ),
        ("metadata", _build(writer, "metadata", page.url, notes, {**ids["metadata"], **common, **follows_response})),
    ]


def _ask(page: SamplePage) -> tuple[tuple[str, str], ...]:
    """The headers of a page's request."""
    return (("User-Agent", "ballast-sample"), ("Accept-Encoding", "br,gzip"), ("Host", urlsplit(page.url).netloc))


def _note(page: SamplePage, index: int) -> tuple[tuple[str, str], ...]:
    """The fields of a page's metadata record."""
    fetched = ("fetchTimeMs", str(50 + index % 200))
    return (fetched, ("charset-detected", page.encoding.upper())) if page.html else (fetched,)


def _append(
    out: BinaryIO, record: ArcWarcRecord, kind: str, index: int | None, compressed: bool, written: list[WrittenRecord]
) -> None:
    """Write one record to ``out`` and add it to ``written``; CRC and size are a gzip member's last bytes (RFC 1952)."""
    buffer = BytesIO()
    WARCWriter(buffer, gzip=compressed).write_record(record)
    stored = buffer.getvalue()
    crc, size = struct.unpack("<iI", stored[-8:]) if compressed else (None, len(stored))
    offset = out.tell()
    out.write(stored)
    written.append(WrittenRecord(kind, index, tuple(record.rec_headers.headers), offset, len(stored), size, crc))


def _describe_container(record: WrittenRecord, warc_path: Path) -> dict[str, Any]:
    place = {"Filename": warc_path.name, "Compressed": record.crc is not None, "Offset": str(record.offset)}
    if record.crc is None:
        return place
    member = {
        "Deflate-Length": str(record.stored_bytes),
        "Header-Length": "10",
        "Footer-Length": "8",
        "Inflated-CRC": str(record.crc),
        "Inflated-Length": str(record.record_bytes),
    }
    return {**place, "Gzip-Metadata": member}


def _describe_record(record: WrittenRecord, page: SamplePage | None) -> dict[str, Any]:
    headers = dict(record.headers)
    block_bytes = int(headers["Content-Length"])
    if page is None:
        payload: dict[str, Any] = {
            "Actual-Content-Type": "application/warc-fields",
            "WARC-Info-Metadata": dict(_INFO),
        }
    elif record.kind == "metadata":
        notes = [{"Name": name, "Value": value} for name, value in _note(page, record.page_index or 0)]
        payload = {
            "Actual-Content-Type": "application/metadata-fields",
            "WARC-Metadata-Metadata": {"Metadata-Records": notes},
        }
    else:
        name = f"HTTP-{record.kind.title()}-Metadata"
        payload = {
            "Actual-Content-Type": f"application/http; msgtype={record.kind}",
            name: _describe_http(record, page, headers, block_bytes),
        }
    payload |= {
        "Actual-Content-Length": str(block_bytes),
        "Trailing-Slop-Length": str(_SLOP_BYTES),
        "Block-Digest": headers["WARC-Block-Digest"],
    }
    return {
        "Payload-Metadata": payload,
        "Format": "WARC/1.0",
        "WARC-Header-Length": str(record.record_bytes - block_bytes - _SLOP_BYTES),
        "WARC-Header-Metadata": headers,
    }


def _describe_http(
    record: WrittenRecord, page: SamplePage, headers: dict[str, str], block_bytes: int
) -> dict[str, Any]:
    if record.kind == "request":
        message = {"Method": "GET", "Path": urlsplit(page.url).path, "Version": "HTTP/1.1"}
        described: dict[str, Any] = {"Request-Message": message, "Headers": dict(_ask(page))}
        entity_bytes = 0
    else:
        message = {"Status": str(page.status), "Version": "HTTP/1.1", "Reason": _REASONS[page.status]}
        described = {"Response-Message": message, "Headers": dict(page.headers)}
        entity_bytes = len(page.body)
        if page.html:
            described["HTML-Metadata"] = _describe_html(page)
    return {
        **described,
        "Headers-Length": str(block_bytes - entity_bytes),
        "Entity-Length": str(entity_bytes),
        "Entity-Digest": headers["WARC-Payload-Digest"],
        "Entity-Trailing-Slop-Length": "0",
    }


def _describe_html(page: SamplePage) -> dict[str, Any]:
    head: dict[str, Any] = {"Metas": [{"name": "HTML@/lang", "content": page.lang}], "Title": page.title}
    if page.base_href is not None:
        head = {"Base": page.base_href, **head}
    links = []
    for image in page.images:
        if image.src is not None:
            texts = {"alt": image.alt, "title": image.title}
            present = {name: text for name, text in texts.items() if text is not None}
            links.append({"path": "IMG@/src", "url": image.src, **present})
    links += [{"path": "A@/href", "url": href, "text": text} for href, text in page.links]
    return {"Head": head, "Links": links}
