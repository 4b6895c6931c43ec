"""The counts, entries and t of a run, for a look-up."""

from collections.abc import Sequence
from typing import NamedTuple

from jobs.runs.open_storage import load_lists, open_storage, path_kind
from jobs.runs.run_record_file import read_record
from jobs.steps.count_files import is_json, json_counts, locate_counts, parquet_counts
from jobs.steps.given_counts import same_names
from udfs.balancing.entry_counts import ONE_LIST
from udfs.balancing.probabilities import Counts
from udfs.errors import UsageError, did_you_mean, shortened
from udfs.storage.local import PathKind


class KnownCounts(NamedTuple):
    """The counts of one list by entry id, its entries, and the t of the run, None where it does not have exactly one."""

    entries: Sequence[str]
    counts: Counts
    t: int | None


def read_known_counts(path: str, metadata: str | None, code: str | None) -> KnownCounts:
    """Read the counts of the list `code`, None for that of a file, without Spark. Raises `UsageError` where there are
    none, and for those of another list."""
    lists = load_lists(metadata) if metadata is not None else None
    located = locate_counts(path)
    if is_json(located):
        return KnownCounts(*json_counts(located.read_first(), path, lists), _own_t(path, code))
    table = parquet_counts(located, path)
    if table.entries is None:
        raise UsageError(f"{path}: lacks the column entry")
    if lists is not None and not same_names(table.entries, table.counts.places, lists):
        raise UsageError(f"{path}: counts other entries than {lists.source} holds, or in another order")
    places = table.counts.places
    at = places.codes.index(chosen_list(places.codes, code, path))
    low, high = places.starts[at : at + 2].tolist()
    return KnownCounts(table.entries[low:high], table.counts.by_list[at], _own_t(path, code))


def chosen_list(codes: Sequence[str], code: str | None, where: str) -> str:
    """The list of this code among several; the only list of a file for None. Raises `UsageError` where there is no such
    list, and where one has to be named."""
    if code is None and len(codes) == 1:
        return codes[0]
    if code is None:
        raise UsageError(f"{where}: has several lists ({shortened(', '.join(codes))}): name one by --list CODE")
    if code not in codes:
        has = "has one list for all captions" if codes == ONE_LIST else f"has no list {code}{did_you_mean(code, codes)}"
        raise UsageError(f"--list {code}: {where} {has}")
    return code


def _own_t(path: str, code: str | None) -> int | None:
    """The t of a list in the run of a folder, None where there is no run or it has several t."""
    record = read_record(open_storage(path)) if path_kind(path) == PathKind.FOLDER else None
    subsets = record.subsets if record is not None else []
    return subsets[0].t_of(code) if len(subsets) == 1 else None
