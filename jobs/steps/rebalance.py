"""Rebalancing: balance the pairs of a pool or subset that survived a download or a filter."""

from pyspark.sql import SparkSession

from jobs.console.command import Command, open_run
from jobs.runs.open_storage import open_storage
from jobs.runs.run_folder import RunFolder
from jobs.runs.run_record_file import read_record
from jobs.runs.step_input import Source
from jobs.settings.settings import Settings
from jobs.spark.frames import fingerprint_of
from jobs.steps.blocks import blocks_identity, load_blocks, without_blocked
from jobs.steps.count_files import stage_counts
from jobs.steps.counting import count_stage
from jobs.steps.drawing import DrawnFrom, draw_stage, write_card
from jobs.steps.given_counts import pool_entries
from jobs.steps.survivors import read_survivors, survivors_identity, warn_of_subset
from udfs.errors import UsageError
from udfs.stages import Stage
from udfs.storage.addresses import parent_of


def balance_survivors(
    spark: SparkSession, command: Command, path: str, source: Source, settings: Settings
) -> RunFolder:
    """Count the survivors of a pool, or estimate the counts from those of a subset, and balance them."""
    if settings.counts.entry_counts is not None:
        raise UsageError("--entry-counts: leave it out, since --survivors are counted again")
    survivors, seed = settings.survivors.survivors or "", settings.draws.seed
    blocks = load_blocks(settings.blocking)
    identity = {"source": source.identity, "survivors": survivors_identity(survivors), **blocks_identity(blocks)}
    entries = pool_entries(settings.entries.metadata, path, fingerprint_of(source.frame, "entry_ids"))
    if "keep_prob" in source.frame.columns:
        _check_seed(path, seed)
    run_folder = open_run(command, settings, identity, reads=[path, survivors])
    if run_folder.finished:
        return run_folder
    images = read_survivors(spark, survivors, settings.survivors.where)  # errors come before anything is written
    with run_folder.writing():
        pool = without_blocked(source.frame, blocks)
        left = pool.join(images, "uuid", "left_semi")
        if source.stage == Stage.POOL:
            warn_of_subset(spark, path, left)
        count_stage(spark, run_folder, left, entries)
        before_download = pool.count()
        blocked = None if blocks is None else source.frame.count() - before_download
        drawn_from = DrawnFrom(left, left.count(), blocked, before_download)
        draw_stage(spark, run_folder, drawn_from, stage_counts(run_folder).counts, settings.threshold, seed)
        write_card(run_folder)
    return run_folder


def _check_seed(subset: str, seed: int) -> None:
    """Raise `UsageError` when a subset is known to have been drawn with another seed: both draws must be one."""
    for folder in (subset, parent_of(subset), parent_of(parent_of(subset))):
        record = read_record(open_storage(folder))
        if record is not None and record.stages.subset is not None:
            drawn = record.setting("seed", seed)
            if drawn != seed:
                raise UsageError(f"{subset}: was drawn with --seed {drawn}; balance its survivors with that seed")
            return
