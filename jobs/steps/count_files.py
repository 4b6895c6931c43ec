"""Files of entry counts: Ballast's own Parquet, anyone's Parquet with the same columns, and MetaCLIP's JSON of
{entry: count}."""

import json
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.runs.open_storage import open_storage, path_kind
from jobs.runs.run_folder import RunFolder
from jobs.runs.step_input import Located, locate
from jobs.spark.frames import Fingerprint, footer_fingerprint
from jobs.spark.progress import warn
from metadata.entries import EntryList
from udfs.balancing.probabilities import Counts
from udfs.errors import UsageError
from udfs.record import COUNTS_FILE
from udfs.schemas import ENTRY_COUNT
from udfs.stages import Stage
from udfs.storage.addresses import name_of, parent_of
from udfs.storage.local import PathKind

_MAX_COUNT = 1 << 62


class CountTable(NamedTuple):
    """Counts by entry id; the entries, and the fingerprint of their list, where the files have them."""

    counts: Counts
    entries: list[str] | None
    counted_with: Fingerprint | None


def locate_counts(path: str) -> Located:
    """The files that hold counts: those of an output folder or of its `entry_counts/`, any folder of Parquet files, or
    one file. Raises `UsageError` where there are none."""
    if path_kind(path) == PathKind.FILE:
        return Located(open_storage(parent_of(path)), [name_of(path)])
    located = locate(path, (Stage.ENTRY_COUNTS,))
    if not located.names and located.storage.kind(COUNTS_FILE) == PathKind.FILE:
        return located._replace(names=[COUNTS_FILE])
    if not located.names:
        raise UsageError(f"{path}: holds no entry counts: neither {COUNTS_FILE} nor {Stage.ENTRY_COUNTS}/")
    return located


def is_json(located: Located) -> bool:
    """Whether the counts are JSON of {entry: count}, which has no ids."""
    return not located.names[0].endswith(".parquet")


def stage_counts(run_folder: RunFolder) -> CountTable:
    """The entry counts of a run."""
    storage = run_folder.storage
    return parquet_counts(Located(storage, run_folder.names(Stage.ENTRY_COUNTS)), str(storage.root))


def parquet_counts(located: Located, where: str) -> CountTable:
    """The counts in Parquet files of `schemas.ENTRY_COUNT`, of which `entry` may be absent.

    Raises `UsageError` for files that are not such Parquet, for missing or repeated ids, and for counts that are null,
    negative or not whole.
    """
    try:
        files = [pq.ParquetFile(pa.BufferReader(located.storage.read(name) or b"")) for name in located.names]
        missing = [name for name in ("entry_id", "count") if any(name not in file.schema_arrow.names for file in files)]
        if missing:
            raise UsageError(f"{where}: lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}")
        columns = [name for name in ENTRY_COUNT.names if all(name in file.schema_arrow.names for file in files)]
        table = pa.concat_tables([file.read(columns) for file in files], promote_options="permissive")
        table = table.sort_by("entry_id")
        counts = table["count"].cast(pa.int64())
    except pa.ArrowException as error:
        raise UsageError(f"{where}: is not Parquet with entry_id, entry and count: {error}") from error
    if not np.array_equal(table["entry_id"].to_numpy(), np.arange(table.num_rows)):
        raise UsageError(f"{where}: must have one row for every entry id from 0 on")
    if counts.null_count or (counts.to_numpy() < 0).any():
        raise UsageError(f"{where}: holds a count that is null or negative")
    entries = table["entry"].to_pylist() if "entry" in columns else None
    return CountTable(counts.to_numpy(), entries, footer_fingerprint(files[0].schema_arrow, "entry_id"))


def json_counts(data: bytes, path: str, entries: EntryList | None) -> tuple[list[str], Counts]:
    """The counts of JSON {entry: count} by entry id, and the entries: `entries`, else the JSON's own in its order.

    Raises `UsageError` for anything but such JSON, and for entries that are not in the list.
    """
    try:
        by_entry = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: is neither a folder, nor Parquet, nor JSON: {error}") from error
    if not isinstance(by_entry, dict):
        raise UsageError(f"{path}: must hold a JSON object of counts by entry, such as entry_counts_400m.json")
    for entry, count in by_entry.items():
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count < _MAX_COUNT:
            raise UsageError(f"{path}: the count of {entry!r} must be a whole number from 0 on, not {str(count)[:40]}")
    if entries is None:
        return list(by_entry), np.array(list(by_entry.values()), np.int64)
    unknown = by_entry.keys() - set(entries.entries)
    if unknown:
        raise UsageError(
            f"{path}: counts {len(unknown):,} of {len(by_entry):,} entries that are not in {entries.source}, such as "
            f"{min(unknown)!r}: give the list it was counted with as --metadata FILE"
        )
    if len(by_entry) < entries.size:
        warn(f"{path}: has no count for {entries.size - len(by_entry):,} of {entries.size:,} entries: they count as 0")
    return list(entries.entries), np.array([by_entry.get(entry, 0) for entry in entries.entries], np.int64)
