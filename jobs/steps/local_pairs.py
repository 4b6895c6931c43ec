"""Pairs in local Parquet files that pyarrow reads (`pairs.Pairs`): for files small enough to be held in memory."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from jobs.runs.step_input import Source
from jobs.steps.pairs import TIES, Hashed
from udfs.balancing.entry_counts import Places
from udfs.balancing.probabilities import NO_COUNT, Counts
from udfs.errors import BallastError
from udfs.extraction.block_lists import Blocker, BlockList
from udfs.fingerprint import Fingerprint
from udfs.hashing import PICK, pair_hashes
from udfs.storage.local import LocalStorage
from udfs.sums import Key, Measure

_BATCH_ROWS = 1 << 16


def open_local(source: Source) -> "LocalPairs":
    """The rows of a source whose files are local. As with Spark, the first file gives the columns; another file that
    lacks one has nulls there."""
    schema, storage = _plain_schema(source.schema), source.located.storage
    if not isinstance(storage, LocalStorage):
        raise TypeError(f"{storage.root} is not local")
    files = [str(storage.folder / name) for name in source.located.names]
    dataset = ds.dataset(files, schema=schema, format="parquet") if files else ds.dataset(schema.empty_table())
    return LocalPairs(dataset, source.matched_with)


@dataclass(frozen=True, slots=True)
class LocalPairs:
    """The rows of a dataset, or those of them at the row numbers `kept`, ascending; with `places`, their entries by
    place where they are read."""

    dataset: ds.Dataset
    matched_with: Fingerprint | None
    kept: npt.NDArray[np.intp] | None = None
    places: Places | None = None

    @property
    def columns(self) -> Sequence[str]:
        return list(self.dataset.schema.names)

    def count(self) -> int:
        return self.dataset.count_rows() if self.kept is None else len(self.kept)

    def sums(
        self,
        columns: Sequence[str],
        measure: Measure,
        *,
        hashed: Hashed | None = None,
        largest: Mapping[str, int] | None = None,
    ) -> dict[tuple[str, Key], int]:
        sums: Counter[tuple[str, Key]] = Counter()
        places = self.places if "entry_ids" in columns else None
        read = list(dict.fromkeys([*columns, *(places.columns if places is not None else [])]))
        for batch in self.table(read, hashed).to_batches(max_chunksize=_BATCH_ROWS):
            sums.update(measure(batch if places is None else places.placed(batch)))
        by_kind: dict[str, list[tuple[Key, int]]] = defaultdict(list)
        for (kind, key), value in sums.items():
            if value:
                by_kind[kind].append((key, value))
        for kind, how_many in (largest or {}).items():
            by_kind[kind] = sorted(by_kind[kind], key=_by_value)[:how_many]
        return {(kind, key): value for kind, items in by_kind.items() for key, value in items}

    def matches(self, places: Places) -> Counts:
        batches = self.table(places.columns).to_batches(max_chunksize=_BATCH_ROWS)
        held = [places.placed(batch).column("entry_ids").flatten().to_numpy() for batch in batches]
        counts: Counts = np.bincount(np.concatenate([*held, np.zeros(0, np.int32)]), minlength=places.size)
        if len(counts) > places.size:
            raise BallastError(NO_COUNT)
        return counts

    def smallest(self, hashed: Hashed, how_many: int, columns: Sequence[str]) -> list[dict[str, Any]]:
        keys = self.table([name for name in TIES if name in self.columns], hashed)
        places = order_of(keys, [hashed.tag, *keys.column_names[:-1]])[:how_many].to_numpy()
        named = {*columns, *TIES, *(self.places.columns if self.places is not None else ())}
        rows = self._rows(places, [name for name in self.columns if name in named])
        hashes = keys.column(hashed.tag).take(places).to_pylist()
        return [{hashed.tag: value, **row} for value, row in zip(hashes, rows, strict=True)]

    def of_image(self, uuid: str) -> list[dict[str, Any]]:
        is_of_image = pc.equal(self.table(["uuid"]).column("uuid"), uuid).to_numpy()
        return self._rows(np.flatnonzero(is_of_image == True), self.columns)  # noqa: E712

    def with_places(self, places: Places) -> "LocalPairs":
        return replace(self, places=places)

    def one_per_image(self, seed: int) -> "LocalPairs":
        table = self.table(["uuid", "caption_hash"], Hashed(PICK, seed))
        images = table.column("uuid").combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy()
        has_hash = pc.is_valid(table.column("caption_hash")).to_numpy()
        hashes = table.column("caption_hash").fill_null(0).to_numpy()
        order = np.lexsort((hashes, table.column(PICK).to_numpy(), images))
        _, first, image = np.unique(images[order], return_index=True, return_inverse=True)
        best = np.empty(len(order), np.intp)  # of each row, the row whose caption its image keeps
        best[order] = order[first][image]
        # without a uuid or a hash no caption can be the one that was picked
        return self._only((hashes == hashes[best]) & has_hash & has_hash[best] & (images >= 0))

    def without_blocked(self, blocks: BlockList | None) -> "LocalPairs":
        if blocks is None:
            return self
        blocker = Blocker(blocks)
        table = self.table(["url", "page_url"])
        pairs = zip(table.column("url").to_pylist(), table.column("page_url").to_pylist(), strict=True)
        return self._only(np.fromiter((not blocker.blocks_pair(*pair) for pair in pairs), np.bool_, len(table)))

    def table(self, columns: Sequence[str], hashed: Hashed | None = None) -> pa.Table:
        """These columns of all rows, and that of `hashed`."""
        needed = [*columns, *(name for name in ("uuid", "caption_hash") if hashed and name not in columns)]
        table = self.dataset.to_table(columns=needed)
        if self.kept is not None:
            table = table.take(self.kept)
        if hashed is None:
            return table
        hashes = pair_hashes(*hashed, table.column("uuid").to_pylist(), table.column("caption_hash").to_pylist())
        return table.select(columns).append_column(hashed.tag, pa.array(hashes, pa.int64()))

    def _rows(self, places: npt.NDArray[np.intp], columns: Sequence[str]) -> list[dict[str, Any]]:
        """The rows at some places."""
        in_dataset = places if self.kept is None else self.kept[places]
        rows: list[dict[str, Any]] = self.dataset.take(in_dataset, columns=list(columns)).to_pylist()
        return rows if self.places is None else self.places.placed_rows(rows)

    def _only(self, chosen: npt.NDArray[np.bool_]) -> "LocalPairs":
        places = np.flatnonzero(chosen)
        return replace(self, kept=places if self.kept is None else self.kept[places])


def order_of(table: pa.Table, names: Sequence[str]) -> pa.Array:
    """The places of the rows in the order of these columns, as Spark sorts: texts by their UTF-8 bytes, nulls first."""
    keys = []
    for name in names:
        column = table.column(name)
        if column.null_count:
            table = table.append_column(f"has {name}", column.is_valid())
            keys.append((f"has {name}", "ascending"))
        keys.append((name, "ascending"))
    return pc.sort_indices(table, keys)


def _by_value(item: tuple[Key, int]) -> tuple[int, bool, Key]:
    """The largest value first, then numbers and texts ascending, null first."""
    key, value = item
    return -value, key is not None, key


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    """The schema without what only Arrow knows: dictionaries and large types, as Spark reads the same Parquet."""
    return pa.schema([field.with_type(_plain(field.type)) for field in schema])


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return pa.list_(_plain(kind.value_type))
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    return pa.binary() if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind) else kind
