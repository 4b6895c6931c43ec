"""Pages of small WARCs and WATs built by hand: which records are pages, and the outcome of the others."""

import gzip
import io
import zlib
from collections import Counter
from dataclasses import replace

import pytest
from build_warcs import LINK, Record, build_warc, metadata, page, warcinfo, wat_record, write_records

from udfs.archive.records import ArchiveDamage, SourceStream, read_records
from udfs.extraction.options import ExtractOptions
from udfs.extraction.pages import Page, PageReader, target_url, warc_of_wat
from udfs.html.document import Document, Image
from udfs.outcomes import SUMS, Outcome

BODY = "<!doctype html><p><img src=a.jpg alt='a dog'>"
IMAGES = [Image("a.jpg", (("alt", "a dog"),))]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20) + BODY.encode()
URL = "https://shop.example/page"


def read(
    data: bytes,
    archive_format: str | None = "warc",
    max_page_bytes: int = 1 << 20,
    name: str = "x.warc.gz",
    max_record_bytes: int = 1 << 21,
) -> tuple[list[Page], Counter[str], str | None]:
    """The pages of a file, the counters, and the damage that ended it."""
    options = ExtractOptions(
        None,
        html_parser="lexbor",
        opt_outs=frozenset(),
        max_page_bytes=max_page_bytes,
        max_record_bytes=max_record_bytes,
    )
    counts: Counter[str] = Counter()
    pages: list[Page] = []
    damage = None
    records = read_records(SourceStream(io.BytesIO(data)), lambda: io.BytesIO(data))
    try:
        for each in PageReader(options).pages(records, name, archive_format, counts):
            pages.append(each)
    except ArchiveDamage as error:
        damage = str(error)
    parts = SUMS[Outcome.RECORDS]
    assert counts[Outcome.RECORDS] == sum(counts[part] for part in parts)
    assert counts[Outcome.PAGES] == len(pages)
    return pages, counts, damage


def read_one(record: Record, max_page_bytes: int = 1 << 20) -> tuple[Page | None, dict[str, int]]:
    """The page of a single record, if it is one, and the counters but `records` and `pages`."""
    pages, counts, damage = read(build_warc([record]), max_page_bytes=max_page_bytes)
    assert damage is None
    assert counts.pop(Outcome.RECORDS) == 1
    counts.pop(Outcome.PAGES, None)
    return (pages[0] if pages else None), {str(key): count for key, count in counts.items() if count}


@pytest.mark.parametrize(
    "content_type",
    [
        *("text/html", "text/html; charset=utf-8", "TEXT/HTML", "Text/Html;Charset=UTF-8", " text/html ", "text/html;"),
        *("application/xhtml+xml", "APPLICATION/XHTML+XML; charset=utf-8"),
    ],
)
def test_html_by_its_content_type(content_type: str) -> None:
    parsed, rest = read_one(page(BODY, content_type=content_type))
    assert parsed == Page(URL, Document(None, IMAGES), "x.warc.gz", 0)
    assert rest == {}


@pytest.mark.parametrize(
    "content_type",
    ["image/png", "text/plain", "application/json", "application/xml", "text/htmlx", "html", "unknown/unknown"],
)
def test_other_content_types_are_not_pages(content_type: str) -> None:
    assert read_one(page(BODY, content_type=content_type)) == (None, {"page_not_html": 1})


@pytest.mark.parametrize(
    ("body", "is_page"),
    [
        (BODY, True),
        ("<html><img src=a.jpg alt='a dog'>", True),
        ("\n\t <HTML>", True),
        ("<!-- saved\nfrom --> <!-- again --><head>", True),
        ("<body class=x>", True),
        ("<title>x</title>", True),
        ("<!DOCTYPE HTML PUBLIC '-//W3C//DTD HTML 4.01//EN'>", True),
        (PNG, False),
        ("", False),
        ("plain text with an <html> in it", False),
        ("<?xml version='1.0'?><rss>", False),
        ("<htmlx>", False),
        ('{"html": "<html>"}', False),
        ("<!-- never closed <html>", False),
    ],
)
@pytest.mark.parametrize("content_type", [None, "", ";charset=utf-8"])
def test_undeclared_bodies_are_sniffed(content_type: str | None, body: str | bytes, is_page: bool) -> None:
    parsed, rest = read_one(page(body, content_type=content_type))
    assert (parsed is not None) == is_page
    assert rest == ({} if is_page else {"page_not_html": 1})


def test_sniffing_sees_the_decoded_body() -> None:
    parsed, _ = read_one(page(gzip.compress(BODY.encode()), content_type=None, Content_Encoding="gzip"))
    assert parsed is not None
    assert parsed.document.images == IMAGES


