"""Judging many texts together: the same judgments, rows and counters as one text or one page at a time."""

from collections import Counter
from io import BytesIO
from typing import Any

import pytest
from build_warcs import build_warc
from build_warcs import page as html_page
from hypothesis import example, given
from hypothesis import strategies as st

from udfs.archive.records import ArchiveDamage
from udfs.archive.source_stream import SourceStream
from udfs.captions.block_words import BlockWords
from udfs.captions.canonical import canonical
from udfs.captions.file_names import is_file_name
from udfs.captions.language import LANGUAGE_DETECTORS
from udfs.captions.rules import CaptionRules
from udfs.extraction import extractor as extraction
from udfs.extraction import judging
from udfs.extraction.block_lists import Blocker, BlockListBuilder
from udfs.extraction.extractor import Extractor
from udfs.extraction.judging import Judge, Judgment
from udfs.extraction.options import ExtractOptions
from udfs.hashing import caption_hash
from udfs.matching.matcher import Matcher, match_once
from udfs.outcomes import COUNTERS, Outcome
from udfs.sources.input_files import InputFile

ENTRIES = ["a dog", "dog", "the", "near the", "house"]
RULES = CaptionRules(
    min_characters=3, max_words=60, strip_invisible=True, drop_file_names=True, block_words=BlockWords(("adult",))
)
STRICT = ExtractOptions(frozenset({"en"}), language_score=0.4, caption_rules=RULES)
TEXTS = (
    *("A dog near the house", "a  dog\n", "a d\u200bog", "\u200b", "", " \t", "\u2000", "\xa0", "xy", "IMG_1.jpg"),
    *("The house of the adult dog", "Ein Hund vor dem Haus", "house " * 50, "dog " * 70, "犬", "e\u0301t\u00e9"),
)
SOURCES = ("a.jpg", "a.jpg", "//img.example/b.png", "https://bad.example/c.jpg", "http://[bad", "data:,x", "", None)


def judge_by_definition(text: str, options: ExtractOptions, entries: list[str] | None) -> Judgment:
    caption, rules = canonical(text), options.caption_rules
    if not caption:
        return Outcome.TEXT_BLANK
    if len(caption) > rules.max_characters:
        return Outcome.TEXT_TOO_LONG
    if len(caption) < (rules.min_characters or 0):
        return Outcome.TEXT_TOO_SHORT
    if rules.max_words is not None and len(caption.split(" ")) > rules.max_words:
        return Outcome.TEXT_TOO_LONG
    if rules.drop_file_names and is_file_name(caption):
        return Outcome.TEXT_FILE_NAME
    if rules.block_words.words and "adult" in caption:
        return Outcome.TEXT_BLOCK_WORD
    lang, score = LANGUAGE_DETECTORS[options.language_detector]()(caption)
    if options.languages is not None and lang not in options.languages:
        return Outcome.TEXT_OTHER_LANGUAGE
    if score < options.language_score:
        return Outcome.TEXT_UNSURE_LANGUAGE
    kept = (caption, lang, score, caption_hash(caption))
    if entries is None:
        return kept
    ids = match_once(caption, entries)
    return (*kept, ids) if ids else Outcome.TEXT_NO_MATCH


