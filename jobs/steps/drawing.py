"""Drawing: keep each pair of the pool independently, with a probability that depends on its entries' counts."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import uuid4

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.runs.run_folder import RunFolder
from jobs.runs.stopwatch import Stopwatch
from jobs.settings.groups import Threshold
from jobs.spark.frames import fingerprint_of, rows_and_images, with_fingerprint
from jobs.spark.pair_hash import pair_hash_column
from jobs.spark.progress import progress
from jobs.spark.spark_errors import RAISED_IN_SQL
from jobs.steps.sizes import sizes_at
from jobs.steps.spark_pairs import SparkPairs
from jobs.steps.threshold_choice import choose_thresholds
from udfs.balancing.probabilities import Counts, Floats, entry_probabilities
from udfs.hashing import DRAW
from udfs.record import subset_part
from udfs.schemas import POOL as POOL_SCHEMA
from udfs.stages import DrawFacts, Stage, SubsetFacts, SurvivorCounts

_MISSES, _UNIFORM, _T, _KEEP_PROB = "ballast_misses", "ballast_uniform", "ballast_t", "ballast_keep_prob"


def draw(
    pool: DataFrame, seed: int, probabilities: Mapping[int, Floats], columns: Sequence[str] = tuple(POOL_SCHEMA.names)
) -> DataFrame:
    """The pool to the balanced subset, by each entry's probability at a t: its `columns`, and `keep_prob`. Of
    `schemas.POOL` it makes `schemas.SUBSET`. It reads `uuid`, `caption_hash` and `entry_ids`.

    With several t, the rows of every subset, and a column `t`. Of pairs that were drawn before (with `keep_prob`), it
    keeps those that both draws keep, which is one draw at the smaller probability.

    The JVM draws, since rows are too wide to send them all to Python. Its keep probabilities are equal to
    `probabilities.keep_probabilities` to the last bit: the same products of doubles in the same order. Each t adds 8
    bytes an entry to what a task is sent, which Spark may log as a large task binary.
    """
    spark = pool.sparkSession
    rows = pool
    for t, p in probabilities.items():
        misses = spark.createDataFrame([((1.0 - p).tolist(),)], "misses array<double>", verifySchema=False)
        view = f"{_MISSES}_{uuid4().hex}"
        misses.createTempView(view)
        # Spark moves the subquery into `_keep_prob`, so that all rows share one primitive array
        rows = rows.select("*", F.expr(f"(SELECT misses FROM {view})").alias(f"{_MISSES}_{t}"))
        spark.catalog.dropTempView(view)
    keep_probs = [_keep_prob(pool, f"{_MISSES}_{t}").alias(f"{_KEEP_PROB}_{t}") for t in probabilities]
    drawn = rows.select(*columns, _uniform(seed).alias(_UNIFORM), *keep_probs)
    at_each = [
        F.struct(F.lit(t).cast("long").alias(_T), F.col(f"{_KEEP_PROB}_{t}").alias(_KEEP_PROB)) for t in probabilities
    ]
    kept = drawn.select(*columns, _UNIFORM, F.inline(F.array(*at_each))).where(F.col(_UNIFORM) < F.col(_KEEP_PROB))
    several = [F.col(_T).alias("t")] if len(probabilities) > 1 else []
    return kept.select(*columns, F.col(_KEEP_PROB).alias("keep_prob"), *several)


def _uniform(seed: int) -> Column:
    """`probabilities.uniforms` of the draws: the top 53 bits of each H."""
    return F.shiftrightunsigned(pair_hash_column(DRAW, seed), 11).cast("double") * F.lit(2.0**-53)


def _keep_prob(pool: DataFrame, misses: str) -> Column:
    """The keep probability of a pair; `misses` is the column of 1 − p by entry id."""
    problem = "the pool holds an entry id that has no count: the counts belong to another list"
    beyond = F.raise_error(F.lit(RAISED_IN_SQL + problem))
    missed = F.aggregate(
        "entry_ids", F.lit(1.0), lambda product, entry: product * F.coalesce(F.get(misses, entry), beyond)
    )
    keep_prob = F.lit(1.0) - missed
    if "keep_prob" not in pool.columns:
        return keep_prob
    return F.when(F.col("keep_prob").isNotNull(), F.least(keep_prob, "keep_prob"))


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
    subset = draw(candidates.frame, seed, {t: entry_probabilities(counts, t) for t in thresholds})
    fingerprint = fingerprint_of(pool, "entry_ids")
    if fingerprint is not None:
        subset = with_fingerprint(subset, "entry_ids", fingerprint._asdict())
    several = len(thresholds) > 1
    if several:  # a task writes a file per t at once, so Spark need not sort its rows by t
        spark.conf.set("spark.sql.maxConcurrentOutputFileWriters", str(len(thresholds)))
    run_folder.commit(Stage.SUBSET, subset, partition_by="t" if several else None)
    run_folder.record_facts(t=thresholds if several else thresholds[0])
    capped: dict[int, int] = {}
    if "keep_prob" in pool.columns:
        capped = {size.t: size.capped for size in sizes_at(candidates, seed, counts, thresholds)}
    subsets = []
    for each in chosen:
        kept = rows_and_images(spark, run_folder.paths(Stage.SUBSET, subset_part(each.t, len(thresholds))))
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
