"""The figures of a report, by a few passes over the pool and the subset, each over the columns it needs.

Over the pool: one Arrow pass (`entry_ids`, `uuid`, `caption_hash`), the languages, and twenty pairs. Over each subset:
the realised counts, one histogram, and twenty pairs. What goes to the driver does not grow with the pool.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.runs.failed_inputs import NUMBER
from jobs.spark.pair_hash import pair_hash_column
from jobs.steps.sizes import draws_of, measured, pairs_with_draws, sums_of
from jobs.steps.threshold_choice import one_per_image
from udfs.balancing.probabilities import Counts, entry_probabilities, keep_probabilities, keep_probability
from udfs.balancing.size_curve import SizeCurve, bin_starts, size_curve, smallest_bins
from udfs.hashing import DRAW, pair_hash, uniform
from udfs.matching.marking import marked_caption
from udfs.outcomes import FileStatus
from udfs.report.figures import KEEP_BINS, MOST_MATCHES, SHOWN_PAIRS, BadFile, Reason, ShownPair

_SHOW = "show"
"""The tag of H that picks the pairs to show: not the draw's, so that pool and subset both get a fair sample."""
_SHOWN_CHARACTERS = 300
_FIRST_LOOK = 200  # the picked pairs are first looked for among about so many
_SHOWN_REASONS = 12
_SIZE_POINTS = 240
_MATCHES, _BIN, _KEEP = "matches", "bin", "keep"


class PoolFigures(NamedTuple):
    """Pairs by their number of entries (`MOST_MATCHES` or more in the last place), the size over t, and for each t
    the pairs by keep probability; the last two are empty where counts are not known."""

    matches: list[int]
    sizes: list[tuple[int, int]]
    keep: dict[int, list[int]]


class SubsetCounts(NamedTuple):
    """Pairs of a subset by keep probability, by number of entries, and by language."""

    keep: list[int]
    matches: list[int]
    languages: dict[str, int]


