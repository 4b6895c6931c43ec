"""How many of a WARC's pairs its WAT has: `python tests/benchmarks/wat_parity.py WARC WAT`.

Both are read as `ballast extract` reads them, all languages, and compared page by page; `--show N` prints N pairs of
each cause.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(1, str(Path(__file__).resolve().parents[2]))  # the checkout, when Ballast is not installed

from table import aligned
from wat_causes import Difference, Pair, differences

from udfs.archive.formats import WARC, WAT
from udfs.archive.records import read_records
from udfs.archive.source_stream import SourceStream
from udfs.extraction.extractor import Extractor
from udfs.extraction.options import ExtractOptions
from udfs.extraction.urls import base_url, image_url
from udfs.html.profiles import PAPER, RICH, TEXT_KEYS, Profile
from udfs.outcomes import Outcome

_IN_SRC, _ELSEWHERE = "URL in src", "URL elsewhere than in src"
_REPLACED = "URL in place of what src has, such as a placeholder's"
_COUNTED = (
    Outcome.PAGES,
    Outcome.IMAGES,
    Outcome.IMAGE_NO_URL,
    Outcome.IMAGE_DATA_URL,
    Outcome.IMAGE_NO_TEXT,
    Outcome.IMAGES_WITH_TEXT,
    Outcome.TEXT_NO_URL,
)


@dataclass(slots=True)
class Side:
    """One archive: pairs and URLs of images by the page's offset in the WARC, and the outcome counts."""

    pairs: dict[int, Counter[Pair]] = field(default_factory=dict)
    urls: dict[int, set[str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def by_text_key(self) -> Counter[str]:
        return Counter(pair.text_key for pairs in self.pairs.values() for pair in pairs.elements())


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="What a WAT gives of its WARC.")
    parser.add_argument("warc", type=Path, metavar="WARC")
    parser.add_argument("wat", type=Path, metavar="WAT")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print N pairs of each cause")
    parser.add_argument("--json", action="store_true", help="print the figures for machines, with all the pairs")
    arguments = parser.parse_args(argv)
    for path in (arguments.warc, arguments.wat):
        if not path.is_file():
            parser.error(f"{path}: no such file")
    sides = {
        "WARC": read(arguments.warc, WARC, PAPER),
        "WAT": read(arguments.wat, WAT, PAPER),
        "WARC, rich": read(arguments.warc, WARC, RICH),
    }
    found = compare(*sides.values())
    print(_json(sides, found) if arguments.json else render(sides, found, arguments.show))
    return 0


def read(path: Path, archive_format: str, profile: Profile) -> Side:
    """All pairs of an archive, by the page's offset in the WARC, which is also in the records of a WAT."""
    side = Side()
    extractor = Extractor(ExtractOptions(None, profile=profile), None)
    with path.open("rb") as source:
        records = read_records(SourceStream(source))
        for page in extractor.reader.pages(records, path.name, archive_format, side.counts):
            rows = extractor.page_pairs(page, side.counts)
            side.pairs[page.warc_offset] = Counter(Pair(key, url, caption) for _, url, caption, key, *_ in rows)
            base = base_url(page.url, page.document.base_href)
            urls = (image_url(base, image.src) for image in page.document.images)
            side.urls[page.warc_offset] = {url for url in urls if not isinstance(url, Outcome)}
    return side


def compare(warc: Side, wat: Side, rich: Side) -> dict[str, list[Difference]]:
    """The WARC's pairs that the WAT lacks, pairs that only the WAT has, and pairs that only the rich profile has."""
    found: dict[str, list[Difference]] = defaultdict(list)
    for offset, pairs in warc.pairs.items():
        lacks, beyond = differences(pairs, wat.pairs.get(offset, Counter()), wat.urls.get(offset))
        found["missing"] += lacks
        found["extra"] += beyond
        found["rich"] += _richer(pairs, rich.pairs[offset], warc.urls[offset])
    return found


def _richer(paper: Counter[Pair], rich: Counter[Pair], urls: set[str]) -> list[Difference]:
    """The pairs that only the rich profile finds, by the source of their URL. If the paper's profile has another URL
    for the image, such as a placeholder's, that pair counts as replaced."""
    left = list((paper - rich).elements())
    found = []
    for pair in (rich - paper).elements():
        same = (other for other in left if (other.text_key, other.caption) == (pair.text_key, pair.caption))
        if pair.url in urls:
            found.append(Difference(_IN_SRC, pair))
        elif (other := next(same, None)) is not None:
            left.remove(other)
            found.append(Difference(_REPLACED, pair, other))
        else:
            found.append(Difference(_ELSEWHERE, pair))
    return found


def render(sides: Mapping[str, Side], found: Mapping[str, Sequence[Difference]], show: int) -> str:
    counted = [("", *sides), *((o.value, *(f"{s.counts[o]:,}" for s in sides.values())) for o in _COUNTED)]
    keys = {name: side.by_text_key() for name, side in sides.items()}
    pairs = [("pairs by text_key", *sides)]
    pairs += [
        (key, *(f"{of[key]:,}" for of in keys.values())) for key in TEXT_KEYS if any(of[key] for of in keys.values())
    ]
    pairs.append(("all", *(f"{of.total():,}" for of in keys.values())))
    parts = ["\n".join(aligned(counted)), "\n".join(aligned(pairs))]
    titles = {
        "missing": "pairs of the WARC that the WAT lacks",
        "extra": "pairs of the WAT that stand for none of the WARC's",
        "rich": "pairs that the rich profile alone finds",
    }
    for name, title in titles.items():
        causes = Counter((difference.cause, difference.pair.text_key) for difference in found[name])
        lines = [(title, "text_key", "pairs")]
        lines += [(cause, key, f"{times:,}") for (cause, key), times in causes.most_common()]
        lines.append(("all", "", f"{len(found[name]):,}"))
        parts.append("\n".join(aligned(lines)))
        parts += _examples(found[name], show)
    return "\n\n".join(parts)


def _examples(found: Sequence[Difference], show: int) -> list[str]:
    by_cause: dict[tuple[str, str], list[Difference]] = defaultdict(list)
    for difference in found:
        by_cause[difference.cause, difference.pair.text_key].append(difference)
    parts = []
    for (cause, key), differing in by_cause.items() if show else ():
        lines = [f"{cause}, {key}:"]
        for place in range(min(show, len(differing))):
            difference = differing[place * len(differing) // min(show, len(differing))]
            lines.append(f"  {difference.pair.url}  {difference.pair.caption}")
            if difference.instead is not None:
                lines.append(f"    instead: {difference.instead.url}  {difference.instead.caption}")
        parts.append("\n".join(lines))
    return parts


def _json(sides: Mapping[str, Side], found: Mapping[str, Sequence[Difference]]) -> str:
    value: dict[str, Any] = {
        "counts": {name: {o.value: side.counts[o] for o in _COUNTED} for name, side in sides.items()},
        "pairs": {name: side.by_text_key() for name, side in sides.items()},
        **{name: [difference._asdict() for difference in differing] for name, differing in found.items()},
    }
    return json.dumps(value, indent=2, ensure_ascii=False)


if __name__ == "__main__":
    raise SystemExit(main())
