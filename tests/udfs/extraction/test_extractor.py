"""Extraction of whole files, against the sample generator's ground truth by an independent route."""

import hashlib
import re
import tracemalloc
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import pyarrow as pa
import pytest
import xxhash
from build_warcs import LINK, build_warc, wat_record
from build_warcs import page as html_page
from extracted import ALL, Pair, extract

from udfs.captions.language import fasttext_detector
from udfs.extraction import extractor as extraction
from udfs.extraction.extractor import Extractor
from udfs.extraction.inspection import InspectedPage, inspect_file
from udfs.extraction.options import ExtractOptions
from udfs.extraction.pages import Page
from udfs.html.document import Document, Image
from udfs.matching.matcher import Matcher
from udfs.outcomes import COUNTERS, MAX_TEXT_CHARACTERS, MAX_URL_CHARACTERS, Outcome
from udfs.sample.archive import WrittenRecord, name_wat, write_warc, write_wat
from udfs.sample.web import SampleImage, SamplePage, make_page
from udfs.sources.input_files import InputFile
from udfs.storage.local import open_input

PAGES, SEED = 40, 11
ENTRIES = ["dog", "house", "tree", "a", "the", "The", ".", "near the", "Photo of", "café"]


@dataclass(frozen=True)
class Sample:
    warc: Path
    wat: Path
    records: tuple[WrittenRecord, ...]
    pages: tuple[SamplePage, ...]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    warc = tmp_path_factory.mktemp("sample") / "sample.warc.gz"
    records = write_warc(warc, PAGES, SEED)
    write_wat(name_wat(warc), warc, records, SEED)
    return Sample(warc, name_wat(warc), records, tuple(make_page(index, SEED) for index in range(PAGES)))


def texts_of(image: SampleImage) -> list[tuple[str, str]]:
    named = (("alt", image.alt), ("title", image.title), ("data-image-title", image.data_title))
    return [(key, text) for key, text in named if text is not None]


