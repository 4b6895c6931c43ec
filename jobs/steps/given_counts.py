"""The entry counts to balance a pool with: its own or those that `--entry-counts` names; and whether they fit it."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from jobs.runs.identity import digest
from jobs.runs.open_storage import load_lists, open_storage
from jobs.runs.run_record_file import read_record
from jobs.spark.progress import warn
from jobs.steps.count_files import CountTable, is_json, json_counts, locate_counts, parquet_counts
from metadata.entries import EntryList
from metadata.lists import EntryLists, NamedList, one_list
from udfs.balancing.entry_counts import EntryCounts, Places
from udfs.errors import UsageError
from udfs.fingerprint import Fingerprint, check_fingerprint
from udfs.matching.boundaries import Boundaries
from udfs.record import COUNTS_FILE, counts_file
from udfs.stages import Stage
from udfs.storage.addresses import name_of, parent_of
from udfs.storage.local import Storage


class GivenCounts(NamedTuple):
    """Counts of the entries, the entries where they are known, and what identifies both in run.json."""

    counts: EntryCounts
    entries: Sequence[str] | None
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
        identity = {"sha256": digest(map(str, counts.tolist()))}
        return GivenCounts(EntryCounts.of_one_list(counts), names, identity)
    table = parquet_counts(located, path)
    if matched_with and table.counted_with:
        check_fingerprint(matched_with, table.counted_with._asdict(), pool, f"the counts of {path}")
    if table.counted_with is None:
        _check_names(path, table, pool, matched_with, metadata)
    return GivenCounts(table.counts, table.entries, located.identity)


def pool_entries(metadata: str | None, pool: str, matched_with: Fingerprint | None) -> EntryLists:
    """The lists of entries that a pool was matched with: `--metadata`, else the names in its own counts, else the
    packaged list. Raises `UsageError` for other lists than the pool's."""
    beside = counts_beside(pool)
    if metadata is None and beside is not None:
        if matched_with is not None and matched_with.lists is not None:
            return _counted_lists(beside, matched_with)
        data = open_storage(beside).read(COUNTS_FILE)
        if data is not None:
            counted = one_list(EntryList(tuple(json.loads(data)), f"{beside}/{COUNTS_FILE}"))
            entries = counted.with_boundaries_of(matched_with)
            if matched_with is None or matched_with.as_dict == entries.fingerprint:
                return entries
    return loaded_entries(metadata, pool, matched_with)


def loaded_entries(metadata: str | None, pool: str, matched_with: Fingerprint | None) -> EntryLists:
    """The lists of `--metadata`, or the packaged one, with the boundaries that the pool was matched with. Raises
    `UsageError` for other lists than the pool's."""
    lists = load_lists(metadata).with_boundaries_of(matched_with)
    check_fingerprint(matched_with, lists.fingerprint, pool, lists.source)
    return lists


def _counted_lists(beside: str, matched_with: Fingerprint) -> EntryLists:
    """The lists of a pool by the names in its own counts, which are read when they are needed."""
    storage = open_storage(beside)
    named = [
        NamedList(
            code,
            Boundaries(facts["boundaries"]),
            facts["entries"],
            facts["sha256"],
            partial(_counted, storage, code, facts["sha256"]),
        )
        for code, facts in (matched_with.lists or {}).items()
    ]
    return EntryLists(beside, tuple(named), {listed.code: listed.code for listed in named})


def _counted(storage: Storage, code: str, sha256: str) -> EntryList:
    """The entries of a list by the JSON of their counts. Raises `UsageError` where they are missing, or others."""
    name = counts_file(code)
    data = storage.read(name)
    entries = EntryList(tuple(json.loads(data or b"{}")), f"{storage.root}/{name}")
    if data is None or entries.sha256 != sha256:
        why = "is missing" if data is None else "does not hold the entries that the pool was matched with"
        raise UsageError(f"{entries.source}: {why}: give the folder it was matched with as --metadata DIR")
    return entries


def _check_names(
    path: str, table: CountTable, pool: str, matched_with: Fingerprint | None, metadata: str | None
) -> None:
    """Raise `UsageError` unless counts without a fingerprint are of the pool's lists, where it can be checked."""
    places, names = table.counts.places, table.entries
    if matched_with is not None:
        sizes = {"": matched_with.entries}
        if matched_with.lists is not None:
            sizes = {code: facts["entries"] for code, facts in matched_with.lists.items()}
        for code, size in sizes.items():
            counted = dict(zip(places.codes, places.sizes.tolist(), strict=True)).get(code, 0)
            if counted != size:
                of_list = f" of the list {code}" if code else ""
                raise UsageError(f"{path}: counts {counted:,} entries{of_list}, but {pool} was matched with {size:,}")
    if names is not None and matched_with is not None and not places.by_language:
        check_fingerprint(matched_with, EntryList(tuple(names), path).fingerprint, pool, path)
    elif names is not None and metadata is not None:
        lists = load_lists(metadata)
        if not same_names(names, places, lists):
            raise UsageError(f"{path}: counts other entries than {lists.source} holds, or in another order")
    else:
        warn(f"{path}: does not say which list was counted: make sure that it is the pool's")


def same_names(names: Sequence[str], places: Places, lists: EntryLists) -> bool:
    """Whether the names are the entries of these lists."""
    return lists.codes == places.codes and all(
        listed.size == of_list.stop - of_list.start and list(listed.load().entries) == list(names[of_list])
        for listed, of_list in zip(lists.lists, places.ranges.values(), strict=True)
    )
