"""The counts, entries and t of a run, for a look-up."""

from typing import NamedTuple

from jobs.runs.open_storage import load_metadata, open_storage, path_kind
from jobs.runs.run_record_file import read_record
from jobs.steps.count_files import is_json, json_counts, locate_counts, parquet_counts
from udfs.balancing.probabilities import Counts
from udfs.errors import UsageError
from udfs.storage.local import PathKind


class KnownCounts(NamedTuple):
    """Counts by entry id, the entries, and the t of the run, None where it does not have exactly one."""

    entries: list[str]
    counts: Counts
    t: int | None


def read_known_counts(path: str, metadata: str | None) -> KnownCounts:
    """Read counts without Spark. Raises `UsageError` where there are none, and for those of another list."""
    entries = load_metadata(metadata) if metadata is not None else None
    located = locate_counts(path)
    t = _own_t(path)
    if is_json(located):
        return KnownCounts(*json_counts(located.read_first(), path, entries), t)
    table = parquet_counts(located, path)
    if table.entries is None:
        raise UsageError(f"{path}: lacks the column entry")
    if entries is not None and list(entries.entries) != table.entries:
        raise UsageError(f"{path}: counts other entries than {entries.source} holds, or in another order")
    return KnownCounts(table.entries, table.counts, t)


def _own_t(path: str) -> int | None:
    """The t of the run in a folder, None where there is no run or it has several t."""
    record = read_record(open_storage(path)) if path_kind(path) == PathKind.FOLDER else None
    return record.thresholds[0] if record is not None and len(record.thresholds) == 1 else None
