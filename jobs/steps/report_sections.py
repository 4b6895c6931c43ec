"""What a report shows of a run: small aggregates, section by section."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

from jobs.runs.funnel import funnel
from jobs.runs.run_folder import RunFolder
from jobs.runs.step_input import Located, Source, stage_source
from jobs.settings.groups import Threshold
from jobs.steps.pairs import Pairs, pairs_of
from jobs.steps.report_figures import (
    Draws,
    PoolFigures,
    Shown,
    SubsetCounts,
    bad_files,
    pair_traits,
    pool_figures,
    sampled_examples,
    sampled_pairs,
    shown_pair,
    subset_counts,
)
from jobs.steps.run_context import Context
from udfs.balancing.entry_counts import EntryCounts
from udfs.balancing.paths import CommonShares, path_of
from udfs.balancing.probabilities import Floats, HeadProbabilities
from udfs.matching.boundaries import Boundaries
from udfs.record import EntriesIdentity, RunRecord, Subset
from udfs.report.examples import SAMPLE_PAIRS
from udfs.report.figures import (
    MOST_THRESHOLDS,
    NO_TRAITS,
    SHOWN_PAIRS,
    TOP_ENTRIES,
    EntryFigures,
    Kept,
    Report,
    ShownPair,
    SubsetFigures,
    Thumbnails,
    Traits,
    curve_at,
    curve_places,
    entry_figures,
    entry_rows,
    top_ids,
)
from udfs.stages import PAIRS_PART, Stage

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class PoolSection(NamedTuple):
    """What the page shows of the pool: how many pairs, their figures, what they are like, and a sample of them."""

    pairs: int | None
    figures: PoolFigures
    traits: Traits
    sample: list[dict[str, Any]]


class ReportRows(NamedTuple):
    """The rows that a report reads: the pool, or the extracted pairs where there is none; the subsets; and the rows of
    input files, where some were not read to their end."""

    pool: Source | None
    subsets: list[tuple[Subset, Source]]
    files: Source | None

    @property
    def located(self) -> list[Located]:
        """Where they are."""
        sources = (self.pool, *(source for _, source in self.subsets), self.files)
        return [source.located for source in sources if source is not None]


def report_rows(run: RunFolder, pool: Source | None) -> ReportRows:
    """The rows of a run's report; `pool` is that of its context."""
    stages = run.record.stages
    if pool is None and stages.subset is None:
        pool = stage_source(run, Stage.EXTRACTED, PAIRS_PART)
    shown = [(subset, stage_source(run, Stage.SUBSET, subset.part)) for subset in run.record.subsets[:MOST_THRESHOLDS]]
    files = stage_source(run, Stage.FILES) if stages.files is not None and stages.files.damaged else None
    return ReportRows(pool, [(subset, source) for subset, source in shown if source is not None], files)


def collect(
    spark: "SparkSession | None",
    run: RunFolder,
    context: Context,
    *,
    paper_list: bool = False,
    thumbnails: Callable[[Sequence[Pairs]], Thumbnails] | None = None,
) -> Report:
    """Everything that the page shows of a run. `thumbnails` draws images of its pairs."""
    record = run.record
    rows = report_rows(run, context.pool)
    pool = _placed(pairs_of(spark, rows.pool), context.counts) if rows.pool is not None else None
    probabilities = _probabilities(record.subsets[:MOST_THRESHOLDS], context.counts)
    section = _pool_section(pool, context, record, probabilities)
    reasons, damaged = bad_files(pairs_of(spark, rows.files), SHOWN_PAIRS) if rows.files is not None else ([], [])
    drawn = [_drawn(subset, pairs_of(spark, source), context.counts) for subset, source in rows.subsets]
    metadata = matched_list(run, rows.pool)
    pairs = [*([pool] if pool is not None else []), *(each.pairs for each in drawn)]
    shown = Shown(record.seed, context.names, _boundaries(record, metadata), list(probabilities.values()))
    return Report(
        folder=str(run.storage.root).rstrip("/").rsplit("/", 1)[-1],
        record=record,
        metadata=metadata,
        paper_list=paper_list,
        funnel=funnel(record),
        reasons=reasons,
        bad_files=damaged,
        pool_pairs=section.pairs,
        matches=section.figures.matches,
        traits=section.traits,
        sizes=section.figures.sizes,
        entries=_entries_section(context, drawn, section.sample, shown),
        subsets=[_subset_section(each, context, shown, section.figures) for each in drawn],
        pairs=_shown(section.sample, shown),
        thumbnails=thumbnails(pairs) if thumbnails is not None else None,
    )


def matched_list(run: RunFolder, pool: Source | None) -> EntriesIdentity | None:
    """The list of entries: the run's own, else the one that its pairs were matched with."""
    if run.record.metadata is not None:
        return run.record.metadata
    pairs = pool or stage_source(run, Stage.SUBSET)
    fingerprint = pairs.matched_with if pairs is not None else None
    return msgspec.convert(fingerprint.as_dict, EntriesIdentity) if fingerprint is not None else None


