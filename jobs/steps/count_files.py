"""Files of entry counts: Ballast's own Parquet, anyone's Parquet with the same columns, and MetaCLIP's JSON of
{entry: count}."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.runs.open_storage import open_storage, path_kind
from jobs.runs.run_folder import RunFolder
from jobs.runs.step_input import Located, locate
from jobs.spark.progress import warn
from metadata.lists import EntryLists
from udfs.balancing.entry_counts import EntryCounts, Places
from udfs.balancing.probabilities import Counts
from udfs.errors import UsageError
from udfs.fingerprint import Fingerprint, footer_fingerprint
from udfs.list_files import list_text
from udfs.record import COUNTS_FILE
from udfs.schemas import LIST_ENTRY_COUNT
from udfs.stages import Stage
from udfs.storage.addresses import name_of, parent_of
from udfs.storage.local import PathKind

PARQUET_MAGIC = b"PAR1"
_MAX_COUNT = 1 << 62
_NUMBERS = {
    *(pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
    *(pa.float32(), pa.float64()),
}


class Names(Sequence[str]):
    """The entries of many lists by place, as Arrow holds them: as Python's strings they would fill the memory."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self._column = column.combine_chunks()

    def __len__(self) -> int:
        return len(self._column)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        found: Any = self._column[place if isinstance(place, slice) else int(place)]
        return found.to_pylist() if isinstance(place, slice) else found.as_py()


class CountTable(NamedTuple):
    """Counts by entry; the entries by place, and the fingerprint of their lists, where the files have them."""

    counts: EntryCounts
    entries: Sequence[str] | None
    counted_with: Fingerprint | None


def locate_counts(path: str) -> Located:
    """The files that hold counts: those of an output folder or of its `entry_counts/`, any folder of Parquet files, or
    one file. Raises `UsageError` where there are none."""
    if path_kind(path) == PathKind.FILE:
        storage, name = open_storage(parent_of(path)), name_of(path)
        return Located(storage, {name: storage.stat(name)})
    located = locate(path, (Stage.ENTRY_COUNTS,))
    if not located.files and located.storage.kind(COUNTS_FILE) == PathKind.FILE:
        return located._replace(files={COUNTS_FILE: located.storage.stat(COUNTS_FILE)})
    if not located.files:
        raise UsageError(f"{path}: holds no entry counts: neither {COUNTS_FILE} nor {Stage.ENTRY_COUNTS}/")
    return located


def is_json(located: Located) -> bool:
    """Whether the counts are JSON of {entry: count}, which has no ids. Raises `UsageError` for an empty file."""
    name, state = next(iter(located.files.items()))
    if not state.bytes:
        raise UsageError(f"{located.storage.root}: {name} is empty: it holds no entry counts")
    return not name.endswith(".parquet") and located.storage.read_part(name, 0, 4) != PARQUET_MAGIC


def stage_counts(run_folder: RunFolder, *, names: bool = True) -> CountTable:
    """The entry counts of a run, with the names of the entries or without."""
    storage = run_folder.storage
    return parquet_counts(Located(storage, run_folder.files(Stage.ENTRY_COUNTS)), str(storage.root), names=names)


def parquet_counts(located: Located, where: str, *, names: bool = True) -> CountTable:
    """The counts in Parquet files of `schemas.ENTRY_COUNT` or `LIST_ENTRY_COUNT`, of which `entry` may be absent.

    Raises `UsageError` for files that are not such Parquet, for missing or repeated ids, and for counts that are null,
    negative, not whole or too large.
    """
    columns = [name for name in LIST_ENTRY_COUNT.names if names or name != "entry"]
    tables = [_read_table(located, name, where, columns) for name in located.names]
    lacking = [name for name, table in zip(located.names, tables, strict=True) if "entry" not in table.column_names]
    if lacking and len(lacking) < len(tables):
        raise UsageError(f"{where}: {lacking[0]} lacks the column entry, which other files have")
    return _count_table(pa.concat_tables(tables), where)


def counts_of_table(table: pa.Table, where: str) -> CountTable:
    """The counts in a table of `schemas.ENTRY_COUNT`, checked as those in Parquet files are."""
    return _count_table(_checked_columns(table, where), where)


def _count_table(table: pa.Table, where: str) -> CountTable:
    counted_with = footer_fingerprint(table.schema, "entry_id")
    has_lists = "list" in table.column_names
    table = table.sort_by([(name, "ascending") for name in ("list", "entry_id") if name in table.column_names])
    sizes = {"": table.num_rows}
    if has_lists:
        sizes = {each["values"]: each["counts"] for each in pc.value_counts(table["list"]).to_pylist()}
    places = Places.of(sizes)
    ids = np.arange(places.size) - np.repeat(places.starts[:-1], places.sizes)
    if not np.array_equal(table["entry_id"].to_numpy(), ids):
        raise UsageError(f"{where}: must have one row for every entry id from 0 on{' in each list' * has_lists}")
    entries: Sequence[str] | None = None
    if "entry" in table.column_names:
        entries = Names(table["entry"]) if has_lists else table["entry"].to_pylist()
    counts = _checked_sum(table["count"].to_numpy(), where)
    return CountTable(EntryCounts(counts, places), entries, counted_with)


