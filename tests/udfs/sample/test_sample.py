"""The sample web against independent readers: warcio, FastWARC, html5lib behind BeautifulSoup, and zlib by hand."""

import gzip
import json
import zlib
from collections import Counter
from dataclasses import astuple
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from random import Random

import html5lib
import pytest
from bs4 import BeautifulSoup
from fastwarc.stream_io import BrotliReader
from fastwarc.warc import ArchiveIterator as FastIterator
from warcio.archiveiterator import ArchiveIterator

from udfs.errors import UsageError
from udfs.sample.archive import WrittenRecord, name_wat, write_warc, write_wat
from udfs.sample.web import SampleImage, SamplePage, make_page
from udfs.sample.words import CONCEPTS, OTHER_LANGUAGES, compose_caption, compose_nothing

PAGES = 40
SEED = 7
PINNED = "c4561550e75e410b414d15cd03342a951229d7032640e01cea3646bf6b4397ce"
FEATURES = {
    *("utf8-header", "utf8-meta", "utf8-undeclared", "utf8-bom", "utf16le-bom", "cp1252-meta", "cp1252-undeclared"),
    *("latin1-header", "cp1251-header", "sjis-meta", "identity", "gzip", "deflate", "deflate-raw", "br", "chunked"),
    *("lang-en", "lang-de", "lang-fr", "lang-es", "lang-ru", "lang-ja", "lang-ar", "png", "json", "error-404"),
    *("base-absolute", "base-relative", "base-protocol-relative"),
    *("style-double", "style-single", "style-unquoted", "style-upper"),
    *("absolute", "root-relative", "relative", "protocol-relative", "title", "data-title", "three-texts", "same-texts"),
    *("blank-alt", "no-text", "data-url", "no-src", "empty-src", "ftp-src", "file-src", "bad-url", "entity-src"),
    *("entity-alt", "broken-lines", "noscript", "stock", "stock-other-caption", "no-concept", "padded-src"),
    *("decoy-comment", "decoy-script", "decoy-style", "decoy-template", "decoy-textarea", "decoy-iframe"),
    *("decoy-xmp", "decoy-noembed", "no-images"),
}


@pytest.fixture(scope="module")
def pages() -> list[SamplePage]:
    return [make_page(index, SEED) for index in range(PAGES)]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, tuple[WrittenRecord, ...]]:
    path = tmp_path_factory.mktemp("sample") / "sample.warc.gz"
    records = write_warc(path, PAGES, SEED)
    write_wat(name_wat(path), path, records, SEED)
    return path, name_wat(path), records


def undo_transfer(page: SamplePage) -> bytes:
    """The page's bytes, with chunks and Content-Encoding removed as defined."""
    headers, body = dict(page.headers), page.body
    if headers.get("Transfer-Encoding") == "chunked":
        rest, body = body, b""
        while True:
            size, rest = rest.split(b"\r\n", 1)
            if not int(size, 16):
                break
            body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    encoding = headers.get("Content-Encoding")
    if encoding == "gzip":
        return gzip.decompress(body)
    if encoding == "deflate":
        return zlib.decompress(body, 15 if "deflate" in page.features else -15)
    return BrotliReader(BytesIO(body)).read(1_000_000) if encoding == "br" else body


def decode(page: SamplePage) -> tuple[str, str]:
    """Text and encoding as html5lib detects them; undeclared text is UTF-8 if valid, else windows-1252."""
    content = undo_transfer(page)
    declared = dict(page.headers)["Content-Type"].partition("charset=")[2] or None
    try:
        content.decode()
        likely = "utf-8"
    except UnicodeDecodeError:
        likely = "windows-1252"
    parser = html5lib.HTMLParser()
    parser.parse(content, transport_encoding=declared, likely_encoding=likely)
    # The input stream's codec, so that the test does not repeat the generator's choice.
    codec = parser.tokenizer.stream.charEncoding[0]
    return codec.codec_info.decode(content)[0].removeprefix("\ufeff"), codec.name


def find_images(text: str) -> tuple[SampleImage, ...]:
    soup = BeautifulSoup(text, "html5lib")
    # html5lib does not support template, and puts its content into the tree.
    tags = [img for img in soup.find_all("img") if img.find_parent("template") is None]
    return tuple(SampleImage(*(i.get(name) for name in ("src", "alt", "title", "data-image-title"))) for i in tags)