def test_the_type_that_the_crawler_identified_counts_if_the_server_sent_none() -> None:
    identified = (("WARC-Identified-Payload-Type", "application/pdf"),)
    record = replace(page(BODY, content_type=None), headers=identified)
    assert read_one(record) == (None, {"page_not_html": 1})
    record = replace(page("no markup at its start", content_type=None), headers=((identified[0][0], "text/html"),))
    assert read_one(record)[0] is not None
    assert read_one(replace(page(BODY), headers=identified))[0] is not None  # the server's word goes first


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "500 Oops", "301 Moved Permanently", "204", "999 Odd"])
def test_any_status_is_a_page(status: str) -> None:
    parsed, rest = read_one(Record(payload=BODY.encode(), http=(status, (("Content-Type", "text/html"),))))
    assert parsed is not None
    assert parsed.document.images == IMAGES
    assert rest == {}


def test_an_empty_body_is_a_page_without_images() -> None:
    parsed, rest = read_one(page(b""))
    assert parsed is not None
    assert (parsed.document.images, rest) == ([], {})


@pytest.mark.parametrize(
    "record",
    [
        warcinfo(),
        metadata(b'{"Envelope": {}}'),
        Record("request", payload=b"", http=("GET /page HTTP/1.1", (("Host", "shop.example"),))),
        Record("resource", payload=BODY.encode(), http=None, headers=(("Content-Type", "text/html"),)),
        Record("revisit", payload=b""),
        Record("continuation", payload=BODY.encode(), http=None),
    ],
    ids=lambda record: record.kind,
)
def test_records_that_are_not_responses(record: Record) -> None:
    assert read_one(record) == (None, {"record_not_response": 1})


def test_the_text_of_a_page_is_no_page() -> None:
    text = Record("conversion", payload=BODY.encode(), http=None, headers=(("Content-Type", "text/html"),))
    assert read_one(text) == (None, {"record_conversion": 1})


@pytest.mark.parametrize(
    ("written", "url"),
    [
        (URL, URL),
        (f"<{URL}>", URL),
        (f" <{URL}> ", URL),
        ("https://shop.example/a b", "https://shop.example/a b"),
        ("<half", "<half"),
        ("half>", "half>"),
        ("", ""),
        (None, None),
    ],
)
def test_target_url(written: str | None, url: str | None) -> None:
    assert target_url(written) == url


def test_a_target_in_angle_brackets() -> None:
    parsed, _ = read_one(page(BODY, uri=f"<{URL}>"))
    assert parsed is not None
    assert parsed.url == URL


def test_no_target() -> None:
    """A response without WARC-Target-URI has no address: relative URLs would mean nothing."""
    data = build_warc([page(BODY)], gzip=False).replace(b"WARC-Target-URI", b"X-Target-URI-Odd")
    _, counts, _ = read(data)
    assert counts == {"records": 1, "record_unreadable": 1}


def raw_response(block: bytes) -> bytes:
    """A plain response record around any block: warcio refuses to write a broken HTTP header."""
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Target-URI: {URL}\r\n"
    head += "Content-Type: application/http; msgtype=response\r\n"
    return f"{head}Content-Length: {len(block)}\r\n\r\n".encode() + block + b"\r\n\r\n"


@pytest.mark.parametrize(
    "block",
    [
        b"",
        BODY.encode(),
        BODY.encode() + b"\n\nmore",
        bytes(50),
        b"\xff\xfe\xfd" * 30,
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK",
    ],
    ids=["empty", "markup", "markup with an empty line", "zeros", "bytes", "cut", "cut line"],
)
def test_no_http_header(block: bytes) -> None:
    """It is no page, and the next record is read."""
    pages, counts, damage = read(raw_response(block) + build_warc([page(BODY)], gzip=False))
    assert damage is None
    assert [each.document.images for each in pages] == [IMAGES]
    assert counts[Outcome.RECORD_UNREADABLE] + counts[Outcome.PAGE_NOT_HTML] == 1


@pytest.mark.parametrize(
    "header",
    [
        b"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Type: text/html\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-type:text/html\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\r\n  folded\r\nContent-Type: text/html\r\n\r\n",
        b"HTTP/1.1 200\r\nX: \xff\xfe\r\nContent-Type: text/html\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/2 200\r\nContent-Type: text/html\r\n\r\n",
        b"ICY 200 OK\r\nContent-Type: text/html\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Type: text/html\n\n",
        b"HTTP/1.1 200 OK\r\nX: y\nContent-Type: text/html\r\n\r\n",
        b"Content-Type: text/html\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Type: text/html\r\n\r\n",
    ],
)
def test_odd_http_headers_are_read(header: bytes) -> None:
    pages, _, damage = read(raw_response(header + BODY.encode()))
    assert damage is None
    assert [each.document.images for each in pages] == [IMAGES]


