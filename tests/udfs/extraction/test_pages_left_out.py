"""Opted-out pages and block lists in the extraction of WARCs and WATs: the same in both."""

import json
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from build_warcs import Record, build_warc, metadata

from udfs.archive.records import read_records
from udfs.archive.source_stream import SourceStream
from udfs.extraction.block_lists import Blocker, BlockListBuilder
from udfs.extraction.extractor import Extractor
from udfs.extraction.options import ExtractOptions
from udfs.extraction.pages import PageReader
from udfs.html.parsers import HTML_PARSERS
from udfs.opt_outs import OPTED_OUT, OptOut
from udfs.outcomes import SUMS, Outcome, conservation_errors
from udfs.sources.input_files import InputFile

IMG = "<img src=a.jpg alt='a dog'>"
LINKS = [{"path": "IMG@/src", "url": "a.jpg", "alt": "a dog"}]
ALL = frozenset(OptOut)
Headers = list[tuple[str, str]]


def response(headers: Headers = (), body: str = IMG, uri: str = "https://shop.example/page") -> Record:  # type: ignore[assignment]
    return Record(uri=uri, payload=body.encode(), http=("200 OK", (("Content-Type", "text/html"), *headers)))


def wat_response(headers: dict[str, Any], metas: list[dict[str, str]], links: list[Any] = LINKS) -> Record:
    head = {"Title": "A page", "Metas": metas}
    payload = {"HTTP-Response-Metadata": {"Headers": headers, "HTML-Metadata": {"Head": head, "Links": links}}}
    target = {"WARC-Type": "response", "WARC-Target-URI": "https://shop.example/page"}
    return metadata(json.dumps({"Envelope": {"WARC-Header-Metadata": target, "Payload-Metadata": payload}}).encode())


def outcomes(
    *records: Record,
    archive_format: str = "warc",
    parser: str = "turbohtml",
    opt_outs: frozenset[OptOut] = ALL,
    blocker: Blocker | None = None,
) -> dict[str, int]:
    """The outcomes of the records, after a check of their sum."""
    data = build_warc(records)
    counts: Counter[str] = Counter()
    reader = PageReader(ExtractOptions(None, html_parser=parser, opt_outs=opt_outs, max_page_bytes=1 << 20), blocker)
    pages = list(reader.pages(read_records(SourceStream(BytesIO(data))), "x.warc.gz", archive_format, counts))
    assert counts["records"] == len(records) == sum(counts[part] for part in SUMS[Outcome.RECORDS])
    assert counts["pages"] == len(pages)
    del counts["records"]
    return {str(outcome): number for outcome, number in counts.items() if number}


CASES: list[tuple[Headers, list[tuple[str, str]], str]] = [
    ([], [], "pages"),
    ([("X-Robots-Tag", "noai")], [], "page_noai"),
    ([("x-robots-tag", "nofollow"), ("X-ROBOTS-TAG", "NOIMAGEAI"), ("x-robots-tag", "all")], [], "page_noimageai"),
    ([("X-Robots-Tag", "googlebot: nofollow"), ("X-Robots-Tag", "noai")], [], "page_noai"),
    ([("X-Robots-Tag", "noai"), ("X-Robots-Tag", "googlebot: nofollow")], [], "page_noai"),
    ([("X-Robots-Tag", "googlebot: noai, noindex")], [], "pages"),
    ([("TDM-Reservation", "1"), ("tdm-policy", "https://a.example/p.json")], [], "page_tdm_reserved"),
    ([("tdm-reservation", "1")], [("tdm-reservation", "0")], "pages"),
    ([("tdm-reservation", "0")], [("TDM-Reservation", "1")], "page_tdm_reserved"),
    ([], [("robots", "noindex"), ("ROBOTS", "NoImageAI, NoAI")], "page_noai"),
    ([], [("CCBot", "none")], "page_noindex"),
    ([], [("googlebot", "none")], "pages"),
    ([], [("robots", "max-image-preview:none")], "pages"),
    ([("X-Robots-Tag", "noindex")], [("tdm-reservation", "1")], "page_tdm_reserved"),
]


@pytest.mark.parametrize(("headers", "metas", "outcome"), CASES)
def test_a_warc_by_all_parsers_and_its_wat_have_the_same_outcome(headers: Headers, metas: Any, outcome: str) -> None:
    tags = "".join(f'<meta name="{name}" content="{content}">' for name, content in metas)
    for parser in HTML_PARSERS:
        assert outcomes(response(headers, f"<head>{tags}</head>{IMG}"), parser=parser) == {outcome: 1}
    merged: dict[str, Any] = {}  # as the extractor writes them: by the first spelling, several as a list
    for name, value in headers:
        known = next((key for key in merged if key.lower() == name.lower()), name)
        before = merged.get(known)
        merged[known] = value if before is None else [*(before if isinstance(before, list) else [before]), value]
    tags = [{"name": name, "content": content} for name, content in metas]
    assert outcomes(wat_response(merged, tags), archive_format="wat") == {outcome: 1}


def test_meta_tags_of_a_page_without_images_do_not_matter() -> None:
    tag = "<meta name=robots content=noai>"
    assert outcomes(response([], tag)) == {"pages": 1}
    assert outcomes(wat_response({}, [{"name": "robots", "content": "noai"}], []), archive_format="wat") == {"pages": 1}
    header = [("X-Robots-Tag", "noai")]
    assert outcomes(response(header, "")) == {"page_noai": 1}
    assert outcomes(wat_response(dict(header), [], []), archive_format="wat") == {"page_noai": 1}


