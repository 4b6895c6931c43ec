"""What share of captions holds an entry of each list, and how long matching takes.

    python tests/benchmarks/list_table.py CAPTIONS.parquet [--column TEXT] [--list FILE ...]

Only captions in English count. The packaged lists are compared; each `--list` adds one more.
"""

import argparse
import sys
from pathlib import Path
from time import perf_counter

import pyarrow.parquet as pq

sys.path.insert(1, str(Path(__file__).resolve().parents[2]))  # the checkout, when Ballast is not installed

from table import aligned

from metadata.entries import load_entries
from udfs.captions.canonical import canonical
from udfs.captions.language import fasttext_detector
from udfs.matching.matcher import Matcher

ROUNDS = 3


def figures_of(name: str, captions: list[str]) -> tuple[str, ...]:
    """The name of a list, its entries, the share of captions with one, entries and µs per caption (best of rounds)."""
    entries = load_entries(name).entries
    matcher = Matcher(entries)
    best = float("inf")
    for _ in range(ROUNDS):
        start = perf_counter()
        matches = [matcher.match(caption) for caption in captions]
        best = min(best, perf_counter() - start)
    share = sum(map(bool, matches)) / len(captions)
    per_caption = sum(map(len, matches)) / len(captions)
    return (name, f"{len(entries):,}", f"{share:.1%}", f"{per_caption:.2f}", f"{best / len(captions) * 1e6:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("captions", type=Path)
    parser.add_argument("--column", default="TEXT")
    parser.add_argument("--list", action="append", default=[], metavar="FILE")
    arguments = parser.parse_args()
    detect = fasttext_detector()
    texts = (canonical(text or "") for text in pq.read_table(arguments.captions)[arguments.column].to_pylist())
    english = [text for text in texts if text and detect(text)[0] == "en"]
    print(f"{len(english):,} English captions")
    head = ("list", "entries", "captions with one", "entries each", "µs each")
    print("\n".join(aligned([head, *(figures_of(name, english) for name in ("wordnet", "english", *arguments.list))])))


if __name__ == "__main__":
    main()
