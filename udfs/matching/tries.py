"""Lists of entries in files that processes map into memory and share: slower to search than an automaton, but the 27
million entries of all languages take some 300 MB of a machine in place of 8 GB of each worker process."""

from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path

import marisa_trie
import msgspec
import numpy as np

from udfs.matching.boundaries import Boundaries, entry_key, text_spacer
from udfs.matching.matcher import Twins, with_twins


class TrieFacts(msgspec.Struct, frozen=True):
    """What a reader of a list's files must know besides them."""

    boundaries: Boundaries
    entries: int
    longest_key: int
    """In characters."""
    first_characters: str
    """Those with which a key begins, each once."""
    twins: Twins
    """By the id of the first entry of a key: the ids of the others that share the key."""


def write_trie(entries: Iterable[str], boundaries: Boundaries, prefix: Path) -> TrieFacts:
    """Writes `PREFIX.marisa`, the keys of the entries as a marisa trie, and `PREFIX.ids.npy`, int32: at the place of a
    key's number in the trie, the id of its entry. Entries must be distinct and not empty; an entry's id is its
    position."""
    ids: dict[str, int] = {}
    twins: Twins = {}
    number = 0
    for entry_id, entry in enumerate(entries):
        first = ids.setdefault(entry_key(entry, boundaries), entry_id)
        if first != entry_id:
            twins.setdefault(first, []).append(entry_id)
        number = entry_id + 1
    trie = marisa_trie.Trie(ids)
    trie.save(f"{prefix}.marisa")
    by_key = np.empty(len(ids), np.int32)
    for key, entry_id in ids.items():
        by_key[trie[key]] = entry_id
    np.save(f"{prefix}.ids.npy", by_key)
    firsts = "".join(sorted({key[0] for key in ids}))
    return TrieFacts(boundaries, number, max(map(len, ids), default=0), firsts, twins)


class TrieMatcher:
    """The matcher of a list whose files `write_trie` wrote. Its `match` equals that of `Matcher`."""

    def __init__(self, prefix: Path, facts: TrieFacts) -> None:
        self._ids = memoryview(np.load(f"{prefix}.ids.npy", mmap_mode="r") if facts.entries else array("i"))
        self._trie = marisa_trie.Trie()
        self._trie.mmap(f"{prefix}.marisa")
        self._space = text_spacer(facts.boundaries)
        self._longest = facts.longest_key
        self._firsts = frozenset(facts.first_characters)
        self._twins = facts.twins

    def match(self, caption: str) -> list[int]:
        """The ids of the entries in the caption: ascending, each once; empty if there is none."""
        text, longest, firsts = self._space(caption), self._longest, self._firsts
        keys_at, entry_ids = self._trie.iter_prefixes_with_ids, self._ids
        ids = [
            entry_ids[number]
            for place, character in enumerate(text)
            if character in firsts
            for _, number in keys_at(text[place : place + longest])
        ]
        if self._twins:
            ids = with_twins(ids, self._twins)
        return sorted(set(ids)) if len(ids) > 1 else ids

    def keyed_ids(self) -> Iterator[tuple[str, int]]:
        """The key and the id of each entry, for `Matcher.of_keys`."""
        for key, number in self._trie.iteritems():
            first = self._ids[number]
            for entry_id in (first, *self._twins.get(first, ())):
                yield key, entry_id