def test_same_settings_same_bytes(tmp_path: Path, sample: tuple[Path, Path, tuple[WrittenRecord, ...]]) -> None:
    warc, wat, _ = sample
    again = tmp_path / "sample.warc.gz"
    write_wat(name_wat(again), again, write_warc(again, PAGES, SEED), SEED)
    assert again.read_bytes() == warc.read_bytes()
    assert name_wat(again).read_bytes() == wat.read_bytes()
    assert write_warc(again, PAGES, SEED + 1) and again.read_bytes() != warc.read_bytes()


def test_page_does_not_depend_on_how_many(tmp_path: Path, sample: tuple[Path, Path, tuple[WrittenRecord, ...]]) -> None:
    short = tmp_path / "short.warc.gz"
    write_warc(short, 5, SEED)
    assert sample[0].read_bytes().startswith(short.read_bytes())


def test_first_pages_are_pinned() -> None:
    """A change here changes all samples: update the pins only on purpose, and say so in the changelog.

    Ground truth rather than files: another zlib may pack the same pages otherwise.
    """
    pages = [make_page(index, 0) for index in range(20)]
    truth = repr([(page.url, [astuple(image) for image in page.images]) for page in pages])
    assert sha256(truth.encode()).hexdigest() == PINNED


def test_uncompressed_warc_holds_the_same_records(
    tmp_path: Path, sample: tuple[Path, Path, tuple[WrittenRecord, ...]]
) -> None:
    plain = tmp_path / "sample.warc"
    records = write_warc(plain, PAGES, SEED)
    assert plain.read_bytes() == gzip.decompress(sample[0].read_bytes())
    assert name_wat(plain).name == "sample.warc.wat"
    write_wat(name_wat(plain), plain, records, SEED)
    with name_wat(plain).open("rb") as stream:
        described = [json.loads(r.content_stream().read()) for r in ArchiveIterator(stream) if r.rec_type == "metadata"]
    for item, record in zip(described, records, strict=True):
        assert item["Container"] == {"Filename": "sample.warc", "Compressed": False, "Offset": str(record.offset)}
        assert plain.read_bytes()[record.offset :].startswith(b"WARC/1.0\r\n")


def test_both_readers_see_every_record(sample: tuple[Path, Path, tuple[WrittenRecord, ...]]) -> None:
    for path in sample[:2]:
        with path.open("rb") as stream:
            by_warcio = [(r.rec_type, r.rec_headers.get_header("WARC-Record-ID")) for r in ArchiveIterator(stream)]
        with path.open("rb") as stream:
            by_fastwarc = [(str(r.record_type), r.headers["WARC-Record-ID"]) for r in FastIterator(stream)]
        assert by_warcio == by_fastwarc
        assert len(by_warcio) == len({identity for _, identity in by_warcio})
        if path == sample[0]:
            kinds = Counter(kind for kind, _ in by_warcio)
            assert kinds == {"warcinfo": 1, "request": PAGES, "response": PAGES, "metadata": PAGES}
    with sample[0].open("rb") as stream:
        assert all(r.verify_block_digest() for r in FastIterator(stream, parse_http=False))


def test_responses_carry_the_pages(
    sample: tuple[Path, Path, tuple[WrittenRecord, ...]], pages: list[SamplePage]
) -> None:
    with sample[0].open("rb") as stream:
        read = [
            (r.rec_headers.get_header("WARC-Target-URI"), r.http_headers.get_statuscode(), r.raw_stream.read())
            for r in ArchiveIterator(stream)
            if r.rec_type == "response"
        ]
    assert read == [(page.url, str(page.status), page.body) for page in pages]


@pytest.mark.parametrize("feature", sorted(FEATURES))
def test_feature_is_present(pages: list[SamplePage], feature: str) -> None:
    assert any(feature in page.features for page in pages)


def test_features_in_the_bytes(pages: list[SamplePage]) -> None:
    """The bytes have the features that the names claim."""
    headers = [dict(page.headers) for page in pages]
    assert {h.get("Content-Encoding") for h in headers} == {None, "gzip", "deflate", "br"}
    contents = [undo_transfer(page) for page in pages if page.html]
    joined = b"".join(contents)
    assert any(content.startswith(b"\xef\xbb\xbf") for content in contents)
    assert any(content.startswith(b"\xff\xfe") for content in contents)
    for piece in (b"charset=windows-1252", b"charset=Shift_JIS", b"<IMG ", b"src='", b"src=photos/", b"&amp;width=640"):
        assert piece in joined
    for piece in (b"&eacute;", b"&lt;3", b"<noscript><img", b"<template>", b"<textarea", b"http://[bad", b"ftp://"):
        assert piece in joined
    images = [image for page in pages for image in page.images]
    assert max(Counter((image.src, image.alt) for image in images if image.src).values()) > 1
    captions_of_stock = Counter(src for src, _ in {(i.src, i.alt) for i in images if "//stock." in (i.src or "")})
    assert max(captions_of_stock.values()) > 1
    assert {page.status for page in pages} == {200, 404}
    assert len({page.url.split("/")[2] for page in pages}) > 3