@pytest.mark.parametrize("options", [ExtractOptions(None), STRICT], ids=["all", "strict"])
@pytest.mark.parametrize("entries", [None, ENTRIES], ids=["pairs", "matched"])
@given(groups=st.lists(st.lists(st.sampled_from(TEXTS) | st.text(max_size=8), max_size=6), max_size=6))
@example(groups=[list(TEXTS), list(TEXTS[::-1])])
@example(groups=[["0_000"]])
def test_each_text_is_judged_by_itself(
    options: ExtractOptions, entries: list[str] | None, groups: list[list[str]]
) -> None:
    """Whatever is judged with it or was remembered before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judging, "_REMEMBERED_TEXTS", 5)
        patch.setattr(judging, "_REMEMBERED_CHARACTERS", 30)
        judge = Judge(options, Matcher(entries) if entries is not None else None)
        for group in groups:
            assert judge.judge(group) == {text: judge_by_definition(text, options, entries) for text in group}
            assert len(judge._remembered) <= max(5, len(group))
            assert all(len(text) <= 30 for text in judge._remembered)


def test_blank_texts_are_white_space() -> None:
    """Extraction counts white space as blank before it judges: no other text is blank once canonical."""
    for code in range(0x110000):
        character = chr(code)
        assert (not canonical(character)) == character.isspace(), hex(code)


def archive(numbers: Any) -> bytes:
    pages = []
    for number in range(numbers.randrange(1, 7)):
        images = []
        for _ in range(numbers.randrange(8)):
            src, texts = numbers.choice(SOURCES), [numbers.choice(TEXTS) for _ in range(numbers.randrange(3))]
            values = [("src", src), *zip(("alt", "title"), texts, strict=False)]
            attributes = [f'{key}="{value}"' for key, value in values if value is not None]
            images.append(f"<img {' '.join(attributes)}>")
        pages.append(html_page("".join(images), f"https://shop.example/{number}", "text/html; charset=utf-8"))
    return build_warc(pages, gzip=numbers.random() < 0.7)


def page_by_page(extractor: Extractor, data: bytes) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The pairs, and the counters and the error of a file."""
    counts: Counter[str] = Counter()
    rows, error = [], None
    try:
        for page in extractor.reader.pages(extractor.reader.records(SourceStream(BytesIO(data))), "x", "warc", counts):
            rows += extractor.page_pairs(page, counts)
    except ArchiveDamage as damage:
        error = str(damage)
    pairs = [dict(zip(extractor.pair_schema.names, row, strict=True)) for row in rows]
    return pairs, {**{counter.value: counts[counter] for counter in COUNTERS}, "error": error}


@pytest.mark.parametrize("options", [ExtractOptions(None), STRICT], ids=["all", "strict"])
@pytest.mark.parametrize("matcher", [None, Matcher(ENTRIES)], ids=["pairs", "matched"])
@pytest.mark.parametrize("blocks", [False, True], ids=["every image", "blocked images"])
@given(
    numbers=st.randoms(use_true_random=False),
    texts=st.integers(1, 40),
    characters=st.sampled_from([1, 150, 1000, 1 << 20]),
    damage=st.none() | st.floats(0, 1),
)
def test_batches_have_the_rows_of_their_pages(
    options: ExtractOptions,
    matcher: Matcher | None,
    blocks: bool,
    numbers: Any,
    texts: int,
    characters: int,
    damage: float | None,
) -> None:
    """For any bounds of a batch, and wherever a file is cut or damaged."""
    data = archive(numbers)
    if damage is not None:
        place = int(damage * len(data))
        data = data[:place] + (data[place + 20 :] if numbers.random() < 0.5 else b"")
    builder = BlockListBuilder()
    builder.add_domains(b"bad.example", "list")
    blocker = Blocker(builder.build()) if blocks else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extraction, "BATCH_TEXTS", texts)
        patch.setattr(extraction, "BATCH_CHARACTERS", characters)
        extractor = Extractor(options, matcher, blocker)
        batches = list(extractor.file_batches(InputFile("x", "x", "warc"), lambda path: BytesIO(data)))
    *pairs, last = [row for batch in batches for row in batch.to_pylist()]
    assert all(0 < batch.num_rows <= texts for batch in batches)
    expected, facts = page_by_page(Extractor(options, matcher, blocker), data)
    assert [{name: pair[name] for name in extractor.pair_schema.names} for pair in pairs] == expected
    if last["file"]["status"] == "failed":  # which may give another reason
        assert not expected
        del facts["error"]
    assert {name: last["file"][name] for name in facts} == facts
