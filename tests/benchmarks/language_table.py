"""What language detection keeps and loses, by backend and score threshold.

    python tests/benchmarks/language_table.py --langid SAMPLES.tsv.gz
    python tests/benchmarks/language_table.py --captions run/pool:caption --captions titles.tsv.gz:3

`--langid`: texts in known languages (a header, then language, kind of text and text, tab-separated), to measure recall
and precision of English. `--captions`: real captions, to measure what each threshold loses, and which entries lose
most. The entries are the list `wordnet`, or with `--words` the captions' own words, which have a longer tail.
"""

import argparse
import gzip
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, pairwise
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(1, str(Path(__file__).resolve().parents[2]))  # the checkout, when Ballast is not installed

import language_figures as figures
import numpy as np
import pyarrow.dataset as ds
from table import aligned, interleave, timed

from metadata.entries import load_entries
from udfs.captions.canonical import canonical
from udfs.captions.language import LANGUAGE_DETECTORS, Detector
from udfs.matching.boundaries import space_text
from udfs.matching.matcher import Matcher

THRESHOLDS = (0.0, 0.2, 0.3, 0.5, 0.7, 0.9)
TAIL_SHARE = 0.06
_ENTRIES_BY = "fasttext"
_LENGTHS = (1, 2, 3, 5, 9, 17)  # the smallest number of words of each class
_BOTH_BACKENDS, _TIMED, _ROUNDS = 10_000, 500, 3
_SHOWN_ENTRIES, _SHOWN_LANGUAGES = 20, 12


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="What language identification keeps and loses, by score threshold.")
    parser.add_argument("--langid", type=Path, metavar="FILE", help="texts in known languages: language, kind, text")
    parser.add_argument(
        "--captions",
        action="append",
        default=[],
        metavar="FILE[:COLUMN]",
        help="captions: Parquet and the name of its column (default: caption), or tab-separated lines and the column's "
        "number (from 1); may be repeated",
    )
    parser.add_argument("--words", action="store_true", help="use the words of each file as entries")
    parser.add_argument("--score", type=float, default=0.5, metavar="S", help="show the loss of entries at this score")
    parser.add_argument("--least", type=int, default=20, metavar="K", help="show entries with at least K captions")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print N captions between adjacent thresholds")
    parser.add_argument("--json", action="store_true", help="print JSON, with the figures of each language")
    arguments = parser.parse_args(argv)
    if arguments.langid is None and not arguments.captions:
        parser.error("nothing to measure: give --langid, --captions or both")
    try:
        samples = [] if arguments.langid is None else list(read_samples(arguments.langid))
        captions = {source: read_captions(source) for source in arguments.captions}
    except (OSError, ValueError, IndexError) as error:
        parser.error(str(error))
    found: dict[str, Any] = {"thresholds": THRESHOLDS}
    packaged = load_entries("wordnet").entries  # the list of the published figures
    if samples:
        found["samples"] = measure_samples(samples, Matcher(packaged))
    found["captions"] = {
        Path(source).name: measure_captions(
            texts, words_of(texts) if arguments.words else packaged, arguments.score, arguments.least, arguments.show
        )
        for source, texts in captions.items()
    }
    print(json.dumps(found, indent=2) if arguments.json else render(found, arguments.score, arguments.least))
    return 0


def read_samples(path: Path) -> Iterator[tuple[str, str, str]]:
    """(language, kind, canonical text) of each line except the first."""
    for number, line in enumerate(_lines(path)):
        if number:
            language, kind, text = line.split("\t")
            yield language, kind, canonical(text)


def read_captions(source: str) -> list[str]:
    """The distinct canonical captions of a file or folder (`path` or `path:column`), in order."""
    name, _, column = source.rpartition(":")
    path = Path(name or column)
    column = column if name else ""
    if path.is_dir() or path.suffix == ".parquet":
        texts = ds.dataset(path).to_table(columns=[column or "caption"]).column(0).to_pylist()
    else:
        texts = [line.split("\t")[int(column or 1) - 1] for line in _lines(path)]
    return [caption for caption in dict.fromkeys(canonical(text) for text in texts if text) if caption]


def _lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        yield from (line.rstrip("\n") for line in lines)


def words_of(captions: Sequence[str]) -> list[str]:
    """The distinct words of captions, separated as for matching."""
    return list(dict.fromkeys(chain.from_iterable(space_text(caption).split() for caption in captions)))


def english_score(detect: Detector, caption: str) -> float:
    lang, score = detect(caption)
    return score if lang == figures.ENGLISH else figures.NOT_ENGLISH