def _read_table(located: Located, name: str, where: str, columns: Sequence[str]) -> pa.Table:
    """The ids, counts and, where there are any, the entries of one file, of types that fit."""
    file_name = f"{where}: {name}" if len(located.names) > 1 else where
    try:
        file = pq.ParquetFile(pa.BufferReader(located.storage.read(name) or b""))
        table = file.read([column for column in columns if column in file.schema_arrow.names])
    except (pa.ArrowException, OSError) as error:
        raise UsageError(f"{file_name} is not Parquet: {error}") from error
    return _checked_columns(table, file_name)


def _checked_columns(table: pa.Table, where: str) -> pa.Table:
    """The ids, counts and, where there are any, the entries of a table, as int64 and strings."""
    missing = [column for column in ("entry_id", "count") if column not in table.column_names]
    if missing:
        raise UsageError(f"{where}: lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}")
    columns = {}
    for field in LIST_ENTRY_COUNT:
        if field.name not in table.column_names:
            continue
        column, is_number = table[field.name], field.name not in ("list", "entry")
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if (kind in _NUMBERS or pa.types.is_decimal(kind)) != is_number:
            raise UsageError(
                f"{where}: the column {field.name} is {kind}, not {'whole numbers' if is_number else 'text'}"
            )
        if column.null_count:
            raise UsageError(f"{where}: the column {field.name} holds a null")
        try:
            columns[field.name] = column.cast(pa.int64() if is_number else pa.string())
        except pa.ArrowException as error:
            raise UsageError(f"{where}: the column {field.name} does not hold whole numbers: {error}") from error
    if (columns["count"].to_numpy() < 0).any():
        raise UsageError(f"{where}: the column count holds a negative number")
    return pa.table(columns, metadata=table.schema.metadata)


def _checked_sum(counts: Counts, where: str) -> Counts:
    """The counts. Raises `UsageError` where their sum does not fit into 64 bits."""
    if counts.sum(dtype=np.float64) >= _MAX_COUNT:
        raise UsageError(
            f"{where}: its counts add up to {counts.sum(dtype=np.float64):.3g}: are they counts of matches?"
        )
    return counts


def json_counts(data: bytes, path: str, entries: EntryLists | None) -> tuple[Sequence[str], Counts]:
    """The counts of JSON {entry: count} by entry id, and the entries: `entries`, else the JSON's own in its order.

    The JSON may be gzip. A whole number may be written as a float, such as 3.0. Raises `UsageError` for anything but
    such JSON, for an entry that occurs twice, and for entries that are not in the list.
    """
    try:
        by_entry = json.loads(list_text(data, path), object_pairs_hook=lambda pairs: _without_repeats(pairs, path))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: is neither a folder, nor Parquet, nor JSON: {error}") from error
    if not isinstance(by_entry, dict):
        raise UsageError(f"{path}: must hold a JSON object of counts by entry, such as entry_counts_400m.json")
    by_entry = {entry: _whole(entry, count, path) for entry, count in by_entry.items()}
    if entries is not None and entries.by_language:
        raise UsageError(f"{path}: counts one list, but the pool was matched with several: give the output of `count`")
    if entries is None:
        return list(by_entry), _checked_sum(np.array(list(by_entry.values()), np.int64), path)
    unknown = by_entry.keys() - set(entries.entries)
    if unknown:
        raise UsageError(
            f"{path}: counts {len(unknown):,} of {len(by_entry):,} entries that are not in {entries.source}, such as "
            f"{min(unknown)!r}: give the list it was counted with as --metadata FILE"
        )
    if len(by_entry) < entries.size:
        warn(f"{path}: has no count for {entries.size - len(by_entry):,} of {entries.size:,} entries: they count as 0")
    counts = np.array([by_entry.get(entry, 0) for entry in entries.entries], np.int64)
    return list(entries.entries), _checked_sum(counts, path)


def _whole(entry: str, count: Any, path: str) -> int:
    is_whole = isinstance(count, int) or (isinstance(count, float) and count.is_integer())
    if isinstance(count, bool) or not is_whole or not 0 <= count < _MAX_COUNT:
        raise UsageError(
            f"{path}: the count of {entry!r} must be a whole number from 0 on and below 2^62, not {str(count)[:40]}"
        )
    return int(count)


def _without_repeats(pairs: list[tuple[str, Any]], path: str) -> dict[str, Any]:
    """A JSON object. Raises `UsageError` for a key that occurs twice, of which Python would take the last."""
    by_key = dict(pairs)
    if len(by_key) < len(pairs):
        key = next(key for key, number in Counter(key for key, _ in pairs).items() if number > 1)
        raise UsageError(f"{path}: has several counts for {key!r}: leave one")
    return by_key
