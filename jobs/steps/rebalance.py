"""Rebalancing: balance the pairs of a pool or subset that survived a download or a filter."""

from msgspec.structs import replace
from pyspark.sql import DataFrame, SparkSession

from jobs.console.command import Command
from jobs.console.run_job import open_run
from jobs.runs.open_storage import open_storage
from jobs.runs.run_folder import RunFolder, stored_run
from jobs.runs.run_record_file import read_record
from jobs.runs.step_input import Source
from jobs.settings.settings import Settings
from jobs.spark.progress import warn
from jobs.spark.session import spark_session
from jobs.steps.blocks import blocks_identity, load_blocks
from jobs.steps.count_files import stage_counts
from jobs.steps.counting import count_stage, entry_counts
from jobs.steps.drawing import DrawnFrom, draw_stage
from jobs.steps.given_counts import pool_entries
from jobs.steps.spark_pairs import without_blocked
from jobs.steps.survivor_files import locate_survivors
from jobs.steps.survivors import left_of, read_survivors
from jobs.steps.threshold_choice import check_threshold, threshold_identity
from udfs.balancing.entry_counts import EntryCounts
from udfs.balancing.tail_loss import tail_loss
from udfs.errors import UsageError
from udfs.fingerprint import check_list_column
from udfs.stages import Stage
from udfs.storage.addresses import join, parent_of

_NOTED_LOSS = 0.01
"""How much more of the tail than of the head a filter must take to be warned of."""


def balance_survivors(command: Command, path: str, source: Source, settings: Settings) -> RunFolder:
    """Count the survivors of a pool, or estimate the counts from those of a subset, and balance them."""
    if settings.counts.entry_counts is not None:
        raise UsageError("--entry-counts: leave it out, since --survivors are counted again")
    survivors, seed = settings.survivors.survivors or "", settings.draws.seed
    located = locate_survivors(survivors)
    blocks = load_blocks(settings.blocking)
    identity = {
        "source": source.identity,
        "survivors": located.identity,
        **threshold_identity(settings.threshold),
        **blocks_identity(blocks),
    }
    lists = pool_entries(settings.entries.metadata, path, source.matched_with)
    check_list_column(
        source.columns, source.matched_with, by_language=lists.by_language, pairs=path, entries=lists.source
    )
    check_threshold(settings.threshold, lists.codes, draws=True)
    if "keep_prob" in source.columns:
        _check_seed(path, seed)
    run_folder = open_run(command, settings, identity, reads=[path, survivors])
    if run_folder.finished:
        return run_folder
    with spark_session(settings.execution, command.name, settings.spark_paths(path)) as spark:
        pairs = source.frame(spark)
        # errors come before anything is written
        survived = read_survivors(spark, located, settings.survivors, seed, pairs)
        with run_folder.writing():
            pool = without_blocked(pairs, blocks)
            left = left_of(pool, survived.keys)
            if source.stage == Stage.POOL:
                _warn_of_subset(spark, path, left)
            count_stage(spark, run_folder, left, lists)
            before_download = pool.count()
            blocked = None if blocks is None else pairs.count() - before_download
            counts = stage_counts(run_folder, names=False).counts
            drawn_from = DrawnFrom(left, left.count(), blocked, before_download, survived.counts)
            draw_stage(spark, run_folder, drawn_from, counts, settings.threshold, seed)
            if settings.survivors.filters:
                before = entry_counts(left_of(pool, survived.unfiltered), lists)
                _record_loss(run_folder, before, counts)
        survived.cached.unpersist()
    return run_folder


def _record_loss(run_folder: RunFolder, before: EntryCounts, after: EntryCounts) -> None:
    """Record what the filter left of tail and head; warn where it took more of the tail."""
    facts, subset = run_folder.record.stages.subset, run_folder.record.subsets[0]
    if facts is None or facts.filtered is not None:
        return
    filtered = tail_loss(before, after.counts, subset.ts(before.places.codes))
    run_folder.record_facts(stages=run_folder.record.stages.with_facts(replace(facts, filtered=filtered)))
    if filtered.tail_kept < filtered.head_kept - _NOTED_LOSS:
        warn(
            f"{subset.at}, the filter leaves {filtered.tail_kept:.1%} of the matches of tail entries, but "
            f"{filtered.head_kept:.1%} of those of head entries; {filtered.tail_entries_halved:,} of "
            f"{filtered.tail_entries:,} tail entries lose more than half: balancing exists to keep them"
        )


def _check_seed(subset: str, seed: int) -> None:
    """Raise `UsageError` when a subset is known to have been drawn with another seed: both draws must be one."""
    for folder in (subset, parent_of(subset), parent_of(parent_of(subset))):
        record = read_record(open_storage(folder))
        if record is not None and record.stages.subset is not None:
            drawn = record.setting("seed", seed)
            if drawn != seed:
                raise UsageError(f"{subset}: was drawn with --seed {drawn}; balance its survivors with that seed")
            return


def _warn_of_subset(spark: SparkSession, path: str, left: DataFrame) -> None:
    """Warn where a folder has a pool and a subset of it, and all survivors are in the subset: if only that was
    downloaded, its head is thinned already, and a recount underestimates the head."""
    record = read_record(open_storage(path))
    subsets = record.subsets if record is not None else []
    pool = record.stages.pool if record is not None else None
    if not subsets or pool is None or subsets[-1].facts.images == pool.images:
        return
    largest = stored_run(path).paths(Stage.SUBSET, subsets[-1].part)
    if largest and left.join(spark.read.parquet(*largest).select("uuid"), "uuid", "left_anti").isEmpty():
        name = join(path, subsets[0].folder if len(subsets) == 1 else f"{Stage.SUBSET}/t=T")
        warn(f"all survivors are in {path}'s subset: if only that was downloaded, balance {name} instead of {path}")