def measure_samples(samples: Sequence[tuple[str, str, str]], matcher: Matcher) -> dict[str, Any]:
    """For each kind of text and backend: microseconds a text, the figures at each threshold, and the share of each
    language that is called English."""
    kinds: dict[str, Any] = {}
    for kind in dict.fromkeys(kind for _, kind, _ in samples):
        texts: dict[str, list[str]] = defaultdict(list)
        for language, of_kind, text in samples:
            if of_kind == kind:
                texts[language].append(text)
        holds = {language: np.array([bool(matcher.match(text)) for text in of]) for language, of in texts.items()}
        spent = microseconds(list(chain.from_iterable(texts.values())))
        kinds[kind] = {}
        for name, detector in LANGUAGE_DETECTORS.items():
            detect = detector()
            scores = {lang: np.array([english_score(detect, text) for text in of]) for lang, of in texts.items()}
            kinds[kind][name] = {
                "microseconds": spent[name],
                "at": [figures.recognition(scores, holds, threshold)._asdict() for threshold in THRESHOLDS],
                "called_english": {
                    language: [figures.rate(found, threshold) for threshold in THRESHOLDS]
                    for language, found in scores.items()
                },
            }
        _say(f"{kind}: {sum(map(len, texts.values())):,} texts in {len(texts)} languages")
    return kinds


def microseconds(texts: Sequence[str]) -> dict[str, float]:
    """The time of each backend for a text, in turns on the same evenly chosen texts."""
    some = _spread(texts, _TIMED)

    def run(detect: Detector) -> None:
        for text in some:
            detect(text)

    detectors = [detector() for detector in LANGUAGE_DETECTORS.values()]
    seconds, _ = interleave([timed(partial(run, detect)) for detect in detectors], _ROUNDS)
    return {name: median(each) / len(some) * 1e6 for name, each in zip(LANGUAGE_DETECTORS, seconds, strict=True)}


def measure_captions(
    captions: Sequence[str], entries: Sequence[str], score: float, least: int, show: int
) -> dict[str, Any]:
    """For captions that contain an entry: what each backend keeps by length (on the same number of captions); what the
    default backend loses by tenths of the matches, by entries, of the pool and the subset; `show` captions a band."""
    matcher = Matcher(entries)
    holding = [(caption, ids) for caption in captions if (ids := matcher.match(caption))]
    some = _spread([caption for caption, _ in holding], _BOTH_BACKENDS)
    by_length: dict[str, Any] = {}
    for name, detector in LANGUAGE_DETECTORS.items():
        detect = detector()
        by_length[name] = _by_length(some, [english_score(detect, caption) for caption in some])
    detect = LANGUAGE_DETECTORS[_ENTRIES_BY]()
    matched = figures.Matched.of((english_score(detect, caption), caption, ids) for caption, ids in holding)
    every, at_zero, at_score = (matched.counts(len(entries), threshold) for threshold in (None, 0.0, score))
    lost = 1 - at_score / np.maximum(at_zero, 1)
    worst = sorted(np.flatnonzero(at_zero >= least).tolist(), key=lambda entry: (-lost[entry], -at_zero[entry]))
    t, pools = figures.pools(matched, len(entries), THRESHOLDS, TAIL_SHARE)
    return {
        "captions": len(captions),
        "with_an_entry": len(holding),
        "microseconds": microseconds(some),
        "by_length": by_length,
        "tenths": [tenth._asdict() for tenth in figures.tenths(matched, len(entries), THRESHOLDS)],
        "t": t,
        "pools": [pool._asdict() for pool in pools],
        "entries_shown_of": len(worst),
        "entries": [
            {"entry": entries[e], "captions": int(every[e]), "english": int(at_zero[e]), "kept": int(at_score[e])}
            for e in worst
        ],
        "shown": _bands([caption for caption, _ in holding], matched.scores, show) if show else {},
    }


def _bands(captions: Sequence[str], scores: figures.Floats, show: int) -> dict[str, list[str]]:
    """Captions of each band between two thresholds; the first band is of other languages."""
    bands = {}
    for low, high in pairwise((figures.NOT_ENGLISH, *THRESHOLDS, 2.0)):
        inside = [captions[place] for place in np.flatnonzero((scores >= low) & (scores < high)).tolist()]
        label = f"score {low:g} to {min(high, 1.0):g}" if low >= 0 else "called another language"
        bands[f"{label}: {len(inside):,}"] = _spread(inside, show)
    return bands


