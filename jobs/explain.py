"""Explain: which entries match one caption, and how likely balancing keeps it. Needs Spark only for Hadoop's file
systems."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["explain", *sys.argv[1:]]))

import argparse
from collections.abc import Sequence
from functools import partial
from typing import Any

from jobs.console.result import Result
from jobs.runs.language_model import load_language_model
from jobs.runs.open_storage import load_lists
from jobs.settings.settings import Settings
from jobs.spark.early_session import session_for
from udfs.balancing.explain import Explanation, explain
from udfs.captions.canonical import canonical
from udfs.captions.language import fasttext_detector
from udfs.captions.visible import visible
from udfs.errors import UsageError
from udfs.matching.boundaries import Boundaries

_NO_LIST = "none for this language"
_NO_MAP = f"{_NO_LIST} in a folder without languages.toml: name it by --list CODE"
_OPEN, _CLOSE = "⟦", "⟧"
_MOST_CHARACTERS = 4000


def _explained(
    explanation: Explanation, language: tuple[str, float], code: str | None, t: int | None, *, map_is_known: bool
) -> Result:
    """The result: the explanation, the caption's language, the code of its list if it has one, and t.

    map_is_known: whether a languages.toml, if there is one, was read. Without it, a pair without a list may have one.
    """
    lang, score = language
    explained = {
        "caption": explanation.caption,
        "lang": lang,
        "lang_score": score,
        **({} if code == "" else {"list": code}),
        "spaced": [piece._asdict() for piece in explanation.spaced],
        "entries": [match._asdict() for match in explanation.entries],
        "t": t,
        "keep_prob": explanation.keep_prob,
    }
    empty = "the caption is empty once white space is trimmed: extraction drops it"
    return Result(explained, partial(render, map_is_known=map_is_known), warning=None if explanation.caption else empty)


def render(explained: dict[str, Any], *, map_is_known: bool) -> list[str]:
    """The explanation as lines for a terminal."""
    entries, t = explained["entries"], explained["t"]
    marked = "".join(
        f"{_OPEN}{visible(piece['text'])}{_CLOSE}" if piece["matched"] else visible(piece["text"])
        for piece in explained["spaced"]
    )
    is_certain = map_is_known or explained.get("list", "") is not None
    lines = [
        f"caption   {visible(explained['caption'], _MOST_CHARACTERS)}",
        f"language  {explained['lang']}, score {explained['lang_score']:.2f}",
        *([f"list      {explained['list'] or (_NO_LIST if map_is_known else _NO_MAP)}"] if "list" in explained else []),
        f"matched   {marked}",
        f"entries   {len(entries):,}" + (": the pair would be dropped" if is_certain and not entries else ""),
    ]
    rows = [("id", "entry", *(("matches", "p") if t is not None else ()))]
    rows += [
        (f"{at['entry_id']:,}", visible(at["entry"], 60), *((f"{at['matches']:,}", f"{at['p']:.4g}") if t else ()))
        for at in entries
    ]
    if len(rows) > 1:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines.append("")
        lines += [
            "  ".join([f"  {row[0]:>{widths[0]}}", f"{row[1]:<{widths[1]}}", *_right(row[2:], widths[2:])]).rstrip()
            for row in rows
        ]
    if t is not None and explained["keep_prob"] is not None:
        lines += ["", f"keep probability {explained['keep_prob']:.6g} at t={t:,}: 1 − Π (1 − p)"]
    return lines


def _right(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)]


def run_explain(arguments: argparse.Namespace, settings: Settings) -> Result:
    paths = settings.paths(*([] if arguments.counts is None else [arguments.counts]))
    with session_for(settings.execution, "explain", paths):
        return _explain(arguments, settings)


def _explain(arguments: argparse.Namespace, settings: Settings) -> Result:
    metadata, boundaries = settings.entries.metadata, settings.entries.boundaries
    model = load_language_model(settings.parsing.language_model)
    language = fasttext_detector(None if model is None else model.path)(canonical(arguments.caption))
    lists = load_lists(metadata, boundaries) if metadata is not None or arguments.counts is None else None
    if arguments.counts is None:
        if arguments.t is not None:
            raise UsageError("--t needs the counts of a pool: add --counts PATH")
        assert lists is not None
        listed, matches_of, t = lists.of(arguments.list, language[0]), None, None
    else:
        from jobs.steps.known_counts import read_known_counts  # pyarrow, which only counts need

        chosen = None if boundaries is None else Boundaries(boundaries)
        known = read_known_counts(arguments.counts, lists, chosen)
        listed = known.lists.of(arguments.list, language[0])
        of_list = listed.code if listed is not None else ""
        t = arguments.t or (known.subset.t_of(of_list) if known.subset is not None else None)
        if t is None and listed is not None:
            raise UsageError(f"--counts {arguments.counts}: does not belong to a run with one t: add --t T")
        matches_of = known.counts.of_list(of_list).item if listed is not None else None
    entries, bounds = ((), Boundaries.SPACES) if listed is None else (listed.load().entries, listed.boundaries)
    explanation = explain(arguments.caption, entries, matches_of, t, bounds)
    code = None if listed is None else listed.code
    return _explained(explanation, language, code, t, map_is_known=lists is not None)
