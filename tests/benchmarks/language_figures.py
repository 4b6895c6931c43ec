"""What a score threshold keeps: figures from the output of a language detector, for `language_table.py`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from udfs.balancing.probabilities import Tails, entry_probabilities, keep_probabilities

ENGLISH = "en"
NOT_ENGLISH = -1.0
"""The score of a caption that the detector calls another language; below every threshold."""

_SHARES = (
    "af:.0103 ar:.6709 az:.0687 be:.0162 bg:.2992 bn:.1186 bs:.0523 ca:.2085 cs:1.0630 cy:.0117 da:.4640 "
    "de:5.3038 el:.5728 en:43.4241 eo:.0084 es:4.5387 et:.1326 eu:.0401 fa:.7051 fi:.3444 fr:4.3960 ga:.0071 "
    "gu:.0113 he:.2473 hi:.2089 hr:.2149 hu:.5649 hy:.0340 id:1.1235 is:.0398 it:2.5282 ja:5.0419 ka:.0422 "
    "kk:.0282 ko:.7388 la:.1007 lg:.0002 lt:.1668 lv:.0942 mi:.0012 mk:.0383 mn:.0161 mr:.0258 ms:.0787 "
    "nb:.3060 nl:1.8145 nn:.0130 pa:.0079 pl:1.8065 pt:2.3146 ro:.5978 ru:6.0444 sk:.3705 sl:.1558 sn:.0006 "
    "so:.0050 sq:.0497 sr:.2161 st:.0006 sv:.6649 sw:.0096 ta:.0473 te:.0220 th:.4071 tl:.0088 tn:.0001 "
    "tr:1.2422 ts:.0001 uk:.6037 ur:.0306 vi:1.0454 xh:.0023 yo:.0010 zh:4.8129 zu:.0025"
)
WEB_MIX = {code: float(share) for code, _, share in (item.partition(":") for item in _SHARES.split())}
"""Pages of CC-MAIN-2024-42 by primary language, in % (commoncrawl/cc-crawl-statistics, plots/languages.csv)."""

Floats = npt.NDArray[np.float64]


class Recognition(NamedTuple):
    """How well English is detected at one threshold: rates in [0, 1]; a precision without captions is NaN."""

    recall: float
    false_positives: float
    precision: float
    web_precision: float
    web_precision_of_pairs: float


def rate(scores: Floats, threshold: float) -> float:
    """The share of captions called English with at least this score."""
    return float((scores >= threshold).mean())


def recognition(
    scores: Mapping[str, Floats], holds: Mapping[str, npt.NDArray[np.bool_]], threshold: float
) -> Recognition:
    """Figures from the English scores of each language's captions, and whether each caption contains an entry.

    False positives are a mean over the other languages. There are three precisions: with equally many captions of each
    language; with the languages in the shares of `WEB_MIX`; and the latter for captions that contain an entry.
    """
    rates = {language: rate(of_language, threshold) for language, of_language in scores.items()}
    pairs = {
        language: float(((of_language >= threshold) & holds[language]).mean())
        for language, of_language in scores.items()
    }
    others = [language for language in rates if language != ENGLISH]
    return Recognition(
        rates[ENGLISH],
        float(np.mean([rates[language] for language in others])),
        _precision(rates, dict.fromkeys(rates, 1.0)),
        _precision(rates, WEB_MIX),
        _precision(pairs, WEB_MIX),
    )


def _precision(rates: Mapping[str, float], shares: Mapping[str, float]) -> float:
    called = sum(shares.get(language, 0.0) * english for language, english in rates.items())
    return shares[ENGLISH] * rates[ENGLISH] / called if called else float("nan")


class Matched(NamedTuple):
    """Captions that contain an entry: the English score of each, its number of words, and its entries in the form of
    `keep_probabilities`: caption i has `entry_ids[offsets[i]:offsets[i + 1]]`."""

    scores: Floats
    words: npt.NDArray[np.int64]
    entry_ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int32]

    @classmethod
    def of(cls, captions: Iterable[tuple[float, str, Sequence[int]]]) -> "Matched":
        """From the English score of each caption, the caption, and its entry ids (ascending, at least one)."""
        rows = list(captions)
        lengths = [len(ids) for _, _, ids in rows]
        return cls(
            np.array([score for score, _, _ in rows]),
            np.array([len(caption.split()) for _, caption, _ in rows]),
            np.array([entry for _, _, ids in rows for entry in ids], np.int32),
            np.concatenate(([0], np.cumsum(lengths))).astype(np.int32),
        )

    def of_matches(self, values: npt.NDArray) -> npt.NDArray:
        """The value of each caption, repeated for each of its matches."""
        return np.repeat(values, np.diff(self.offsets))

    def counts(self, entries: int, threshold: float | None) -> npt.NDArray[np.int64]:
        """How many captions contain each entry; with a threshold, only those called English with at least that."""
        entry_ids = self.entry_ids
        if threshold is not None:
            entry_ids = entry_ids[self.of_matches(self.scores) >= threshold]
        return np.bincount(entry_ids, minlength=entries).astype(np.int64)


class Tenth(NamedTuple):
    """A tenth of the matches, by the frequency of their entries: the number of entries, their smallest and largest
    count, the mean number of words of the captions, and the share of the matches that each threshold keeps."""

    entries: int
    least: int
    largest: int
    words: float
    kept: list[float]


def tenths(matched: Matched, entries: int, thresholds: Sequence[float]) -> list[Tenth]:
    """From the most frequent entries to the rarest; entries with equal counts are in the order of their ids."""
    counts = matched.counts(entries, None)
    by_count = np.argsort(-counts, kind="stable")
    total = int(counts.sum())
    reached = np.cumsum(counts[by_count]) - counts[by_count] // 2
    tenth_of = np.empty(entries, np.int64)
    tenth_of[by_count] = np.minimum(reached * 10 // max(total, 1), 9)
    of_match = tenth_of[matched.entry_ids]
    scores, words = matched.of_matches(matched.scores), matched.of_matches(matched.words)
    found = []
    for place in range(10):
        inside, held = of_match == place, counts[(tenth_of == place) & (counts > 0)]
        if inside.any():
            kept = [rate(scores[inside], threshold) for threshold in thresholds]
            found.append(Tenth(len(held), int(held.min()), int(held.max()), float(words[inside].mean()), kept))
    return found


class Pool(NamedTuple):
    """What remains at a threshold: pairs, entries with a pair, and the expected subset at the t of all pairs."""

    pairs: int
    entries: int
    subset: float


def pools(matched: Matched, entries: int, thresholds: Sequence[float], tail_share: float) -> tuple[int, list[Pool]]:
    """The t of the tail share at the first threshold, and the pool at each threshold."""
    t = int(Tails(matched.counts(entries, thresholds[0])).t_of(np.array([tail_share]))[0])
    found = []
    for threshold in thresholds:
        counts = matched.counts(entries, threshold)
        keep = keep_probabilities(matched.entry_ids, matched.offsets, entry_probabilities(counts, t))
        inside = matched.scores >= threshold
        found.append(Pool(int(inside.sum()), int((counts > 0).sum()), float(keep[inside].sum())))
    return t, found
