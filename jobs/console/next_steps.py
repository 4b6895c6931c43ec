"""The commands to try after a job, with the real paths."""

from collections.abc import Sequence

from jobs.console.result import Step
from jobs.settings.settings import Settings
from udfs.images.layouts import Layout
from udfs.images.train_command import TRAINER, train_command
from udfs.record import RunRecord
from udfs.stages import ExportFacts, ImagesFacts, Stage
from udfs.storage.addresses import join, name_of

_DRAW_REPORT = "figures, curves and samples on one page"
_LIST_IMAGES = "one row per image, for a downloader"
_EXPORT = "the pairs as lines of JSON, for tools that already have the images"
_SHARDS = "its images and captions as tars for training (CHECKED: output folder of check)"
_WITH_LIST = "(--metadata: the entries it was matched with)"
_DOWNLOADER = "img2dataset"
_OTHER_PROGRAMS = (_DOWNLOADER, TRAINER)
_FOLDERS = ("pool", "counts", "subset", "images", "export", "final", "train")


_Step = tuple[str, list[str]]
"""A purpose, and the command: another program's, or the arguments of `ballast`."""


def next_steps(record: RunRecord, inputs: Sequence[str], settings: Settings) -> list[Step]:
    """What to do with the result of a run; empty if nothing follows."""
    return list(map(_whole, _steps(record, inputs, settings)))


def next_of_list(path: str) -> list[Step]:
    """What to do with a list of entries that was just written."""
    show = ("show what it holds, and what can never match", ["metadata", "show", path])
    curate = ("curate with it", ["curate", "FILE.warc.gz", "--metadata", path, "--out", "DIR"])
    return [_whole(show), _whole(curate)]


def next_of_lists(folder: str) -> list[Step]:
    """What to do with a folder of lists that was just built."""
    return [_whole(("curate with them", ["curate", "FILE.warc.gz", "--metadata", folder, "--out", "DIR"]))]


def _whole(step: _Step) -> Step:
    purpose, command = step
    return Step(purpose, command if command[0] in _OTHER_PROGRAMS else ["ballast", *command])


def _steps(record: RunRecord, inputs: Sequence[str], settings: Settings) -> list[_Step]:
    out = settings.output.out.rstrip("/")
    entries = ["--metadata", metadata] if (metadata := settings.entries.metadata) else []
    into = {name: ["--out", f"{out}-{name}"] for name in _FOLDERS}
    stages = record.stages
    grouped = ["group", _subset(record, out)]
    match record.job:
        case "extract":
            return [_match(out)]
        case "match":
            return [("one copy of each pair", ["dedup", out, *into["pool"]])]
        case "dedup" if stages.pool and stages.pool.matched is False:
            return [_match(out)]
        case "dedup" | "merge":
            return [(f"count {_WITH_LIST}", ["count", out, *into["counts"]])]
        case "count":
            counted = [inputs[0], "--entry-counts", out]
            return [
                ("the size of the subset at any t", ["plan", *counted]),
                ("draw it", ["balance", *counted, *into["subset"]]),
            ]
        case "balance":
            counts = ["--entry-counts", path] if (path := settings.counts.entry_counts) else []
            drawn_from = [] if stages.entry_counts else ["--pool", inputs[0], *counts, *entries]
            figures = (_DRAW_REPORT, ["report", out, *drawn_from])
            if settings.survivors.survivors is None:
                return [figures, (_LIST_IMAGES, [*grouped, *into["images"]])]
            exported = (_EXPORT, ["export", _subset(record, out), "--format", "jsonl", *into["export"]])
            return [
                figures,
                (_SHARDS, ["shards", _subset(record, out), "--images", "CHECKED", *into["train"]]),
                exported,
            ]
        case "curate":
            report = [] if record.report else [(_DRAW_REPORT, ["report", out])]
            sizes = ("the size of the subset at other t", ["plan", out])
            return [*report, sizes, (_LIST_IMAGES, [*grouped, *into["images"]])]
        case "group":
            downloaded, checked = f"{out}-downloaded", f"{out}-checked"
            final = ["balance", _read(stages.images, inputs[0]), "--survivors", checked, *into["final"]]
            return [
                ("download them", _download(out, downloaded)),
                ("check what was downloaded", ["check", downloaded, "--out", checked]),
                (f"balance what is left {_WITH_LIST}", final),
            ]
        case "check":
            alone = ["balance", "POOL", "--survivors", out, "--where", "duplicate_of IS NULL", *into["final"]]
            return [
                (_DRAW_REPORT, ["report", out]),
                ("look at the images", ["gallery", out, "--out", f"{out}.html"]),
                (f"balance what is left, without near-duplicates {_WITH_LIST}", alone),
            ]
        case "embed" if stages.scores:
            best = ["balance", "POOL", "--survivors", out, "--keep-top", "0.3", "--by", "clip_score", *into["final"]]
            return [(f"balance the pairs that match best {_WITH_LIST}", best)]
        case "shards" if (facts := stages.shards) and record.setting("layout", Layout.OPEN_CLIP) == Layout.OPEN_CLIP:
            return [("train on them with open_clip, on a model of your choice", train_command(out, facts))]
        case "export" if (rows := _read(stages.export, inputs[0])) and name_of(rows) != Stage.IMAGES:
            left = ["balance", rows, "--survivors", "SCORES.parquet", "--where", "score > 0.28", *into["final"]]
            return [(f"balance the rows that a filter keeps {_WITH_LIST}", left)]
    return []


def _match(out: str) -> _Step:
    return "keep the pairs that an entry matches (--metadata: your entries)", ["match", out, "--out", f"{out}-matched"]


def _read(facts: ImagesFacts | ExportFacts | None, path: str) -> str:
    """The address of the rows that a stage was made from; not a run's folder, which may hold both a pool and a
    subset."""
    of = facts.of if facts else None
    return join(path, of) if isinstance(of, Stage) and of != name_of(path) else path


def _download(out: str, into: str) -> list[str]:
    """The downloader's command: each sample and each row of metadata keeps the `uuid`, which leads to its captions."""
    columns = ["--url_col", "url", "--caption_col", "caption", "--save_additional_columns", '["uuid"]']
    files = ["--output_format", "webdataset", "--output_folder", into]
    return [_DOWNLOADER, "--url_list", join(out, Stage.IMAGES), "--input_format", "parquet", *columns, *files]


def _subset(record: RunRecord, out: str) -> str:
    """What `group` reads of a run: the folder, or the smallest of several subsets."""
    return join(out, record.subsets[0].folder) if len(record.subsets) > 1 else out
