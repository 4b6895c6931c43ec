"""The summary that a run prints at its end: funnel, threshold, and where things are. Made from run.json alone."""

import textwrap
from collections.abc import Iterator, Sequence

from jobs.console.image_figures import image_figures
from jobs.runs.funnel import extraction_steps, match_steps, pool_step, subset_step
from udfs.outcomes import FileStatus
from udfs.record import CARD_FILE, COUNTS_FILE, LIST_COUNTS, RUN_FILE, RunRecord, Stages, Subset
from udfs.report.data_sets import data_sets
from udfs.report.figures import Step
from udfs.report.time_view import slow_hints
from udfs.report.words import counted_noun as many
from udfs.report.words import span
from udfs.stages import InputFacts, ListDraw, Stage, SubsetFacts, SurvivorCounts

Line = tuple[str, str, str]
_COLUMNS = 80
_SHOWN_LISTS = 8
_BATCHES = (Stage.EXTRACTED, Stage.READ)
"""Stages from which others are made again, not for people."""


def summarize(record: RunRecord, out: str, output: str) -> list[str]:
    """The summary of a run as a few lines of text. `output` is the stage of its result."""
    lines = list(_figures(record))
    width = max((len(value) for _, value, _ in lines), default=0)
    text = [f"  {label:<10} {value:>{width}}  {about}".rstrip() for label, value, about in lines]
    seconds = sum(facts.seconds or 0 for facts in record.stages.finished())
    head = f"{record.job} finished {record.finished or 'just now'}; its stages took {span(seconds)}"
    title = "share of the subset" if len(record.subsets) == 1 else "share of the first subset"
    lists = [line for subset in record.subsets[:1] for line in _lists(subset.facts.lists or [], title)]
    return [head, *text, *lists, "", *_times(record.stages), *_slow(record), "", *_where(record, out, output)]


def _figures(record: RunRecord) -> Iterator[Line]:
    """The figures of each stage."""
    stages = record.stages
    if stages.files:
        yield _files(stages.files)
        yield from map(_line, extraction_steps(stages.files))
    if stages.downloads:
        yield _files(stages.downloads)
    if stages.matched:
        yield from map(_line, match_steps(stages.matched))
    if stages.pool:
        yield _line(pool_step(stages.pool, stages))
    if counts := stages.entry_counts:
        yield ("entries", _n(counts.entries), f"{_n(counts.entries_matched)} matched, {_n(counts.matches)} matches")
    if stages.subset and stages.subset.survivors:
        yield _survivors(stages.subset, stages.subset.survivors)
    if stages.subset and (filtered := stages.subset.filtered):
        yield ("filter", f"{filtered.tail_kept:.1%}", f"of tail matches kept, {filtered.head_kept:.1%} of head matches")
    for subset in record.subsets:
        yield from _subset(subset)
    yield from image_figures(stages)
    if images := stages.images:
        left_out = images.captions - images.listed
        about = f"{_n(images.captions)} captions" + (f", {_n(left_out)} of them not listed" if left_out else "")
        yield ("images", _n(images.images), about)
    if export := stages.export:
        yield ("rows", _n(export.rows), f"{_n(export.files)} files, {_n(export.bytes)} bytes")


def _times(stages: Stages) -> list[str]:
    """How long each stage took, in order."""
    times = [f"{facts.stage} {span(facts.seconds)}" for facts in stages.finished() if facts.seconds is not None]
    text = ", ".join(item.replace(" ", "\N{NO-BREAK SPACE}") for item in times)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in _wrapped("time", text)]


def _slow(record: RunRecord) -> list[str]:
    """What to know about slow stages."""
    return [line for hint in slow_hints(record) for line in _wrapped("slow", hint)]


def _wrapped(label: str, text: str) -> list[str]:
    return textwrap.wrap(f"  {label:<10} {text}", _COLUMNS, subsequent_indent=" " * 13, break_long_words=False)