def _by_length(captions: Sequence[str], scores: Sequence[float]) -> list[dict[str, Any]]:
    words = np.array([len(caption.split()) for caption in captions])
    found = np.array(scores)
    rows = []
    for low, high in zip(_LENGTHS, [*_LENGTHS[1:], 1 << 30], strict=True):
        inside = (words >= low) & (words < high)
        if inside.any():
            label = str(low) if high == low + 1 else f"{low}-{high - 1}" if high < 1 << 30 else f"{low} or more"
            kept = [figures.rate(found[inside], threshold) for threshold in THRESHOLDS]
            rows.append({"words": label, "captions": int(inside.sum()), "kept": kept})
    kept = [figures.rate(found, threshold) for threshold in THRESHOLDS]
    return [*rows, {"words": "all", "captions": len(captions), "kept": kept}]


def _spread(texts: Sequence[str], most: int) -> list[str]:
    """At most `most` of the texts, evenly chosen."""
    return [texts[place * len(texts) // most] for place in range(most)] if len(texts) > most else list(texts)


def render(found: Mapping[str, Any], score: float, least: int) -> str:
    parts = []
    if "samples" in found:
        parts += _render_samples(found["samples"])
    for name, captions in found.get("captions", {}).items():
        parts += _render_captions(name, captions, score, least)
    return "\n\n".join(parts)


def _render_samples(kinds: Mapping[str, Any]) -> list[str]:
    head = (
        "English among texts of known language, %: recall; false positives, the mean of the other languages; precision "
        "with all languages alike,\nat the languages' shares of CC-MAIN-2024-42, and there of texts that hold an entry"
    )
    lines = [("text", "backend", "µs", "score", "recall", "false", "alike", "web", "web pairs")]
    called = []
    for kind, backends in kinds.items():
        for name, found in backends.items():
            for threshold, at in zip(THRESHOLDS, found["at"], strict=True):
                cells = [_percent(value) for value in at.values()]
                lines.append((kind, name, f"{found['microseconds']:,.0f}", f"{threshold:g}", *cells))
            rates = {lang: at[0] for lang, at in found["called_english"].items() if lang != figures.ENGLISH}
            most = sorted(rates, key=lambda lang: -rates[lang])[:_SHOWN_LANGUAGES]
            called.append(f"{kind}, {name}: " + " ".join(f"{lang} {rates[lang] * 100:.0f}" for lang in most))
    return ["\n".join((head, *aligned(lines))), "\n".join(("called English most, % at score 0", *called))]


def _render_captions(name: str, found: Mapping[str, Any], score: float, least: int) -> list[str]:
    at = [f"{threshold:g}" for threshold in THRESHOLDS]
    spent = ", ".join(f"{backend} {value:,.0f} µs" for backend, value in found["microseconds"].items())
    head = (
        f"{name}: {found['captions']:,} distinct captions, {found['with_an_entry']:,} with an entry; {spent} a caption"
    )
    lengths: list[tuple[str, ...]] = [("backend", "words", "captions", *at)]
    for backend, rows in found["by_length"].items():
        for row in rows:
            lengths.append((backend, row["words"], f"{row['captions']:,}", *map(_percent, row["kept"])))
    tenths = [("tenth of the matches", "entries", "count", "words", *at)]
    for place, row in enumerate(found["tenths"]):
        counts = f"{row['least']:,}-{row['largest']:,}" if row["least"] < row["largest"] else f"{row['least']:,}"
        at_zero, *above = row["kept"]
        kept = [_percent(value / at_zero) if at_zero else "" for value in above]
        tenths.append((f"{place + 1}", f"{row['entries']:,}", counts, f"{row['words']:.1f}", _percent(at_zero), *kept))
    pools: list[tuple[str, ...]] = [("score", "pool", "%", "entries", "%", f"subset at t={found['t']}", "%")]
    first = found["pools"][0]
    for label, row in zip(at, found["pools"], strict=True):
        cells = [cell for key in row for cell in (f"{row[key]:,.0f}", _percent(row[key] / first[key]))]
        pools.append((label, *cells))
    losers = [("entry", "captions", "English", f"score {score:g}", "lost")]
    for row in found["entries"][:_SHOWN_ENTRIES]:
        lost = _percent(1 - row["kept"] / row["english"])
        losers.append((row["entry"], f"{row['captions']:,}", f"{row['english']:,}", f"{row['kept']:,}", lost))
    by_tenth = (
        "matches kept, from the most frequent entries to the rarest: at score 0 in % of all, then in % of score 0"
    )
    worst = f"entries that lose most, of {found['entries_shown_of']:,} with at least {least} English captions"
    return [
        "\n".join((head, "called English with at least each score, % of captions, by length", *aligned(lengths))),
        "\n".join((by_tenth, *aligned(tenths))),
        "\n".join(("what remains, in % of what remains at score 0", *aligned(pools))),
        "\n".join((worst, *aligned(losers))),
        *("\n  ".join((band, *shown)) for band, shown in found["shown"].items()),
    ]


def _percent(share: float) -> str:
    return f"{share * 100:.1f}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
