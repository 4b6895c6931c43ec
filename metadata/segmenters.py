"""Cuts text in scripts without spaces into words. Only lists are built with it; captions are matched without.

Which segmenter a wiki's text needs is a table here. ICU's is the default where it has a dictionary: Chinese, Japanese,
Thai, Lao, Khmer and Burmese. It knows no other language of these scripts. Tibetan and Dzongkha mark each syllable by a
tsheg, so there a syllable stands for a word, and most words are pairs of them. Shan, Mon and Pa'O are written in
Burmese letters, which ICU would cut into pieces of Burmese: their text is not cut, and what stands between two spaces
or marks is one word. In no case does text become single characters because its language is unknown.

The segmenters of other packages are imported if the user has installed them; Ballast depends on none of them.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib import import_module
from importlib.metadata import version
from itertools import pairwise
from typing import Any, NamedTuple

import regex

from udfs.errors import UsageError

Cut = Callable[[str], Iterable[str]]
"""Cuts a run of letters, marks and digits into its words, in order."""

_CONTINUOUS_CHARACTER = (
    r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\p{Script=Thai}\p{Script=Lao}"
    r"\p{Script=Myanmar}\p{Script=Khmer}\p{Script=Tai_Le}\p{Script=New_Tai_Lue}\p{Script=Tai_Tham}\p{Script=Tai_Viet}]"
)
"""A character of a script that is written without spaces and that a segmenter may cut. A run without one, such as a
Latin name, is a word as it is. It is compiled when it is needed, because every command imports this table."""

ICU, SYLLABLES, NONE = "icu", "syllables", "none"
DEFAULTS = {
    **dict.fromkeys("zh zh_classical zh_yue wuu gan ja ryu th lo km my".split(), ICU),
    **dict.fromkeys(("bo", "dz"), SYLLABLES),
    **dict.fromkeys(("shn", "mnw", "blk"), NONE),
}
"""The segmenter of each wiki whose text has no spaces between words."""

TSHEG = "\u0f0b"


class Segmenter(NamedTuple):
    """A segmenter: `module` of `package` (None: built in), how to make its function, and what joins a pair of words."""

    module: str | None
    package: str | None
    make: Callable[[Any], Cut]
    joiner: str = ""
    """What stands between the two words of a pair, in text as in the list."""


def _icu(module: Any) -> Cut:
    breaks = module.BreakIterator.createWordInstance(module.Locale.getRoot())

    def cut(run: str) -> list[str]:
        text = run if run.isascii() or max(run) <= "\uffff" else module.UnicodeString(run)  # it counts UTF-16 units
        breaks.setText(text)
        return [str(text[start:end]) for start, end in pairwise((0, *breaks))]

    return cut


def _fugashi(module: Any) -> Cut:
    tagger = module.Tagger()
    return lambda run: [word.surface for word in tagger(run)]


def _whole(module: Any) -> Cut:
    return lambda run: (run,)


SEGMENTERS = {
    ICU: Segmenter("icu", "icukit-pyicu", _icu),
    SYLLABLES: Segmenter(None, None, _whole, TSHEG),
    NONE: Segmenter(None, None, _whole),
    "jieba": Segmenter("jieba", "jieba", lambda module: module.lcut),
    "fugashi": Segmenter("fugashi", "fugashi", _fugashi),
    "pythainlp": Segmenter("pythainlp.tokenize", "pythainlp", lambda module: module.word_tokenize),
    "laonlp": Segmenter("laonlp.tokenize", "laonlp", lambda module: module.word_tokenize),
}
"""By the name that `--segmenter` takes. fugashi needs a dictionary besides, such as unidic-lite."""


def segmenter_of(wiki: str, chosen: str | None) -> str | None:
    """The segmenter of a wiki: the chosen one, else its default; None for a wiki that separates words by spaces.

    Raises UsageError for a segmenter that is chosen for such a wiki.
    """
    default = DEFAULTS.get(wiki)
    if default is None and chosen is not None:
        raise UsageError(
            f"--segmenter {chosen}: the words of {wiki} are separated by spaces; it is for {', '.join(DEFAULTS)}"
        )
    return chosen or default


def segmenter_version(name: str) -> str:
    """The segmenter and its version, such as `icu 78.3.1`, for manifests. Raises like `cutter`."""
    package = SEGMENTERS[name].package
    cutter(name)
    if name == ICU:
        return f"{name} {import_module('icu').ICU_VERSION}"  # its dictionaries come with it, whatever package has it
    return name if package is None else f"{name} {version(package)}"


@lru_cache
def cutter(name: str) -> Cut:
    """The function of a segmenter.

    Raises ModuleNotFoundError for ICU, an extra, and UsageError for another package that is missing or fails.
    """
    segmenter = SEGMENTERS[name]
    if segmenter.module is None:
        return segmenter.make(None)
    try:
        return segmenter.make(import_module(segmenter.module))
    except ModuleNotFoundError as error:
        if name == ICU:
            raise
        raise UsageError(f"--segmenter {name}: {error}: run pip install {segmenter.package}") from error
    except Exception as error:  # a foreign library that lacks its dictionary, in any way
        raise UsageError(f"--segmenter {name}: {segmenter.package} does not start: {error}") from error


@lru_cache
def _finder() -> Callable[[str], Any]:
    return regex.compile(_CONTINUOUS_CHARACTER).search


def cut_run(run: str, name: str) -> Iterable[str]:
    """The words of a run, which is one word itself if it has no character of a script without spaces."""
    return cutter(name)(run) if _finder()(run) else (run,)
