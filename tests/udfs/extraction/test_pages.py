"""Pages of small WARCs and WATs built by hand: which records are pages, and the outcome of the others."""

import gzip
import io
import zlib
from collections import Counter
from dataclasses import replace

import pytest
from build_warcs import LINK, Record, build_warc, metadata, page, warcinfo, wat_record, write_records

from udfs.archive.records import ArchiveDamage
from udfs.archive.source_stream import SourceStream
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
        opt_outs=frozenset(),
        max_page_bytes=max_page_bytes,
        max_record_bytes=max_record_bytes,
    )
    counts: Counter[str] = Counter()
    pages: list[Page] = []
    damage = None
    reader = PageReader(options)
    records = reader.records(SourceStream(io.BytesIO(data)))
    try:
        for each in reader.pages(records, name, archive_format, counts):
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
        *("text/html,text/html; charset=utf-8", "text/html, charset=utf-8", "text/html,", "TEXT/HTML ;;charset=x"),
    ],
)
def test_html_by_its_content_type(content_type: str) -> None:
    parsed, rest = read_one(page(BODY, content_type=content_type))
    assert parsed == Page(URL, Document(None, IMAGES), "x.warc.gz", 0)
    assert rest == {}


@pytest.mark.parametrize(
    "content_type",
    [
        *("image/png", "text/plain", "application/json", "application/xml", "text/xml", "text/htmlx", "'text/html'"),
        *("text/html, text/plain", "application/octet-stream"),
    ],
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
        ("<div><img src=a.jpg alt='a dog'>", True),
        ("<table border=0>", True),
        ("<p>", True),
        ("<body class=x>", True),
        ("<title>x</title>", True),
        ("<!DOCTYPE HTML PUBLIC '-//W3C//DTD HTML 4.01//EN'>", True),
        (PNG, False),
        ("", False),
        ("plain text with an <html> in it", False),
        ("<?xml version='1.0'?><rss>", False),
        ("<htmlx>", False),
        ('{"html": "<html>"}', False),
        ("<!-- never closed <html>", True),  # the table looks no further
        ("<!--x--><html>", False),
        ("%PDF-1.7 <html>", False),
        ("\ufeff<html>", False),
    ],
)
@pytest.mark.parametrize(
    "content_type",
    [
        *(None, "", ";charset=utf-8", "html", "text/html charset=utf-8", "*/*", "unknown/unknown", "text /html"),
        "application/unknown; charset=x",
    ],
)
def test_undeclared_bodies_are_sniffed(content_type: str | None, body: str | bytes, is_page: bool) -> None:
    parsed, rest = read_one(page(body, content_type=content_type))
    assert (parsed is not None) == is_page
    assert rest == ({} if is_page else {"page_not_html": 1})


def test_nosniff_is_respected() -> None:
    assert read_one(page(BODY, content_type=None, X_Content_Type_Options="nosniff")) == (None, {"page_not_html": 1})
    assert read_one(page(BODY, X_Content_Type_Options="nosniff"))[0] is not None


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
        ("<  https://shop.example/a  >", "https://shop.example/a"),
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


def test_a_target_in_latin_1() -> None:
    """A browser would request the bytes of the address, percent-encoded."""
    data = raw_response(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + BODY.encode())
    for raw, url in (
        (b"https://shop.example/stra\xdfe/p", "https://shop.example/stra%DFe/p"),
        (b"<https://shop.example/stra\xdfe/p>", "https://shop.example/stra%DFe/p"),
        ("https://shop.example/straße/p".encode(), "https://shop.example/straße/p"),
    ):
        pages, counts, _ = read(data.replace(URL.encode(), raw))
        assert [each.url for each in pages] == [url]
        assert counts == {"records": 1, "pages": 1}


def response_of(fields: str, body: bytes) -> bytes:
    return raw_response(f"HTTP/1.1 200 OK\r\n{fields}\r\n".encode() + body)


ZIPPED, HTML_FIELD = gzip.compress(BODY.encode(), mtime=0), "Content-Type: text/html\r\n"
ENCODED = HTML_FIELD + "Content-Encoding: gzip\r\n"
CHUNKED_FIELD = "Transfer-Encoding: chunked\r\n"


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        (ENCODED + "Content-Encoding: gzip\r\n", gzip.compress(ZIPPED)),
        (ENCODED + "Content-Encoding: gzip\r\n", ZIPPED),  # coded once, said twice
        (ENCODED + "Content-Encoding: identity\r\n", ZIPPED),
        (HTML_FIELD + "Content-Encoding: identity\r\nContent-Encoding: gzip\r\n", ZIPPED),
        (
            HTML_FIELD + "Content-Encoding: deflate\r\ncontent-encoding: gzip\r\n",
            gzip.compress(zlib.compress(BODY.encode())),
        ),
        (ENCODED + "Content-Encoding:\r\n", ZIPPED),
        (ENCODED + "Content-Encoding: gzip,\r\n gzip\r\n", gzip.compress(gzip.compress(ZIPPED))),
        (HTML_FIELD + CHUNKED_FIELD + CHUNKED_FIELD, chunked(BODY.encode())),
        (HTML_FIELD + "Transfer-Encoding: gzip\r\n" + CHUNKED_FIELD, chunked(ZIPPED)),
        (ENCODED + CHUNKED_FIELD, chunked(ZIPPED)),
        ("Content-Type: text/plain\r\n" + HTML_FIELD, BODY.encode()),
        (HTML_FIELD + "Content-Type: charset=utf-8\r\n", BODY.encode()),
    ],
)
def test_repeated_header_lines_are_combined(fields: str, body: bytes) -> None:
    pages, counts, _ = read(response_of(fields, body))
    assert [each.document.images for each in pages] == [IMAGES]
    assert counts == {"records": 1, "pages": 1}


