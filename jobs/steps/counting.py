"""Counting: how many pairs of the pool hold each entry."""

import json
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.runs.run_folder import RunFolder
from jobs.runs.stopwatch import Stopwatch
from jobs.spark.frames import ddl, with_fingerprint
from jobs.spark.progress import progress
from metadata.entries import EntryList
from udfs.errors import BallastError
from udfs.record import COUNTS_FILE
from udfs.schemas import ENTRY_COUNT
from udfs.stages import EntryCountsFacts, Stage

_WEIGHT_TYPE = "decimal(38,9)"


def count_matches(pool: DataFrame, entries: DataFrame) -> DataFrame:
    """The pool and all entries (`entry_id`, `entry`) to a row per entry (`schemas.ENTRY_COUNT`), zeros included.

    An id in the pool that no entry has gives a row with a null `entry`. Pairs that were drawn before (they have a
    `keep_prob`) stand for 1 / keep_prob pairs each; the sum is rounded.
    """
    if "keep_prob" in pool.columns:
        matches = pool.select(F.explode("entry_ids").alias("entry_id"), weight_column(pool).alias("weight"))
        counts = matches.groupBy("entry_id").agg(F.round(F.sum("weight")).cast("long").alias("count"))
    else:
        counts = pool.select(F.explode("entry_ids").alias("entry_id")).groupBy("entry_id").count()
    joined = entries.join(counts, "entry_id", "full_outer")
    return joined.select("entry_id", "entry", F.coalesce("count", F.lit(0)).cast("long").alias("count"))


def entries_frame(spark: SparkSession, entries: EntryList) -> DataFrame:
    """The list of entries as a frame (`entry_id`, `entry`)."""
    table = pd.DataFrame({"entry_id": np.arange(entries.size, dtype=np.int32), "entry": entries.entries})
    return spark.createDataFrame(table, "entry_id int, entry string")


def count_stage(spark: SparkSession, run_folder: RunFolder, pool: DataFrame, entries: EntryList) -> None:
    """Write `entry_counts/` and `entry_counts.json`."""
    if run_folder.record.stages.entry_counts is not None:
        return
    watch = Stopwatch()
    progress().begin("count")
    run_folder.clean(Stage.ENTRY_COUNTS)
    counted = count_matches(pool, entries_frame(spark, entries)).coalesce(1).sortWithinPartitions("entry_id")
    run_folder.commit(Stage.ENTRY_COUNTS, with_fingerprint(counted, "entry_id", entries.fingerprint))
    table = checked_counts(
        spark.read.schema(ddl(ENTRY_COUNT)).parquet(*run_folder.files(Stage.ENTRY_COUNTS)), entries.size
    )
    by_entry = dict(zip(table["entry"], table["count"].tolist(), strict=True))
    run_folder.storage.write(COUNTS_FILE, (json.dumps(by_entry, ensure_ascii=False, indent=0) + "\n").encode())
    counts = table["count"].to_numpy()
    facts = EntryCountsFacts(
        entries=len(counts), entries_matched=int((counts > 0).sum()), matches=int(counts.sum()), seconds=watch.seconds
    )
    run_folder.finish_stage(facts)


def checked_counts(counted: DataFrame, size: int) -> Any:
    """The counts (`schemas.ENTRY_COUNT`) as a pandas frame, in their order. Raises `BallastError` for an id that a list
    of this size does not have."""
    table: Any = counted.toPandas()
    unknown = table["entry"].isna()
    if unknown.any():
        raise BallastError(
            f"the pool holds entry id {table.loc[unknown, 'entry_id'].iloc[0]}, but the list has only {size:,} "
            "entries: give the list it was matched with as --metadata FILE"
        )
    return table


def weight_column(pairs: DataFrame) -> Column:
    """The weight of a pair: 1, or for a pair that was drawn with `keep_prob`, the 1 / keep_prob that it stands for.

    It is a decimal, so that a sum of weights does not depend on the order.
    """
    weight = F.lit(1) / F.col("keep_prob") if "keep_prob" in pairs.columns else F.lit(1)
    return weight.cast(_WEIGHT_TYPE)
