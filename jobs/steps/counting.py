"""Counting: how many pairs of the pool hold each entry."""

import json
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.runs.run_folder import RunFolder
from jobs.runs.stopwatch import Stopwatch
from jobs.spark.frames import table_with_fingerprint
from jobs.spark.progress import progress
from metadata.entries import EntryList
from udfs.errors import BallastError
from udfs.record import COUNTS_FILE
from udfs.schemas import ENTRY_COUNT
from udfs.stages import EntryCountsFacts, Stage

_WEIGHT_TYPE = "decimal(38,9)"


def count_matches(pool: DataFrame) -> DataFrame:
    """The pool to a row per entry that it holds: `entry_id` and `count`.

    Pairs that were drawn before (they have a `keep_prob`) stand for 1 / keep_prob pairs each; the sum is rounded.
    """
    if "keep_prob" in pool.columns:
        matches = pool.select(F.explode("entry_ids").alias("entry_id"), weight_column(pool).alias("weight"))
        return matches.groupBy("entry_id").agg(
            F.coalesce(F.round(F.sum("weight")).cast("long"), F.lit(0)).alias("count")
        )
    return pool.select(F.explode("entry_ids").alias("entry_id")).groupBy("entry_id").count()


def count_table(pool: DataFrame, entries: EntryList) -> pa.Table:
    """The count of every entry, zeros included, by id (`schemas.ENTRY_COUNT`).

    The driver adds the names: sending 500,000 of them to Spark takes longer than counting. Raises `BallastError` for an
    id that the list does not have.
    """
    matched: Any = count_matches(pool).toPandas()
    ids = matched["entry_id"].to_numpy()
    unknown = ids[~((ids >= 0) & (ids < entries.size))]
    if unknown.size:
        raise BallastError(
            f"the pool holds entry id {unknown.min()}, but the list has only {entries.size:,} "
            "entries: give the list it was matched with as --metadata FILE"
        )
    counts = np.zeros(entries.size, np.int64)
    counts[ids] = matched["count"]
    return pa.Table.from_arrays([np.arange(entries.size, dtype=np.int32), entries.entries, counts], schema=ENTRY_COUNT)


def count_stage(spark: SparkSession, run_folder: RunFolder, pool: DataFrame, entries: EntryList) -> None:
    """Write `entry_counts/` and `entry_counts.json`."""
    if run_folder.record.stages.entry_counts is not None:
        return
    watch = Stopwatch()
    progress().begin("count")
    run_folder.clean(Stage.ENTRY_COUNTS)
    table = count_table(pool, entries)
    run_folder.commit(Stage.ENTRY_COUNTS, table_with_fingerprint(spark, table, "entry_id", entries.fingerprint))
    counts = table["count"].to_numpy()
    by_entry = dict(zip(entries.entries, counts.tolist(), strict=True))
    lines = json.dumps(by_entry, ensure_ascii=False, separators=(",\n", ": "))  # indent=0 would take five times as long
    run_folder.storage.write(COUNTS_FILE, f"{{\n{lines[1:-1]}\n}}\n".encode())
    facts = EntryCountsFacts(
        entries=len(counts), entries_matched=int((counts > 0).sum()), matches=int(counts.sum()), seconds=watch.seconds
    )
    run_folder.finish_stage(facts)


def weight_column(pairs: DataFrame) -> Column:
    """The weight of a pair: 1, or for a pair that was drawn with `keep_prob`, the 1 / keep_prob that it stands for.

    It is a decimal, so that a sum of weights does not depend on the order.
    """
    weight = F.lit(1) / F.col("keep_prob") if "keep_prob" in pairs.columns else F.lit(1)
    return weight.cast(_WEIGHT_TYPE)
