"""Balance: keep each pair of the pool independently, with the probability that its entries' counts give."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["balance", *sys.argv[1:]]))

from collections.abc import Iterator

import pyarrow as pa
from pyspark import Broadcast
from pyspark.sql import DataFrame, SparkSession

from jobs.console.command import job, open_run
from jobs.count import count_stage
from jobs.runs.funnel import funnel
from jobs.runs.open_storage import load_metadata, open_storage
from jobs.runs.run_folder import CARD_FILE, ENTRY_COUNTS, MATCHED, POOL, SUBSET, RunFolder, Stopwatch, read_record
from jobs.runs.step_input import Source, open_source
from jobs.settings.groups import (
    Blocking,
    Draws,
    Entries,
    Execution,
    GivenCounts,
    Output,
    Survivors,
    Threshold,
)
from jobs.settings.settings import Settings, take
from jobs.spark.frames import check_fingerprint, ddl, fingerprint_of, read_files, rows_and_images, with_fingerprint
from jobs.spark.pair_hash import pair_hash_column
from jobs.spark.progress import progress
from jobs.spark.session import spark_session
from jobs.steps.blocks import blocks_identity, load_blocks, without_blocked
from jobs.steps.given_counts import given_counts, pool_entries, read_counts
from jobs.steps.sizes import sizes_at
from jobs.steps.survivors import read_survivors, survivors_identity, warn_of_subset
from jobs.steps.threshold_choice import choose_thresholds, one_an_image
from udfs.balancing.probabilities import (
    DRAW_COLUMN,
    Counts,
    Floats,
    balance_batches,
    entry_probabilities,
)
from udfs.errors import UsageError
from udfs.hashing import DRAW
from udfs.report.data_card import render_card
from udfs.schemas import ENTRY_COUNT
from udfs.schemas import POOL as POOL_SCHEMA
from udfs.schemas import SUBSET as SUBSET_SCHEMA
from udfs.storage.addresses import parent_of


def run(pool: DataFrame, seed: int, probabilities: Broadcast[dict[int, Floats]]) -> DataFrame:
    """The pool (`schemas.POOL`) to the balanced subset (`schemas.SUBSET`), by each entry's probability at a t.

    With several t every subset's rows, and a column `t`. A pool that was drawn before (with its `keep_prob`) keeps what
    both that draw and this one keep, which is one draw at the smaller probability.
    """
    several = len(probabilities.value) > 1
    drawn = ["keep_prob"] if "keep_prob" in pool.columns else []

    def balance(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for t, p in probabilities.value.items():
                for kept in balance_batches(iter([batch]), p):
                    yield kept.append_column("t", pa.repeat(pa.scalar(t), kept.num_rows)) if several else kept

    rows = pool.select(*POOL_SCHEMA.names, *drawn, pair_hash_column(DRAW, seed).alias(DRAW_COLUMN))
    return rows.mapInArrow(balance, ddl(SUBSET_SCHEMA) + (", t bigint" if several else ""))


def balance_stage(
    spark: SparkSession, run_folder: RunFolder, pool: DataFrame, counts: Counts, threshold: Threshold, seed: int
) -> None:
    """Write the subset of the pool, or one for each t."""
    if run_folder.stage_facts(SUBSET) is not None:
        return
    watch = Stopwatch()
    progress().begin("balance")
    run_folder.clean(SUBSET)
    pool_pairs = pool.count()
    candidates = one_an_image(pool, seed) if threshold.per_image == "one" else pool
    chosen = choose_thresholds(candidates, threshold, seed, counts, pool_pairs)
    probabilities = spark.sparkContext.broadcast({found.t: entry_probabilities(counts, found.t) for found in chosen})
    subset = run(candidates, seed, probabilities)
    fingerprint = fingerprint_of(pool, "entry_ids")
    if fingerprint is not None:
        subset = with_fingerprint(subset, "entry_ids", fingerprint._asdict())
    several = len(chosen) > 1
    if several:  # a task writes to a file of each t; without this Spark sorts its rows by t first
        spark.conf.set("spark.sql.maxConcurrentOutputFileWriters", str(len(chosen)))
    run_folder.commit(SUBSET, subset, partition_by="t" if several else None)
    probabilities.destroy()
    run_folder.record_facts(t=[found.t for found in chosen] if several else chosen[0].t)
    subsets = []
    for found in chosen:
        files = run_folder.files(SUBSET, f"t={found.t}" if several else "")
        subsets.append({**found.facts, **rows_and_images(spark, files)})
    if "keep_prob" in pool.columns:
        for subset_facts, size in zip(
            subsets, sizes_at(candidates, seed, counts, [found.t for found in chosen]), strict=True
        ):
            subset_facts["capped_by_earlier_draw"] = size.capped
    facts = {"subsets": subsets} if several else subsets[0]
    run_folder.finish_stage(SUBSET, {"pool_pairs": pool_pairs, **facts, "seconds": watch.seconds})


def write_card(run_folder: RunFolder) -> None:
    """Write the data card of a run that has its subset."""
    run_folder.storage.write(CARD_FILE, render_card(run_folder.record, funnel(run_folder.record)).encode())


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    survivors = settings.survivors
    with spark_session(settings.execution, "balance", settings.spark_paths(*inputs)) as spark:
        source = open_source(spark, inputs[0], (POOL, MATCHED, SUBSET), POOL_SCHEMA.names)
        pool, matched_with = source.frame, fingerprint_of(source.frame, "entry_ids")
        if survivors.where is not None and survivors.survivors is None:
            raise UsageError("--where filters the rows of --survivors: name those")
        if survivors.survivors is not None:
            return _balance_survivors(spark, inputs[0], source, settings)
        if "keep_prob" in pool.columns:
            raise UsageError(
                f"{inputs[0]}: is a subset: balance the pool that it was drawn from, or name its --survivors"
            )
        metadata, counts_path = settings.entries.metadata, settings.counts.entry_counts
        if metadata is not None:
            entries = load_metadata(metadata)
            check_fingerprint(matched_with, entries.fingerprint, inputs[0], entries.source)
        given = given_counts(spark, counts_path, metadata, inputs[0], matched_with)
        blocks = load_blocks(settings.blocking)
        identity = {"source": source.identity, "counts": given.identity, **blocks_identity(blocks)}
        reads = [*inputs, *([counts_path] if counts_path else [])]
        run_folder = open_run(COMMAND, settings, identity, reads=reads)
        if not run_folder.finished:
            with run_folder.writing():
                kept = without_blocked(pool, blocks)
                balance_stage(spark, run_folder, kept, given.counts, settings.threshold, settings.draws.seed)
                if blocks is not None:
                    facts = run_folder.stage_facts(SUBSET) or {}
                    run_folder.finish_stage(SUBSET, {**facts, "blocked": pool.count() - facts["pool_pairs"]})
                write_card(run_folder)
    return run_folder


def _balance_survivors(spark: SparkSession, path: str, source: Source, settings: Settings) -> RunFolder:
    """Count the survivors of a pool, or estimate the counts from those of a subset, and balance them."""
    if settings.counts.entry_counts is not None:
        raise UsageError("--entry-counts: --survivors are counted again, so leave it out")
    survivors, seed = settings.survivors.survivors or "", settings.draws.seed
    blocks = load_blocks(settings.blocking)
    identity = {
        "source": source.identity,
        "survivors": survivors_identity(survivors),
        **blocks_identity(blocks),
    }
    entries = pool_entries(settings.entries.metadata, path, fingerprint_of(source.frame, "entry_ids"))
    if "keep_prob" in source.frame.columns:
        _check_seed(path, seed)
    run_folder = open_run(COMMAND, settings, identity, reads=[path, survivors])
    if run_folder.finished:
        return run_folder
    images = read_survivors(spark, survivors, settings.survivors.where)  # errors come before anything is written
    with run_folder.writing():
        pool = without_blocked(source.frame, blocks)
        left = pool.join(images, "uuid", "left_semi")
        if source.stage == POOL:
            warn_of_subset(spark, path, left)
        count_stage(spark, run_folder, left, entries)
        counts, _ = read_counts(read_files(spark, run_folder.files(ENTRY_COUNTS), ENTRY_COUNT), settings.output.out)
        balance_stage(spark, run_folder, left, counts, settings.threshold, seed)
        facts = run_folder.stage_facts(SUBSET) or {}
        facts["pairs_before_download"] = pool.count()
        if blocks is not None:
            facts["blocked"] = source.frame.count() - facts["pairs_before_download"]
        run_folder.finish_stage(SUBSET, facts)
        write_card(run_folder)
    return run_folder


def _check_seed(subset: str, seed: int) -> None:
    """Raise `UsageError` when a subset is known to have been drawn with another seed: both draws must be one."""
    for folder in (subset, parent_of(subset), parent_of(parent_of(subset))):
        record = read_record(open_storage(folder))
        if record is not None and SUBSET in record["stages"]:
            drawn = record["settings"].get("seed", seed)
            if drawn != seed:
                raise UsageError(f"{subset}: was drawn with --seed {drawn}; balance its survivors with the same")
            return


COMMAND = job(
    "balance",
    "sample the pool so that frequent entries do not drown the others",
    inputs=(
        "POOL",
        "output folder of curate, or of dedup or merge with --entry-counts; with --survivors also a subset",
    ),
    settings=(
        take(Output),
        take(Threshold),
        take(GivenCounts, "entry_counts"),
        take(Entries),
        take(Survivors),
        take(Blocking),
        take(Draws),
        take(Execution),
    ),
    execute=execute,
    output=SUBSET,
)