def canonical(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()


def outcome_of(src: str | None) -> str:
    """The generator's addresses by their type."""
    if src is None or not src.strip():
        return "image_no_url"
    if src.startswith("data:"):
        return "image_data_url"
    if src.startswith(("ftp:", "file:")):
        return "image_not_http"
    return "image_unresolvable" if "[" in src else "ok"


def true_pairs(page: SamplePage, warc_file: str, offset: int) -> list[Pair]:
    """The pairs of a page from its ground truth, by urllib, hashlib and unicodedata."""
    base = urljoin(page.url, page.base_href) if page.base_href else page.url
    expected = []
    for image in page.images:
        if outcome_of(image.src) != "ok":
            continue
        url = urljoin(base, (image.src or "").strip())
        for key, text in texts_of(image):
            if caption := canonical(text):
                digest = xxhash.xxh3_64(caption.encode()).intdigest()
                expected.append(
                    {
                        "uuid": hashlib.sha224(url.encode()).hexdigest()[:24],
                        "url": url,
                        "caption": caption,
                        "text_key": key,
                        "caption_hash": digest - 2**64 if digest >= 2**63 else digest,
                        "page_url": page.url,
                        "warc_file": warc_file,
                        "warc_offset": offset,
                    }
                )
    return expected


def offsets(sample: Sample) -> dict[int, int]:
    return {record.page_index: record.offset for record in sample.records if record.kind == "response"}  # type: ignore[misc]


def all_true_pairs(sample: Sample, warc_file: str = "sample.warc.gz") -> list[Pair]:
    return [
        pair for index, page in enumerate(sample.pages) for pair in true_pairs(page, warc_file, offsets(sample)[index])
    ]


def without_language(pairs: Iterable[Pair]) -> list[Pair]:
    return [{key: value for key, value in pair.items() if key not in ("lang", "lang_score")} for pair in pairs]


def true_counters(sample: Sample) -> Counter[str]:
    """Every counter of the WARC's row, from the ground truth."""
    counts: Counter[str] = Counter(records=1 + 3 * PAGES, record_not_response=1 + 2 * PAGES)
    for page in sample.pages:
        counts["pages" if page.html else "page_not_html"] += 1
        for image in page.images:
            texts = texts_of(image)
            blank = sum(not canonical(text) for _, text in texts)
            counts["images"] += 1
            counts["texts"] += len(texts)
            outcome = outcome_of(image.src)
            if outcome != "ok":
                counts[outcome] += 1
                counts["text_no_url"] += len(texts)
                continue
            counts["images_with_text" if len(texts) > blank else "image_no_text"] += 1
            counts["text_blank"] += blank
            counts["pairs"] += len(texts) - blank
    return counts


def test_warc_pairs_are_the_ground_truth(sample: Sample) -> None:
    pairs, file = extract(sample.warc)
    assert file["status"] == "ok"
    assert without_language(pairs) == all_true_pairs(sample)
    assert {name: file[name] for name in COUNTERS} == {name: true_counters(sample)[name] for name in COUNTERS}
    assert file["bytes"] == sample.warc.stat().st_size
    assert len(pairs) > 50


def test_every_outcome_of_images_and_texts_occurs(sample: Sample) -> None:
    """The sample is not too easy: every outcome of images and texts occurs in it."""
    _, file = extract(sample.warc, ExtractOptions(frozenset({"en"})), Matcher(ENTRIES))
    can_happen = {
        *(Outcome.RECORDS, Outcome.RECORD_NOT_RESPONSE, Outcome.PAGE_NOT_HTML, Outcome.PAGES),
        *(Outcome.IMAGES, Outcome.IMAGE_NO_URL, Outcome.IMAGE_DATA_URL, Outcome.IMAGE_NOT_HTTP),
        *(Outcome.IMAGE_UNRESOLVABLE, Outcome.IMAGE_NO_TEXT, Outcome.IMAGES_WITH_TEXT),
        *(Outcome.TEXTS, Outcome.TEXT_NO_URL, Outcome.TEXT_BLANK, Outcome.TEXT_OTHER_LANGUAGE, Outcome.TEXT_NO_MATCH),
        Outcome.PAIRS,
    }
    assert {name for name in COUNTERS if file[name]} == can_happen


def test_languages_are_the_detectors(sample: Sample) -> None:
    pairs, _ = extract(sample.warc)
    for pair in pairs:
        lang, score = fasttext_detector()(pair["caption"])
        assert pair["lang"] == lang
        assert pair["lang_score"] == pytest.approx(score, rel=1e-6)  # stored as float32


@pytest.mark.parametrize("languages", [{"en"}, {"de", "ja"}, {"xx"}, set()])
def test_only_the_languages_asked_for(sample: Sample, languages: set[str]) -> None:
    every, _ = extract(sample.warc)
    pairs, file = extract(sample.warc, ExtractOptions(frozenset(languages)))
    assert pairs == [pair for pair in every if pair["lang"] in languages]
    assert file["text_other_language"] == len(every) - len(pairs)


def test_matched_pairs(sample: Sample) -> None:
    every, _ = extract(sample.warc)
    pairs, file = extract(sample.warc, matcher=Matcher(ENTRIES))

    def ids(caption: str) -> list[int]:
        text = re.sub(r"([,.;:?!`])", r" \1 ", f" {caption} ")
        return [entry_id for entry_id, entry in enumerate(ENTRIES) if f" {entry} " in text]

    assert pairs == [{**pair, "entry_ids": ids(pair["caption"])} for pair in every if ids(pair["caption"])]
    assert file["text_no_match"] == len(every) - len(pairs) > 0


@pytest.mark.parametrize("archive_format", ["wat", None])
def test_a_wat_gives_the_same_pairs_except_those_it_cannot_hold(sample: Sample, archive_format: str | None) -> None:
    pairs, file = extract(sample.wat, archive_format=archive_format)
    assert file["status"] == "ok"
    assert without_language(pairs) == [
        pair for pair in all_true_pairs(sample) if pair["text_key"] != "data-image-title"
    ]
    assert file["records"] == 2 + 3 * PAGES
    assert file["pages"] == true_counters(sample)["pages"]
    assert file["bytes"] == sample.wat.stat().st_size


def test_a_plain_warc_gives_the_same_pairs(sample: Sample, tmp_path: Path) -> None:
    plain = tmp_path / "sample.warc"
    records = write_warc(plain, PAGES, SEED)
    pairs, file = extract(plain)
    assert file["status"] == "ok"
    plain_sample = Sample(plain, name_wat(plain), records, sample.pages)
    assert without_language(pairs) == all_true_pairs(plain_sample, "sample.warc")


def test_beautifulsoup_gives_identical_rows(sample: Sample) -> None:
    with_turbohtml, turbohtml_file = extract(sample.warc)
    with_soup, soup_file = extract(sample.warc, ExtractOptions(None, html_parser="beautifulsoup"))
    assert with_soup == with_turbohtml
    assert {**soup_file, "seconds": 0} == {**turbohtml_file, "seconds": 0}


def test_langdetect_changes_only_the_language(sample: Sample) -> None:
    every, _ = extract(sample.warc)
    pairs, _ = extract(sample.warc, ExtractOptions(None, language_detector="langdetect"))
    assert without_language(pairs) == without_language(every)


@pytest.mark.parametrize("batch_texts", [1, 2, 7, 100_000])
@pytest.mark.parametrize("matcher", [None, Matcher(ENTRIES)], ids=["pairs", "matched"])
def test_batch_boundaries_do_not_matter(
    sample: Sample, batch_texts: int, matcher: Matcher | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs, file = extract(sample.warc, matcher=matcher)
    monkeypatch.setattr(extraction, "BATCH_TEXTS", batch_texts)
    again, file_again = extract(sample.warc, matcher=matcher)
    assert again == pairs
    assert {**file_again, "seconds": 0} == {**file, "seconds": 0}
    batches = list(Extractor(ALL, matcher).file_batches(InputFile(str(sample.warc), "x", "warc"), open_input))
    assert all(isinstance(batch, pa.RecordBatch) and batch.num_rows > 0 for batch in batches)
    assert all(batch.num_rows <= batch_texts for batch in batches)


def test_an_extractor_keeps_no_state_between_files(sample: Sample) -> None:
    extractor = Extractor(ALL, None)
    file = InputFile(str(sample.warc), "sample.warc.gz", "warc")
    first = [batch.to_pylist() for batch in extractor.file_batches(file, open_input)]
    second = [batch.to_pylist() for batch in extractor.file_batches(file, open_input)]
    for rows in (first, second):
        rows[-1][0]["file"]["seconds"] = 0
    assert first == second


@pytest.mark.parametrize("name", ["missing.warc.gz", ""])
def test_a_missing_file_is_one_failed_row(tmp_path: Path, name: str) -> None:
    pairs, file = extract(tmp_path / name)  # "" names the folder, which cannot be read either
    assert pairs == []
    assert file["status"] == "failed"
    assert file["bytes"] == 0
    assert {file[name] for name in COUNTERS} == {0}
    assert "\n" not in file["error"]


@pytest.mark.parametrize(
    "data", [b"", b"<!doctype html><p>Access denied", b"\x1f\x8b\x08" + b"\xff" * 50], ids=["empty", "html", "gzip"]
)
def test_a_file_that_is_not_an_archive_is_one_failed_row(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.warc.gz").write_bytes(data)
    pairs, file = extract(tmp_path / "x.warc.gz")
    assert (pairs, file["status"], file["records"]) == ([], "failed", 0)


@pytest.mark.parametrize("form", ["gzip", "plain"])
def test_a_truncated_file_gives_the_good_pages(sample: Sample, tmp_path: Path, form: str) -> None:
    """Cut in the middle of every third record: all pairs of pages before it, and of a page cut itself a prefix."""
    whole, records = sample.warc, sample.records
    if form == "plain":
        whole = tmp_path / "whole.warc"
        records = write_warc(whole, PAGES, SEED)
    data = whole.read_bytes()
    cut_file = tmp_path / "cut.warc.gz"
    for number in range(1, len(records), 3):
        for record in records[number : number + 2]:  # a request, then its response
            cut_file.write_bytes(data[: record.offset + record.stored_bytes * 2 // 3])
            pairs, file = extract(cut_file)
            assert file["status"] == "partial"
            good: list[Pair] = []
            for before in records:
                if before.kind == "response" and before.offset < record.offset:
                    good += true_pairs(sample.pages[before.page_index or 0], "cut.warc.gz", before.offset)
            assert without_language(pairs[: len(good)]) == good
            if record.kind == "request":
                assert len(pairs) == len(good)
            else:
                mine = true_pairs(sample.pages[record.page_index or 0], "cut.warc.gz", record.offset)
                others = without_language(pairs[len(good) :])
                assert others == mine[: len(others)]


@pytest.mark.parametrize("coded", ["UTF-8", "windows-1252"])
def test_a_cut_page_keeps_its_encoding(tmp_path: Path, coded: str) -> None:
    """A page that declares nothing, cut at every byte of its body: captions stay a prefix of the whole page's."""
    body = "".join(f"<img src={i}.jpg alt='Größe {i} für été'>" for i in range(8)).encode(coded)
    data = build_warc([html_page(body)], gzip=False)
    start = data.index(b"<img")
    path = tmp_path / "cut.warc"
    path.write_bytes(data)
    whole = [pair["caption"] for pair in extract(path)[0]]
    assert whole == [f"Größe {i} für été" for i in range(8)]
    for cut in range(start, start + len(body)):
        path.write_bytes(data[:cut])
        pairs, file = extract(path)
        assert file["status"] == "partial"
        assert file["page_damaged"] == 1
        assert [pair["caption"] for pair in pairs] == whole[: len(pairs)], cut
    for cap in range(1, len(body), 7):
        path.write_bytes(data)
        pairs, file = extract(path, ExtractOptions(None, max_page_bytes=cap))
        assert (file["status"], file["page_capped"]) == ("ok", 1)
        assert [pair["caption"] for pair in pairs] == whole[: len(pairs)], cap


def test_odd_page_urls(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 in a record's target, a page URL that does not parse, white space in it."""
    body = "<img src=/a.jpg alt=relative><img src=https://img.example/b.jpg alt=absolute>"
    data = build_warc([html_page(body, uri="https://shop.example/CAFE/x"), html_page(body, uri="no url")], gzip=False)
    path = tmp_path / "odd.warc"
    path.write_bytes(data.replace(b"CAFE", b"c\xe9f\xff"))
    pairs, file = extract(path)
    assert [(pair["url"], pair["caption"]) for pair in pairs] == [
        ("https://shop.example/a.jpg", "relative"),
        ("https://img.example/b.jpg", "absolute"),
        ("https://img.example/b.jpg", "absolute"),
    ]
    assert file["image_unresolvable"] == 1


def test_one_text_in_two_attributes_is_two_pairs(tmp_path: Path) -> None:
    path = tmp_path / "x.warc.gz"
    path.write_bytes(build_warc([html_page("<img src=a.jpg alt='A  dog' title='A\ndog' data-image-title='&nbsp;'>")]))
    pairs, file = extract(path)
    assert [(pair["text_key"], pair["caption"]) for pair in pairs] == [("alt", "A dog"), ("title", "A dog")]
    assert len({(pair["uuid"], pair["caption_hash"]) for pair in pairs}) == 1
    assert (file["texts"], file["text_blank"], file["pairs"]) == (3, 1, 2)


def test_a_page_larger_than_a_batch_is_cut_into_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts and characters bound a batch, whatever one page holds."""
    monkeypatch.setattr(extraction, "BATCH_CHARACTERS", 10_000)
    body = "".join(f"<img src={n} alt='a dog {n}'>" for n in range(500))
    path = tmp_path / "big.warc.gz"
    path.write_bytes(build_warc([html_page(body)], gzip=True))
    batches = list(Extractor(ALL, None).file_batches(InputFile(str(path), "big", "warc"), open_input))
    assert sum(batch.num_rows for batch in batches) == 501
    assert max(batch.num_rows for batch in batches) < 400


def test_long_attributes_are_counted(tmp_path: Path) -> None:
    long_url, long_text = "a" * MAX_URL_CHARACTERS, "word " * (MAX_TEXT_CHARACTERS // 5)
    body = (
        f"<img src={long_url}x alt=one><img src={long_url} alt=two><img src=data:,{long_url} alt=three>"
        f"<img src=a alt='{long_text}longer'><img src=b alt='{long_text}x'>"
    )
    path = tmp_path / "long.warc.gz"
    path.write_bytes(build_warc([html_page(body)]))
    pairs, file = extract(path)
    assert [len(pair["caption"]) for pair in pairs] == [3, MAX_TEXT_CHARACTERS]
    assert (file["image_url_too_long"], file["image_data_url"], file["text_too_long"]) == (1, 1, 1)


def test_a_long_base(tmp_path: Path) -> None:
    """Each image's URL would be as long as the base; one that needs no base has its own."""
    base = f"<base href=https://a.example/{'a' * MAX_URL_CHARACTERS}/>"
    body = f"{base}<img src=x alt=one><img src=https://b.example/y alt=b>"
    path = tmp_path / "long.warc.gz"
    path.write_bytes(build_warc([html_page(body)]))
    pairs, file = extract(path)
    assert [pair["url"] for pair in pairs] == ["https://b.example/y"]
    assert file["image_url_too_long"] == 1


def test_the_urls_of_a_page_take_little_memory() -> None:
    images = [Image(f"{number}.jpg", ()) for number in range(2_000)]
    page = Page("https://a.example/", Document(f"https://a.example/{'a' * 60_000}/", images), "x.warc", 0)
    extractor = Extractor(ALL, None)
    tracemalloc.start()
    try:
        assert extractor.page_pairs(page, Counter()) == []
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_records_beyond_the_cap(tmp_path: Path) -> None:
    """Of a long page what was read is used; a long WAT record is left out and counted."""
    body = "<img src=a.jpg alt=early>" + " " * 5000 + "<img src=b.jpg alt=late>"
    path = tmp_path / "x.warc.gz"
    path.write_bytes(build_warc([html_page(body)]))
    pairs, file = extract(path, ExtractOptions(None, max_record_bytes=1000))
    assert [pair["caption"] for pair in pairs] == ["early"]
    assert (file["status"], file["page_capped"], file["page_damaged"]) == ("ok", 1, 0)
    extractor = Extractor(ExtractOptions(None, max_record_bytes=1000), None)
    shown, _ = inspect_file(extractor, InputFile(str(path), "x.warc.gz", "warc"), open_input)
    assert isinstance(shown, InspectedPage)
    assert (shown.state, [image.src for image in shown.images]) == (Outcome.PAGE_CAPPED, ["a.jpg"])
    path = tmp_path / "x.warc.wat.gz"
    path.write_bytes(build_warc([wat_record(0, [LINK]), wat_record(1, [LINK] * 1000), wat_record(2, [LINK])]))
    pairs, file = extract(path, ExtractOptions(None, max_record_bytes=5000), archive_format="wat")
    assert len(pairs) == 2
    assert (file["status"], file["record_too_long"], file["pages"]) == ("ok", 1, 2)


def test_the_watchdog_stops_a_file_and_reports_it(sample: Sample) -> None:
    pairs, file = extract(sample.warc, ExtractOptions(None, max_file_seconds=1e-9))
    assert (pairs, file["status"]) == ([], "failed")
    assert file["error"] == "stopped by the watchdog after 1e-09 s, at byte 0"


def test_a_busy_consumer_does_not_wake_the_watchdog(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(extraction, "BATCH_TEXTS", 5)
    monkeypatch.setattr(extraction.time, "perf_counter", lambda: now)
    extractor = Extractor(ExtractOptions(None, max_file_seconds=1.0), None)
    for batch in extractor.file_batches(InputFile(str(sample.warc), "x", "warc"), open_input):
        now += 100.0
        last = batch
    file = last.to_pylist()[-1]["file"]
    assert (file["status"], file["seconds"]) == ("ok", 0.0)
