"""Which metadata entries a caption holds: MetaCLIP's rule, by an Aho-Corasick automaton."""

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain

import ahocorasick

from udfs.matching.boundaries import Boundaries, entry_key, spaced_text, text_spacer

_PACKED_TOGETHER = 10_000


class Matcher:
    """An automaton over a list of entries; `match` returns the ids of those that occur in a caption.

    An entry occurs if its key is a substring of the spaced text (`udfs.matching.boundaries`). Building takes about a
    second for 500,000 entries. Sending a pickled automaton takes longer, so each worker builds its own.
    """

    def __init__(self, entries: Iterable[str], boundaries: Boundaries = Boundaries.SPACES) -> None:
        """Entries must be distinct and not empty; an entry's id is its position."""
        self._build(((entry_key(entry, boundaries), entry_id) for entry_id, entry in enumerate(entries)), boundaries)

    @classmethod
    def of_keys(cls, keys: Iterable[tuple[str, int]], boundaries: Boundaries) -> "Matcher":
        """The matcher of entries given by their keys and ids. Entries may share a key."""
        matcher = cls.__new__(cls)
        matcher._build(keys, boundaries)
        return matcher

    def _build(self, keys: Iterable[tuple[str, int]], boundaries: Boundaries) -> None:
        automaton = ahocorasick.Automaton(ahocorasick.STORE_INTS)
        self._twins: Twins = {}
        for key, entry_id in keys:
            if key in automaton:
                self._twins.setdefault(automaton.get(key), []).append(entry_id)
            else:
                automaton.add_word(key, entry_id)
        automaton.make_automaton()
        self._iter = automaton.iter if len(automaton) else lambda text: ()
        self._space = text_spacer(boundaries)

    def match(self, caption: str) -> list[int]:
        """The ids of the entries in the caption: ascending, each once; empty if there is none."""
        ids = [entry_id for _, entry_id in self._iter(self._space(caption))]
        if self._twins:
            ids = with_twins(ids, self._twins)
        return sorted(set(ids)) if len(ids) > 1 else ids


Twins = dict[int, list[int]]
"""By the id of the first entry of a key: the ids of the others that share the key. Most lists have none."""


def with_twins(ids: Sequence[int], twins: Twins) -> list[int]:
    """The ids, and those of the entries that share a key with one of them."""
    return [*ids, *chain.from_iterable(twins.get(entry_id, ()) for entry_id in ids)]


def match_once(caption: str, entries: Sequence[str], boundaries: Boundaries = Boundaries.SPACES) -> list[int]:
    """`Matcher(entries, boundaries).match(caption)` for one caption: to build an automaton takes several times as
    long."""
    spaced = spaced_text(caption, boundaries)
    if boundaries is not Boundaries.SPACES:
        return [entry_id for entry_id, entry in enumerate(entries) if entry_key(entry, boundaries) in spaced]
    return [entry_id for entry_id, entry in enumerate(entries) if entry in spaced and f" {entry} " in spaced]


def pack_entries(entries: Sequence[str]) -> bytes:
    """The entries as lines of JSON lists, for a broadcast: smaller than a list of strings, and read in parts."""
    parts = (entries[start : start + _PACKED_TOGETHER] for start in range(0, len(entries), _PACKED_TOGETHER))
    return "\n".join(json.dumps(part, ensure_ascii=False, separators=(",", ":")) for part in parts).encode()


@lru_cache(maxsize=1)
def cached_matcher(packed: bytes, boundaries: Boundaries = Boundaries.SPACES) -> Matcher:
    """The matcher of packed entries, built once per worker process and cached for its later tasks."""
    return Matcher(chain.from_iterable(map(json.loads, packed.splitlines())), boundaries)
