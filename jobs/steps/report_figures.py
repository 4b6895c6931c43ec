"""The figures of a report, by a few passes over the pool and the subset, each over the columns it needs.

Over the pool: one pass for the draw (`entry_ids`, `uuid`, `caption_hash`), one for what its pairs are like
(`TRAIT_COLUMNS`), and a sample of pairs. Over each subset: one pass, and twenty pairs. What goes to
the driver does not grow with the pool.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from jobs.runs.failed_inputs import NUMBER
from jobs.steps.pairs import Hashed, Pairs
from udfs.balancing.entry_counts import EntryCounts, Longs, Places
from udfs.balancing.pair_probability import keep_probability
from udfs.balancing.paths import EveryT, ThresholdPath
from udfs.balancing.probabilities import Counts, Floats, HeadProbabilities, keep_probabilities
from udfs.balancing.size_curve import Levels, draws_of, size_curve, smallest_levels, with_entries
from udfs.hashing import DRAW, pair_hash, uniform
from udfs.matching.boundaries import Boundaries
from udfs.matching.marking import marked_caption
from udfs.outcomes import FileStatus
from udfs.record import Subset
from udfs.report.examples import examples
from udfs.report.figures import (
    KEEP_BINS,
    MOST_MATCHES,
    NO_TRAITS,
    BadFile,
    EntryRow,
    Example,
    Reason,
    ShownPair,
    Traits,
)
from udfs.report.tallies import LARGEST, TRAIT_COLUMNS, made_traits, traits
from udfs.sums import Key, Sums, counted, of_kind

_SHOW = "show"
"""The tag of H that picks the pairs to show: not the draw's, so that pool and subset both get a fair sample."""
_SHOWN_CHARACTERS = 300
_SHOWN_REASONS = 12
_SIZE_POINTS = 240
_MATCHES, _LEVEL, _KEEP = "matches", "level", "keep"
_REASON, _FILE = "reason ", "file"
_BETWEEN = "\0"
_SHOWN_COLUMNS = ("uuid", "caption_hash", "url", "caption", "lang", "list", "page_url", "entry_ids", "keep_prob")


class Draws(NamedTuple):
    """What a run draws by: the counts of its entries, the path of its thresholds, and the probabilities of each of its
    subsets (`Subset.part`)."""

    counts: EntryCounts
    path: ThresholdPath
    subsets: dict[str, HeadProbabilities]


class PoolFigures(NamedTuple):
    """Pairs by their number of entries (`MOST_MATCHES` or more in the last place); the size over t, or over the common
    tail share of several lists; and for each subset (`Subset.part`) the pairs by keep probability. The last two are
    empty where counts are not known."""

    matches: list[int]
    sizes: list[tuple[float, int]]
    keep: dict[str, list[int]]


class SubsetCounts(NamedTuple):
    """Pairs of a subset by keep probability and by number of entries; what they are like; and how many hold each entry,
    by its place, where counts are known."""

    keep: list[int]
    matches: list[int]
    traits: Traits
    realised: Counts | None


def pool_figures(pool: Pairs, seed: int, per_image: str, drawn: Draws | None) -> PoolFigures:
    """One pass over a pool with `entry_ids`; `per_image` and `seed` are those of the draw."""
    if drawn is None:
        sums = pool.sums(["entry_ids"], _matches)
        return PoolFigures(_filled(of_kind(sums, _MATCHES), MOST_MATCHES + 1), [], {})
    candidates = pool.one_per_image(seed) if per_image == "one" else pool
    counts, path, probabilities = drawn
    ts = path.ts(path.overview())
    levels = Levels.of(ts)

    def measure(batch: pa.RecordBatch) -> Sums:
        pairs = draws_of(with_entries(batch))
        sums = _matches(batch) | counted(_LEVEL, smallest_levels(pairs, counts, levels))
        for part, p in probabilities.items():
            sums |= counted(f"{_KEEP} {part}", _keep_bins(keep_probabilities(pairs.entry_ids, pairs.offsets, p)))
        return sums

    sums = candidates.with_places(counts.places).sums(["entry_ids"], measure, hashed=Hashed(DRAW, seed))
    sizes = size_curve(ts, levels, of_kind(sums, _LEVEL)).sizes
    return PoolFigures(
        _filled(of_kind(sums, _MATCHES), MOST_MATCHES + 1),
        _points(path, sizes),
        {part: _filled(of_kind(sums, f"{_KEEP} {part}"), KEEP_BINS) for part in probabilities},
    )


def probabilities_of(subset: Subset, counts: EntryCounts) -> HeadProbabilities:
    """The probabilities of the entries in a subset."""
    return HeadProbabilities.at(counts.counts, counts.spread(np.array(subset.ts(counts.places.codes))))


def subset_counts(subset: Pairs, places: Places | None) -> SubsetCounts:
    """Passes over a subset's `keep_prob`, `entry_ids` and `TRAIT_COLUMNS`; `places` are those of its entries, None
    where they are not known."""

    def measure(batch: pa.RecordBatch) -> Sums:
        keep = counted(_KEEP, _keep_bins(batch.column("keep_prob").to_numpy()))
        return {**keep, **_matches(batch), **traits(batch)}

    columns = _trait_columns(subset)
    sums = subset.sums(["keep_prob", "entry_ids", *columns], measure, largest=LARGEST)
    realised = subset.matches(places) if places is not None else None
    return SubsetCounts(
        _filled(of_kind(sums, _KEEP), KEEP_BINS),
        _filled(of_kind(sums, _MATCHES), MOST_MATCHES + 1),
        made_traits(sums, columns),
        realised,
    )


