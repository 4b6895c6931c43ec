"""What the figures of a run are computed from: its pool, and the names and counts of its entries."""

from collections.abc import Sequence
from typing import NamedTuple

from jobs.runs.open_storage import load_lists
from jobs.runs.run_folder import RunFolder
from jobs.runs.step_input import Source, open_source, stage_source
from jobs.settings.settings import Settings
from jobs.steps.count_files import stage_counts
from jobs.steps.given_counts import counts_beside, given_counts, pool_entries
from udfs.balancing.entry_counts import EntryCounts
from udfs.errors import UsageError
from udfs.fingerprint import Fingerprint, check_fingerprint
from udfs.stages import Stage


class Context(NamedTuple):
    """The pool that a subset was drawn from, and the names and counts of its entries; None for what is not known."""

    pool: Source | None
    names: Sequence[str] | None
    counts: EntryCounts | None


def own_context(run: RunFolder) -> Context:
    """The pool and the counts in the run's own folder, as far as it has them."""
    pool = stage_source(run, Stage.POOL) or stage_source(run, Stage.MATCHED)
    if run.record.stages.entry_counts is None:
        return Context(pool, None, None)
    table = stage_counts(run)
    return Context(pool, table.entries, table.counts)


def completed_context(run: RunFolder, folder: str, pool_path: str | None, settings: Settings) -> Context:
    """The run's own context, completed by what the command names. Raises `UsageError` for a pool of another run."""
    own = own_context(run)
    pool = own.pool
    if pool_path is not None:
        if run.record.stages.subset is None or pool is not None:
            raise UsageError(f"--pool: {folder} holds no subset of another folder's pool: leave it out")
        pool = open_source(pool_path, (Stage.POOL, Stage.MATCHED), ("uuid", "caption_hash", "entry_ids"))
    subset = stage_source(run, Stage.SUBSET)
    matched = pool or subset
    matched_with = matched.matched_with if matched is not None else None
    if pool_path is not None and subset is not None and subset.matched_with is not None:
        check_fingerprint(matched_with, subset.matched_with._asdict(), pool_path, folder)
    if own.counts is not None and settings.counts.entry_counts is None:
        return Context(pool, own.names, own.counts)
    counted_path, metadata = pool_path or folder, settings.entries.metadata
    if settings.counts.entry_counts is not None or counts_beside(counted_path) is not None:
        counted = given_counts(settings.counts.entry_counts, metadata, counted_path, matched_with)
        return Context(pool, counted.entries, counted.counts)
    return Context(pool, _names(metadata, counted_path, matched_with), None)


def _names(metadata: str | None, path: str, matched_with: Fingerprint | None) -> Sequence[str] | None:
    """The names of the entries: those of `--metadata`, else the packaged ones if the pool was matched with them. Those
    of several lists are only known with their counts."""
    lists = (
        pool_entries(metadata, path, matched_with)
        if metadata is not None
        else load_lists(None).with_boundaries_of(matched_with)
    )
    known = metadata is not None or (matched_with is not None and matched_with.as_dict == lists.fingerprint)
    return lists.entries if known and not lists.by_language else None
