"""A language model of the user's: its detector, its hash, and the labels that codes of languages mean."""

import hashlib
from pathlib import Path

import pytest
from fasttext_model import HIERARCHICAL_SOFTMAX, write_model

from udfs.captions.language import (
    UNDETERMINED,
    LanguageModel,
    detector_of,
    fasttext_detector,
    known_languages,
    labels_of,
    read_language_model,
)
from udfs.errors import UsageError
from udfs.iso_639 import TWO_LETTERS, codes_of_label

WORDS = {
    "eng_Latn": ["a", "boat"],
    "zho_Hans": ["船", "个"],
    "zho_Hant": ["個"],
    "yue_Hant": ["嘅"],
    "arb_Arab": ["قارب"],
    "lij_Latn": ["barca"],
    "sr": ["брод"],
}


@pytest.fixture
def model(tmp_path: Path) -> LanguageModel:
    return read_language_model(str(write_model(tmp_path / "own.bin", WORDS)), "own.bin")


def test_the_words_of_a_language_decide(model):
    detect = detector_of("fasttext", model.path)
    for label, words in WORDS.items():
        lang, score = detect(" ".join(["unknown", *words]))
        assert lang == label and 0.9 < score <= 1
    assert detect("a boat 個")[0] == "eng_Latn"
    assert detect("unknown") == detect("") == (UNDETERMINED, 0.0)


def test_a_model_with_hierarchical_softmax_is_read(tmp_path):
    path = write_model(tmp_path / "hs.bin", {"fo": ["báturin"], "is": ["báturinn"]}, loss=HIERARCHICAL_SOFTMAX)
    detect = fasttext_detector(read_language_model(str(path), "hs.bin").path)
    assert [detect(text)[0] for text in ("báturin er", "x báturinn")] == ["fo", "is"]


def test_the_packaged_model_is_untouched_by_another(model):
    text = "Der alte Leuchtturm steht auf einer Klippe über dem Meer"
    before = detector_of("fasttext")(text)
    fasttext_detector(model.path)
    assert detector_of("fasttext")(text) == before
    assert before[0] == "de"


def test_a_model_is_recognised_by_its_bytes(model, tmp_path):
    data = Path(model.path).read_bytes()
    assert model.fingerprint == {"labels": 7, "sha256": hashlib.sha256(data).hexdigest()}
    copy = tmp_path / "copy.ftz"
    copy.write_bytes(data)
    assert read_language_model(str(copy), "copy").fingerprint == model.fingerprint


def test_codes_mean_labels(model):
    for codes, labels in {
        ("en",): {"eng_Latn"},
        ("eng",): {"eng_Latn"},
        ("eng_latn",): {"eng_Latn"},
        ("zh",): {"zho_Hans", "zho_Hant"},
        ("zho_hant", "SR"): {"zho_Hant", "sr"},
        tuple(WORDS): set(WORDS),
        ("yue", "ar", "lij"): {"yue_Hant", "arb_Arab", "lij_Latn"},
    }.items():
        assert labels_of(codes, model, "--languages") == labels


def test_codes_of_the_packaged_model_are_its_labels():
    assert labels_of(["de", "yue"], None, "--languages") == {"de", "yue"}
    assert len(known_languages()) == 176


@pytest.mark.parametrize(
    ("codes", "own", "message"),
    [
        (["de"], True, "here: 'de' is not a language of own.bin"),
        (["eng_latin"], True, "here: 'eng_latin' is not a language of own.bin; did you mean eng_Latn?"),
        (["all", "en"], True, "here: 'all' is not a language of own.bin"),
        (["eng"], False, "here: 'eng' is not a known language: use en, de, fr, … or 'all' alone"),
        ([""], False, "here: '' is not a known language"),
    ],
)
def test_an_unknown_code_is_named(model, codes, own, message):
    with pytest.raises(UsageError) as error:
        labels_of(codes, model if own else None, "here")
    assert str(error.value).startswith(message)


def test_a_file_that_is_no_model_is_one_line(tmp_path):
    (tmp_path / "x.bin").write_text("no model")
    for path, message in (
        ("x.bin", "X: is not a fastText model for languages"),
        ("none.bin", "X: cannot be read: No such file"),
        (".", "X: cannot be read: Is a directory"),
    ):
        with pytest.raises(UsageError) as error:
            read_language_model(str(tmp_path / path), "X")
        assert str(error.value).startswith(message) and "\n" not in str(error.value)


def test_the_table_of_codes_is_of_iso_639():
    assert all(len(three) == 3 and len(two) == 2 for three, two in TWO_LETTERS.items())
    assert all((three + two).isascii() and (three + two).islower() for three, two in TWO_LETTERS.items())
    assert len(TWO_LETTERS) > len(set(TWO_LETTERS.values())) > 180
    # every two-letter code of lid.176 but bh (a group of languages), which has no three-letter code of its own
    assert {code for code in known_languages() if len(code) == 2} - set(TWO_LETTERS.values()) <= {"bh"}


def test_codes_of_labels():
    assert codes_of_label("deu_Latn") == ("de", "deu")
    assert codes_of_label("lij_Latn") == ("lij",)
    for label in ("de", "deu", "deu_latn", "DEU_Latn", "de_Latn", "deu_Latn_x", "deu-Latn", "", "und"):
        assert codes_of_label(label) == (), label
