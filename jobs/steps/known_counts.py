"""The counts, entries and t of a run, for a look-up."""

from dataclasses import replace
from functools import partial
from typing import NamedTuple

from jobs.runs.open_storage import open_storage, path_kind
from jobs.runs.run_record_file import read_record
from jobs.steps.count_files import CountTable, is_json, json_counts, locate_counts, parquet_counts
from jobs.steps.given_counts import same_names
from metadata.entries import EntryList
from metadata.list_folder import default_labels
from metadata.lists import EntryLists, NamedList, one_list
from udfs.balancing.entry_counts import EntryCounts
from udfs.errors import UsageError
from udfs.fingerprint import Fingerprint
from udfs.matching.boundaries import Boundaries
from udfs.record import COUNTS_FILE, RunRecord, Subset
from udfs.stages import Stage
from udfs.storage.addresses import name_of, parent_of
from udfs.storage.local import PathKind


class KnownCounts(NamedTuple):
    """Counts, the lists of their entries, and the only subset of the run that they belong to, None without one."""

    lists: EntryLists
    counts: EntryCounts
    subset: Subset | None


def read_known_counts(path: str, lists: EntryLists | None, boundaries: Boundaries | None = None) -> KnownCounts:
    """Read counts without Spark. The lists have the given boundaries, else those of the run that the counts are of.

    Raises `UsageError` where there are no counts, and for counts of other lists.
    """
    located = locate_counts(path)
    subset = _only_subset(path)
    if is_json(located):
        names, counts = json_counts(located.read_first(), path, lists)
        lists = _with_boundaries(lists or one_list(EntryList(tuple(names), path)), path, None, boundaries)
        return KnownCounts(lists, EntryCounts.of_one_list(counts), subset)
    table = parquet_counts(located, path)
    if table.entries is None:
        raise UsageError(f"{path}: lacks the column entry")
    if lists is not None and not same_names(table.entries, table.counts.places, lists):
        raise UsageError(f"{path}: counts other entries than {lists.source} holds, or in another order")
    lists = _with_boundaries(lists or _counted_lists(path, table), path, table.counted_with, boundaries)
    return KnownCounts(lists, table.counts, subset)


def _with_boundaries(
    lists: EntryLists, path: str, counted_with: Fingerprint | None, chosen: Boundaries | None
) -> EntryLists:
    """The lists with the chosen boundaries, else with those of the run. A run with one list has them in run.json."""
    lists = lists.with_boundaries_of(counted_with)
    if chosen is None and not lists.by_language and (record := _run_of(path)) is not None:
        of_run = record.setting("boundaries")
        chosen = None if of_run is None else Boundaries(of_run)
    if chosen is None:
        return lists
    return replace(lists, lists=tuple(replace(listed, boundaries=chosen) for listed in lists.lists))


def _run_of(path: str) -> RunRecord | None:
    """The run that wrote counts, by its output folder or by the counts in it; None where there is no run."""
    folder = parent_of(path) if name_of(path) in (Stage.ENTRY_COUNTS, COUNTS_FILE) else path
    return read_record(open_storage(folder)) if path_kind(folder) == PathKind.FOLDER else None


def _counted_lists(path: str, table: CountTable) -> EntryLists:
    """The lists that were counted. Languages lead to them as in a folder without a map (`default_labels`)."""
    places, names = table.counts.places, table.entries or ()
    if not places.by_language:
        return one_list(EntryList(tuple(names), path))
    facts = (table.counted_with.lists if table.counted_with is not None else None) or {}
    named = []
    for code, of_list in places.ranges.items():
        known = facts.get(code, {"sha256": "", "boundaries": Boundaries.SPACES})
        load = partial(lambda of_list: EntryList(tuple(names[of_list]), path), of_list)
        size = of_list.stop - of_list.start
        named.append(NamedList(code, Boundaries(known["boundaries"]), size, known["sha256"], load))
    return EntryLists(path, tuple(named), default_labels(places.codes))


def _only_subset(path: str) -> Subset | None:
    """The subset of the run in a folder, None where there is no run or it has several."""
    record = read_record(open_storage(path)) if path_kind(path) == PathKind.FOLDER else None
    subsets = record.subsets if record is not None else []
    return subsets[0] if len(subsets) == 1 else None
