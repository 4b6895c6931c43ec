"""The commands to try after a job, with the real paths, quoted for the shell."""

import shlex
from collections.abc import Sequence
from typing import Any

from jobs.runs.funnel import subsets_of
from jobs.runs.run_folder import ENTRY_COUNTS, EXPORT, IMAGES, POOL, SUBSET
from jobs.settings.settings import Settings
from udfs.storage.addresses import join, name_of

_DRAW_REPORT = "figures, curves and samples on one page"
_LIST_IMAGES = "one row an image, for a downloader"
_EXPORT = "the pairs as lines of JSON, for other tools: their images are there"
_WITH_LIST = "(--metadata: the entries it was matched with)"
_DOWNLOADER = "img2dataset"

Step = tuple[str, list[str]]
"""A purpose, and the command: the downloader's, or the arguments of `ballast`."""


def next_steps(record: dict[str, Any], inputs: Sequence[str], settings: Settings) -> str:
    """What to do with the result of a run: each command below its purpose. Empty where nothing follows."""
    return _text(_steps(record, inputs, settings))


def next_of_list(path: str) -> str:
    """What to do with a list of entries that was just written."""
    return _text(
        [
            ("what it holds, and what can never match", ["metadata", "show", path]),
            ("curate with it", ["curate", "FILE.warc.gz", "--metadata", path, "--out", "DIR"]),
        ]
    )


def _text(steps: list[Step]) -> str:
    lines = []
    for purpose, command in steps:
        lines += [f"  # {purpose}", f"  {shlex.join(command if command[0] == _DOWNLOADER else ['ballast', *command])}"]
    return "\n".join(["next", *lines]) if lines else ""


def _steps(record: dict[str, Any], inputs: Sequence[str], settings: Settings) -> list[Step]:
    out = settings.output.out.rstrip("/")
    entries = ["--metadata", metadata] if (metadata := settings.entries.metadata) else []
    into = {name: ["--out", f"{out}-{name}"] for name in ("pool", "counts", "subset", "images", "export", "final")}
    grouped = ["group", _subset(record, out)]
    match record["job"]:
        case "extract":
            return [_match(out)]
        case "match":
            return [("one copy of each pair", ["dedup", out, *into["pool"]])]
        case "dedup" if not record["stages"].get(POOL, {}).get("matched", True):
            return [_match(out)]
        case "dedup" | "merge":
            return [(f"count {_WITH_LIST}", ["count", out, *into["counts"]])]
        case "count":
            given = [inputs[0], "--entry-counts", out]
            return [
                ("the size of the subset at any t", ["plan", *given]),
                ("draw it", ["balance", *given, *into["subset"]]),
            ]
        case "balance":
            counts = ["--entry-counts", path] if (path := settings.counts.entry_counts) else []
            drawn_from = [] if ENTRY_COUNTS in record["stages"] else ["--pool", inputs[0], *counts, *entries]
            listed = (_LIST_IMAGES, [*grouped, *into["images"]])
            exported = (_EXPORT, ["export", _subset(record, out), "--format", "jsonl", *into["export"]])
            return [(_DRAW_REPORT, ["report", out, *drawn_from]), exported if settings.survivors.survivors else listed]
        case "curate":
            report = [] if "report" in record else [(_DRAW_REPORT, ["report", out])]
            sizes = ("the size of the subset at other t", ["plan", out])
            return [*report, sizes, (_LIST_IMAGES, [*grouped, *into["images"]])]
        case "group":
            downloaded = f"{out}-downloaded"
            left = ["balance", _read(record, IMAGES, inputs[0]), "--survivors", downloaded, *into["final"]]
            return [("download them", _download(out, downloaded)), (f"balance what is left {_WITH_LIST}", left)]
        case "export" if (rows := _read(record, EXPORT, inputs[0])) and name_of(rows) != IMAGES:
            left = ["balance", rows, "--survivors", "SCORES.parquet", "--where", "score > 0.28", *into["final"]]
            return [(f"balance what others keep of it {_WITH_LIST}", left)]
    return []


def _match(out: str) -> Step:
    return "keep what an entry matches (--metadata: your entries)", ["match", out, "--out", f"{out}-matched"]


def _read(record: dict[str, Any], stage: str, given: str) -> str:
    """The rows that a stage was made from, by an address that names no others: a run's folder may hold a pool and a
    subset."""
    of = record["stages"].get(stage, {}).get("of")
    return given if of in (None, name_of(given)) else join(given, of)


def _download(out: str, into: str) -> list[str]:
    """The downloader's command: each sample and each row of its metadata keeps the `uuid`, by which captions rejoin."""
    columns = ["--url_col", "url", "--caption_col", "caption", "--save_additional_columns", '["uuid"]']
    files = ["--output_format", "webdataset", "--output_folder", into]
    return [_DOWNLOADER, "--url_list", join(out, IMAGES), "--input_format", "parquet", *columns, *files]


def _subset(record: dict[str, Any], out: str) -> str:
    """What `group` takes of a run: the folder, of several subsets the smallest."""
    subsets = subsets_of(record["stages"])
    return join(out, f"{SUBSET}/t={subsets[0]['t']}") if len(subsets) > 1 else out
