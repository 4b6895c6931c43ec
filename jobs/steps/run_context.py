"""What the figures of a run are computed from: its pool, and the names and counts of its entries."""

from collections.abc import Sequence
from typing import NamedTuple

from pyspark.sql import DataFrame, SparkSession

from jobs.runs.open_storage import load_metadata
from jobs.runs.run_folder import RunFolder
from jobs.runs.step_input import open_source
from jobs.settings.settings import Settings
from jobs.spark.frames import Fingerprint, check_fingerprint, fingerprint_of
from jobs.steps.count_files import stage_counts
from jobs.steps.given_counts import counts_beside, given_counts, pool_entries
from udfs.balancing.probabilities import Counts
from udfs.errors import UsageError
from udfs.stages import FILES_PART, Stage


class Context(NamedTuple):
    """The pool that a subset was drawn from, and the names and counts of its entries; None for what is not known."""

    pool: DataFrame | None
    names: list[str] | None
    counts: Counts | None


def own_context(spark: SparkSession, run: RunFolder) -> Context:
    """The pool and the counts in the run's own folder, as far as it has them."""
    pool = pairs_of(spark, run.files(Stage.POOL) or run.files(Stage.MATCHED))
    if run.record.stages.entry_counts is None:
        return Context(pool, None, None)
    table = stage_counts(run)
    return Context(pool, table.entries, table.counts)


def completed_context(
    spark: SparkSession, run: RunFolder, folder: str, pool_path: str | None, settings: Settings
) -> Context:
    """The run's own context, completed by what the command names. Raises `UsageError` for a pool of another run."""
    own = own_context(spark, run)
    pool = own.pool
    if pool_path is not None:
        if run.record.stages.subset is None or pool is not None:
            raise UsageError(f"--pool: {folder} holds no subset of another folder's pool: leave it out")
        pool = open_source(spark, pool_path, (Stage.POOL, Stage.MATCHED), ("uuid", "caption_hash", "entry_ids")).frame
    subset = pairs_of(spark, run.files(Stage.SUBSET))
    matched = pool if pool is not None else subset
    matched_with = fingerprint_of(matched, "entry_ids") if matched is not None else None
    if pool_path is not None and subset is not None:
        drawn_with = fingerprint_of(subset, "entry_ids")
        if drawn_with is not None:
            check_fingerprint(matched_with, drawn_with._asdict(), pool_path, folder)
    if own.counts is not None and settings.counts.entry_counts is None:
        return Context(pool, own.names, own.counts)
    counted_path, metadata = pool_path or folder, settings.entries.metadata
    if settings.counts.entry_counts is not None or counts_beside(counted_path) is not None:
        counted = given_counts(settings.counts.entry_counts, metadata, counted_path, matched_with)
        return Context(pool, counted.entries, counted.counts)
    return Context(pool, _names(metadata, counted_path, matched_with), None)


def pairs_of(spark: SparkSession, files: Sequence[str]) -> DataFrame | None:
    """The pairs of committed files, None where there are none."""
    files = [file for file in files if f"/{FILES_PART}/" not in file]
    return spark.read.parquet(*files) if files else None


def _names(metadata: str | None, path: str, matched_with: Fingerprint | None) -> list[str] | None:
    """The names of the entries: those of `--metadata`, else the packaged ones if the pool was matched with them."""
    if metadata is not None:
        return list(pool_entries(metadata, path, matched_with).entries)
    packaged = load_metadata(None)
    known = matched_with is not None and matched_with._asdict() == packaged.fingerprint
    return list(packaged.entries) if known else None