def test_a_folded_header_and_one_without_colon() -> None:
    block = f"HTTP/1.1 200 OK\r\nX-Robots-Tag: nofollow,\r\n noai\r\nX-Robots-Tag noimageai\r\n\r\n<html>{IMG}"
    head = "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Target-URI: https://a.example/\r\n"
    head += f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
    counts: Counter[str] = Counter()
    reader = PageReader(ExtractOptions(None, opt_outs=ALL))
    data = f"{head}{block}\r\n\r\n".encode()
    assert list(reader.pages(read_records(SourceStream(BytesIO(data))), "x", "warc", counts)) == []
    assert counts == {"records": 1, "page_noai": 1}


def test_a_wat_with_odd_metas_and_headers() -> None:
    metas: list[Any] = [{}, {"name": "robots"}, {"content": "noai"}, {"name": 1, "content": "noai"}]
    metas += [{"name": "robots", "content": ["noai"]}, {"property": "robots", "content": "noai"}]
    assert outcomes(wat_response({"X-Robots-Tag": None, "": "noai"}, metas), archive_format="wat") == {"pages": 1}
    assert outcomes(wat_response({"X-Robots-Tag": ["x", 1, "noai"]}, []), archive_format="wat") == {"page_noai": 1}


def test_a_page_counts_once_in_the_documented_order(tmp_path: Path) -> None:
    builder = BlockListBuilder()
    builder.add_domains(b"shop.example", "list")
    blocker = Blocker(builder.build())
    no = [("X-Robots-Tag", "noai")]
    png = Record(http=("200 OK", (("Content-Type", "image/png"), *no)))
    assert outcomes(png, response(no), blocker=blocker) == {"page_not_html": 1, "page_blocked": 1}
    assert outcomes(wat_response(dict(no), []), archive_format="wat", blocker=blocker) == {"page_blocked": 1}
    assert outcomes(response(no, uri="https://other.example/"), blocker=blocker) == {"page_noai": 1}
    cut = outcomes(response(no, f"<p>{IMG}" + "x" * (2 << 20)))
    assert cut == {"page_noai": 1}  # and is not among the pages cut short
    assert outcomes(response(no), opt_outs=frozenset()) == {"pages": 1}
    assert outcomes(response(no), opt_outs=frozenset([OptOut.TDM])) == {"pages": 1}


def extract(data: bytes, path: Path, options: ExtractOptions, blocker: Blocker | None = None) -> list[dict[str, Any]]:
    path.write_bytes(data)
    batches = Extractor(options, None, blocker).file_batches(
        InputFile(str(path), "x", "warc"), lambda name: path.open("rb")
    )
    return [row for batch in batches for row in batch.to_pylist()]


def test_blocked_images_and_their_texts_are_counted(tmp_path: Path) -> None:
    builder = BlockListBuilder()
    builder.add_domains(b"bad.example", "list")
    builder.add_images(b"https://shop.example/taken.jpg", "list")
    body = (
        "<img src=//cdn.bad.example/1.jpg alt=one title=two><img src=taken.jpg alt=three><img src=taken.jpg>"
        "<img src=taken.jpg?2 alt='a dog'><img alt=four><img src=//notbad.example/2.jpg alt='a cat'>"
    )
    *pairs, last = extract(
        build_warc([response([], body), response([], IMG, "https://www.bad.example/page")]),
        tmp_path / "x.warc.gz",
        ExtractOptions(None),
        Blocker(builder.build()),
    )
    assert [pair["caption"] for pair in pairs] == ["a dog", "a cat"]
    file = last["file"]
    assert conservation_errors(file) == []
    assert (file["pages"], file["page_blocked"]) == (1, 1)
    assert (file["images"], file["image_blocked"], file["image_no_url"]) == (6, 3, 1)
    assert (file["texts"], file["text_blocked"], file["text_no_url"], file["pairs"]) == (6, 3, 1, 2)


def test_opt_outs_are_on_by_default(tmp_path: Path) -> None:
    data = build_warc([response([("X-Robots-Tag", "noai")]), response([("X-Robots-Tag", "noindex")])])
    (*pairs, last) = extract(data, tmp_path / "x.warc.gz", ExtractOptions(None))
    assert (len(pairs), last["file"]["page_noai"], last["file"]["pages"]) == (1, 1, 1)


@pytest.mark.parametrize("name", ["allenai__dolma__tests_data_warc_sample-0000", "wrapped__mozilla-readability-00000"])
def test_real_pages_and_their_wat_opt_out_alike(shared_data: Path, name: str) -> None:
    warc = next((shared_data / "warc").glob(f"{name}*.warc.gz"))
    wat = next((shared_data / "wat").glob(f"generated__{name}*.wat.gz"))
    results = []
    for path, archive_format in ((warc, "warc"), (wat, "wat")):
        counts: Counter[str] = Counter()
        reader = PageReader(ExtractOptions(None, opt_outs=ALL))
        with path.open("rb") as source:
            records = read_records(SourceStream(source))
            urls = [page.url for page in reader.pages(records, path.name, archive_format, counts)]
        results.append((urls, [counts[outcome] for outcome in OPTED_OUT]))
    assert results[0] == results[1]
