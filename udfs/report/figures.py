"""The figures of a report: aggregates whose size does not grow with the pool, and how entries are reduced to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from udfs.balancing.entry_counts import EntryCounts
from udfs.balancing.probabilities import Counts, Floats, entry_probabilities
from udfs.matching.marking import Stretch
from udfs.record import EntriesIdentity, RunRecord, Subset

MOST_MATCHES = 20
"""The last bin of a histogram of matches per caption counts the captions with this many or more."""
KEEP_BINS = 20
"""Bins of a histogram of keep probabilities: bin i is [i / 20, (i + 1) / 20). The last one includes 1."""
MOST_THRESHOLDS = 6
"""Where a run has more subsets than this, only the first ones are shown in detail."""
SHOWN_PAIRS, TOP_ENTRIES, TOP_SITES = 20, 25, 20
LENGTH_STEP, LENGTH_BINS = 10, 21
"""Bins of a histogram of caption lengths: bin i is [10 i, 10 i + 10) characters. The last one has no end."""
_TABLE_CELLS, _TABLE_TAIL_SHARE = 3000, 1 / 3
_CURVE_POINTS = 240


class Step(NamedTuple):
    """A step of the funnel: how many items are left, the number that they are a share of (None where the unit changes),
    and what that number counts where it is not the step before."""

    name: str
    items: int
    of: int | None
    of_what: str
    about: str


class Reason(NamedTuple):
    """How many files ended with a status and an error. Numbers are removed from the error, so that equal reasons
    count as one."""

    status: str
    error: str
    files: int


class BadFile(NamedTuple):
    path: str
    status: str
    error: str


class EntryRow(NamedTuple):
    """An entry by its place, its matches in the pool, and for each subset its p and the number of kept pairs that hold
    it. `list` is empty where one list is for all captions."""

    place: int
    entry: str
    matches: int
    at: list[tuple[float, int]]
    list: str = ""

    @property
    def name(self) -> str:
        """The entry, and its list in brackets."""
        return f"{self.entry} ({self.list})" if self.list else self.entry


class Kept(NamedTuple):
    """A subset by the places of entries: the t of each, and how many kept pairs hold it."""

    t: Floats
    counts: Counts


class Curve(NamedTuple):
    """Cumulative counts at some places. The entries that match are in ascending order of their count in the pool; the
    first `places[i]` of them have `totals[i]` matches together."""

    places: list[int]
    totals: list[int]


class ShownPair(NamedTuple):
    """A pair as the report shows it: its keep probability at each t, and its `draw`, a uniform in [0, 1). `list` is
    empty where one list is for all captions."""

    url: str
    caption: list[Stretch]
    entries: int
    lang: str
    page_url: str
    draw: float
    keep_probs: list[float]
    list: str = ""


class Example(NamedTuple):
    """A pair that holds an entry, and whether the first subset holds the pair; None without a subset."""

    caption: list[Stretch]
    url: str
    kept: bool | None


class Traits(NamedTuple):
    """What pairs are like, beside their entries. Pairs by language, by site (of the page; only the largest), and by
    text key, each by descending count; by bin of caption length; those whose image is an SVG or an icon by its URL; and
    by list and language. What the rows have no column for is empty or None."""

    languages: dict[str, int]
    sites: dict[str, int]
    lengths: list[int]
    text_keys: dict[str, int]
    svgs: int | None
    icons: int | None
    lists: Mapping[tuple[str, str], int] = MappingProxyType({})


NO_TRAITS = Traits({}, {}, [], {}, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFigures:
    """The counts of all entries, reduced: how many there are, the curve of the pool, and some rows."""

    entries: int
    unmatched: int
    matches: int
    curve: Curve
    rows: list[EntryRow]
    examples: dict[int, list[Example]]
    """Some pairs of some entries of `rows`, by place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsetFigures:
    """A subset. Curves are None, and `pool_keep` is empty, where counts are not known."""

    subset: Subset
    limited: Curve | None
    realised: Curve | None
    top: list[EntryRow]
    pool_keep: list[int]
    kept_keep: list[int]
    matches: list[int]
    traits: Traits
    pairs: list[ShownPair]

    @property
    def name(self) -> str:
        """What distinguishes it in the ids of the page: its t, or `lists`."""
        return "lists" if self.subset.t is None else str(self.subset.t)


class Thumbnail(NamedTuple):
    """A downloaded image, made small: a data URI, and the caption and URL that it was downloaded by."""

    data_uri: str
    caption: str
    url: str