def _boundaries(record: RunRecord, metadata: EntriesIdentity | None) -> dict[str, Boundaries]:
    """Where the entries of each list may begin and end."""
    if metadata is None or metadata.lists is None:
        return {"": Boundaries(record.setting("boundaries") or Boundaries.SPACES)}
    return {code: Boundaries(of_list.boundaries) for code, of_list in metadata.lists.items()}


def _placed(pairs: Pairs, counts: EntryCounts | None) -> Pairs:
    """The pairs with their entries by place, where the counts tell the places."""
    return pairs.with_places(counts.places) if counts is not None else pairs


def _ts(subset: Subset, counts: EntryCounts) -> Floats:
    """The t of each entry."""
    return counts.spread(np.array(subset.ts(counts.places.codes), np.int64))


def _probabilities(subsets: Sequence[Subset], counts: EntryCounts | None) -> dict[str, HeadProbabilities]:
    """The probabilities of the entries in each subset; none where counts are not known."""
    if counts is None:
        return {}
    return {subset.part: HeadProbabilities.at(counts.counts, _ts(subset, counts)) for subset in subsets}


def _draws(record: RunRecord, counts: EntryCounts, probabilities: dict[str, HeadProbabilities]) -> Draws:
    """What the run draws by, on the path that its settings lead along."""
    names = ("min_list_matches", "tail_rule")
    threshold = Threshold(**{name: record.setting(name) for name in names})
    shares = CommonShares(counts, threshold.min_matches, nearest=threshold.by_nearest)
    return Draws(counts, path_of(counts, shares), probabilities)


def _pool_section(
    pool: Pairs | None, context: Context, record: RunRecord, probabilities: dict[str, HeadProbabilities]
) -> PoolSection:
    """The pool, or the extracted pairs where there is none; for the output of `balance`, the pool of `--pool`."""
    pairs = _pool_pairs(record)
    if pool is None:
        return PoolSection(pairs, PoolFigures([], [], {}), NO_TRAITS, [])
    pairs = pairs if pairs is not None else pool.count()
    is_blocked = record.blocks is not None and record.stages.pool is None  # --pool still holds the blocked pairs
    drawn_from_it = record.survivors is None and not is_blocked  # else it was drawn from only a part of --pool
    figures = PoolFigures([], [], {})
    if "entry_ids" in pool.columns:
        counts = context.counts if drawn_from_it else None
        draws = _draws(record, counts, probabilities) if counts is not None else None
        figures = pool_figures(pool, record.seed, record.per_image, draws)
    sample = [] if is_blocked else sampled_pairs(pool, record.seed, SAMPLE_PAIRS)
    return PoolSection(pairs, figures, pair_traits(pool), sample)


def _shown(sample: Sequence[dict[str, Any]], shown: Shown) -> list[ShownPair]:
    return [shown_pair(row, shown) for row in sample[:SHOWN_PAIRS]]


def _pool_pairs(record: RunRecord) -> int | None:
    stages = record.stages
    if pairs := stages.pool or stages.matched:
        return pairs.pairs
    return stages.subset.pool_pairs if stages.subset is not None else None


class _Drawn(NamedTuple):
    """A subset: its record, its rows, what they add up to, and what it keeps of each entry, where counts are known."""

    subset: Subset
    pairs: Pairs
    counts: SubsetCounts
    kept: Kept | None


def _drawn(subset: Subset, pairs: Pairs, counts: EntryCounts | None) -> _Drawn:
    if counts is None:
        return _Drawn(subset, pairs, subset_counts(pairs, None), None)
    pairs = _placed(pairs, counts)
    found = subset_counts(pairs, counts.places)
    kept = Kept(_ts(subset, counts), found.realised) if found.realised is not None else None
    return _Drawn(subset, pairs, found, kept)


def _entries_section(
    context: Context, drawn: Sequence[_Drawn], sample: Sequence[dict[str, Any]], shown: Shown
) -> EntryFigures | None:
    """The counts of the entries, None where they or the names are not known. Entries are shown with pairs of the
    sample."""
    if context.counts is None or context.names is None:
        return None
    figures = entry_figures(context.names, context.counts, [each.kept for each in drawn if each.kept is not None])
    return replace(figures, examples=sampled_examples(figures.rows, sample, shown))


def _subset_section(drawn: _Drawn, context: Context, shown: Shown, pool: PoolFigures) -> SubsetFigures:
    """One subset; without the counts of its pool, no curves and no table of entries."""
    names, counts, kept = context.names, context.counts, drawn.kept
    limited = realised = None
    top = []
    if counts is not None and kept is not None:
        order, places = curve_places(counts.counts, [kept.t])
        limited = curve_at(np.minimum(counts.counts, kept.t), order, places)
        realised = curve_at(kept.counts, order, places)
        if names is not None:
            top = entry_rows(top_ids(counts.counts, TOP_ENTRIES), names, counts, [kept])
    return SubsetFigures(
        subset=drawn.subset,
        limited=limited,
        realised=realised,
        top=top,
        pool_keep=pool.keep.get(drawn.subset.part, []),
        kept_keep=drawn.counts.keep,
        matches=drawn.counts.matches,
        traits=drawn.counts.traits,
        pairs=_shown(sampled_pairs(drawn.pairs, shown.seed, SHOWN_PAIRS), shown),
    )
