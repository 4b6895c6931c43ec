"""Entry counts that a job is given: Ballast's own, a Parquet file, or MetaCLIP's JSON of {entry: count}."""

import json
from typing import Any, NamedTuple

import numpy as np
from pyspark.sql import DataFrame, SparkSession

from jobs.runs.open_storage import load_metadata, open_storage, path_kind, read_file
from jobs.runs.run_folder import COUNTS_FILE, ENTRY_COUNTS, POOL, SUBSET, digest, read_record
from jobs.runs.step_input import open_source
from jobs.spark.frames import Fingerprint, check_fingerprint, fingerprint_of
from jobs.spark.progress import warn
from metadata.entries import EntryList
from udfs.balancing.probabilities import Counts
from udfs.errors import UsageError
from udfs.schemas import ENTRY_COUNT
from udfs.storage.addresses import name_of, parent_of
from udfs.storage.local import PathKind

_MOST = 1 << 62


class GivenCounts(NamedTuple):
    """Counts by entry id, the entries where they are known, and what identifies both in run.json."""

    counts: Counts
    entries: list[str] | None
    identity: dict[str, Any]


def counts_beside(pool: str) -> str | None:
    """The output folder that holds a pool's (or subset's) own counts, None where it has none."""
    below = [pool, parent_of(pool)]  # subset/t=20 may be given, and lies two folders down
    for folder in (pool, *(parent_of(path) for path in below if name_of(path) in (POOL, SUBSET))):
        record = read_record(open_storage(folder))
        if record is not None and ENTRY_COUNTS in record["stages"]:
            return folder
    return None


def given_counts(
    spark: SparkSession, path: str | None, metadata: str | None, pool: str, matched_with: Fingerprint | None
) -> GivenCounts:
    """The counts to balance the pool by: those of `path`, else the pool's own. `metadata` is what `--metadata` names.

    `matched_with` is the fingerprint of the pool's list, which the counts must be of: by their own fingerprint or,
    where they have none, by their entries' names. Raises `UsageError` for counts of another list.
    """
    path = path or counts_beside(pool)
    if path is None:
        raise UsageError(f"{pool}: has no entry counts of its own: name them by --entry-counts PATH (ballast count)")
    if not path.endswith(".parquet") and path_kind(path) == PathKind.FILE:
        return _from_json(path, pool_entries(metadata, pool, matched_with))
    source = open_source(spark, path, (ENTRY_COUNTS,), ("entry_id", "count"))
    counted_with = fingerprint_of(source.frame, "entry_id")
    if matched_with and counted_with:
        check_fingerprint(matched_with, counted_with._asdict(), pool, f"the counts of {path}")
    counts, entries = read_counts(source.frame, path)
    if counted_with is None:
        _check_names(path, len(counts), entries, pool, matched_with, metadata)
    return GivenCounts(counts, entries, source.identity)


def read_counts(frame: DataFrame, where: str) -> tuple[Counts, list[str] | None]:
    """The counts of a frame of `schemas.ENTRY_COUNT` by entry id, and the entries where it has them.

    Raises `UsageError` when ids are missing or there twice, and for counts that are null or negative.
    """
    table: Any = frame.select(*[name for name in ENTRY_COUNT.names if name in frame.columns]).toPandas()
    table = table.sort_values("entry_id")
    if not np.array_equal(table["entry_id"], np.arange(len(table))):
        raise UsageError(f"{where}: must have one row for every entry id from 0 on")
    if table["count"].isna().any() or (table["count"] < 0).any():
        raise UsageError(f"{where}: holds a count that is null or negative")
    return table["count"].to_numpy(np.int64), table["entry"].tolist() if "entry" in table else None


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


def counts_of_json(data: bytes, path: str, entries: EntryList | None) -> tuple[list[str], Counts]:
    """The counts of JSON {entry: count} by entry id, and the entries: those given, else the JSON's own in its order.

    Raises `UsageError` for what is no such JSON, and for entries that are not in the list.
    """
    try:
        given = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: is neither a folder, nor Parquet, nor JSON: {error}") from error
    if not isinstance(given, dict):
        raise UsageError(f"{path}: must hold a JSON object of counts by entry, such as entry_counts_400m.json")
    for entry, count in given.items():
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count < _MOST:
            raise UsageError(f"{path}: the count of {entry!r} is no whole number from 0 on: {str(count)[:40]}")
    if entries is None:
        return list(given), np.array(list(given.values()), np.int64)
    unknown = given.keys() - set(entries.entries)
    if unknown:
        raise UsageError(
            f"{path}: counts {len(unknown):,} of {len(given):,} entries that are not in {entries.source}, such as "
            f"{min(unknown)!r}: give the list it was counted with as --metadata FILE"
        )
    if len(given) < entries.size:
        warn(f"{path}: has no count for {entries.size - len(given):,} of {entries.size:,} entries: they count as 0")
    return list(entries.entries), np.array([given.get(entry, 0) for entry in entries.entries], np.int64)


def _from_json(path: str, entries: EntryList) -> GivenCounts:
    names, counts = counts_of_json(read_file(path), path, entries)
    return GivenCounts(counts, names, {"sha256": digest(map(str, counts.tolist()))})


def _check_names(
    path: str,
    size: int,
    names: list[str] | None,
    pool: str,
    matched_with: Fingerprint | None,
    metadata: str | None,
) -> None:
    """Raise `UsageError` unless counts without a fingerprint are of the pool's list, as far as that can be told."""
    if matched_with is not None and size != matched_with.entries:
        raise UsageError(f"{path}: counts {size:,} entries, but {pool} was matched with {matched_with.entries:,}")
    if names is not None and matched_with is not None:
        check_fingerprint(matched_with, EntryList(tuple(names), path).fingerprint, pool, path)
    elif names is not None and metadata is not None:
        entries = load_metadata(metadata)
        if list(entries.entries) != names:
            raise UsageError(f"{path}: counts other entries than {entries.source} holds, or in another order")
    else:
        warn(f"{path}: nothing says which list was counted: make sure that it is the pool's")
