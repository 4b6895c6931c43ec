"""Dedup: one row per pair (or per image), the same row on any cluster."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["dedup", *sys.argv[1:]]))

from collections.abc import Sequence
from functools import partial, reduce
from typing import Any, NamedTuple

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.console.commands.curation import DEDUP
from jobs.console.run_job import open_run
from jobs.runs.identity import digest
from jobs.runs.run_folder import RunFolder
from jobs.runs.step_input import Source, open_source
from jobs.runs.stopwatch import Stopwatch
from jobs.settings.groups import Dedup
from jobs.settings.settings import Settings
from jobs.spark.frames import fingerprint_of, read_files, rows_and_images, set_shuffle_partitions, with_fingerprint
from jobs.spark.pair_hash import pair_hash_column
from jobs.spark.progress import progress, say, warn
from jobs.spark.session import spark_session
from jobs.steps.blocks import blocks_identity, load_blocks
from jobs.steps.repeats import find_repeats, limits, repeats_facts, without_repeats
from jobs.steps.spark_pairs import without_blocked
from udfs.extraction.block_lists import BlockList
from udfs.hashing import PICK
from udfs.schemas import PAIR, REPEAT, SORT_KEY, with_list
from udfs.schemas import POOL as POOL_SCHEMA
from udfs.stages import PoolFacts, RepeatsFacts, Stage

_BROADCAST_TIMEOUT = "spark.sql.broadcastTimeout"


def run(
    pairs: DataFrame, dedup: Dedup, seed: int, columns: Sequence[str] = tuple(with_list(POOL_SCHEMA).names)
) -> DataFrame:
    """Pairs, matched or not, to the pool: those of `columns` that the pairs have, and `duplicates`. With `entry_ids`
    and the default columns, it is `schemas.POOL`.

    `url-caption` keeps one row per (`uuid`, `caption_hash`); `url` one per `uuid`, with the caption of the smallest
    H("pick", …) as a signed 64-bit integer; `none` all. Of equal copies the smallest in `schemas.SORT_KEY` and then in
    the other columns survives.
    `duplicates` adds up the copies that each row stands for.
    """
    columns = [name for name in columns if name in pairs.columns and name != "duplicates"]
    copies = copies_column(pairs)
    if dedup.dedup == "none":
        return pairs.select(*columns, copies.alias("duplicates"))
    keys = key_columns(dedup)
    first = [pair_hash_column(PICK, seed).alias("pick")] if dedup.dedup == "url" else []
    sort_key = [name for name in SORT_KEY if name in columns]
    rest = [name for name in columns if name not in SORT_KEY and name not in keys]
    survivor = F.min(F.struct(*first, *sort_key, *rest)).alias("survivor")
    grouped = pairs.groupBy(*keys).agg(survivor, F.sum(copies).alias("duplicates"))
    pool = grouped.select(
        *[name if name in keys else F.col(f"survivor.{name}").alias(name) for name in columns], "duplicates"
    )
    fingerprint = fingerprint_of(pairs, "entry_ids")
    return with_fingerprint(pool, "entry_ids", fingerprint.as_dict) if fingerprint else pool


def key_columns(dedup: Dedup) -> list[str]:
    """The columns in which copies of a pair (or, with `--dedup url`, of an image) are equal."""
    return ["uuid"] if dedup.dedup == "url" else ["uuid", "caption_hash"]


def copies_column(pairs: DataFrame) -> Column:
    """How many copies a row stands for."""
    return F.col("duplicates") if "duplicates" in pairs.columns else F.lit(1).cast("long")


def without_pools(pairs: DataFrame, pools: Sequence[DataFrame], dedup: Dedup) -> DataFrame:
    """The pairs that none of the pools holds; with `--dedup url`, those of images that none holds."""
    keys = key_columns(dedup)
    for pool in pools:
        pairs = pairs.join(pool.select(*keys), keys, "left_anti")
    return pairs


def _slice(pairs: DataFrame, place: int, slices: int, key: str = "uuid") -> DataFrame:
    """One of `slices` parts of the key space; by `uuid`, all copies of a pair and all pairs of an image are in one."""
    return pairs.where(F.pmod(F.xxhash64(F.lit("slice"), key), F.lit(slices)) == place) if slices > 1 else pairs


def _slices(run_folder: RunFolder, stage: Stage, dedup: Dedup) -> int:
    """How many slices a stage has: a resumed stage keeps the number with which it was begun."""
    begun = [int(manifest.facts["slices"]) for manifest in run_folder.manifests(stage)]
    return begun[0] if begun else dedup.hash_slices


def _unit(place: int, slices: int) -> str:
    return f"slice={place:05d}" if slices > 1 else "all"


def repeats_stage(
    spark: SparkSession, run_folder: RunFolder, pairs: DataFrame, dedup: Dedup, exclude: Sequence[DataFrame]
) -> RepeatsFacts | None:
    """Write the captions and images that exceed the limits of the settings, slice by slice, each committed by itself;
    returns the stage's facts, None without limits.

    Counts the distinct input pairs that no excluded pool holds, before `--dedup` picks any. Both limits apply to the
    same counts, so that neither affects the other.
    """
    asked, facts = limits(dedup), run_folder.record.stages.repeats
    if not asked or facts is not None:
        return facts
    watch = Stopwatch()
    progress().begin("repeats")
    run_folder.clean(Stage.REPEATS)
    if not spark.sparkContext.getConf().contains(_BROADCAST_TIMEOUT):
        spark.conf.set(_BROADCAST_TIMEOUT, "36000")  # a small table to send takes passes over all pairs
    slices = _slices(run_folder, Stage.REPEATS, dedup)
    rows = pairs.count() // slices
    for place in range(slices):
        frames = []
        for limit in asked:
            pools = exclude
            if limit.key in key_columns(dedup):
                pools = [_slice(pool, place, slices, limit.key) for pool in exclude]
            leave_out = partial(without_pools, pools=pools, dedup=dedup)
            frames.append(find_repeats(_slice(pairs, place, slices, limit.key), limit, rows, leave_out))
        frame = reduce(DataFrame.unionByName, frames)
        run_folder.commit(Stage.REPEATS, frame, unit=_unit(place, slices), facts={"slices": slices})
    facts = repeats_facts(read_files(spark, run_folder.paths(Stage.REPEATS), REPEAT), slices, watch.seconds)
    run_folder.finish_stage(facts)
    say(f"found {facts.captions:,} captions and {facts.images:,} images that exceed their limits")
    return facts


def dedup_stage(
    spark: SparkSession,
    run_folder: RunFolder,
    pairs: DataFrame,
    size_bytes: int,
    dedup: Dedup,
    seed: int,
    exclude: Sequence[Source] = (),
    blocks: BlockList | None = None,
) -> None:
    """Write the pool without blocked pairs, slice by slice, each committed by itself; before it, `repeats/` where there
    are limits."""
    if run_folder.record.stages.pool is not None:
        return
    all_pairs, pairs = pairs, without_blocked(pairs, blocks)
    in_all = size_bytes + sum(source.size_bytes for source in exclude)
    set_shuffle_partitions(spark, in_all // _slices(run_folder, Stage.REPEATS, dedup))
    excluded = [source.frame(spark) for source in exclude]
    over = repeats_stage(spark, run_folder, pairs, dedup, excluded)
    repeats = read_files(spark, run_folder.paths(Stage.REPEATS), REPEAT)
    watch = Stopwatch()
    progress().begin("dedup")
    run_folder.clean(Stage.POOL)
    slices = _slices(run_folder, Stage.POOL, dedup)
    set_shuffle_partitions(spark, in_all // slices)
    for place in range(slices):
        pools = [_slice(pool, place, slices) for pool in excluded]
        left = without_repeats(_slice(pairs, place, slices), repeats, over)
        pool = run(without_pools(left, pools, dedup), dedup, seed)
        run_folder.commit(Stage.POOL, pool, unit=_unit(place, slices), facts={"slices": slices})
        if slices > 1:
            say(f"deduplicated slice {place + 1} of {slices}")
    kept = rows_and_images(spark, run_folder.paths(Stage.POOL))
    blocked = _copies(all_pairs) - _copies(pairs) if blocks is not None else None
    lost = _lost_copies(spark, run_folder, pairs, excluded, over, dedup)
    facts = PoolFacts(
        pairs=kept.pairs,
        images=kept.images,
        blocked=blocked,
        excluded=lost.excluded,
        repeated=lost.repeated,
        matched="entry_ids" in pairs.columns,
        slices=slices,
        seconds=watch.seconds,
    )
    run_folder.finish_stage(facts)


class _LostCopies(NamedTuple):
    """Copies that excluded pools and limits removed; None without pools or limits."""

    excluded: int | None
    repeated: int | None


def _lost_copies(
    spark: SparkSession,
    run_folder: RunFolder,
    pairs: DataFrame,
    exclude: Sequence[DataFrame],
    over: RepeatsFacts | None,
    dedup: Dedup,
) -> _LostCopies:
    """How many copies excluded pools and limits removed. A copy that both would remove counts as excluded."""
    if not exclude and over is None:
        return _LostCopies(None, None)
    before = _copies(pairs)
    after = _copies(spark.read.parquet(*files)) if (files := run_folder.paths(Stage.POOL)) else 0
    between = before if not exclude else after
    if exclude and over is not None:
        between = _copies(without_pools(pairs, exclude, dedup))
    return _LostCopies(before - between if exclude else None, between - after if over is not None else None)


def _copies(pairs: DataFrame) -> int:
    row = pairs.agg(F.coalesce(F.sum(copies_column(pairs)), F.lit(0)).alias("copies")).first()
    return int(row["copies"]) if row is not None else 0


def open_excluded(dedup: Dedup) -> list[Source]:
    """The pools of `--exclude`."""
    return [open_source(path, (Stage.POOL, Stage.MATCHED), ("uuid", "caption_hash")) for path in dedup.exclude]


def excluded_identity(exclude: Sequence[Source]) -> dict[str, Any]:
    """What identifies the excluded pools in run.json, None where there are none."""
    digests = [source.identity["sha256"] for source in exclude]
    return {"exclude": {"pools": len(digests), "sha256": digest(sorted(digests))} if digests else None}


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    dedup = settings.dedup
    source = open_source(inputs[0], (Stage.MATCHED, Stage.EXTRACTED), PAIR.names)
    exclude = open_excluded(dedup)
    if dedup.dedup == "url" and "entry_ids" not in source.columns:
        warn("these pairs are not matched: an image whose picked caption matches nothing will be lost later on")
    blocks = load_blocks(settings.blocking)
    identity = {"source": source.identity, **excluded_identity(exclude), **blocks_identity(blocks)}
    run_folder = open_run(DEDUP, settings, identity, reads=[*inputs, *dedup.exclude])
    if not run_folder.finished:
        paths = settings.spark_paths(*inputs)
        with spark_session(settings.execution, "dedup", paths) as spark, run_folder.writing():
            pairs = source.frame(spark)
            dedup_stage(spark, run_folder, pairs, source.size_bytes, dedup, settings.draws.seed, exclude, blocks)
    return run_folder
