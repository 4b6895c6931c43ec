"""Matching with a list per language: the memory of a process that uses 300 lists, and the speed of both engines.

    python tests/benchmarks/worldwide_matching.py [--lists 300] [--entries 90000] [--folder FOLDER]

Entries are words of wordfreq where it is installed, and else made of syllables; two in five are pairs of words.
Captions are ten words, the commonest most often. The files take about 300 MB below FOLDER, and are deleted at the end.
"""

import argparse
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

sys.path.insert(1, str(Path(__file__).resolve().parents[2]))  # the checkout, when Ballast is not installed

from table import aligned

from udfs.matching.boundaries import Boundaries, default_boundaries
from udfs.matching.list_matchers import HOT_AFTER, ListMatchers, write_lists
from udfs.matching.matcher import Matcher
from udfs.matching.tries import TrieMatcher, write_trie

LANGUAGES = tuple("en ja zh ru de fr es it pt nl pl ar bn cs el fi he hu ko sv uk".split())
SYLLABLES = {
    "ja": "あいうえおかきくけこさしすせそたちつてとなにのはまみやらりるアイカキサシタトナニマラリル日本東京大学",
    "zh": "的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可",
    "ru": "абвгдеиклмнопрстуяю",
}
WORDS_A_CAPTION = 10
CAPTIONS_A_LIST = 20
ROUNDS = 5


def words_of(language: str, number: int) -> list[str]:
    """Distinct words of a language, the commonest first."""
    try:
        from wordfreq import top_n_list
    except ImportError:
        rng = random.Random(language)
        syllables = SYLLABLES.get(language, "abcdefghijklmnopqrstuvwxyz")
        made = ("".join(rng.choices(syllables, k=rng.randint(2, 9))) for _ in range(number))
        return list(dict.fromkeys(made))
    return top_n_list(language, number)