class Thumbnails(NamedTuple):
    """Some downloaded images of the run's pairs, and how many of those looked at were damaged, or not of the run."""

    shown: list[Thumbnail]
    damaged: int
    not_of_run: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that the page shows. What a run has not made is None or empty."""

    folder: str
    record: RunRecord
    metadata: EntriesIdentity | None
    paper_list: bool
    funnel: list[Step]
    reasons: list[Reason]
    bad_files: list[BadFile]
    pool_pairs: int | None
    matches: list[int]
    traits: Traits
    sizes: list[tuple[float, int]]
    """The size of the subset over t; with a list for each language, over their common tail share."""
    entries: EntryFigures | None
    subsets: list[SubsetFigures]
    pairs: list[ShownPair]
    thumbnails: Thumbnails | None = None
    other: "Report | None" = None
    """The report of the run to compare with."""

    @property
    def by_language(self) -> bool:
        """Whether there is a list of entries for each language."""
        return self.record.by_language or (self.metadata is not None and self.metadata.lists is not None)


def curve_places(counts: Counts, ts: Sequence[Floats]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The matched entries in ascending order of count, and the places in this order (numbers of entries, from 0 to all)
    that the curves show. Places are spread evenly over the entries, and evenly over the matches of each curve, since
    a curve rises mostly at its end. `ts` are the t of each entry in each subset."""
    order = np.argsort(counts, kind="stable")
    order = order[counts[order] > 0]
    places: list[npt.NDArray[Any]] = [np.linspace(0, len(order), _CURVE_POINTS)]
    for heights in (counts, *(np.minimum(counts, t) for t in ts)):
        total = np.cumsum(heights[order])
        if len(total) and total[-1]:
            places.append(np.searchsorted(total, np.linspace(0, total[-1], _CURVE_POINTS)) + 1)
    return order, np.unique(np.clip(np.concatenate(places).astype(np.intp), 0, len(order)))


def curve_at(values: Counts | Floats, order: npt.NDArray[np.intp], places: npt.NDArray[np.intp]) -> Curve:
    """The curve of the entries' values: their sums over the first entries of `order`."""
    totals = np.concatenate(([0], np.cumsum(values[order].astype(np.int64))))
    return Curve(places.tolist(), totals[places].tolist())


def entry_rows(
    places: npt.NDArray[np.intp], names: Sequence[str], counts: EntryCounts, kept: Sequence[Kept]
) -> list[EntryRow]:
    """The rows of the entries at some places. `kept` has the subsets."""
    matches, codes = counts.counts[places], counts.places.codes
    at = [(entry_probabilities(matches, each.t[places]).tolist(), each.counts[places].tolist()) for each in kept]
    lists = counts.places.lists_of(places).tolist()
    return [
        EntryRow(place, names[place], count, [(p[row], found[row]) for p, found in at], codes[of_list])
        for row, (place, count, of_list) in enumerate(zip(places.tolist(), matches.tolist(), lists, strict=True))
    ]


def top_ids(counts: Counts, how_many: int = TOP_ENTRIES) -> npt.NDArray[np.intp]:
    """The matched entries with the largest counts, descending. Of equal counts the smaller id comes first."""
    order = np.argsort(-counts, kind="stable")[:how_many]
    return order[counts[order] > 0]


def table_ids(counts: Counts, thresholds: int) -> npt.NDArray[np.intp]:
    """The entries of the searchable table, by descending count: the first ones, and then some spread evenly over the
    rest of those that have a match. With more t to show, there are fewer entries."""
    order = np.argsort(-counts, kind="stable")
    order = order[: int((counts > 0).sum())]
    most = _TABLE_CELLS // max(thresholds, 1)
    if len(order) <= most:
        return order
    tail = int(most * _TABLE_TAIL_SHARE)
    rest = order[most - tail :]
    return np.concatenate((order[: most - tail], rest[np.linspace(0, len(rest) - 1, tail).astype(np.intp)]))


def entry_figures(names: Sequence[str], counts: EntryCounts, kept: Sequence[Kept]) -> EntryFigures:
    """All entries' counts reduced. Names and arrays are by place."""
    matches = counts.counts
    order, places = curve_places(matches, [each.t for each in kept])
    return EntryFigures(
        entries=len(matches),
        unmatched=int((matches == 0).sum()),
        matches=int(matches.sum()),
        curve=curve_at(matches, order, places),
        rows=entry_rows(table_ids(matches, len(kept)), names, counts, kept),
        examples={},
    )
