"""Balance: keep each pair of the pool independently, with the probability that its entries' counts give."""

if __package__ in (None, ""):  # run by spark-submit: the checkout's root takes the place of jobs/ on the path
    import sys
    from pathlib import Path

    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark import Broadcast
from pyspark.sql import DataFrame, SparkSession

from jobs.command import Job, open_run, run_job, warn
from jobs.frames import (
    check_fingerprint,
    ddl,
    fingerprint_of,
    open_source,
    rows_and_images,
    with_fingerprint,
)
from jobs.hash_columns import pair_hash_column
from jobs.run_folder import ENTRY_COUNTS, MATCHED, POOL, SUBSET, RunFolder, Stopwatch, read_record
from jobs.session import spark_session
from jobs.settings import Settings
from metadata.entries import load_entries
from udfs.errors import UsageError
from udfs.hashing import DRAW
from udfs.sampling import (
    DRAW_COLUMN,
    PAPER_POOLS,
    Counts,
    Floats,
    balance_batches,
    entry_probabilities,
    t_of_tail_share,
)
from udfs.schemas import ENTRY_COUNT
from udfs.schemas import POOL as POOL_SCHEMA
from udfs.schemas import SUBSET as SUBSET_SCHEMA
from udfs.storage import LocalStorage


def run(pool: DataFrame, settings: Settings, probabilities: Broadcast[Floats]) -> DataFrame:
    """The pool (`schemas.POOL`) to the balanced subset (`schemas.SUBSET`), by each entry's probability."""

    def balance(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return balance_batches(batches, probabilities.value)

    drawn = pool.select(*POOL_SCHEMA.names, pair_hash_column(DRAW, settings.seed).alias(DRAW_COLUMN))
    return drawn.mapInArrow(balance, ddl(SUBSET_SCHEMA))


def read_counts(frame: DataFrame, where: str) -> Counts:
    """The counts of a frame of `schemas.ENTRY_COUNT` by entry id. Raises `UsageError` when ids are missing or twice."""
    table: Any = frame.select("entry_id", "count").toPandas()
    table = table.sort_values("entry_id")
    if not np.array_equal(table["entry_id"], np.arange(len(table))):
        raise UsageError(f"{where}: must have one row for every entry id from 0 on")
    return table["count"].to_numpy(np.int64)


def choose_t(settings: Settings, counts: Counts, pool_pairs: int) -> dict[str, Any]:
    """The t that the settings ask for, with what was asked and how it came out; warns where that is not as meant."""
    how = settings.threshold()
    facts: dict[str, Any] = {"threshold": {how: getattr(settings, how)}}
    if how == "t":
        t = settings.t or 1
    elif how == "preset":
        t, paper_pairs = PAPER_POOLS[settings.preset or ""]
        if not paper_pairs / 2 <= pool_pairs <= paper_pairs * 2:
            warn(
                f"preset {settings.preset} means t={t:,} for the paper's pool of {paper_pairs:,} pairs; this pool has "
                f"{pool_pairs:,}: --tail-share means the same on any pool"
            )
    else:
        t, share = t_of_tail_share(counts, settings.tail_share or 0.0)
        facts["threshold"]["tail_share_reached"] = share
    above = counts > t
    facts |= {"t": t, "entries_above_t": int(above.sum())}
    facts["share_of_matches_above_t"] = float(counts[above].sum() / max(counts.sum(), 1))
    if not facts["entries_above_t"]:
        warn(
            f"nothing was balanced: no entry has more than t={t:,} matches (the most is {int(counts.max(initial=0)):,})"
        )
    return facts


def balance_stage(
    spark: SparkSession, run_folder: RunFolder, pool: DataFrame, counts: Counts, settings: Settings
) -> None:
    """Write the subset of the pool."""
    if run_folder.stage_facts(SUBSET) is not None:
        return
    watch = Stopwatch()
    run_folder.clean(SUBSET)
    pool_pairs = pool.count()
    chosen = choose_t(settings, counts, pool_pairs)
    probabilities = spark.sparkContext.broadcast(entry_probabilities(counts, chosen["t"]))
    subset = run(pool, settings, probabilities)
    fingerprint = fingerprint_of(pool, "entry_ids")
    if fingerprint is not None:
        subset = with_fingerprint(subset, "entry_ids", fingerprint._asdict())
    run_folder.commit(SUBSET, subset)
    probabilities.destroy()
    run_folder.note(t=chosen["t"])
    facts = rows_and_images(spark, run_folder.files(SUBSET))
    run_folder.finish_stage(SUBSET, {"pool_pairs": pool_pairs, **chosen, **facts, "seconds": watch.seconds})


def _beside(pool: str) -> str:
    """Where a pool's own counts are: in its output folder. Raises `UsageError` when there are none."""
    path = Path(pool).absolute()
    folder = path.parent if path.name == POOL else path
    record = read_record(LocalStorage(str(folder)))
    if record is None or ENTRY_COUNTS not in record["stages"]:
        raise UsageError(f"{pool}: has no entry counts of its own: name them by --entry-counts DIR (see ballast count)")
    return str(folder)


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    with spark_session(settings, "balance") as spark:
        pool = open_source(spark, inputs[0], (POOL, MATCHED), POOL_SCHEMA.names)
        counts_path = settings.entry_counts or _beside(inputs[0])
        counts = open_source(spark, counts_path, (ENTRY_COUNTS,), ENTRY_COUNT.names)
        matched_with, counted_with = fingerprint_of(pool.frame, "entry_ids"), fingerprint_of(counts.frame, "entry_id")
        if matched_with and counted_with:
            check_fingerprint(matched_with, counted_with._asdict(), inputs[0], f"the counts of {counts_path}")
        if settings.metadata is not None:
            entries = load_entries(settings.metadata)
            check_fingerprint(matched_with, entries.fingerprint, inputs[0], entries.source)
        identity = {"source": pool.identity, "counts": counts.identity}
        run_folder = open_run("balance", settings, identity, reads=[*inputs, counts_path])
        if not run_folder.finished:
            run_folder.begin()
            balance_stage(spark, run_folder, pool.frame, read_counts(counts.frame, counts_path), settings)
            run_folder.finish()
    return run_folder


JOB = Job(
    "balance",
    "sample the pool so that frequent entries do not drown the others",
    "POOL",
    "output folder of curate (pool and counts), or of dedup with --entry-counts",
    many=False,
    execute=execute,
    output=SUBSET,
)


def main(argv: Sequence[str] | None = None) -> int:
    return run_job(JOB, argv)


if __name__ == "__main__":
    raise SystemExit(main())
