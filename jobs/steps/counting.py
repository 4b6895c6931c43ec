"""Counting: how many pairs of the pool hold each entry."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.runs.run_folder import RunFolder
from jobs.runs.stopwatch import Stopwatch
from jobs.spark.frames import table_with_fingerprint
from jobs.spark.progress import progress
from jobs.steps.spark_pairs import placed_counts
from metadata.lists import EntryLists
from udfs.balancing.entry_counts import EntryCounts, Places
from udfs.balancing.probabilities import Counts
from udfs.record import counts_file
from udfs.schemas import ENTRY_COUNT, LIST_ENTRY_COUNT
from udfs.stages import EntryCountsFacts, Stage

_WEIGHT_TYPE = "decimal(38,9)"


def count_matches(pool: DataFrame, places: Places) -> DataFrame:
    """The pool to a row per entry that it holds: its `place`, and `count`.

    Pairs that were drawn before (they have a `keep_prob`) stand for 1 / keep_prob pairs each; the sum is rounded.
    """
    keys = places.columns[:-1]
    matches = pool.select(*keys, F.explode("entry_ids").alias("entry_id"), weight_column(pool).alias("weight"))
    grouped = matches.groupBy(*keys, "entry_id")
    if "keep_prob" in pool.columns:
        counted = grouped.agg(F.coalesce(F.round(F.sum("weight")).cast("long"), F.lit(0)).alias("count"))
    else:
        counted = grouped.count()
    return placed_counts(counted, places)


def entry_counts(pool: DataFrame, lists: EntryLists) -> EntryCounts:
    """The count of every entry, zeros included. Raises `BallastError` for an id that its list does not have."""
    places = Places.of(dict(zip(lists.codes, lists.sizes, strict=True)))
    matched: Any = count_matches(pool, places).toPandas()
    counts = np.zeros(places.size, np.int64)
    counts[matched["place"].to_numpy()] = matched["count"]
    return EntryCounts(counts, places)


def count_table(counts: Counts, entries: Sequence[str], code: str = "") -> pa.Table:
    """The counts of one list's entries by id (`schemas.ENTRY_COUNT`); of several lists, with its code
    (`schemas.LIST_ENTRY_COUNT`).

    The driver adds the names: sending 500,000 of them to Spark takes longer than counting.
    """
    columns = [np.arange(len(entries), dtype=np.int32), entries, counts]
    if not code:
        return pa.Table.from_arrays(columns, schema=ENTRY_COUNT)
    return pa.Table.from_arrays([pa.repeat(code, len(entries)), *columns], schema=LIST_ENTRY_COUNT)


def count_stage(spark: SparkSession, run_folder: RunFolder, pool: DataFrame, lists: EntryLists) -> None:
    """Write `entry_counts/`, and the same as JSON: `entry_counts.json`, or a file for each list in
    `entry_counts_by_list/`."""
    if run_folder.record.stages.entry_counts is not None:
        return
    watch = Stopwatch()
    progress().begin("count")
    run_folder.clean(Stage.ENTRY_COUNTS)
    counts = entry_counts(pool, lists)

    def tables() -> Iterator[pa.Table]:
        """A table a list, so that the names of only one are in memory."""
        for listed, of_list in zip(lists.lists, counts.by_list, strict=True):
            entries = listed.load().entries
            table = count_table(of_list, entries, listed.code)
            yield table_with_fingerprint(spark, table, "entry_id", lists.fingerprint)
            run_folder.storage.write(counts_file(listed.code), _as_json(entries, of_list))

    run_folder.commit(Stage.ENTRY_COUNTS, tables())
    facts = EntryCountsFacts(
        entries=counts.places.size,
        entries_matched=int((counts.counts > 0).sum()),
        matches=int(counts.counts.sum()),
        seconds=watch.seconds,
    )
    run_folder.finish_stage(facts)


def _as_json(entries: Sequence[str], counts: Counts) -> bytes:
    by_entry = dict(zip(entries, counts.tolist(), strict=True))
    lines = json.dumps(by_entry, ensure_ascii=False, separators=(",\n", ": "))  # indent=0 would take five times as long
    return f"{{\n{lines[1:-1]}\n}}\n".encode()


def weight_column(pairs: DataFrame) -> Column:
    """The weight of a pair: 1, or for a pair that was drawn with `keep_prob`, the 1 / keep_prob that it stands for.

    It is a decimal, so that a sum of weights does not depend on the order.
    """
    weight = F.lit(1) / F.col("keep_prob") if "keep_prob" in pairs.columns else F.lit(1)
    return weight.cast(_WEIGHT_TYPE)
