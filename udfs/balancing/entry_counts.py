"""The counts of all entries of a run, whichever list they belong to, in one array."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from udfs.balancing.probabilities import Counts, Floats
from udfs.errors import BallastError

Longs = npt.NDArray[np.int64]
ONE_LIST = ("",)
"""The codes of a run whose only list is for all captions."""


@dataclass(frozen=True)
class Places:
    """Lists one after the other, ascending by code: entry `id` of list `i` has the place `starts[i] + id`.

    Rows hold the ids of entries in their own list, so that another list moves none. Places are used within a job, and
    never stored. Of one list for all captions, places and ids are the same.
    """

    codes: tuple[str, ...]
    starts: Longs = field(repr=False)
    """One more than there are lists: the last is the number of entries."""

    @classmethod
    def of(cls, sizes: Mapping[str, int]) -> "Places":
        """The places of lists with these numbers of entries."""
        codes = tuple(sorted(sizes))
        return cls(codes, np.concatenate(([0], np.cumsum([sizes[code] for code in codes], dtype=np.int64))))

    @property
    def by_language(self) -> bool:
        """Whether rows say in `list` which list they were matched with."""
        return self.codes != ONE_LIST

    @property
    def size(self) -> int:
        """How many entries there are in all."""
        return int(self.starts[-1])

    @property
    def sizes(self) -> Longs:
        """How many entries each list has."""
        return np.diff(self.starts)

    @property
    def start_of(self) -> dict[str, int]:
        """The place of the first entry of each list."""
        return dict(zip(self.codes, self.starts.tolist(), strict=False))

    @property
    def columns(self) -> list[str]:
        """The columns of a row that give the places of its entries."""
        return ["list", "entry_ids"] if self.by_language else ["entry_ids"]

    def placed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with places in `entry_ids`. Raises `BallastError` for a list that is not among these."""
        if not self.by_language:
            return batch
        lists = batch.column("list")
        at = pc.index_in(lists, pa.array(self.codes))
        if at.null_count:
            raise BallastError(unknown_list(lists.filter(pc.is_null(at))[0].as_py()))
        entry_ids = batch.column("entry_ids")
        lengths = pc.list_value_length(entry_ids).fill_null(0).to_numpy()
        places = entry_ids.flatten().to_numpy() + np.repeat(self.starts[at.to_numpy()], lengths)
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        column = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(places, pa.int32()))
        return batch.set_column(batch.schema.get_field_index("entry_ids"), "entry_ids", column)

    def placed_rows(self, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """The same for rows as dicts, those without entries included."""
        start_of = self.start_of
        return [
            {**row, "entry_ids": [start_of[row.get("list") or ""] + entry_id for entry_id in row["entry_ids"]]}
            if row.get("entry_ids")
            else row
            for row in rows
        ]

    def lists_of(self, places: npt.NDArray[np.integer]) -> npt.NDArray[np.intp]:
        """Which list each place belongs to, from 0."""
        return np.searchsorted(self.starts, places, side="right") - 1

    @property
    def ranges(self) -> dict[str, slice]:
        """The places of each list."""
        bounds = pairwise(self.starts.tolist())
        return {code: slice(low, high) for code, (low, high) in zip(self.codes, bounds, strict=True)}


def unknown_list(code: str | None) -> str:
    """Why a row cannot be placed."""
    return f"the pool holds pairs of the list {code}, which has no counts: the counts belong to other lists"


class EntryCounts(NamedTuple):
    """How many pairs hold each entry, by its place."""

    counts: Counts
    places: Places

    @classmethod
    def of_one_list(cls, counts: Counts) -> "EntryCounts":
        """The counts of a list for all captions, by id."""
        return cls(counts, Places.of({"": len(counts)}))

    @property
    def by_list(self) -> list[Counts]:
        """The counts of each list by id."""
        return [self.counts[places] for places in self.places.ranges.values()]

    def of_list(self, code: str) -> Counts:
        """The counts of one list by id."""
        return self.counts[self.places.ranges[code]]

    def spread(self, by_list: Longs) -> Floats:
        """A value of each list, such as its t, for each of its entries."""
        return np.repeat(by_list.astype(np.float64), self.places.sizes)