def test_content_and_charset_are_decoded() -> None:
    body = zlib.compress("<img src=ä.jpg alt='Größe “é”'>".encode("windows-1252"))
    record = page(body, content_type="text/html; charset=ISO-8859-1", Content_Encoding="deflate")
    parsed, rest = read_one(record)
    assert parsed is not None
    assert parsed.document.images == [Image("ä.jpg", (("alt", "Größe “é”"),))]
    assert rest == {}


LONG = BODY.encode() + b" " * 1000 + b"<img src=late alt=late>"


@pytest.mark.parametrize(
    ("cap", "images", "flags"),
    [
        (len(LONG) + 20, 2, {}),  # the wire is capped too, and chunks add a few bytes to it
        (len(LONG) - 1, 1, {"page_capped": 1}),
        (500, 1, {"page_capped": 1}),
        (20, 0, {"page_capped": 1}),  # less than the compressed body: what is read of it is capped as well
        (1, 0, {"page_capped": 1}),
    ],
)
@pytest.mark.parametrize("coding", ["identity", "gzip", "deflate", "chunked"])
def test_a_capped_page(coding: str, cap: int, images: int, flags: dict[str, int]) -> None:
    """Cut at max_page_bytes of decoded HTML: images before the cut count, later ones do not."""
    packed = {
        "gzip": gzip.compress(LONG),
        "deflate": zlib.compress(LONG),
        "chunked": b"%x\r\n%b\r\n0\r\n\r\n" % (len(LONG), LONG),
    }
    header = "Transfer_Encoding" if coding == "chunked" else "Content_Encoding"
    parsed, rest = read_one(page(packed.get(coding, LONG), **{header: coding}), max_page_bytes=cap)
    assert parsed is not None
    assert len(parsed.document.images) == images
    assert rest == flags


def test_the_part_of_a_body_before_the_damage_is_used() -> None:
    packed = bytearray(gzip.compress(BODY.encode() + bytes(range(256)) * 20 + b"<img src=late>", mtime=0))
    packed[-12] ^= 0xFF
    pages, counts, damage = read(build_warc([page(bytes(packed), Content_Encoding="gzip"), page(BODY)]))
    assert damage is None
    assert pages[0].document.images[:1] == IMAGES
    assert pages[1].document.images == IMAGES
    assert counts[Outcome.PAGE_DAMAGED] == 1


