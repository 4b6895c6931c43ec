"""Count: how many pairs of the pool hold each entry."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["count", *sys.argv[1:]]))

import json
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.console.command import job, open_run
from jobs.runs.open_storage import load_metadata
from jobs.runs.run_folder import COUNTS_FILE, ENTRY_COUNTS, MATCHED, POOL, RunFolder, Stopwatch
from jobs.runs.step_input import open_source
from jobs.settings.groups import Entries, Execution, Output
from jobs.settings.settings import Settings, take
from jobs.spark.frames import check_fingerprint, ddl, fingerprint_of, with_fingerprint
from jobs.spark.progress import progress
from jobs.spark.session import spark_session
from jobs.steps.survivors import weight_column
from metadata.entries import EntryList
from udfs.errors import BallastError
from udfs.schemas import ENTRY_COUNT


def run(pool: DataFrame, entries: DataFrame) -> DataFrame:
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
    if run_folder.stage_facts(ENTRY_COUNTS) is not None:
        return
    watch = Stopwatch()
    progress().begin("count")
    run_folder.clean(ENTRY_COUNTS)
    counted = run(pool, entries_frame(spark, entries)).coalesce(1).sortWithinPartitions("entry_id")
    run_folder.commit(ENTRY_COUNTS, with_fingerprint(counted, "entry_id", entries.fingerprint))
    table: Any = spark.read.schema(ddl(ENTRY_COUNT)).parquet(*run_folder.files(ENTRY_COUNTS)).toPandas()
    unknown = table["entry"].isna()
    if unknown.any():
        raise BallastError(
            f"the pool holds entry id {table.loc[unknown, 'entry_id'].iloc[0]}, but the list has only {entries.size:,} "
            "entries: it was matched with another list"
        )
    by_entry = dict(zip(table["entry"], table["count"].tolist(), strict=True))
    run_folder.storage.write(COUNTS_FILE, (json.dumps(by_entry, ensure_ascii=False, indent=0) + "\n").encode())
    counts = table["count"].to_numpy()
    facts = {
        "entries": len(counts),
        "entries_matched": int((counts > 0).sum()),
        "matches": int(counts.sum()),
        "seconds": watch.seconds,
    }
    run_folder.finish_stage(ENTRY_COUNTS, facts)


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    entries = load_metadata(settings.entries.metadata)
    with spark_session(settings.execution, "count", settings.spark_paths(*inputs)) as spark:
        source = open_source(spark, inputs[0], (POOL, MATCHED), ("entry_ids",))
        found = fingerprint_of(source.frame, "entry_ids")
        check_fingerprint(found, entries.fingerprint, inputs[0], entries.source)
        identity = {"metadata": entries.fingerprint, "source": source.identity}
        run_folder = open_run(COMMAND, settings, identity, reads=inputs)
        if not run_folder.finished:
            with run_folder.writing():
                count_stage(spark, run_folder, source.frame, entries)
    return run_folder


COMMAND = job(
    "count",
    "count the pairs that hold each metadata entry",
    inputs=("POOL", "output folder of dedup or curate, or a folder of Parquet files with entry_ids"),
    settings=(take(Output), take(Entries), take(Execution)),
    execute=execute,
    output=ENTRY_COUNTS,
)
