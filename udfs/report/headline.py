"""The sentence on top of the report: what went in, what came out, and what balancing did to the most frequent entry."""

from collections.abc import Sequence

from udfs.image_outcomes import ImageOutcome
from udfs.outcomes import FileStatus, Outcome
from udfs.record import RunRecord, Stages, Subset
from udfs.report.figures import EntryFigures, SubsetFigures
from udfs.report.words import counted_noun as many
from udfs.stages import FilesFacts

_LISTED_SIZES = 3
_SHOWN_CHARACTERS = 40


def headline(record: RunRecord, entries: EntryFigures | None, shown: Sequence[SubsetFigures]) -> str:
    """One sentence about a run; empty where none of its stages has figures to tell."""
    kept = _kept(record.subsets, _pairs(record.stages))
    parts = [part for part in (_made(record.stages), kept, _most_frequent(entries, shown)) if part]
    told = "; ".join(parts)
    return f"{told[0].upper()}{told[1:]}." if told else ""


def _pairs(stages: Stages) -> int | None:
    """How many pairs the run made before it drew."""
    if stages.pool is not None:
        return stages.pool.pairs
    return stages.files.count(Outcome.PAIRS) if stages.files is not None else None


def _made(stages: Stages) -> str:
    """What the run made before it drew."""
    pairs, pool, matched = _pairs(stages), stages.pool, stages.matched
    if stages.files is not None:
        return _extracted(stages.files, pairs or 0)
    if pool is not None:
        return f"the pool holds {many(pool.pairs, 'pair')} of {many(pool.images, 'image')}"
    if matched is not None:
        return (
            f"{matched.pairs:,} of {many(matched.texts, 'text')} {'holds' if matched.pairs == 1 else 'hold'} an entry"
        )
    if counts := stages.entry_counts:
        of = f"{counts.entries_matched:,} of {many(counts.entries, 'entry')}"
        return f"{of} {'has a match' if counts.entries_matched == 1 else 'have a match'}"
    if grouped := stages.images:
        return f"{many(grouped.images, 'image')} with {many(grouped.captions, 'caption')}"
    if checked := stages.checked:
        images = checked.outcomes.get(ImageOutcome.SUCCESS, 0)
        return f"{images:,} of {many(checked.samples, 'sample')} {'is an image' if images == 1 else 'are images'}"
    if scored := stages.scores:
        return f"{many(scored.rows, 'score')}"
    if exported := stages.export:
        return f"{many(exported.rows, 'row')} in {many(exported.files, 'file')}"
    return ""


def _extracted(files: FilesFacts, pairs: int) -> str:
    pages = files.count(Outcome.PAGES)
    if pages:
        return f"{many(pages, 'page')} became {many(pairs, 'pair') if pairs else 'no pair'}"
    failed = files.ended(FileStatus.FAILED)
    unread = f", {failed:,} of which could not be read" if failed else ""
    return f"no page was found in {many(files.files, 'file')}{unread}"


def _kept(subsets: Sequence[Subset], pairs: int | None) -> str:
    """How many pairs each t keeps; of many t, the first and the last."""
    if not subsets or not subsets[0].pool_pairs:
        return ""
    first = subsets[0]
    of = "of them" if first.pool_pairs == pairs else f"of {many(first.pool_pairs, 'pair')}"
    if len(subsets) == 1:
        return f"balancing {first.at} keeps {f'{first.facts.pairs:,}' if first.facts.pairs else 'none'} {of}"
    sizes = [f"{subset.facts.pairs:,} {subset.at}" for subset in subsets]
    if len(subsets) > _LISTED_SIZES:
        return f"{len(subsets)} thresholds keep from {sizes[0]} to {sizes[-1]} {of}"
    return f"balancing keeps {', '.join(sizes[:-1])} and {sizes[-1]} {of}"


def _most_frequent(entries: EntryFigures | None, shown: Sequence[SubsetFigures]) -> str:
    """The most frequent entry, before and after the first draw."""
    if entries is None or not entries.rows:
        return ""
    row = entries.rows[0]
    name = f"“{row.entry if len(row.entry) <= _SHOWN_CHARACTERS else f'{row.entry[:_SHOWN_CHARACTERS]}…'}”"
    if row.list:
        name += f" of the list {row.list}"
    if not shown:
        return f"the most frequent entry is {name} with {many(row.matches, 'match')}"
    kept = row.at[0][1]
    if kept == row.matches:
        return f"the most frequent entry, {name}, keeps all its {many(row.matches, 'match')}"
    at = f" {shown[0].subset.at}" if len(shown) > 1 else ""
    return f"matches of {name} fell from {row.matches:,} to {kept:,}{at}"
