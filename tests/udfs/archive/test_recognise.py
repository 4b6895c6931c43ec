"""What a file is, if it is no archive with pages: by its content, and made by the tools that make such files."""

import bz2
import gzip
import io
import json
import lzma
import re
import tarfile
import time
import zipfile
from collections import Counter
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from build_warcs import build_warc, page

from udfs.archive.recognise import why_no_page, why_no_record
from udfs.outcomes import Outcome

WARC = build_warc([page("<p>x")])


def zipped() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("archive/data.warc.gz", WARC)
    return sink.getvalue()


def tarred(mode: str) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode=mode) as archive:
        member = tarfile.TarInfo("x.warc.gz")
        member.size = len(WARC)
        archive.addfile(member, io.BytesIO(WARC))
    return sink.getvalue()


def parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"warc_filename": ["x.warc.gz"]}), sink)
    return sink.getvalue()


CDXJ = b'com,example)/a?b=1 20240518000000 {"url": "https://example.com/a?b=1", "mime": "text/html"}\n'
CDX = b"com,example)/ 20240518000000 http://example.com/ text/html 200 AAAA - - 1 2 x.warc.gz\n"
CASES = {
    "a CDX index": [
        CDXJ,
        gzip.compress(CDXJ),
        CDX,
        b" CDX N b a m s k r M S V g\n" + CDX,
        b"!OpenWayback-CDXJ 1.0\n" + CDXJ,
        b'!meta {"a": 1}\n' + CDXJ,
        b"com,example)/ 20240518000000\tcdx-00000.gz\t0\t188\t1\n",
        b"213.145.128.1)/robots.txt 20240518 {}\n",
    ],
    "a ZIP file": [zipped(), b"PK\5\6" + bytes(18)],
    "a tar file": [tarred("w"), tarred("w:gz")],
    "a bzip2 file": [bz2.compress(WARC), gzip.compress(bz2.compress(WARC))],
    "an xz file": [lzma.compress(WARC)],
    "a Parquet file": [parquet()],
    "gzip within gzip": [gzip.compress(WARC)],
    "an HTML page": [
        *(b"<!DOCTYPE html><p>Not found", b"\n\n<HTML lang=en>", b"\xef\xbb\xbf<html>", b"<head><title>403 Forbidden"),
        gzip.compress(b"<!doctype html><p>Not found</p>\n"),
    ],
    "an XML document": [
        b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
        b'<?xml version="1.0"?>\n<html>',
    ],
    "a JSON document": [
        json.dumps({"error": "no"}).encode(),
        b"[]\n",
        b' [{"a": 1}]',
        json.dumps([{}], indent=2).encode(),
    ],
    "a listing": [
        b"crawl-data/CC-MAIN-2024-10/segments/1/warc/CC-MAIN-1.warc.gz\ncrawl-data/x\n",
        gzip.compress(b"# some\n# more\n\nx.warc.wat.gz\r\n"),
        b"https://data.commoncrawl.org/a/x.warc\n",
    ],
    "a pointer of Git LFS": [b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"],
    "an ARC file": [b"filedesc://x.arc 0.0.0.0 20240518000000 text/plain 9\n1 0 tests\n"],
    "only zeros": [bytes(512), bytes(100_000)],
}


@pytest.mark.parametrize(("what", "data"), [(what, data) for what, cases in CASES.items() for data in cases])
def test_a_file_is_named_for_what_it_is(what: str, data: bytes) -> None:
    reason = why_no_record(data)
    assert reason.startswith(f"{what}, not a WARC file: ")
    assert "\n" not in reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b" \r\n\t\n", "no record in it"),
        (gzip.compress(b""), "no record in it"),
        (b"\x1f\x8b\x08" + b"\xff" * 100, "not a WARC file: broken gzip"),
        (b"not gzip", "not a WARC file"),
        (b"Call (me) 20240518\n", "not a WARC file"),
        (b"PK is a name\n", "not a WARC file"),
        (b"{curly} text\n", "not a WARC file"),
        (Random(4).randbytes(5000), "not a WARC file"),
    ],
)
def test_other_files(data: bytes, reason: str) -> None:
    assert why_no_record(data) == reason


@pytest.mark.parametrize(
    "part", [b"# ", b"#\n", b"! x\n", b"!a b\n", b"\n", b" ", b"a", b"a)", b"<", b"[", b"\0", b"x.warc"]
)
@pytest.mark.parametrize("end", [b"", b"x", b".warc.gz"])
def test_no_text_takes_long(part: bytes, end: bytes) -> None:
    began = time.process_time()
    why_no_record(part * (1 << 20) + end)
    assert time.process_time() - began < 1


def counts(**outcomes: int) -> Counter[str]:
    return Counter({Outcome(name): number for name, number in outcomes.items()})


@pytest.mark.parametrize(
    ("outcomes", "is_wet"),
    [
        (counts(records=4, record_conversion=3, record_not_response=1), True),
        (counts(records=1, record_conversion=1), True),
        (counts(records=1, record_not_response=1), False),
        (counts(records=3, record_conversion=2, page_not_html=1), False),
        (counts(records=3, record_conversion=2, pages=1), False),
        (counts(), False),
    ],
)
def test_a_wet_is_known_by_its_records(outcomes: Counter[str], is_wet: bool) -> None:
    reason = why_no_page(outcomes)
    assert (reason is not None and re.match("a WET file, .*: name the WARC or WAT$", reason) is not None) is is_wet
