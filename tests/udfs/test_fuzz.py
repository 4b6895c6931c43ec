"""The extractor on damaged archives: no crash, no hang, nothing unaccounted for, whatever the bytes."""

import gzip
import random
import tracemalloc
from collections import Counter
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.sample import write_sample
from udfs.extraction.extractor import Extractor
from udfs.extraction.options import ExtractOptions
from udfs.extraction.pages import Page
from udfs.html.parsers import HTML_PARSERS
from udfs.html.profiles import RICH
from udfs.outcomes import Outcome, conservation_errors
from udfs.sources.input_files import InputFile

OPTIONS = ExtractOptions(None, max_page_bytes=1 << 20, max_record_bytes=1 << 21)
PIECES = (
    *(b"<svg>", b"<template>" * 50, b"<div>" * 500, b"<b><p>" * 200, b"<img " + b"a " * 3000),
    *(b"<img alt='" + b"x" * 70_000, b"<base href='http://['>", b"&#xD800;&#0;", b"<!--", b"<plaintext>", b"<![CDATA["),
    *(b"\0" * 40, b"\r\n\r\n", b"WARC/1.0\r\n", b"Content-Length: 99999999999\r\n", b"Content-Length: -1\r\n"),
    *(b"\x1f\x8b\x08", b"HTTP/1.1 200 OK\r\n", b"Content-Encoding: br, gzip\r\n", b"\xff\xfe"),
    *(b"X-Robots-Tag: ccbot: \r\n", b"tdm-reservation: 1\r\n ", b"<meta name=robots content=noai>", b'"Metas":[null,'),
    *(b'{"Envelope":', b"[" * 5000, b'"\\ud800"'),
)


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A sample WARC and its WAT, not compressed."""
    folder = tmp_path_factory.mktemp("fuzz")
    write_sample(folder / "x.warc.gz", 6, 3, wat=True)
    return {("wat" if ".wat" in file.name else "warc"): gzip.decompress(file.read_bytes()) for file in folder.iterdir()}


def check(data: bytes, archive_format: str | None) -> None:
    extractor = Extractor(OPTIONS, None)
    batches = list(extractor.file_batches(InputFile("x", "x", archive_format), lambda path: BytesIO(data)))
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert [row["kind"] for row in rows].count("file") == 1
    file = rows[-1]["file"]
    assert not conservation_errors(file)
    assert file["pairs"] == len(rows) - 1
    assert (file["status"] == "ok") == (file["error"] is None)
    for row in rows[:-1]:
        assert row["url"].startswith(("http://", "https://"))
        assert row["caption"] == row["caption"].strip()


def mutated(data: bytes, numbers: random.Random) -> bytes:
    """The bytes with a few places flipped, cut out, repeated or filled with bytes that confuse readers."""
    for _ in range(numbers.randint(1, 6)):
        place = numbers.randrange(len(data) + 1)
        size = numbers.choice((0, 1, 3, 20, 500))
        kind = numbers.randrange(5)
        if kind == 0:
            piece = bytes(numbers.randrange(256) for _ in range(size))
        elif kind == 1:
            piece = b""
        elif kind == 2:
            piece = data[place : place + size] * 2
        elif kind == 3:
            piece = data[place : place + size] + numbers.choice(PIECES)
        else:
            return data[:place]
        data = data[:place] + piece + data[place + size :]
    return data


@pytest.mark.parametrize("archive_format", ["warc", "wat"])
@settings(max_examples=settings.default.max_examples * 3 // 2)
@given(numbers=st.randoms(use_true_random=False), packing=st.sampled_from(["plain", "gzip", "member", "broken gzip"]))
def test_mutated_archives(archives, archive_format: str, numbers: random.Random, packing: str) -> None:
    data = archives[archive_format]
    if packing == "broken gzip":
        data = mutated(gzip.compress(data, 1, mtime=0), numbers)
    else:
        data = mutated(data, numbers)
        if packing == "gzip":
            data = gzip.compress(data, 1, mtime=0)
        elif packing == "member":
            cut = numbers.randrange(len(data) + 1)
            data = gzip.compress(data[:cut], 1, mtime=0) + gzip.compress(data[cut:], 1, mtime=0)
    check(data, numbers.choice((archive_format, archive_format, None)))


def test_mutated_real_archives(shared_data: Path) -> None:
    """Uses ../shared/data."""
    numbers = random.Random(5)
    for file in sorted([*(shared_data / "warc").iterdir(), *(shared_data / "wat").iterdir()]):
        data = file.read_bytes()
        if len(data) > 3_000_000:
            continue
        for _ in range(3):
            check(mutated(data, numbers), None)


@pytest.mark.parametrize("archive_format", ["warc", "wat"])
def test_a_bomb_takes_little_memory(archive_format: str) -> None:
    """200 MB of zeros in a record of 200 kB: skipped or cut at the caps, never kept in memory."""
    kind, head = (b"response", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<img src=/a alt=b>")
    if archive_format == "wat":
        kind, head = b"metadata", b"{"
    size = 200_000_000
    header = b"WARC/1.0\r\nWARC-Type: %b\r\nWARC-Target-URI: http://a.example/\r\n" % kind
    header += b"Content-Type: application/http; msgtype=response\r\nContent-Length: %d\r\n\r\n" % (len(head) + size)
    packed = BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as file:
        file.write(header + head)
        for _ in range(200):
            file.write(b"\0" * 1_000_000)
        file.write(b"\r\n\r\n")
    tracemalloc.start()
    check(packed.getvalue(), archive_format)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60_000_000


VALUES = st.text(max_size=20) | st.sampled_from(
    ("javascript:x", "data:,", "//h/a.jpg 2x, ftp://h/b 3x", "http://[", "{w}.jpg")
)
ATTRIBUTES = st.sampled_from(("src", "data-src", "data-lazy", "srcset", "data-srcset", "alt", "title", "aria-label"))
ELEMENTS = st.builds(
    lambda name, attributes: f"<{name} " + " ".join(f"{key}='{value}'" for key, value in attributes) + ">",
    st.sampled_from(("img", "img", "source", "picture", "/picture", "noscript", "/noscript", "figure", "figcaption")),
    st.lists(st.tuples(ATTRIBUTES, VALUES), max_size=4),
)


@settings(max_examples=settings.default.max_examples * 2)
@given(st.lists(ELEMENTS, max_size=8).map("".join))
def test_random_markup_around_images(html: str) -> None:
    """No parser crashes or gives a URL other than http and https."""
    page = html.encode("utf-8", "replace")
    for parser in HTML_PARSERS:
        extractor = Extractor(replace(OPTIONS, profile=RICH, html_parser=parser), None)
        counts: Counter[str] = Counter()
        rows = extractor.page_pairs(Page("http://p.example/", HTML_PARSERS[parser](page, RICH), "x", 0), counts)
        assert all(row[1].startswith(("http://", "https://")) for row in rows)
        assert counts[Outcome.PAIRS] == len(rows)
        assert not conservation_errors(counts)
