"""Caption rules in extraction: what each drops, under which outcome, in which order; and nothing by default."""

import dataclasses
from pathlib import Path

import pytest
from build_warcs import build_warc
from build_warcs import page as html_page
from extracted import extract

from udfs.captions.block_words import BlockWords
from udfs.captions.language import fasttext_detector
from udfs.captions.rules import CaptionRules, rules_beyond_length
from udfs.errors import UsageError
from udfs.extraction.options import ExtractOptions
from udfs.outcomes import COUNTERS, MAX_TEXT_CHARACTERS

CAPTIONS = [
    "a red dog on the beach",
    "dog",
    "a dog \u200bof a\u00ad mile\u202e",
    "IMG_1234.jpg",
    "https://example.org/a",
    "A Naughty Dog!",
    "une maison près de la mer et un chien qui dort",
    "\u200b",
    "x" * 70_000,
]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("captions") / "captions.warc"
    images = "".join(f'<img src="{place}.jpg" alt="{text}">' for place, text in enumerate(CAPTIONS))
    html = f"<meta charset=utf-8>{images}<img alt='no \u200burl'>"
    path.write_bytes(build_warc([html_page(html)]))
    return path


def kept_and_counted(archive: Path, **options: object) -> tuple[list[str], dict[str, int]]:
    """The captions that are kept, and the counters of texts that are not zero."""
    pairs, file = extract(archive, ExtractOptions(None, **options))  # type: ignore[arg-type]
    return [pair["caption"] for pair in pairs], {
        name: file[name] for name in COUNTERS if name.startswith("text_") and file[name]
    }


ALWAYS = {"text_no_url": 1, "text_too_long": 1}


@pytest.mark.parametrize(
    ("rules", "gone", "counted"),
    [
        ({}, [], {}),
        ({"min_characters": 4}, [1, 7], {"text_too_short": 2}),
        ({"max_characters": 21}, [0, 6], {"text_too_long": 3}),
        ({"min_words": 3}, [1, 3, 4, 7], {"text_too_short": 4}),
        ({"max_words": 6}, [6], {"text_too_long": 2}),
        (
            {"min_words": 2, "max_words": 9, "min_characters": 2},
            [1, 3, 4, 6, 7],
            {"text_too_short": 4, "text_too_long": 2},
        ),
        ({"drop_file_names": True}, [3, 4], {"text_file_name": 2}),
        ({"block_words": BlockWords(("mer", "naughty"))}, [5, 6], {"text_block_word": 2}),
        # judged in order: length first, then form, then words
        ({"drop_file_names": True, "min_words": 2}, [1, 3, 4, 7], {"text_too_short": 4}),
        ({"drop_file_names": True, "block_words": BlockWords(("example",))}, [3, 4], {"text_file_name": 2}),
    ],
)
def test_each_rule_drops_its_captions_under_its_outcome(
    archive: Path, rules: dict, gone: list[int], counted: dict[str, int]
) -> None:
    captions, counters = kept_and_counted(archive, caption_rules=CaptionRules(**rules))
    assert captions == [text for place, text in enumerate(CAPTIONS[:-1]) if place not in gone]
    assert counters == ALWAYS | counted


def test_invisible_characters_are_removed_before_the_rules_apply(archive: Path) -> None:
    captions, counters = kept_and_counted(archive, caption_rules=CaptionRules(strip_invisible=True, max_characters=100))
    assert captions == [*CAPTIONS[:2], "a dog of a mile", *CAPTIONS[3:7]]
    assert counters == ALWAYS | {
        "text_stripped": 2,
        "text_blank": 1,
    }  # an overlay; the text without a URL is not judged
    captions, counters = kept_and_counted(archive, caption_rules=CaptionRules(block_words=BlockWords(("of a mile",))))
    assert "text_block_word" not in counters
    rules = CaptionRules(block_words=BlockWords(("of a mile",)), strip_invisible=True)
    assert kept_and_counted(archive, caption_rules=rules)[1]["text_block_word"] == 1


@pytest.mark.parametrize("score", [0.5, 0.9])
@pytest.mark.parametrize("languages", [None, frozenset({"en"})])
def test_texts_with_a_low_language_score_are_dropped(
    archive: Path, languages: frozenset[str] | None, score: float
) -> None:
    pairs, file = extract(archive, ExtractOptions(languages, language_score=score))
    judged = [(text, *fasttext_detector()(text)) for text in CAPTIONS[:-1]]
    kept = [text for text, lang, sure in judged if (languages is None or lang in languages) and sure >= score]
    assert [pair["caption"] for pair in pairs] == kept
    of_languages = [text for text, lang, _ in judged if languages is None or lang in languages]
    assert file["text_unsure_language"] == len(of_languages) - len(kept) > 0


def test_no_rule_is_on_by_default() -> None:
    assert rules_beyond_length(CaptionRules()) == ()
    assert CaptionRules().max_characters == MAX_TEXT_CHARACTERS
    assert not CaptionRules().strip_invisible
    assert ExtractOptions(None).caption_rules == CaptionRules()
    assert ExtractOptions(None).language_score == 0
    assert {field.name for field in dataclasses.fields(CaptionRules)} == {
        *("min_characters", "max_characters", "min_words", "max_words"),
        *("strip_invisible", "drop_file_names", "block_words"),
    }


@pytest.mark.parametrize("unit", ["characters", "words"])
def test_bounds_that_no_caption_meets_are_refused(unit: str) -> None:
    CaptionRules(**{f"min_{unit}": 3, f"max_{unit}": 3})
    with pytest.raises(UsageError, match=f"--min-caption-{unit} 4 is above --max-caption-{unit} 3"):
        CaptionRules(**{f"min_{unit}": 4, f"max_{unit}": 3})