@pytest.mark.parametrize("gz", [True, False])
def test_a_record_cut_short(gz: bool) -> None:
    """Pages before the cut are whole; the cut one gives the images that are there, and the file says so."""
    cut_page = (
        BODY + "x" * 10 + "<p>" + "".join(f"{i * 7919 % 10007:x}" for i in range(2000)) + "<img src=late alt=late>"
    )
    parts = write_records([page(BODY), page(cut_page)], gzip=gz)
    data = b"".join(parts)[: len(parts[0]) + len(parts[1]) * 3 // 4]
    pages, counts, damage = read(data)
    assert damage is not None
    assert [each.document.images for each in pages] == [IMAGES, IMAGES]
    assert counts == {"records": 2, "pages": 2, "page_damaged": 1}


def test_pages_come_in_order_with_their_offsets() -> None:
    parts = write_records(
        [warcinfo(), page(BODY, uri="https://a.example/1"), metadata(b"{}"), page(BODY, uri="https://a.example/2")],
        gzip=True,
    )
    pages, counts, _ = read(b"".join(parts))
    starts = [len(b"".join(parts[:index])) for index in (1, 3)]
    assert [(each.url, each.warc_offset) for each in pages] == [
        ("https://a.example/1", starts[0]),
        ("https://a.example/2", starts[1]),
    ]
    assert counts == {"records": 4, "record_not_response": 2, "pages": 2}


def test_wat() -> None:
    request = metadata(b'{"Envelope": {"WARC-Header-Metadata": {"WARC-Type": "request"}}}')
    other = metadata(b'{"Envelope": {"WARC-Header-Metadata": {"WARC-Type": "response"}}}')
    no_target = metadata(
        b'{"Envelope": {"WARC-Header-Metadata": {"WARC-Type": "response"}, '
        b'"Payload-Metadata": {"HTTP-Response-Metadata": {"HTML-Metadata": {}}}}}'
    )
    records = [
        warcinfo(),
        wat_record(700, [LINK]),
        request,
        other,
        no_target,
        metadata(b"no JSON"),
        wat_record(900, [], False),
        page(BODY),
    ]
    parts = write_records(records, gzip=True)
    pages, counts, damage = read(b"".join(parts), "wat", name="crawl-data/wat/x.warc.wat.gz")
    assert damage is None
    assert pages == [
        Page("https://a.example/700", Document(None, IMAGES), "crawl-data/warc/CC-1.warc.gz", 700),
        Page("https://a.example/900", Document(None, []), "crawl-data/wat/x.warc.wat.gz", len(b"".join(parts[:6]))),
    ]
    assert counts == {"records": 8, "record_not_response": 3, "page_not_html": 1, "record_unreadable": 2, "pages": 2}


@pytest.mark.parametrize(
    ("wat_name", "container_name", "warc"),
    [
        (
            "crawl-data/CC-MAIN-2024-22/segments/1/wat/x.warc.wat.gz",
            "x.warc.gz",
            "crawl-data/CC-MAIN-2024-22/segments/1/warc/x.warc.gz",
        ),
        ("wat/x.warc.wat.gz", "x.warc.gz", "warc/x.warc.gz"),
        ("a/wat/x.wat.gz", "/data/tmp/other.warc.gz", "a/warc/other.warc.gz"),
        ("a/wat/x.wat.gz", "s3://bucket/key/other.warc.gz", "a/warc/other.warc.gz"),
        ("x.warc.wat.gz", "x.warc.gz", "x.warc.gz"),
        ("a/b/x.warc.wat.gz", "x.warc.gz", "a/b/x.warc.gz"),
        ("a/swat/x.warc.wat.gz", "x.warc.gz", "a/swat/x.warc.gz"),
        ("wat/sub/x.warc.wat.gz", "x.warc.gz", "wat/sub/x.warc.gz"),
    ],
)
def test_warc_of_wat(wat_name: str, container_name: str, warc: str) -> None:
    assert warc_of_wat(wat_name, container_name) == warc


@pytest.mark.parametrize("first", [[], [warcinfo()], [warcinfo(), warcinfo()]])
def test_format_by_content(first: list[Record]) -> None:
    """If the name does not tell the format, the first record that is not a warcinfo does."""
    pages, counts, _ = read(build_warc([*first, wat_record(7, [LINK])]), None)
    assert [(each.warc_file, each.warc_offset) for each in pages] == [("CC-1.warc.gz", 7)]
    assert counts[Outcome.RECORD_NOT_RESPONSE] == len(first)
    pages, _, _ = read(build_warc([*first, page(BODY), wat_record(7, [LINK])]), None)
    assert [(each.warc_file, each.url) for each in pages] == [("x.warc.gz", URL)]
    notes = metadata(b"fetchTimeMs: 5\r\n", "application/warc-fields")
    pages, _, _ = read(build_warc([*first, notes, page(BODY)]), None)
    assert [each.url for each in pages] == [URL]


def test_the_name_takes_precedence_over_the_content() -> None:
    assert read(build_warc([wat_record(7, [LINK])]), "warc")[1] == {"records": 1, "record_not_response": 1}
    assert read(build_warc([page(BODY)]), "wat")[1] == {"records": 1, "record_not_response": 1}


@pytest.mark.parametrize("gz", [True, False])
@pytest.mark.parametrize("archive_format", ["warc", "wat"])
def test_any_flipped_or_missing_byte_leaves_the_sums_right(archive_format: str, gz: bool) -> None:
    """A damaged file raises only ArchiveDamage, every record has an outcome, and pages stay valid."""
    records = [page(BODY), page(gzip.compress(BODY.encode(), mtime=0), Content_Encoding="gzip"), page(BODY)]
    if archive_format == "wat":
        records = [wat_record(number, [LINK]) for number in range(2)]
    data = build_warc(records, gzip=gz)
    for position in range(len(data)):
        for damaged in (data[:position], data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]):
            pages, _, _ = read(damaged, archive_format)
            for each in pages:
                each.url.encode()
                each.warc_file.encode()
                assert 0 <= each.warc_offset < 2**63


def test_a_page_of_exactly_the_cap_is_whole() -> None:
    parsed, rest = read_one(page(LONG), max_page_bytes=len(LONG))
    assert parsed is not None
    assert len(parsed.document.images) == 2
    assert rest == {}


def test_a_page_on_which_the_reference_parser_fails_is_counted() -> None:
    data = build_warc([page("<img src=a alt=b><table><math><html>"), page(BODY)], gzip=False)
    counts: Counter[str] = Counter()
    stream = SourceStream(io.BytesIO(data))
    reader = PageReader(ExtractOptions(None, html_parser="beautifulsoup"))
    pages = list(reader.pages(read_records(stream, lambda: io.BytesIO(data)), "x", "warc", counts))
    assert [each.document.images for each in pages] == [IMAGES]
    assert (counts[Outcome.RECORD_UNREADABLE], counts[Outcome.PAGES]) == (1, 1)
