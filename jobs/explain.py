"""Explain: what the matching rule and the balancing make of one caption. Needs no Spark."""

from collections.abc import Sequence
from typing import NamedTuple

from jobs.console.command import Parser, guarded
from jobs.runs.open_storage import load_metadata, open_storage, path_kind
from jobs.runs.run_record_file import read_record
from jobs.settings.fields import COMMANDS
from jobs.settings.flags import add_flags, resolve
from jobs.spark.progress import warn
from jobs.steps.count_files import is_json, json_counts, locate_counts, parquet_counts
from udfs.balancing.explain import Explanation, explain
from udfs.balancing.probabilities import Counts
from udfs.captions.language import LANGUAGE_DETECTORS
from udfs.captions.visible import visible
from udfs.errors import UsageError
from udfs.storage.local import PathKind

PURPOSE = "show which entries a caption holds, and how likely it is to be kept"
_OPEN, _CLOSE = "⟦", "⟧"
_MOST_CHARACTERS = 4000


class KnownCounts(NamedTuple):
    """Counts by entry id with the entries they are of, and the t of their run where it has one."""

    entries: list[str]
    counts: Counts
    t: int | None


def main(argv: Sequence[str] | None = None) -> int:
    arguments = command_parser().parse_args(argv)

    def show() -> None:
        settings = resolve("explain", arguments)
        if settings.t is not None and (arguments.counts is None or len(settings.t) > 1):
            raise UsageError("--t takes one t, and goes with --counts PATH")
        if arguments.counts is None:
            explanation = explain(arguments.caption, load_metadata(settings.metadata).entries)
            print(render(explanation, None))
            return
        known = read_known_counts(arguments.counts, settings.metadata)
        t = settings.t[0] if settings.t else known.t
        if t is None:
            raise UsageError(f"--counts {arguments.counts}: is of no run with one t of its own: name it by --t T")
        print(render(explain(arguments.caption, known.entries, known.counts, t), t))

    return guarded(show, debug=getattr(arguments, "debug", False))


def command_parser() -> Parser:
    parser = Parser(prog="ballast explain", description=f"{PURPOSE[0].upper()}{PURPOSE[1:]}.")
    parser.add_argument("caption", metavar="CAPTION", help="the text, in quotation marks")
    parser.add_argument(
        "--counts",
        metavar="PATH",
        help="the counts to go by: an output folder of curate or count, its entry_counts/, a Parquet file, or JSON of "
        "{entry: count}; without --metadata, its entries are the list",
    )
    add_flags(parser, COMMANDS["explain"])
    return parser


def read_known_counts(path: str, metadata: str | None) -> KnownCounts:
    """Read counts without Spark. Raises `UsageError` where there are none, and for those of another list."""
    entries = load_metadata(metadata) if metadata is not None else None
    located = locate_counts(path)
    t = _own_t(path)
    if is_json(located):
        return KnownCounts(*json_counts(located.read_first(), path, entries), t)
    table = parquet_counts(located, path)
    if table.entries is None:
        raise UsageError(f"{path}: lacks the column entry")
    if entries is not None and list(entries.entries) != table.entries:
        raise UsageError(f"{path}: counts other entries than {entries.source} holds, or in another order")
    return KnownCounts(table.entries, table.counts, t)


def _own_t(path: str) -> int | None:
    """The t of the run in a folder, None where there is no run or it has several."""
    record = read_record(open_storage(path)) if path_kind(path) == PathKind.FOLDER else None
    return record.thresholds[0] if record is not None and len(record.thresholds) == 1 else None


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
