"""Trace: where the pairs of an image came from, and why each is or is not in the subset."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["trace", *sys.argv[1:]]))

import argparse
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from jobs.console.result import Result
from jobs.runs.run_folder import RunFolder, stored_run
from jobs.runs.step_input import Located, Source, stage_source
from jobs.settings.settings import Settings
from jobs.spark.early_session import session_for
from jobs.steps.pairs import pairs_of, session_unless_small
from jobs.steps.run_context import own_context
from udfs.balancing.entry_counts import EntryCounts
from udfs.balancing.pair_probability import keep_probability
from udfs.balancing.probabilities import entry_probabilities
from udfs.captions.visible import visible
from udfs.errors import BallastError, UsageError
from udfs.extraction.urls import image_url
from udfs.hashing import DRAW, image_uuid, pair_hash, uniform
from udfs.outcomes import Outcome
from udfs.record import RunRecord
from udfs.stages import PAIRS_PART, Stage

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_UUID = re.compile(r"[0-9a-f]{24}")
_WHERE = ("page_url", "warc_file", "warc_offset")
_SHOWN = ("uuid", "url", "caption", "text_key", "lang", "list", "lang_score", "caption_hash", *_WHERE)


def uuid_of(image: str) -> str:
    """The uuid of an image from its uuid or its address, which is first serialised as extraction does."""
    if _UUID.fullmatch(image):
        return image
    url = image_url(image, image)
    if isinstance(url, Outcome):
        raise UsageError(f"{image}: is neither a uuid (24 hex digits) nor an http(s) address ({url})")
    return image_uuid(url)


class TracedRows(NamedTuple):
    """The rows in which an image is looked up: those of each subset, the pool or the matched pairs, and the extracted
    pairs. None where there are none, or where they are not looked at."""

    subsets: list[Source | None]
    pool: Source | None
    matched: Source | None
    extracted: Source | None

    @property
    def located(self) -> list[Located]:
        """Where they are."""
        sources = (*self.subsets, self.pool, self.matched, self.extracted)
        return [source.located for source in sources if source is not None]


def traced_rows(run: RunFolder, *, copies: bool) -> TracedRows:
    """The rows to look at; those of `extracted/` only with `copies`."""
    return TracedRows(
        [stage_source(run, Stage.SUBSET, subset.part) for subset in run.record.subsets],
        stage_source(run, Stage.POOL),
        stage_source(run, Stage.MATCHED),
        stage_source(run, Stage.EXTRACTED, PAIRS_PART) if copies else None,
    )


def trace(spark: "SparkSession | None", run: RunFolder, uuid: str, *, copies: bool = False) -> dict[str, Any]:
    """The result of `ballast trace`: the `pairs` of an image with their provenance, draw, and for each t whether
    the subset has them; with `copies`, also the `copies` in `extracted/`. Without a session pyarrow reads the rows."""
    rows = traced_rows(run, copies=copies)
    kept = [{row["caption_hash"]: row for row in _rows(spark, source, uuid)} for source in rows.subsets]
    pairs = _rows(spark, rows.pool, uuid) or _rows(spark, rows.matched, uuid)
    if not pairs:  # the output of balance: the pool is elsewhere
        pairs = list({row["caption_hash"]: row for found in kept for row in found.values()}.values())
    unseen = pairs and any(row["caption_hash"] not in found for row in pairs for found in kept)
    counts = own_context(run).counts if unseen else None
    traced: dict[str, Any] = {"uuid": uuid, "pairs": [_traced(row, kept, counts, run.record) for row in pairs]}
    if copies:
        traced["copies"] = [
            {name: row[name] for name in ("url", "caption", "text_key", *_WHERE)}
            for row in _rows(spark, rows.extracted, uuid)
        ]
    return traced


def _rows(spark: "SparkSession | None", source: Source | None, uuid: str) -> list[dict[str, Any]]:
    """The rows of an image."""
    rows = pairs_of(spark, source).of_image(uuid) if source is not None else []
    return sorted(rows, key=lambda row: (row["caption"], row["warc_file"], row["warc_offset"]))


def _traced(
    row: dict[str, Any], kept: list[dict[int, dict[str, Any]]], counts: EntryCounts | None, record: RunRecord
) -> dict[str, Any]:
    draw = uniform(pair_hash(DRAW, record.seed, row["uuid"], row["caption_hash"]))
    subsets = []
    for subset, rows in zip(record.subsets, kept, strict=True):
        t = subset.t_of(row.get("list"))
        in_subset = rows.get(row["caption_hash"])
        keep_prob = in_subset["keep_prob"] if in_subset else _keep_prob(row, counts, t)
        subsets.append(
            {
                "t": t,
                "in_subset": in_subset is not None,
                "keep_prob": keep_prob,
                "why": _why(in_subset is not None, draw, keep_prob, record),
            }
        )
    return {
        **{name: row[name] for name in _SHOWN if name in row},
        "duplicates": row.get("duplicates"),
        "draw": draw,
        "subsets": subsets,
    }


def _keep_prob(row: dict[str, Any], counts: EntryCounts | None, t: int | None) -> float | None:
    if counts is None or t is None:
        return None
    (placed,) = counts.places.placed_rows([row])
    return keep_probability(entry_probabilities(counts.counts[placed["entry_ids"]], t))


def _why(in_subset: bool, draw: float, keep_prob: float | None, record: RunRecord) -> str:
    if keep_prob is None:
        return "its keep probability is not known: the run's folder holds no counts"
    if in_subset:
        return f"its draw {draw:.6f} is below its keep probability {keep_prob:.6f}"
    if draw >= keep_prob:
        return f"its draw {draw:.6f} is not below its keep probability {keep_prob:.6f}"
    if record.per_image == "one":
        return "another caption of the image was picked (--per-image one)"
    return f"its draw {draw:.6f} would keep it ({keep_prob:.6f}), but it was not among the pairs that were drawn from"


def render(traced: dict[str, Any]) -> list[str]:
    """The result of `trace` as lines for a terminal."""
    lines = [f"image {traced['uuid']}"]
    for number, pair in enumerate(traced["pairs"], 1):
        if number == 1:
            lines.append(f"  url       {visible(pair['url'])}")
        copies = f", the first of {pair['duplicates']:,} copies" if (pair["duplicates"] or 1) > 1 else ""
        lines += [
            f"pair {number} of {len(traced['pairs'])}",
            f"  caption   {visible(pair['caption'], 1000)}",
            f"  from      {pair['text_key']}, language {pair['lang']}, score {pair['lang_score']:.2f}{_list_of(pair)}",
            f"  page      {visible(pair['page_url'])}",
            f"  WARC      {visible(pair['warc_file'])}, offset {pair['warc_offset']:,}{copies}",
        ]
        for at in pair["subsets"]:
            where = "in the subset" if at["in_subset"] else "not in the subset"
            t = f"t={at['t']:<8,}" if at["t"] is not None else ""
            lines.append(f"  {t}{where}: {at['why']}")
    if "copies" in traced:
        lines.append(f"copies in extracted/: {len(traced['copies']):,}")
        lines += [
            f"  {visible(copy['warc_file'])}, offset {copy['warc_offset']:,}, {copy['text_key']}: "
            f"{visible(copy['caption'], 200)}  {visible(copy['page_url'])}"
            for copy in traced["copies"]
        ]
    return lines


def _list_of(pair: dict[str, Any]) -> str:
    return f", matched with the list {pair['list']}" if "list" in pair else ""


def run_trace(arguments: argparse.Namespace, settings: Settings) -> Result:
    uuid = uuid_of(arguments.image)
    execution, paths = settings.execution, [arguments.folder]
    with session_for(execution, "trace", paths):
        run = stored_run(arguments.folder)
        located = traced_rows(run, copies=arguments.copies).located
        with session_unless_small(execution, "trace", located, paths) as spark:
            traced = trace(spark, run, uuid, copies=arguments.copies)
    if not traced["pairs"] and not traced.get("copies"):
        raise BallastError(f"{arguments.folder}: holds no pair of the image {uuid}")
    return Result(traced, render)
