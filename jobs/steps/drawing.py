"""Drawing: keep each pair of the pool independently, with a probability that depends on its entries' counts."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import uuid4

import numpy as np
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.runs.run_folder import RunFolder
from jobs.runs.stopwatch import Stopwatch
from jobs.settings.groups import Threshold
from jobs.spark.frames import fingerprint_of, rows_and_images, with_fingerprint
from jobs.spark.pair_hash import pair_hash_column, uniform_column
from jobs.spark.progress import progress
from jobs.spark.spark_errors import RAISED_IN_SQL
from jobs.steps.sizes import sizes_at
from jobs.steps.spark_pairs import LIST_SIZE, LIST_START, SparkPairs, with_lists
from jobs.steps.threshold_choice import ChosenT, choose_thresholds
from udfs.balancing.entry_counts import EntryCounts, Places
from udfs.balancing.probabilities import NO_COUNT, HeadProbabilities
from udfs.hashing import DRAW
from udfs.record import subset_part
from udfs.schemas import POOL as POOL_SCHEMA
from udfs.schemas import with_list
from udfs.stages import DrawFacts, Stage, SubsetFacts, SurvivorCounts

_HEADS, _UNIFORM, _T, _KEEP_PROB = "ballast_heads", "ballast_uniform", "ballast_t", "ballast_keep_prob"
_WORD = 32  # bits of a word of the head's bitmap: one that fits a long, with room for a shift


class Draw(NamedTuple):
    """A subset to draw: the probabilities of the entries by place, and the value of its rows in the column `t`, where
    there are several subsets."""

    probabilities: HeadProbabilities
    t: int | None


def draw(
    pool: DataFrame, seed: int, draws: Sequence[Draw], places: Places, columns: Sequence[str] | None = None
) -> DataFrame:
    """The pool to balanced subsets: its `columns`, by default those of `schemas.POOL` that it has, and `keep_prob`. It
    reads `uuid`, `caption_hash`, `entry_ids`, and with a list for each language `list`.

    With several draws, the rows of every subset, and a column `t`. Of pairs that were drawn before (with `keep_prob`),
    it keeps those that both draws keep, which is one draw at the smaller probability.

    The JVM draws, since rows are too wide to send them all to Python. Its keep probabilities are equal to
    `probabilities.keep_probabilities` to the last bit: the same products of doubles in the same order.
    """
    columns = columns or [name for name in with_list(POOL_SCHEMA).names if name in pool.columns]
    rows = with_lists(pool, places)
    for number, each in enumerate(draws):
        rows = _with_heads(rows, each.probabilities, f"{_HEADS}_{number}")
    keep_probs = [
        _keep_prob(pool, f"{_HEADS}_{number}").alias(f"{_KEEP_PROB}_{number}") for number in range(len(draws))
    ]
    drawn = rows.select(*columns, _uniform(seed).alias(_UNIFORM), *keep_probs)
    at_each = [
        F.struct(F.lit(each.t).cast("long").alias(_T), F.col(f"{_KEEP_PROB}_{number}").alias(_KEEP_PROB))
        for number, each in enumerate(draws)
    ]
    kept = drawn.select(*columns, _UNIFORM, F.inline(F.array(*at_each))).where(F.col(_UNIFORM) < F.col(_KEEP_PROB))
    several = [F.col(_T).alias("t")] if len(draws) > 1 else []
    return kept.select(*columns, F.col(_KEEP_PROB).alias("keep_prob"), *several)


def _uniform(seed: int) -> Column:
    """`probabilities.uniforms` of the draws: the top 53 bits of each H."""
    return uniform_column(pair_hash_column(DRAW, seed))


def _with_heads(rows: DataFrame, p: HeadProbabilities, name: str) -> DataFrame:
    """The rows with a column `name` of the probabilities, as a table that looks up an entry in constant time, and that
    does not grow with the lists much: a bitmap of the entries in the head, as words; how many of them precede each
    word; and their 1 − p."""
    words = np.zeros(-(-p.size // _WORD), np.int64)
    np.bitwise_or.at(words, p.ids // _WORD, np.int64(1) << (p.ids % _WORD))
    before = np.searchsorted(p.ids, np.arange(len(words)) * _WORD)
    row = (words.tolist(), before.tolist(), (1.0 - p.p).tolist())
    schema = "words array<bigint>, before array<int>, misses array<double>"
    view = f"{_HEADS}_{uuid4().hex}"
    spark = rows.sparkSession
    spark.createDataFrame([row], schema, verifySchema=False).createTempView(view)
    with_heads = rows.select("*", F.expr(f"(SELECT struct(words, before, misses) FROM {view})").alias(name))
    spark.catalog.dropTempView(view)
    return with_heads


def _keep_prob(pool: DataFrame, heads: str) -> Column:
    """The keep probability of a pair; `heads` is the column of `_heads`."""
    place, bit = f"({LIST_START} + entry)", f"(({LIST_START} + entry) % {_WORD})"
    word = f"get(heads.words, {place} div {_WORD})"
    before = f"get(heads.before, {place} div {_WORD}) + bit_count({word} & (shiftleft(1L, {bit}) - 1))"
    factor = f"""CASE
        WHEN entry < 0 OR entry >= {LIST_SIZE} THEN raise_error('{RAISED_IN_SQL}{NO_COUNT}')
        WHEN shiftright({word}, {bit}) & 1 = 0 THEN 0.0D
        ELSE get(heads.misses, {before})
    END"""
    # an array of one, so that the expression names the table once: then Spark moves the subquery into it, and all rows
    # share the table
    missed = f"""transform(
        array({heads}), heads -> aggregate(entry_ids, 1.0D, (product, entry) -> product * {factor})
    )[0]"""
    keep_prob = F.lit(1.0) - F.expr(missed)
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
    spark: SparkSession,
    run_folder: RunFolder,
    drawn_from: DrawnFrom,
    counts: EntryCounts,
    threshold: Threshold,
    seed: int,
) -> None:
    """Write the subset of the pool, or one for each t."""
    if run_folder.record.stages.subset is not None:
        return
    watch = Stopwatch()
    progress().begin("balance")
    run_folder.clean(Stage.SUBSET)
    pool, places = drawn_from.pool, counts.places
    pairs = SparkPairs(pool)
    candidates = pairs.one_per_image(seed) if threshold.per_image == "one" else pairs
    chosen = choose_thresholds(candidates, threshold, seed, counts, drawn_from.pairs)
    t = _recorded_t(chosen, places)
    draws = [Draw(each.probabilities(counts), each.t) for each in chosen]
    subset = draw(candidates.frame, seed, draws, places)
    fingerprint = fingerprint_of(pool, "entry_ids")
    if fingerprint is not None:
        subset = with_fingerprint(subset, "entry_ids", fingerprint.as_dict)
    several = len(chosen) > 1
    if several:  # a task writes a file per t at once, so Spark need not sort its rows by t
        spark.conf.set("spark.sql.maxConcurrentOutputFileWriters", str(len(chosen)))
    run_folder.commit(Stage.SUBSET, subset, partition_by="t" if several else None)
    run_folder.record_facts(t=t)
    capped: list[int | None] = [None] * len(chosen)
    if "keep_prob" in pool.columns:
        sizes = sizes_at(candidates, seed, places, [each.probabilities for each in draws])
        capped = [size.capped for size in sizes.subsets]
    drawn_lists = _pairs_by_list(candidates.frame, places)
    subsets = []
    for each, capped_pairs in zip(chosen, capped, strict=True):
        files = run_folder.paths(Stage.SUBSET, subset_part(each.t, len(chosen)))
        kept_lists = _pairs_by_list(spark.read.parquet(*files), places) if files else {}
        lists = each.of_lists(counts, threshold.min_matches, drawn_lists, kept_lists)
        subsets.append(
            DrawFacts(
                t=each.t,
                threshold=each.threshold,
                entries_above_t=each.entries_above_t,
                share_of_matches_above_t=each.share_of_matches_above_t,
                lists=lists or None,
                **rows_and_images(spark, files)._asdict(),
                capped_by_earlier_draw=capped_pairs,
            )
        )
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


def _recorded_t(chosen: Sequence[ChosenT], places: Places) -> int | list[int] | dict[str, int]:
    """The t of a run as run.json has it: of several lists, the t of each, or of several subsets that of the anchor."""
    if places.by_language and len(chosen) == 1:
        return dict(zip(places.codes, chosen[0].ts.tolist(), strict=True))
    thresholds = [each.t for each in chosen if each.t is not None]
    return thresholds if len(chosen) > 1 else thresholds[0]


def _pairs_by_list(pairs: DataFrame, places: Places) -> dict[str, int]:
    """How many pairs were matched with each list; empty for a list that is for all captions."""
    if not places.by_language:
        return {}
    return {row["list"]: row["count"] for row in pairs.groupBy("list").count().collect()}
