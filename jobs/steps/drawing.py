"""Drawing: keep each pair of the pool independently, with a probability that depends on its entries' counts."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa
from pyspark import Broadcast
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import DoubleType, LongType, StructField, StructType

from jobs.runs.run_folder import RunFolder
from jobs.runs.stopwatch import Stopwatch
from jobs.settings.groups import Threshold
from jobs.spark.frames import fingerprint_of, rows_and_images, with_fingerprint
from jobs.spark.pair_hash import pair_hash_column
from jobs.spark.progress import progress
from jobs.steps.sizes import sizes_at
from jobs.steps.spark_pairs import SparkPairs
from jobs.steps.threshold_choice import choose_thresholds
from udfs.balancing.probabilities import DRAW_COLUMN, Counts, Floats, balance_batches, entry_probabilities
from udfs.hashing import DRAW
from udfs.record import subset_part
from udfs.schemas import POOL as POOL_SCHEMA
from udfs.stages import DrawFacts, Stage, SubsetFacts, SurvivorCounts


def draw(
    pool: DataFrame,
    seed: int,
    probabilities: Broadcast[dict[int, Floats]],
    columns: Sequence[str] = tuple(POOL_SCHEMA.names),
) -> DataFrame:
    """The pool to the balanced subset, by each entry's probability at a t: its `columns`, and `keep_prob`. Of
    `schemas.POOL` it makes `schemas.SUBSET`. It reads `uuid`, `caption_hash` and `entry_ids`.

    With several t, the rows of every subset, and a column `t`. Of pairs that were drawn before (with `keep_prob`), it
    keeps those that both draws keep, which is one draw at the smaller probability.
    """
    several = len(probabilities.value) > 1
    drawn = ["keep_prob"] if "keep_prob" in pool.columns else []

    def balance(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for t, p in probabilities.value.items():
                for kept in balance_batches(iter([batch]), p):
                    yield kept.append_column("t", pa.repeat(pa.scalar(t), kept.num_rows)) if several else kept

    kept = StructType([*pool.select(*columns).schema.fields, StructField("keep_prob", DoubleType())])
    rows = pool.select(*columns, *drawn, pair_hash_column(DRAW, seed).alias(DRAW_COLUMN))
    return rows.mapInArrow(balance, kept.add("t", LongType()) if several else kept)


class DrawnFrom(NamedTuple):
    """The pairs that a subset is drawn from, and how many. `blocked` counts those that block lists removed before;
    `pairs_before_download` those of which some survived, and `survivors` what was said of them. None where they do not
    apply."""

    pool: DataFrame
    pairs: int
    blocked: int | None = None
    pairs_before_download: int | None = None
    survivors: SurvivorCounts | None = None


def draw_stage(
    spark: SparkSession, run_folder: RunFolder, drawn_from: DrawnFrom, counts: Counts, threshold: Threshold, seed: int
) -> None:
    """Write the subset of the pool, or one for each t."""
    if run_folder.record.stages.subset is not None:
        return
    watch = Stopwatch()
    progress().begin("balance")
    run_folder.clean(Stage.SUBSET)
    pool = drawn_from.pool
    pairs = SparkPairs(pool)
    candidates = pairs.one_per_image(seed) if threshold.per_image == "one" else pairs
    chosen = choose_thresholds(candidates, threshold, seed, counts, drawn_from.pairs)
    thresholds = [each.t for each in chosen]
    probabilities = spark.sparkContext.broadcast({t: entry_probabilities(counts, t) for t in thresholds})
    subset = draw(candidates.frame, seed, probabilities)
    fingerprint = fingerprint_of(pool, "entry_ids")
    if fingerprint is not None:
        subset = with_fingerprint(subset, "entry_ids", fingerprint._asdict())
    several = len(thresholds) > 1
    if several:  # a task writes a file per t at once, so Spark need not sort its rows by t
        spark.conf.set("spark.sql.maxConcurrentOutputFileWriters", str(len(thresholds)))
    run_folder.commit(Stage.SUBSET, subset, partition_by="t" if several else None)
    probabilities.destroy()
    run_folder.record_facts(t=thresholds if several else thresholds[0])
    capped: dict[int, int] = {}
    if "keep_prob" in pool.columns:
        capped = {size.t: size.capped for size in sizes_at(candidates, seed, counts, thresholds)}
    subsets = []
    for each in chosen:
        kept = rows_and_images(spark, run_folder.files(Stage.SUBSET, subset_part(each.t, len(thresholds))))
        subsets.append(DrawFacts(**each._asdict(), **kept._asdict(), capped_by_earlier_draw=capped.get(each.t)))
    run_folder.finish_stage(
        SubsetFacts(
            pool_pairs=drawn_from.pairs,
            blocked=drawn_from.blocked,
            pairs_before_download=drawn_from.pairs_before_download,
            survivors=drawn_from.survivors,
            subsets=subsets,
            seconds=watch.seconds,
        )
    )