def _files(facts: InputFacts) -> Line:
    damaged = [f"{_n(number)} {status}" for status, number in facts.damaged.items()]
    about = f"{_n(facts.ended(FileStatus.OK))} ok" + "".join(f", {item}" for item in damaged)
    return ("files", _n(facts.files), about + (f" (see {facts.stage}/)" if damaged else ""))


def _line(step: Step) -> Line:
    share = "" if step.of is None else f"{_of(step.items, step.of)} {step.of_what}".rstrip()
    return (step.name, _n(step.items), ", ".join(filter(None, (share, step.about))))


def _survivors(facts: SubsetFacts, counts: SurvivorCounts) -> Line:
    about = f"rows: {_n(counts.usable)} usable, {_n(counts.found)} found in the pool"
    if counts.kept is not None:
        about += f", {_n(counts.kept)} kept of {_n(counts.images + counts.pairs)} by --keep-top"
    before = facts.pairs_before_download or 0
    return ("survivors", _n(counts.rows), f"{about}; {_n(facts.pool_pairs)} of {_n(before)} pairs survived")


def _subset(subset: Subset) -> Iterator[Line]:
    facts = subset.facts
    above = f"{_n(facts.entries_above_t)} entries above {'it' if facts.lists is None else 'the t of their list'}"
    if facts.entries_above_t:
        above += f", with {facts.share_of_matches_above_t:.1%} of matches"
    yield ("t", subset.named_t, above)
    yield _line(subset_step(subset))
    if facts.capped_by_earlier_draw is not None:
        yield ("capped", _n(facts.capped_by_earlier_draw), "of them keep the smaller probability of their first draw")


def _lists(lists: Sequence[ListDraw], title: str) -> list[str]:
    """The largest lists by their pairs, as a table; `title` is that of their shares."""
    used = sorted((of_list for of_list in lists if of_list.pool_pairs), key=lambda each: (-each.pool_pairs, each.list))
    if not used:
        return []
    pairs = sum(of_list.pairs for of_list in used)
    rows = [("list", "pool pairs", "t", "kept", title)]
    for of_list in used[:_SHOWN_LISTS]:
        t = "kept whole" if of_list.kept_whole else _n(of_list.t)
        rows.append((of_list.list, _n(of_list.pool_pairs), t, _n(of_list.pairs), _of(of_list.pairs, pairs)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ["  ".join([f"  {row[0]:<{widths[0]}}", *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]
    more = [f"  and {many(len(used) - _SHOWN_LISTS, 'more list')}"] if len(used) > _SHOWN_LISTS else []
    unused = len(lists) - len(used)
    return ["", *table, *more, *([f"  {many(unused, 'list')} without a pair"] if unused else [])]


def _where(record: RunRecord, out: str, output: str) -> list[str]:
    places = places_of(record, output)
    width = max(len(path) for path, _ in places)
    return [f"in {out.rstrip('/')}/", *(f"  {path:<{width}}  {text}" for path, text in places)]


def places_of(record: RunRecord, output: str) -> list[tuple[str, str]]:
    """Each folder and file that a run wrote, relative to its output folder, and what it holds."""
    stages = [facts.stage for facts in record.stages.finished()]
    places = [(f"{stage}/", stage.meaning) for stage in stages if stage not in _BATCHES]
    if output == Stage.EXTRACTED:
        places.insert(0, (f"{Stage.EXTRACTED}/", Stage.EXTRACTED.meaning))
    if Stage.ENTRY_COUNTS in stages:
        if record.by_language:
            places.append((f"{LIST_COUNTS}/", "the same as {entry: count}, a file for each list"))
        else:
            places.append((COUNTS_FILE, "the same as {entry: count}"))
    if data_sets(record):
        places.append((CARD_FILE, "the data card: what the data is, and what to know about it"))
    if record.report is not None:
        places.append((record.report, "figures, curves and samples: open it in a browser"))
    places.append((RUN_FILE, "settings, versions and figures"))
    return places


def _n(value: int) -> str:
    return f"{value:,}"


def _of(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"
