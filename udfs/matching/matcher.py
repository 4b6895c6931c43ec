"""Which metadata entries a caption holds: MetaCLIP's rule, by an Aho-Corasick automaton."""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain

import ahocorasick
import pyarrow as pa

_PACKED_TOGETHER = 10_000
WRAPPED = ",.;:?!`"
"""The marks that the matching rule wraps in spaces."""

_SPACED = [(mark, f" {mark} ") for mark in WRAPPED] + [(space, " ") for space in "\t\r\n"]


def space_text(caption: str) -> str:
    """The text that entries are looked up in: one space around it, each of `, . ; : ? !` and the backtick wrapped in
    spaces, tab, CR and LF turned into spaces (Demystifying CLIP Data, section 3.2, as published). Case is kept."""
    text = f" {caption} "
    for character, spaced in _SPACED:
        if character in text:  # most captions hold few of them: a fifth of the time that str.translate takes
            text = text.replace(character, spaced)
    return text


class Matcher:
    """An automaton over a list of entries; `match` gives the ids of those that occur in a caption.

    An entry occurs when `" " + entry + " "` is a substring of the spaced text. Building takes about a second for
    500,000 entries, which is less than shipping a pickled automaton, so each worker builds its own.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        """Entries must be distinct and not empty; an entry's id is its position."""
        automaton = ahocorasick.Automaton(ahocorasick.STORE_INTS)
        for entry_id, entry in enumerate(entries):
            automaton.add_word(f" {entry} ", entry_id)
        automaton.make_automaton()
        self._iter = automaton.iter if len(automaton) else lambda text: ()

    def match(self, caption: str) -> list[int]:
        """The ids of the entries in the caption, ascending, each once; empty when there is none."""
        found = [entry_id for _, entry_id in self._iter(space_text(caption))]
        return sorted(set(found)) if len(found) > 1 else found


def pack_entries(entries: Sequence[str]) -> bytes:
    """The entries as lines of JSON lists: what is broadcast, since it is smaller than a list of strings is, and can be
    read without holding all of them."""
    parts = (entries[start : start + _PACKED_TOGETHER] for start in range(0, len(entries), _PACKED_TOGETHER))
    return "\n".join(json.dumps(part, ensure_ascii=False, separators=(",", ":")) for part in parts).encode()


@lru_cache(maxsize=1)
def held_matcher(packed: bytes) -> Matcher:
    """The matcher of packed entries, built once in a worker process and held for its later tasks."""
    return Matcher(chain.from_iterable(map(json.loads, packed.splitlines())))


def match_batches(batches: Iterator[pa.RecordBatch], matcher: Matcher, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Batches with the columns of `schema` but `entry_ids` in, batches of `schema` out.

    Pairs without a match are dropped. Row order is kept; nulls do not occur.
    """
    for batch in batches:
        ids = [matcher.match(caption) for caption in batch.column("caption").to_pylist()]
        matched = pa.array([bool(found) for found in ids], pa.bool_())
        if not matched.true_count:
            continue
        offsets = pa.array(chain([0], _running_total(len(found) for found in ids if found)), pa.int32())
        entry_ids = pa.ListArray.from_arrays(offsets, pa.array(chain.from_iterable(ids), pa.int32()))
        kept = batch.filter(matched)
        columns = [entry_ids if name == "entry_ids" else kept.column(name) for name in schema.names]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _running_total(lengths: Iterator[int]) -> Iterator[int]:
    total = 0
    for length in lengths:
        total += length
        yield total