def test_the_charset_of_an_equal_type_is_inherited() -> None:
    body = "<img src=a.jpg alt='кот'>".encode("cp1251")
    fields = "Content-Type: text/html; charset=windows-1251\r\nContent-Type: text/html\r\n"
    pages, _, _ = read(response_of(fields, body))
    assert pages[0].document.images == [Image("a.jpg", (("alt", "кот"),))]


def test_a_late_meta_and_the_domain_decide_the_charset() -> None:
    filler = b"<script>" + b"x" * 1100 + b"</script>"
    image = "<img src=a.jpg alt='рыжий кот'>"
    late = filler + b"<meta charset=koi8-r>" + image.encode("koi8_r")
    assert read_one(page(late))[0].document.images == [Image("a.jpg", (("alt", "рыжий кот"),))]
    czech = "<img src=a.jpg alt='Kůň a žába'>"
    for domain in ("cz", "cz:8080"):
        parsed, _ = read_one(page(czech.encode("cp1250"), uri=f"https://site.{domain}/x"))
        assert parsed.document.images == [Image("a.jpg", (("alt", "Kůň a žába"),))]


@pytest.mark.parametrize(
    "header",
    [
        b"http/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
        b":status: 200\r\ncontent-type: text/html\r\n\r\n",
        b"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
        b"HTTP 200 OK\r\nContent-Type: text/html\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
        b"\r\n",
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


def test_an_odd_link_of_a_wat_is_counted_and_the_page_kept() -> None:
    odd_image = {"path": "IMG@/src", "url": 5, "alt": "a cat"}
    odd_link = {"path": "A@/href", "url": None, "title": []}
    for odd, images in (
        (odd_link, IMAGES),
        (odd_image, [Image(None, (("alt", "a cat"),)), *IMAGES]),
        ("text", IMAGES),
        (None, IMAGES),
    ):
        pages, counts, _ = read(build_warc([wat_record(7, [odd, LINK])]), "wat")  # type: ignore[list-item]
        assert [each.document.images for each in pages] == [images]
        assert counts == {"records": 1, "pages": 1, "page_damaged": 1}


def test_the_records_decide_the_format_and_not_the_name() -> None:
    """Names are wrong at times: one of the first samples of a WAT was called x.wat.warc.gz."""
    assert read(build_warc([wat_record(7, [LINK])]), "warc")[1] == {"records": 1, "pages": 1}
    assert read(build_warc([page(BODY)]), "wat")[1] == {"records": 1, "pages": 1}
    pages_list = metadata(b'{"format": "json-pages-1.0"}')
    counts = {"records": 2, "record_not_response": 1, "pages": 1}
    assert read(build_warc([pages_list, page(BODY)]), None)[1] == counts
    assert read(build_warc([pages_list, page(BODY)]), "warc")[1] == counts


@pytest.mark.parametrize("block_type", ["", "message/http", "Application/HTTP; msgtype=response", "text/html"])
def test_a_response_with_a_web_address_is_http_whatever_its_type(block_type: str) -> None:
    data = build_warc([page(BODY)], gzip=False)
    line = b"Content-Type: application/http; msgtype=response\r\n"
    assert line in data
    changed = data.replace(line, f"Content-Type: {block_type}\r\n".encode() if block_type else b"")
    pages, _, _ = read(changed)
    assert [each.document.images for each in pages] == [IMAGES]
    dns = data.replace(b"application/http; msgtype=response", b"text/dns").replace(URL.encode(), b"dns:shop.example")
    assert read(dns)[1] == {"records": 1, "record_not_response": 1}


@pytest.mark.parametrize("field", ["WARC-Truncated: length", "WARC-Segment-Number: 1"])
def test_a_record_that_says_it_is_a_part_counts_as_damaged(field: str) -> None:
    data = build_warc([page(BODY)], gzip=False)
    changed = data.replace(b"WARC-Type: response\r\n", f"WARC-Type: response\r\n{field}\r\n".encode())
    assert read(changed)[1] == {"records": 1, "pages": 1, "page_damaged": 1}


def test_a_blank_line_before_the_body_is_no_part_of_it() -> None:
    """Every record of CommonCrawl's August 2018 has one too many (commoncrawl/nutch 5)."""
    body = "<img src=a.jpg alt='рыжий кот'>"
    for encoded in (body.encode("utf-16"), b"\xef\xbb\xbf" + body.encode()):
        pages, _, _ = read(build_warc([page(b"\r\n" + encoded, content_type="text/html; charset=windows-1251")]))
        assert [image.texts for image in pages[0].document.images] == [(("alt", "рыжий кот"),)]
    packed = gzip.compress(body.encode("utf-16"), mtime=0)
    pages, _, _ = read(build_warc([page(b"\r\n" + packed, Content_Encoding="gzip")]))
    assert [image.texts for image in pages[0].document.images] == [(("alt", "рыжий кот"),)]


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
    pages = list(reader.pages(reader.records(stream), "x", "warc", counts))
    assert [each.document.images for each in pages] == [IMAGES]
    assert (counts[Outcome.RECORD_UNREADABLE], counts[Outcome.PAGES]) == (1, 1)