def pair_traits(pairs: Pairs) -> Traits:
    """What pairs are like, in one pass over `TRAIT_COLUMNS`."""
    columns = _trait_columns(pairs)
    return made_traits(pairs.sums(columns, traits, largest=LARGEST), columns) if columns else NO_TRAITS


def _trait_columns(pairs: Pairs) -> list[str]:
    return [name for name in TRAIT_COLUMNS if name in pairs.columns]


def _matches(batch: pa.RecordBatch) -> dict[tuple[str, Key], int]:
    lengths = pc.list_value_length(batch.column("entry_ids")).fill_null(0)
    return counted(_MATCHES, pc.min_element_wise(lengths, MOST_MATCHES))


def _keep_bins(keep_prob: Floats) -> npt.NDArray[np.intp]:
    """The bin of each keep probability."""
    return np.minimum((keep_prob * KEEP_BINS).astype(np.intp), KEEP_BINS - 1)


def sampled_pairs(pairs: Pairs, seed: int, how_many: int) -> list[dict[str, Any]]:
    """The pairs of the smallest H("show", …), ascending."""
    return pairs.smallest(Hashed(_SHOW, seed), how_many, _SHOWN_COLUMNS)


class Shown(NamedTuple):
    """What pairs are shown with: the seed of their draw, the entries by place where they are known, the boundaries of
    each list, and the probabilities of the entries in each subset."""

    seed: int
    names: Sequence[str] | None
    boundaries: Mapping[str, Boundaries]
    subsets: Sequence[HeadProbabilities]


def sampled_examples(
    rows: Sequence[EntryRow], sample: Sequence[dict[str, Any]], shown: Shown
) -> dict[int, list[Example]]:
    """Entries with some pairs of the sample (`examples`)."""
    kept: list[bool | None] = [None] * len(sample)
    if shown.subsets:
        chances = [_keep_probs(row, shown.subsets[:1]) for row in sample]
        kept = [bool(p) and _draw(row, shown.seed) < p[0] for row, p in zip(sample, chances, strict=True)]
    return examples(rows, sample, kept, shown.boundaries)


def _draw(row: dict[str, Any], seed: int) -> float:
    return uniform(pair_hash(DRAW, seed, row["uuid"], row["caption_hash"]))


def _keep_probs(row: dict[str, Any], subsets: Sequence[HeadProbabilities]) -> list[float]:
    """The pair's own keep probability in a subset, else that in each of `subsets`."""
    if "keep_prob" in row:
        return [row["keep_prob"]]
    entry_ids = row.get("entry_ids") or []
    return [keep_probability(p[np.array(entry_ids)]) for p in subsets] if entry_ids else []


def shown_pair(row: dict[str, Any], shown: Shown) -> ShownPair:
    """A sampled pair as the page shows it; its `entry_ids` are places."""
    entry_ids, names, code = row.get("entry_ids") or [], shown.names, row.get("list") or ""
    entries = [names[place] for place in entry_ids] if names else []
    return ShownPair(
        url=row["url"],
        caption=marked_caption(
            row["caption"], entries, _SHOWN_CHARACTERS, shown.boundaries.get(code, Boundaries.SPACES)
        ),
        entries=len(entry_ids),
        lang=row["lang"],
        page_url=row["page_url"],
        draw=_draw(row, shown.seed),
        keep_probs=_keep_probs(row, shown.subsets),
        list=code,
    )


def bad_files(files: Pairs, how_many: int) -> tuple[list[Reason], list[BadFile]]:
    """Files that were not read to their end: counted by reason, and the first of them by path."""
    sums = files.sums(["path", "status", "error"], _bad_files, largest={_FILE: how_many})
    reasons = [
        Reason(kind.removeprefix(_REASON), str(error), many)
        for (kind, error), many in sums.items()
        if kind.startswith(_REASON)
    ]
    reasons.sort(key=lambda reason: (-reason.files, reason.status, reason.error))
    examples = [BadFile(*str(row).split(_BETWEEN)) for row in sorted(of_kind(sums, _FILE))]
    return reasons[:_SHOWN_REASONS], examples


def _bad_files(batch: pa.RecordBatch) -> Sums:
    """The reasons of a batch of file rows; and each bad file with a value of 1, so that the first by path are kept."""
    sums: Counter[tuple[str, Key]] = Counter()
    for row in batch.filter(pc.not_equal(batch.column("status"), FileStatus.OK.value)).to_pylist():
        error = row["error"] or ""
        sums[f"{_REASON}{row['status']}", re.sub(NUMBER, "…", error)] += 1
        sums[_FILE, _BETWEEN.join((row["path"], row["status"], error))] = 1
    return sums


def _filled(counts: Mapping[int, int], length: int) -> list[int]:
    return [counts.get(place, 0) for place in range(length)]


def _points(path: ThresholdPath, sizes: Longs) -> list[tuple[float, int]]:
    """Points of a path with their sizes: of every t, some that are spaced evenly over log t and over the sizes."""
    steps = path.overview()
    if isinstance(path, EveryT):
        even_t = np.searchsorted(steps, np.geomspace(1, steps[-1], _SIZE_POINTS))
        even_size = np.searchsorted(sizes, np.linspace(0, sizes[-1], _SIZE_POINTS))
        places = np.unique(np.clip(np.concatenate((even_t, even_size, [len(sizes) - 1])), 0, len(sizes) - 1))
        steps, sizes = steps[places], sizes[places]
    return list(zip(steps.tolist(), sizes.tolist(), strict=True))
