"""The entry counts to balance a pool with: its own or those that `--entry-counts` names; and whether they fit it."""

import json
from typing import Any, NamedTuple

from jobs.runs.identity import digest
from jobs.runs.open_storage import load_metadata, open_storage
from jobs.runs.run_record_file import read_record
from jobs.spark.progress import warn
from jobs.steps.count_files import is_json, json_counts, locate_counts, parquet_counts
from metadata.entries import EntryList
from udfs.balancing.probabilities import Counts
from udfs.errors import UsageError
from udfs.fingerprint import Fingerprint, check_fingerprint
from udfs.record import COUNTS_FILE
from udfs.stages import Stage
from udfs.storage.addresses import name_of, parent_of


class GivenCounts(NamedTuple):
    """Counts by entry id, the entries where they are known, and what identifies both in run.json."""

    counts: Counts
    entries: list[str] | None
    identity: dict[str, Any]


def counts_beside(pool: str) -> str | None:
    """The output folder that holds a pool's (or subset's) own counts, None where it has none."""
    below = [pool, parent_of(pool)]  # subset/t=20 lies two folders down
    for folder in (pool, *(parent_of(path) for path in below if name_of(path) in (Stage.POOL, Stage.SUBSET))):
        record = read_record(open_storage(folder))
        if record is not None and record.stages.entry_counts is not None:
            return folder
    return None


def given_counts(path: str | None, metadata: str | None, pool: str, matched_with: Fingerprint | None) -> GivenCounts:
    """The counts to balance the pool with: those of `path`, else the pool's own. `metadata` is what `--metadata` names.

    `matched_with` is the fingerprint of the pool's list. The counts must be of that list, by their own fingerprint or,
    where they have none, by their entries' names. Raises `UsageError` for counts of another list.
    """
    path = path or counts_beside(pool)
    if path is None:
        raise UsageError(f"{pool}: has no entry counts of its own: name them with --entry-counts PATH (ballast count)")
    located = locate_counts(path)
    if is_json(located):
        names, counts = json_counts(located.read_first(), path, pool_entries(metadata, pool, matched_with))
        return GivenCounts(counts, names, {"sha256": digest(map(str, counts.tolist()))})
    table = parquet_counts(located, path)
    if matched_with and table.counted_with:
        check_fingerprint(matched_with, table.counted_with._asdict(), pool, f"the counts of {path}")
    if table.counted_with is None:
        _check_names(path, len(table.counts), table.entries, pool, matched_with, metadata)
    return GivenCounts(table.counts, table.entries, located.identity)


def pool_entries(metadata: str | None, pool: str, matched_with: Fingerprint | None) -> EntryList:
    """The list of entries that a pool was matched with: `--metadata`, else the names in its own counts, else the
    packaged list. Raises `UsageError` for another list than the pool's."""
    beside = counts_beside(pool)
    if metadata is None and beside is not None:
        data = open_storage(beside).read(COUNTS_FILE)
        if data is not None:
            entries = EntryList(tuple(json.loads(data)), f"{beside}/{COUNTS_FILE}")
            if matched_with is None or matched_with._asdict() == entries.fingerprint:
                return entries
    entries = load_metadata(metadata)
    check_fingerprint(matched_with, entries.fingerprint, pool, entries.source)
    return entries


def _check_names(
    path: str, size: int, names: list[str] | None, pool: str, matched_with: Fingerprint | None, metadata: str | None
) -> None:
    """Raise `UsageError` unless counts without a fingerprint are of the pool's list, where it can be checked."""
    if matched_with is not None and size != matched_with.entries:
        raise UsageError(f"{path}: counts {size:,} entries, but {pool} was matched with {matched_with.entries:,}")
    if names is not None and matched_with is not None:
        check_fingerprint(matched_with, EntryList(tuple(names), path).fingerprint, pool, path)
    elif names is not None and metadata is not None:
        entries = load_metadata(metadata)
        if list(entries.entries) != names:
            raise UsageError(f"{path}: counts other entries than {entries.source} holds, or in another order")
    else:
        warn(f"{path}: does not say which list was counted: make sure that it is the pool's")
