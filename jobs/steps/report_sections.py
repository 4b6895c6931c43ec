"""What a report shows of a run: small aggregates, section by section."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pyspark.sql import DataFrame, SparkSession

from jobs.runs.funnel import funnel
from jobs.runs.run_folder import RunFolder
from jobs.spark.frames import fingerprint_of, read_files, set_shuffle_partitions
from jobs.steps.report_figures import (
    PoolFigures,
    bad_files,
    languages,
    pool_figures,
    realised_counts,
    shown_pairs,
    subset_counts,
)
from jobs.steps.run_context import Context, pairs_of
from udfs.balancing.probabilities import Counts
from udfs.errors import UsageError
from udfs.record import EntriesIdentity, RunRecord, Subset
from udfs.report.figures import (
    MOST_THRESHOLDS,
    SHOWN_PAIRS,
    TOP_ENTRIES,
    BadFile,
    EntryFigures,
    Reason,
    Report,
    ShownPair,
    SubsetFigures,
    curve_at,
    curve_places,
    entry_figures,
    entry_rows,
    top_ids,
)
from udfs.report.page import PAPER_ENTRIES
from udfs.schemas import FILE
from udfs.stages import PAIRS_PART, Stage


class PoolSection(NamedTuple):
    """What the page shows of the pool: how many pairs, their figures, their languages, and some of them."""

    pairs: int | None
    figures: PoolFigures
    languages: dict[str, int]
    samples: list[ShownPair]


def collect(spark: SparkSession, run: RunFolder, context: Context, *, paper_list: bool = False) -> Report:
    """Everything that the page shows. Raises `UsageError` where `paper_list` cannot be true for the run's list."""
    record = run.record
    set_shuffle_partitions(spark, run.bytes_of(Stage.POOL))
    if context.pool is None and record.stages.subset is None:
        context = context._replace(pool=pairs_of(spark, run.files(Stage.EXTRACTED, PAIRS_PART)))
    metadata = _metadata(spark, run, context.pool)
    if paper_list and (metadata is None or metadata.entries != PAPER_ENTRIES):
        raise UsageError(f"--paper-list: leave it out; this run's list is not the paper's {PAPER_ENTRIES:,}")
    subsets = record.subsets[:MOST_THRESHOLDS]
    pool = _pool_section(context, record, [subset.t for subset in subsets])
    reasons, damaged = _files_section(spark, run)
    frames = [(subset, pairs_of(spark, run.files(Stage.SUBSET, subset.part))) for subset in subsets]
    drawn = [(subset, frame) for subset, frame in frames if frame is not None]
    kept = _kept_counts(drawn, context.counts)
    return Report(
        folder=str(run.storage.root).rstrip("/").rsplit("/", 1)[-1],
        record=record,
        metadata=metadata,
        paper_list=paper_list,
        funnel=funnel(record),
        reasons=reasons,
        bad_files=damaged,
        pool_pairs=pool.pairs,
        matches=pool.figures.matches,
        languages=pool.languages,
        sizes=pool.figures.sizes,
        entries=_entries_section(context, kept),
        subsets=[_subset_section(frame, subset, context, record, kept, pool.figures) for subset, frame in drawn],
        pairs=pool.samples,
    )


def _metadata(spark: SparkSession, run: RunFolder, pool: DataFrame | None) -> EntriesIdentity | None:
    """The list of entries: the run's own, else the one that its pairs were matched with."""
    if run.record.metadata is not None:
        return run.record.metadata
    pairs = pool if pool is not None else pairs_of(spark, run.files(Stage.SUBSET))
    fingerprint = fingerprint_of(pairs, "entry_ids") if pairs is not None else None
    return EntriesIdentity(fingerprint.entries, fingerprint.sha256) if fingerprint is not None else None


def _files_section(spark: SparkSession, run: RunFolder) -> tuple[list[Reason], list[BadFile]]:
    """Why input files were not read to their end, and which."""
    facts = run.record.stages.files
    if facts is None or not facts.damaged:
        return [], []
    return bad_files(read_files(spark, run.files(Stage.FILES), FILE), SHOWN_PAIRS)


def _pool_section(context: Context, record: RunRecord, thresholds: Sequence[int]) -> PoolSection:
    """The pool, or the extracted pairs where there is none; for the output of `balance`, the pool of `--pool`."""
    pool, pairs = context.pool, _pool_pairs(record)
    if pool is None:
        return PoolSection(pairs, PoolFigures([], [], {}), {}, [])
    pairs = pairs if pairs is not None else pool.count()
    is_blocked = record.blocks is not None and record.stages.pool is None  # --pool still holds the blocked pairs
    drawn_from_it = record.survivors is None and not is_blocked  # else it was drawn from only a part of --pool
    figures = PoolFigures([], [], {})
    if "entry_ids" in pool.columns:
        counts = context.counts if drawn_from_it else None
        figures = pool_figures(pool, record.seed, record.per_image, counts, thresholds)
    samples = [] if is_blocked else shown_pairs(pool, pairs, record.seed, context.names, context.counts, thresholds)
    return PoolSection(pairs, figures, languages(pool), samples)


def _pool_pairs(record: RunRecord) -> int | None:
    stages = record.stages
    if pairs := stages.pool or stages.matched:
        return pairs.pairs
    return stages.subset.pool_pairs if stages.subset is not None else None


def _kept_counts(drawn: Sequence[tuple[Subset, DataFrame]], counts: Counts | None) -> dict[int, Counts]:
    """The realised counts of each subset by its t; empty where the pool's counts are not known."""
    if counts is None:
        return {}
    return {subset.t: realised_counts(frame, len(counts)) for subset, frame in drawn}


def _entries_section(context: Context, kept: Mapping[int, Counts]) -> EntryFigures | None:
    """The counts of the entries, None where they or the names are not known."""
    if context.counts is None or context.names is None:
        return None
    return entry_figures(context.names, context.counts, kept)


def _subset_section(
    frame: DataFrame, subset: Subset, context: Context, record: RunRecord, kept: Mapping[int, Counts], pool: PoolFigures
) -> SubsetFigures:
    """One subset; without the counts of its pool, no curves and no table of entries."""
    t, names, counts = subset.t, context.names, context.counts
    histograms = subset_counts(frame)
    limited = realised = None
    top = []
    if counts is not None:
        order, places = curve_places(counts, [t])
        limited = curve_at(counts.clip(max=t), order, places)
        realised = curve_at(kept[t], order, places)
        if names is not None:
            top = entry_rows(top_ids(counts, TOP_ENTRIES), names, counts, {t: kept[t]})
    return SubsetFigures(
        subset=subset,
        limited=limited,
        realised=realised,
        top=top,
        pool_keep=pool.keep.get(t, []),
        kept_keep=histograms.keep,
        matches=histograms.matches,
        languages=histograms.languages,
        pairs=shown_pairs(frame, subset.facts.pairs, record.seed, names, counts, [t]),
    )
