"""Lists of entries in one file that processes map into memory and share.

Slower to search than an automaton, but the 27 million entries of all languages take some 260 MB of a machine, in place
of up to 8 GB of each worker process.
"""

from collections.abc import Iterable, Iterator
from typing import BinaryIO

import marisa_trie
import msgspec
import numpy as np

from udfs.matching.boundaries import Boundaries, entry_key, text_spacer
from udfs.matching.matcher import Twins, with_twins

_ALIGNED = 8
"""marisa reads its numbers in place."""


class TrieFacts(msgspec.Struct, frozen=True):
    """Where in a file a list lies, and what a reader must know besides."""

    boundaries: Boundaries
    entries: int
    trie_at: int
    """The byte at which the trie of the entries' keys begins."""
    ids_at: int
    """The byte at which the ids begin: for each key, by its number in the trie, the id of its entry, as int32."""
    keys: int
    longest_key: int
    """In characters."""
    first_characters: str
    """Those with which a key begins, each once."""
    twins: Twins
    """By the id of the first entry of a key: the ids of the others that share the key."""


def write_trie(entries: Iterable[str], boundaries: Boundaries, file: BinaryIO) -> TrieFacts:
    """Appends a list to a file. Entries must be distinct and not empty; an entry's id is its position."""
    ids: dict[str, int] = {}
    twins: Twins = {}
    number = 0
    for number, entry in enumerate(entries, 1):
        first = ids.setdefault(entry_key(entry, boundaries), number - 1)
        if first != number - 1:
            twins.setdefault(first, []).append(number - 1)
    trie = marisa_trie.Trie(ids)
    by_key = np.empty(len(ids), np.int32)
    for key, entry_id in ids.items():
        by_key[trie[key]] = entry_id
    return TrieFacts(
        boundaries,
        number,
        trie_at=_append(trie.tobytes(), file),
        ids_at=_append(by_key.tobytes(), file),
        keys=len(ids),
        longest_key=max(map(len, ids), default=0),
        first_characters="".join(sorted({key[0] for key in ids})),
        twins=twins,
    )


def _append(data: bytes, file: BinaryIO) -> int:
    """Writes the data; returns where they begin."""
    file.write(bytes(-file.tell() % _ALIGNED))
    begins = file.tell()
    file.write(data)
    return begins


class TrieMatcher:
    """The matcher of a list that `write_trie` wrote. Its `match` equals that of `Matcher`."""

    def __init__(self, memory: memoryview, facts: TrieFacts) -> None:
        """`memory` is the bytes of the whole file."""
        self._memory = memory  # the trie reads it, but does not keep it
        self._trie = marisa_trie.Trie()
        self._trie.map(memory[facts.trie_at : facts.ids_at])
        self._ids = memory[facts.ids_at : facts.ids_at + 4 * facts.keys].cast("i")
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
