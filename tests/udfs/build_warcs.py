"""Small WARC files in memory, written by warcio: what the tests of reading are made of."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO

from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

DATE = "2024-05-18T00:00:00Z"


@dataclass(frozen=True)
class Record:
    """A record to write. `http` are the response's status line and headers, None for a block that is no HTTP."""

    kind: str = "response"
    uri: str | None = "https://shop.example/page"
    payload: bytes = b""
    http: tuple[str, tuple[tuple[str, str], ...]] | None = ("200 OK", (("Content-Type", "text/html"),))
    headers: tuple[tuple[str, str], ...] = ()


def page(
    body: bytes | str, uri: str = "https://shop.example/page", content_type: str | None = "text/html", **headers: str
) -> Record:
    """A response with status 200; underscores in the names of further headers stand for hyphens."""
    types = () if content_type is None else (("Content-Type", content_type),)
    rest = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Record(uri=uri, payload=body.encode() if isinstance(body, str) else body, http=("200 OK", (*types, *rest)))


def warcinfo() -> Record:
    return Record("warcinfo", None, b"software: tests\r\n", None)


def metadata(payload: bytes, content_type: str = "application/json") -> Record:
    return Record("metadata", "https://shop.example/page", payload, None, (("Content-Type", content_type),))


def write_records(records: Iterable[Record], *, gzip: bool) -> list[bytes]:
    """Each record's bytes as they lie in the file: a gzip member, or plain."""
    written = []
    for number, record in enumerate(records):
        sink = BytesIO()
        writer = WARCWriter(sink, gzip=gzip)
        http = None
        if record.http is not None:
            status, headers = record.http
            http = StatusAndHeaders(status, list(headers), protocol="HTTP/1.1")
        warc_headers = {"WARC-Record-ID": f"<urn:uuid:{number:032}>", "WARC-Date": DATE, **dict(record.headers)}
        made: ArcWarcRecord = writer.create_warc_record(
            record.uri,
            record.kind,
            payload=BytesIO(record.payload),
            length=len(record.payload),
            warc_headers_dict=warc_headers,
            http_headers=http,
        )
        writer.write_record(made)
        written.append(sink.getvalue())
    return written


def build_warc(records: Iterable[Record], *, gzip: bool = True) -> bytes:
    return b"".join(write_records(records, gzip=gzip))


def wat_record(number: int, links: list[dict[str, str]], container: bool = True) -> Record:
    value = {
        "Envelope": {
            "WARC-Header-Metadata": {"WARC-Type": "response", "WARC-Target-URI": f"<https://a.example/{number}>"},
            "Payload-Metadata": {"HTTP-Response-Metadata": {"HTML-Metadata": {"Links": links}}},
        }
    }
    if container:
        value["Container"] = {"Filename": "a/b/CC-1.warc.gz", "Offset": str(number)}
    return metadata(json.dumps(value).encode())


LINK = {"path": "IMG@/src", "url": "a.jpg", "alt": "a dog"}