@pytest.mark.parametrize("seed", [SEED, 0, 20240518])
def test_ground_truth_is_what_html5lib_finds(seed: int) -> None:
    for index in range(120):
        page = make_page(index, seed)
        if not page.html:
            assert page.images == ()
            continue
        text, encoding = decode(page)
        assert encoding == page.encoding, index
        assert find_images(text) == page.images, index
        base = BeautifulSoup(text, "html5lib").find("base")
        assert (base["href"] if base else None) == page.base_href


def test_wat_describes_the_record_at_its_offset(
    sample: tuple[Path, Path, tuple[WrittenRecord, ...]], pages: list[SamplePage]
) -> None:
    warc, wat, records = sample
    with wat.open("rb") as stream:
        described = [json.loads(r.content_stream().read()) for r in ArchiveIterator(stream) if r.rec_type == "metadata"]
    assert len(described) == len(records) == 1 + 3 * PAGES
    stored, links = warc.read_bytes(), []
    for item in described:
        container, envelope = item["Container"], item["Envelope"]
        assert container["Filename"] == warc.name
        member = container["Gzip-Metadata"]
        start = int(container["Offset"])
        raw = gzip.decompress(stored[start : start + int(member["Deflate-Length"])])
        assert (len(raw), zlib.crc32(raw)) == (int(member["Inflated-Length"]), int(member["Inflated-CRC"]) % 2**32)
        assert raw[int(envelope["WARC-Header-Length"]) - 4 :].startswith(b"\r\n\r\n")
        record = next(iter(FastIterator(BytesIO(stored[start:]), parse_http=False)))
        for name, value in envelope["WARC-Header-Metadata"].items():
            assert record.headers[name] == value
        response = envelope["Payload-Metadata"].get("HTTP-Response-Metadata")
        if response:
            listed = response.get("HTML-Metadata", {}).get("Links", [])
            links.append([(x["url"], x.get("alt"), x.get("title")) for x in listed if x["path"] == "IMG@/src"])
            assert ("HTML-Metadata" in response) == record.headers["WARC-Target-URI"].rpartition("/")[2].isdigit()
    assert links == [[(i.src, i.alt, i.title) for i in page.images if i.src is not None] for page in pages]


def test_captions_are_head_heavy_and_mostly_english() -> None:
    pages = [make_page(index, SEED) for index in range(1500)]
    html = [page for page in pages if page.html]
    assert 0.70 < sum(page.lang == "en" for page in html) / len(html) < 0.80
    captions = [i.alt.lower() for page in html if page.lang == "en" for i in page.images if i.alt and i.alt.strip()]
    counts = sorted((sum(concept in caption for caption in captions) for concept in CONCEPTS), reverse=True)
    assert counts[0] > 0.15 * len(captions)
    assert sum(counts[:30]) > sum(counts[30:])
    assert sum(0 < count < 0.01 * len(captions) for count in counts) > 200


def test_captions_have_three_to_twelve_words() -> None:
    rng = Random(1)
    for lang in ("en", *OTHER_LANGUAGES):
        for _ in range(300):
            caption = compose_caption(rng, lang)
            assert lang == "ja" or 3 <= len(caption.split()) <= 12
            assert caption == " ".join(caption.split())


@pytest.fixture(scope="module")
def entries() -> set[str]:
    path = Path(__file__).parents[3] / "metadata" / "english.txt.gz"
    if not path.exists():
        pytest.skip("the default list is not built yet")
    return set(gzip.decompress(path.read_bytes()).decode().splitlines())


def test_concepts_are_in_the_default_list(entries: set[str]) -> None:
    assert [concept for concept in CONCEPTS if concept not in entries] == []
    assert len(set(CONCEPTS)) == len(CONCEPTS) > 300


def test_captions_without_a_concept_match_no_entry(entries: set[str]) -> None:
    rng = Random(1)
    for _ in range(300):
        caption = compose_nothing(rng)
        assert {caption, *caption.replace(".", " . ").split()} & entries <= {"."}, caption


@pytest.mark.parametrize("name", ["sample.gz", "sample.wat.gz", "sample"])
def test_other_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"\.warc\.gz"):
        write_warc(tmp_path / name, 1, 0)
    assert list(tmp_path.iterdir()) == []


def test_negative_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="-1"):
        write_warc(tmp_path / "sample.warc", -1, 0)
    with pytest.raises(UsageError, match="-1"):
        make_page(-1, 0)
