"""Row `e`: matching alone, against the bare engines."""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from peers import build_automaton
from table import RATE, Row, interleave, timed

from udfs.matching.matcher import Matcher, pack_entries

SIZES = (10_000, 100_000, 500_000)
_ROUNDS_OF_CAPTIONS = 3
_SPACING = str.maketrans({mark: f" {mark} " for mark in ",.;:?!`"} | dict.fromkeys("\t\r\n", " "))


def against_engines(entries: list[str], captions: list[str], repeat: int) -> list[Row]:
    """`Matcher.match` against loops over the engines, with plain spacing and sorted lists."""
    rows = []
    for size in SIZES:
        chosen = entries[:: len(entries) // size]
        automaton = build_automaton(chosen)
        engines: dict[str, Callable[[list[str]], Any]] = {"pyahocorasick": partial(_match_bare, automaton)}
        rust = _rust_engine(chosen)
        if rust is not None:
            engines["ahocorasick_rs"] = rust
        rows += _engine_rows(chosen, engines, captions * _ROUNDS_OF_CAPTIONS, repeat)
        if rust is None:
            rows.append(Row("e", f"match, {len(chosen):,} entries", other="ahocorasick_rs", text="not installed"))
    return rows


def _engine_rows(
    entries: list[str], engines: dict[str, Callable[[list[str]], Any]], captions: list[str], repeat: int
) -> list[Row]:
    match = Matcher(entries).match
    runs = [timed(lambda: list(map(match, captions)))]
    runs += [timed(partial(engine, captions)) for engine in engines.values()]
    (ours_s, *others), (ours, *answers) = interleave(runs, repeat)
    characters = sum(map(len, captions)) / len(captions)
    hits = sum(map(len, ours)) / len(captions)
    note = f"{len(entries):,} entries: captions of {characters:.0f} characters with {hits:.1f} entries each"
    return [
        Row(
            "e",
            f"match, {len(entries):,} entries",
            ours_s,
            f"bare {engine}",
            seconds,
            RATE,
            items=len(captions),
            unit="captions",
            same=answer == ours,
            notes=[note] if engine == "pyahocorasick" else [],
        )
        for engine, seconds, answer in zip(engines, others, answers, strict=True)
    ]


def _space(caption: str) -> str:
    return f" {caption} ".translate(_SPACING)


def _match_bare(automaton: Any, captions: list[str]) -> list[list[int]]:
    return [sorted({entry_id for _, entry_id in automaton.iter(_space(caption))}) for caption in captions]


def _rust_engine(entries: list[str]) -> Callable[[list[str]], list[list[int]]] | None:
    try:
        from ahocorasick_rs import AhoCorasick, Implementation
    except ImportError:
        return None
    engine = AhoCorasick([f" {entry} " for entry in entries], implementation=Implementation.ContiguousNFA)

    def match(captions: list[str]) -> list[list[int]]:
        find = engine.find_matches_as_indexes
        return [sorted({hit[0] for hit in find(_space(caption), overlapping=True)}) for caption in captions]

    return match


def resident_memory(entries: list[str], folder: Path) -> list[Row]:
    """The memory that building the matcher adds to a worker process, and the time that it takes."""
    rows = []
    for size in SIZES:
        packed = folder / f"entries-{size}.json"
        packed.write_bytes(pack_entries(entries[:: len(entries) // size]))
        command = [sys.executable, str(Path(__file__).with_name("matcher_memory.py")), str(packed)]
        facts = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        text = f"{facts['added_bytes'] / 1e6:.0f} MB, built in {facts['seconds']:.2f} s"
        rows.append(Row("e", f"memory of the matcher, {size:,} entries", text=text))
    return rows