class Language:
    """The words of a language, and lists and captions made of them."""

    def __init__(self, code: str, entries: int) -> None:
        self.words = words_of(code, 2 * entries)
        self.glue = "" if code in ("ja", "zh") else " "
        self._entries = entries
        self._weights = list(accumulate(1 / place for place in range(1, len(self.words) + 1)))

    def entries(self, seed: int) -> list[str]:
        """A list's entries: distinct, another sample for each seed, the commonest words in all."""
        rng = random.Random(seed)
        common = self.words[: self._entries // 5]
        words = dict.fromkeys(common + rng.sample(self.words, min(self._entries * 3 // 5, len(self.words))))
        entries = dict.fromkeys(list(words)[: self._entries * 3 // 5])
        while len(entries) < self._entries:
            entries[self.glue.join(rng.choices(self.words, k=2))] = None
        return list(entries)

    def captions(self, number: int, seed: int = 0) -> list[str]:
        rng = random.Random(seed)
        return [
            self.glue.join(rng.choices(self.words, cum_weights=self._weights, k=WORDS_A_CAPTION)) for _ in range(number)
        ]


def private_bytes() -> int:
    """The resident memory of this process that is not of mapped files."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Anonymous:"))


def best_us(match: Callable[[Any], object], captions: Sequence[Any]) -> float:
    """The microseconds a caption takes, in the fastest round."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = perf_counter()
        for caption in captions:
            match(caption)
        best = min(best, perf_counter() - began)
    return best / len(captions) * 1e6


def worker(folder: Path, hot_lists: int) -> dict[str, float]:
    """What a fresh process measures that matches texts of all lists in turn."""
    texts: dict[str, list[str]] = json.loads((folder / "captions.json").read_bytes())
    before = private_bytes()
    lists = ListMatchers(folder, hot_lists)
    first = next(iter(texts))
    for _ in range(HOT_AFTER // CAPTIONS_A_LIST if hot_lists else 0):
        for caption in texts[first]:
            lists.match(first, caption)
    in_turn = [(code, texts[code][place]) for place in range(CAPTIONS_A_LIST) for code in lists.codes]

    def match_next(pair: tuple[str, str]) -> None:
        lists.match(*pair)

    in_turn_us = best_us(match_next, in_turn)
    in_order_us = best_us(match_next, sorted(in_turn))
    return {
        "private_mb": private_bytes() / 1e6,
        "added_mb": (private_bytes() - before) / 1e6,
        "in_turn_us": in_turn_us,
        "in_order_us": in_order_us,
    }


def write_all(languages: dict[str, Language], number: int, folder: Path) -> tuple[float, float]:
    """Writes the lists and the captions of each; the seconds of writing, and the megabytes of the lists' files."""
    codes = {f"{language}_{place}": language for place, language in enumerate(LANGUAGES * number) if place < number}
    made_s = 0.0

    def lists() -> Iterator[tuple[str, Boundaries, list[str]]]:
        nonlocal made_s
        for seed, (code, language) in enumerate(codes.items()):
            began = perf_counter()
            entries = languages[language].entries(seed)
            boundaries = default_boundaries(language, entries)
            made_s += perf_counter() - began
            yield code, boundaries, entries

    began = perf_counter()
    write_lists(lists(), folder)
    seconds = perf_counter() - began - made_s
    megabytes = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    texts = {
        code: languages[language].captions(CAPTIONS_A_LIST, seed) for seed, (code, language) in enumerate(codes.items())
    }
    (folder / "captions.json").write_text(json.dumps(texts), encoding="utf-8")
    return seconds, megabytes


def engine_row(code: str, language: Language) -> tuple[str, ...]:
    """µs a caption, by both engines, and whether they agree."""
    entries = language.entries(0)
    boundaries = default_boundaries(code, entries)
    began = perf_counter()
    file = BytesIO()
    facts = write_trie(entries, boundaries, file)
    trie_s, began = perf_counter() - began, perf_counter()
    automaton = Matcher(entries, boundaries)
    automaton_s = perf_counter() - began
    trie = TrieMatcher(memoryview(file.getvalue()), facts)
    captions = language.captions(2_000)
    ids = [automaton.match(caption) for caption in captions]
    agree = ids == [trie.match(caption) for caption in captions]
    return (
        code,
        boundaries,
        f"{sum(map(len, captions)) / len(captions):.0f}",
        f"{sum(map(len, ids)) / len(captions):.1f}",
        f"{best_us(automaton.match, captions):.1f}",
        f"{best_us(trie.match, captions):.1f}",
        f"{automaton_s:.2f}",
        f"{trie_s:.2f}",
        "yes" if agree else "NO",
    )


def measure(number: int, size: int, folder: Path) -> None:
    languages = {code: Language(code, size) for code in LANGUAGES}
    head = (
        "list",
        "boundaries",
        "characters",
        "entries each",
        "automaton µs",
        "trie µs",
        "built s",
        "written s",
        "equal",
    )
    print("\n".join(aligned([head, *(engine_row(code, languages[code]) for code in ("en", "ru", "zh", "ja"))])))
    seconds, megabytes = write_all(languages, number, folder)
    print(f"\n{number} lists of {size:,} entries: written in {seconds:.0f} s, {megabytes:.0f} MB")
    for hot_lists in (0, 1):
        command = [sys.executable, __file__, "--worker", str(folder), "--hot-lists", str(hot_lists)]
        facts = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        print(
            f"a process with {hot_lists} hot lists: {facts['private_mb']:.0f} MB of its own "
            f"({facts['added_mb']:.0f} MB for the lists); a text takes "
            f"{facts['in_turn_us']:.1f} µs with the lists in turn, {facts['in_order_us']:.1f} µs one list after another"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lists", type=int, default=300)
    parser.add_argument("--entries", type=int, default=90_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--hot-lists", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps(worker(arguments.worker, arguments.hot_lists)))
        return
    with TemporaryDirectory(dir=arguments.folder) as folder:
        measure(arguments.lists, arguments.entries, Path(folder))


if __name__ == "__main__":
    main()
