"""Matching captions with many lists, one for each language."""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from mmap import ACCESS_READ, mmap
from pathlib import Path

import msgspec

from udfs.matching.boundaries import Boundaries
from udfs.matching.matcher import Matcher
from udfs.matching.tries import TrieFacts, TrieMatcher, write_trie

HOT_AFTER = 20_000
"""So many texts of a list make it hot. Its automaton, which takes about a second to build, saves 5 to 10 µs of each."""

_TRIES, _INDEX = "lists.tries", "lists.json"


def write_lists(lists: Iterable[tuple[str, Boundaries, Iterable[str]]], folder: Path) -> None:
    """Writes lists, each given as its code, boundaries and entries, to one file and an index. Holds one list at a time.

    Entries of a list must be distinct and not empty; an entry's id is its position in its list.
    """
    with (folder / _TRIES).open("wb") as file:
        facts = {code: write_trie(entries, boundaries, file) for code, boundaries, entries in lists}
    (folder / _INDEX).write_bytes(msgspec.json.encode(facts))


class ListMatchers:
    """The matchers of a folder that `write_lists` wrote. Its file is mapped into memory, which processes share.

    The first `hot_lists` lists of which this process gets `HOT_AFTER` texts get an automaton, and keep it.
    """

    def __init__(self, folder: Path, hot_lists: int = 1) -> None:
        self._facts = msgspec.json.decode((folder / _INDEX).read_bytes(), type=dict[str, TrieFacts])
        self._memory = memoryview(b"")  # an empty file, of no list, cannot be mapped
        if self._facts:
            with (folder / _TRIES).open("rb") as file:
                self._memory = memoryview(mmap(file.fileno(), 0, access=ACCESS_READ))
        self._matchers: dict[str, Matcher | TrieMatcher] = {}
        self._hot_places = hot_lists
        self._texts: Counter[str] = Counter()

    @property
    def codes(self) -> list[str]:
        """The codes of the lists, in the order in which they were written."""
        return list(self._facts)

    def match(self, code: str, caption: str) -> list[int]:
        """The ids, in the list `code`, of its entries in the caption: ascending, each once; empty if there is none.

        Raises `KeyError` for a code without a list.
        """
        matcher = self._matchers.get(code)
        if matcher is None:
            matcher = self._matchers[code] = self._open(code)
        if self._hot_places:
            self._count_text(code)
        return matcher.match(caption)

    def _open(self, code: str) -> TrieMatcher:
        return TrieMatcher(self._memory, self._facts[code])

    def _count_text(self, code: str) -> None:
        self._texts[code] += 1
        if self._texts[code] == HOT_AFTER:
            self._matchers[code] = Matcher.of_keys(self._open(code).keyed_ids(), self._facts[code].boundaries)
            self._hot_places -= 1


@lru_cache(maxsize=1)
def cached_lists(folder: Path, hot_lists: int) -> ListMatchers:
    """The matchers of a folder, made once per worker process and kept for its later tasks."""
    return ListMatchers(folder, hot_lists)
