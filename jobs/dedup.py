"""Dedup: one row per pair (or per image), the same one on any cluster."""

if __package__ in (None, ""):  # run by spark-submit: the checkout's root takes the place of jobs/ on the path
    import sys
    from pathlib import Path

    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.command import Job, open_run, run_job, warn
from jobs.frames import (
    fingerprint_of,
    open_source,
    rows_and_images,
    set_shuffle_partitions,
    with_fingerprint,
)
from jobs.hash_columns import pair_hash_column
from jobs.run_folder import EXTRACTED, MATCHED, POOL, RunFolder, Stopwatch
from jobs.session import spark_session
from jobs.settings import Settings
from udfs.hashing import PICK
from udfs.schemas import PAIR, SORT_KEY
from udfs.schemas import POOL as POOL_SCHEMA


def run(pairs: DataFrame, settings: Settings) -> DataFrame:
    """Pairs, matched or not, to the pool (`schemas.POOL`; without `entry_ids` where the pairs have none).

    `url-caption` keeps one row per (`uuid`, `caption_hash`); `url` one per `uuid`, with the caption of the smallest
    H("pick", …) as a signed 64-bit integer; `none` all. Of equal copies the smallest in `schemas.SORT_KEY` survives.
    `duplicates` adds up the copies that each row stands for.
    """
    columns = [name for name in POOL_SCHEMA.names if name in pairs.columns and name != "duplicates"]
    copies = F.col("duplicates") if "duplicates" in pairs.columns else F.lit(1).cast("long")
    if settings.dedup == "none":
        return pairs.select(*columns, copies.alias("duplicates"))
    keys, first = ["uuid", "caption_hash"], []
    if settings.dedup == "url":
        keys, first = ["uuid"], [pair_hash_column(PICK, settings.seed).alias("pick")]
    rest = [name for name in columns if name not in SORT_KEY and name not in keys]
    survivor = F.min(F.struct(*first, *SORT_KEY, *rest)).alias("survivor")
    grouped = pairs.groupBy(*keys).agg(survivor, F.sum(copies).alias("duplicates"))
    pool = grouped.select(
        *[name if name in keys else F.col(f"survivor.{name}").alias(name) for name in columns], "duplicates"
    )
    fingerprint = fingerprint_of(pairs, "entry_ids")
    return with_fingerprint(pool, "entry_ids", fingerprint._asdict()) if fingerprint else pool


def dedup_stage(
    spark: SparkSession, run_folder: RunFolder, pairs: DataFrame, size_bytes: int, settings: Settings
) -> None:
    """Write the pool of these pairs."""
    if run_folder.stage_facts(POOL) is not None:
        return
    watch = Stopwatch()
    run_folder.clean(POOL)
    set_shuffle_partitions(spark, size_bytes)
    run_folder.commit(POOL, run(pairs, settings))
    facts = rows_and_images(spark, run_folder.files(POOL))
    run_folder.finish_stage(POOL, {**facts, "seconds": watch.seconds})


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    with spark_session(settings, "dedup") as spark:
        source = open_source(spark, inputs[0], (MATCHED, EXTRACTED), PAIR.names)
        if settings.dedup == "url" and "entry_ids" not in source.frame.columns:
            warn("these pairs are not matched: an image whose picked caption matches nothing will be lost later on")
        run_folder = open_run("dedup", settings, {"source": source.identity}, reads=inputs)
        if not run_folder.finished:
            run_folder.begin()
            dedup_stage(spark, run_folder, source.frame, source.size_bytes, settings)
            run_folder.finish()
    return run_folder


JOB = Job(
    "dedup",
    "keep one copy of each pair, or of each image",
    "PAIRS",
    "output folder of match, extract or curate, or a folder of Parquet files",
    many=False,
    execute=execute,
    output=POOL,
)


def main(argv: Sequence[str] | None = None) -> int:
    return run_job(JOB, argv)


if __name__ == "__main__":
    raise SystemExit(main())
