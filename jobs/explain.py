"""Explain: what the matching rule and the balancing make of one caption. Needs no Spark."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["explain", *sys.argv[1:]]))

import argparse
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.console.command import Command
from jobs.runs.open_storage import load_metadata, open_storage, path_kind, read_file
from jobs.runs.run_folder import COUNTS_FILE, ENTRY_COUNTS, RUN_FILE
from jobs.settings import values
from jobs.settings.groups import Entries, Execution
from jobs.settings.settings import Settings, take
from jobs.spark.progress import warn
from jobs.steps.given_counts import counts_of_json
from udfs.balancing.explain import Explanation, explain
from udfs.balancing.probabilities import Counts
from udfs.captions.language import LANGUAGE_DETECTORS
from udfs.captions.visible import visible
from udfs.errors import UsageError
from udfs.storage.local import PathKind

_OPEN, _CLOSE = "⟦", "⟧"
_MOST_CHARACTERS = 4000


class KnownCounts(NamedTuple):
    """Counts by entry id with the entries they are of, and the t of their run where it has one."""

    entries: list[str]
    counts: Counts
    t: int | None


def read_known_counts(path: str, metadata: str | None) -> KnownCounts:
    """Read counts without Spark. Raises `UsageError` where there are none, and for those of another list."""
    entries = load_metadata(metadata) if metadata is not None else None
    if path_kind(path) == PathKind.FILE:
        data, t = {path: read_file(path)}, None
    else:
        data, t = _of_folder(path)
    name, first = next(iter(data.items()))
    if name.endswith(".parquet"):
        names, counts = _of_parquet(data, path)
        if entries is not None and list(entries.entries) != names:
            raise UsageError(f"{path}: counts other entries than {entries.source} holds, or in another order")
        return KnownCounts(names, counts, t)
    return KnownCounts(*counts_of_json(first, name, entries), t)


def _of_folder(path: str) -> tuple[dict[str, bytes], int | None]:
    """The files of counts in a folder with their bytes, and the run's t if it has one alone."""
    storage = open_storage(path)
    record: dict[str, Any] = json.loads(storage.read(RUN_FILE) or b"{}")
    t = record.get("t")
    names = [COUNTS_FILE] if storage.kind(COUNTS_FILE) == PathKind.FILE else []
    if not names:
        below = ENTRY_COUNTS if storage.kind(ENTRY_COUNTS) == PathKind.FOLDER else ""
        names = [name for name in storage.list_files(below) if name.endswith(".parquet")]
        if not below and any("/" in name for name in names):
            names = []
    if not names:
        raise UsageError(f"{path}: holds no entry counts: neither {COUNTS_FILE} nor {ENTRY_COUNTS}/")
    return {f"{path}/{name}": storage.read(name) or b"" for name in names}, t if isinstance(t, int) else None


def _of_parquet(data: dict[str, bytes], path: str) -> tuple[list[str], Counts]:
    try:
        tables = [
            pq.read_table(pa.BufferReader(held), columns=["entry_id", "entry", "count"]) for held in data.values()
        ]
    except (pa.ArrowInvalid, KeyError) as error:
        raise UsageError(f"{path}: no Parquet with entry_id, entry and count: {error}") from error
    table = pa.concat_tables(tables).sort_by("entry_id")
    if table["entry_id"].to_pylist() != list(range(table.num_rows)):
        raise UsageError(f"{path}: must have one row for every entry id from 0 on")
    return table["entry"].to_pylist(), table["count"].to_numpy().astype(np.int64)


def render(explanation: Explanation, t: int | None) -> str:
    """The explanation as lines for a terminal."""
    caption = explanation.caption
    if not caption:
        warn("the caption is empty once white space is trimmed: extraction drops it")
    lang, score = LANGUAGE_DETECTORS["fasttext"]()(caption)
    marked = "".join(
        f"{_OPEN}{visible(piece.text)}{_CLOSE}" if piece.matched else visible(piece.text)
        for piece in explanation.spaced
    )
    lines = [
        f"caption   {visible(caption, _MOST_CHARACTERS)}",
        f"language  {lang}, score {score:.2f}",
        f"matched   {marked}",
        f"entries   {len(explanation.entries):,}" + ("" if explanation.entries else ": the pair would be dropped"),
    ]
    rows = [("id", "entry", *(("matches", "p") if t is not None else ()))]
    rows += [
        (f"{held.entry_id:,}", visible(held.entry, 60), *((f"{held.matches:,}", f"{held.p:.4g}") if t else ()))
        for held in explanation.entries
    ]
    if len(rows) > 1:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines.append("")
        lines += [
            "  ".join([f"  {row[0]:>{widths[0]}}", f"{row[1]:<{widths[1]}}", *_right(row[2:], widths[2:])]).rstrip()
            for row in rows
        ]
    if t is not None and explanation.keep_prob is not None:
        lines += ["", f"keep probability {explanation.keep_prob:.6g} at t={t:,}: 1 − Π (1 − p)"]
    return "\n".join(lines)


def _right(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("caption", metavar="CAPTION", help="the text, in quotation marks")
    parser.add_argument(
        "--counts",
        metavar="PATH",
        help="the counts to use: an output folder of curate or count, its entry_counts/, a Parquet file, or JSON of "
        "{entry: count}; without --metadata, its entries are the list",
    )
    parser.add_argument(
        "--t", type=values.at_least_one, metavar="T", help="with --counts: the threshold (default: that of the run)"
    )


def _run(arguments: argparse.Namespace, settings: Settings) -> None:
    metadata = settings.entries.metadata
    if arguments.counts is None:
        if arguments.t is not None:
            raise UsageError("--t needs the counts of a pool: add --counts PATH")
        print(render(explain(arguments.caption, load_metadata(metadata).entries), None))
        return
    known = read_known_counts(arguments.counts, metadata)
    t = arguments.t or known.t
    if t is None:
        raise UsageError(f"--counts {arguments.counts}: does not belong to a run with one t: add --t T")
    print(render(explain(arguments.caption, known.entries, known.counts, t), t))


COMMAND = Command(
    name="explain",
    purpose="show which entries a caption holds, and how likely it is to be kept",
    run=_run,
    settings=(take(Entries), take(Execution, "debug")),
    add_arguments=_add_arguments,
)