def pool_figures(
    pool: DataFrame, seed: int, per_image: str, counts: Counts | None, thresholds: Sequence[int]
) -> PoolFigures:
    """One pass over a pool with `entry_ids`; `per_image` and `seed` are those of the draw."""
    if counts is None:
        sizes = F.least(F.size("entry_ids"), F.lit(MOST_MATCHES))
        rows = pool.groupBy(sizes.alias("matches")).count().collect()
        return PoolFigures(_filled({row["matches"]: row["count"] for row in rows}, MOST_MATCHES + 1), [], {})
    candidates = one_per_image(pool, seed) if per_image == "one" else pool
    starts = bin_starts(max(int(counts.max(initial=1)), 1))
    shared = candidates.sparkSession.sparkContext.broadcast(
        (counts, {t: entry_probabilities(counts, t) for t in thresholds})
    )

    def measure(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        pool_counts, probabilities = shared.value
        bins = np.zeros(len(starts) - 1, np.int64)
        sums: Counter[tuple[str, int]] = Counter()
        for batch in batches:
            pairs = draws_of(batch)
            bins += np.bincount(smallest_bins(pairs, pool_counts, starts), minlength=len(bins))
            lengths = np.minimum(np.diff(pairs.offsets), MOST_MATCHES)
            sums.update({(_MATCHES, n): pairs_of_n for n, pairs_of_n in enumerate(np.bincount(lengths).tolist())})
            for t, p in probabilities.items():
                keep_prob = keep_probabilities(pairs.entry_ids, pairs.offsets, p)
                places = np.minimum((keep_prob * KEEP_BINS).astype(np.intp), KEEP_BINS - 1)
                sums.update({(f"{_KEEP} {t}", n): many for n, many in enumerate(np.bincount(places).tolist())})
        sums.update({(_BIN, int(place)): int(bins[place]) for place in np.flatnonzero(bins)})
        yield measured({key: float(value) for key, value in sums.items()})

    sums = sums_of(pairs_with_draws(candidates, seed), measure)
    shared.destroy()

    def of(kind: str) -> dict[int, int]:
        return {key: int(value) for (name, key), value in sums.items() if name == kind}

    return PoolFigures(
        _filled(of(_MATCHES), MOST_MATCHES + 1),
        _points(size_curve(starts, of(_BIN))),
        {t: _filled(of(f"{_KEEP} {t}"), KEEP_BINS) for t in thresholds},
    )


def subset_counts(subset: DataFrame) -> SubsetCounts:
    """One pass over a subset's `keep_prob`, `entry_ids` and `lang`."""
    keep = F.least(F.floor(F.col("keep_prob") * KEEP_BINS), F.lit(KEEP_BINS - 1)).alias("keep")
    matches = F.least(F.size("entry_ids"), F.lit(MOST_MATCHES)).alias("matches")
    rows = subset.groupBy(keep, matches, "lang").count().collect()
    by_keep: Counter[int] = Counter()
    by_matches: Counter[int] = Counter()
    by_language: Counter[str] = Counter()
    for row in rows:
        by_keep[row["keep"]] += row["count"]
        by_matches[row["matches"]] += row["count"]
        by_language[row["lang"]] += row["count"]
    return SubsetCounts(_filled(by_keep, KEEP_BINS), _filled(by_matches, MOST_MATCHES + 1), dict(by_language))


def languages(pairs: DataFrame) -> dict[str, int]:
    """Pairs by language."""
    return {row["lang"]: row["count"] for row in pairs.groupBy("lang").count().collect()}


def realised_counts(subset: DataFrame, size: int) -> Counts:
    """How many pairs of a subset hold each of `size` entries, by entry id."""
    table: Any = subset.select(F.explode("entry_ids").alias("entry_id")).groupBy("entry_id").count().toPandas()
    counts = np.zeros(size, np.int64)
    counts[table["entry_id"].to_numpy()] = table["count"].to_numpy()
    return counts


def shown_pairs(
    pairs: DataFrame,
    total: int,
    seed: int,
    names: Sequence[str] | None,
    counts: Counts | None,
    thresholds: Sequence[int],
) -> list[ShownPair]:
    """The pairs of the smallest H("show", …), with their keep probability: their own in a subset, else at each t."""
    names_of = ("uuid", "caption_hash", "url", "caption", "lang", "page_url", "entry_ids", "keep_prob")
    hashed = pairs.select(
        pair_hash_column(_SHOW, seed).alias("show"), *[name for name in names_of if name in pairs.columns]
    )
    share = _FIRST_LOOK / max(total, 1)
    rows: list[Any] = []
    if share < 1:  # so that few rows are sorted, and the captions of the others not copied
        rows = _smallest(hashed.where(F.col("show") < int(-(2**63) + share * 2**64)))
    if len(rows) < SHOWN_PAIRS:
        rows = _smallest(hashed)
    return [_shown_pair(row.asDict(), seed, names, counts, thresholds) for row in rows]


def _smallest(hashed: DataFrame) -> list[Any]:
    return hashed.orderBy("show", "uuid", "caption_hash", "page_url").limit(SHOWN_PAIRS).collect()


def _shown_pair(
    row: dict[str, Any], seed: int, names: Sequence[str] | None, counts: Counts | None, thresholds: Sequence[int]
) -> ShownPair:
    entry_ids = row.get("entry_ids") or []
    keep_probs = [row["keep_prob"]] if "keep_prob" in row else []
    if not keep_probs and counts is not None and entry_ids:
        keep_probs = [keep_probability(entry_probabilities(counts[entry_ids], t)) for t in thresholds]
    return ShownPair(
        url=row["url"],
        caption=marked_caption(row["caption"], [names[i] for i in entry_ids] if names else [], _SHOWN_CHARACTERS),
        entries=len(entry_ids),
        lang=row["lang"],
        page_url=row["page_url"],
        draw=uniform(pair_hash(DRAW, seed, row["uuid"], row["caption_hash"])),
        keep_probs=keep_probs,
    )


def bad_files(files: DataFrame, how_many: int) -> tuple[list[Reason], list[BadFile]]:
    """Files that were not read to their end: counted by reason, and the first of them by path."""
    bad = files.where(F.col("status") != FileStatus.OK.value).select(
        "path", "status", F.coalesce("error", F.lit("")).alias("error")
    )
    reason = F.regexp_replace("error", NUMBER, "…").alias("error")
    reasons = bad.groupBy("status", reason).count().orderBy(F.desc("count"), "status", "error").limit(_SHOWN_REASONS)
    examples = bad.orderBy("path").limit(how_many)
    return (
        [Reason(row["status"], row["error"], row["count"]) for row in reasons.collect()],
        [BadFile(**row.asDict()) for row in examples.collect()],
    )


def _filled(counts: dict[int, int] | Counter[int], length: int) -> list[int]:
    return [counts.get(place, 0) for place in range(length)]


def _points(curve: SizeCurve) -> list[tuple[int, int]]:
    """Points of the curve, spaced evenly over log t and over the sizes."""
    last_t, sizes = curve.starts[1:] - 1, curve.sizes
    if not len(sizes):
        return []
    even_t = np.searchsorted(last_t, np.geomspace(1, last_t[-1], _SIZE_POINTS))
    even_size = np.searchsorted(sizes, np.linspace(0, sizes[-1], _SIZE_POINTS))
    places = np.unique(np.clip(np.concatenate((even_t, even_size, [len(sizes) - 1])), 0, len(sizes) - 1))
    return list(zip(last_t[places].tolist(), sizes[places].tolist(), strict=True))
