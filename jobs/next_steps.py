"""The commands to try after a job, with the real paths, quoted for the shell."""

import shlex
from collections.abc import Sequence
from typing import Any

from jobs.funnel import subsets_of
from jobs.run_folder import ENTRY_COUNTS, POOL, SUBSET
from jobs.settings import Settings
from udfs.addresses import join

_DRAW_REPORT = "figures, curves and samples on one page"
_LIST_IMAGES = "one row an image, for a downloader"


def next_steps(record: dict[str, Any], inputs: Sequence[str], settings: Settings) -> str:
    """What to do with the result of a run: each command below its purpose. Empty where nothing follows."""
    lines = []
    for purpose, command in _steps(record, inputs, settings):
        lines += [f"  # {purpose}", f"  {shlex.join(['ballast', *command])}"]
    return "\n".join(["next", *lines]) if lines else ""


def _steps(record: dict[str, Any], inputs: Sequence[str], settings: Settings) -> list[tuple[str, list[str]]]:
    out = settings.out.rstrip("/")
    entries = ["--metadata", settings.metadata] if settings.metadata else []
    into = {name: ["--out", f"{out}-{name}"] for name in ("pool", "counts", "subset", "images")}
    grouped = ["group", _subset(record, out)]
    match record["job"]:
        case "extract":
            return [_match(out)]
        case "match":
            return [("one copy of each pair", ["dedup", out, *into["pool"]])]
        case "dedup" if not record["stages"].get(POOL, {}).get("matched", True):
            return [_match(out)]
        case "dedup" | "merge":
            return [("count (--metadata: the entries it was matched with)", ["count", out, *into["counts"]])]
        case "count":
            given = [inputs[0], "--entry-counts", out]
            return [
                ("the size of the subset at any t", ["plan", *given]),
                ("draw it", ["balance", *given, *into["subset"]]),
            ]
        case "balance":
            counts = ["--entry-counts", settings.entry_counts] if settings.entry_counts else []
            drawn_from = [] if ENTRY_COUNTS in record["stages"] else ["--pool", inputs[0], *counts, *entries]
            return [(_DRAW_REPORT, ["report", out, *drawn_from]), (_LIST_IMAGES, [*grouped, *into["images"]])]
        case "curate":
            report = [] if "report" in record else [(_DRAW_REPORT, ["report", out])]
            sizes = ("the size of the subset at other t", ["plan", out])
            return [*report, sizes, (_LIST_IMAGES, [*grouped, *into["images"]])]
    return []


def _match(out: str) -> tuple[str, list[str]]:
    return "keep what an entry matches (--metadata: your entries)", ["match", out, "--out", f"{out}-matched"]


def _subset(record: dict[str, Any], out: str) -> str:
    """What `group` takes of a run: the folder, of several subsets the smallest."""
    subsets = subsets_of(record["stages"])
    return join(out, f"{SUBSET}/t={subsets[0]['t']}") if len(subsets) > 1 else out
