"""What a run printed at its end says: the funnel, the threshold, and where things are. Drawn from run.json alone."""

import textwrap
from typing import Any

from jobs.runs.funnel import extraction_steps, match_steps, pool_step, subset_step, subsets_of
from jobs.runs.run_folder import (
    CARD_FILE,
    COUNTS_FILE,
    ENTRY_COUNTS,
    EXPORT,
    EXTRACTED,
    FILES,
    IMAGES,
    MATCHED,
    POOL,
    REPEATS,
    RUN_FILE,
    STAGES,
    SUBSET,
)
from jobs.spark.progress import span
from udfs.outcomes import FileStatus
from udfs.report.figures import Step

Line = tuple[str, str, str]
_COLUMNS = 80

_PLACES = {
    EXTRACTED: "pairs as extracted",
    FILES: "what became of each input file",
    MATCHED: "matched pairs",
    REPEATS: "captions and images over their limits, which the pool is without",
    POOL: "deduplicated matched pairs",
    ENTRY_COUNTS: "matches of every entry",
    SUBSET: "the balanced subset",
    IMAGES: "an image a row, with its captions",
    EXPORT: "the rows, to hand over",
}


def summarize(record: dict[str, Any], out: str, output: str) -> str:
    """The summary of a run, from its run.json record, a few lines of text. `output` is the stage of its result."""
    stages = record["stages"]
    lines: list[Line] = []
    if FILES in stages:
        lines += [_files(stages[FILES]), *map(_line, extraction_steps(stages[FILES]))]
    if MATCHED in stages:
        lines += map(_line, match_steps(stages[MATCHED]))
    if POOL in stages:
        lines.append(_line(pool_step(stages)))
    if ENTRY_COUNTS in stages:
        facts = stages[ENTRY_COUNTS]
        lines.append(
            ("entries", _n(facts["entries"]), f"{_n(facts['entries_matched'])} matched, {_n(facts['matches'])} matches")
        )
    for facts in subsets_of(stages):
        lines += _subset(facts)
    if IMAGES in stages:
        facts = stages[IMAGES]
        left_out = facts["captions"] - facts["listed"]
        about = f"{_n(facts['captions'])} captions" + (f", {_n(left_out)} of them not listed" if left_out else "")
        lines.append(("images", _n(facts["images"]), about))
    if EXPORT in stages:
        facts = stages[EXPORT]
        lines.append(("rows", _n(facts["rows"]), f"{_n(facts['files'])} files, {_n(facts['bytes'])} bytes"))
    width = max((len(value) for _, value, _ in lines), default=0)
    text = [f"  {label:<10} {value:>{width}}  {about}".rstrip() for label, value, about in lines]
    seconds = sum(facts.get("seconds", 0) for facts in stages.values())
    head = f"{record['job']} finished in {span(seconds)} of stages, {record.get('finished', 'just now')}"
    return "\n".join([head, *text, "", *_times(stages), "", *_where(record, out, output)])


def _times(stages: dict[str, Any]) -> list[str]:
    """What each stage took, in its order."""
    times = [f"{stage} {span(stages[stage]['seconds'])}" for stage in STAGES if "seconds" in stages.get(stage, {})]
    text = ", ".join(item.replace(" ", "\N{NO-BREAK SPACE}") for item in times)
    lines = textwrap.wrap(f"  time       {text}", _COLUMNS, subsequent_indent=" " * 13, break_long_words=False)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def _files(facts: dict[str, Any]) -> Line:
    bad = [f"{_n(facts[status])} {status}" for status in (FileStatus.PARTIAL, FileStatus.FAILED) if facts.get(status)]
    about = f"{_n(facts.get(FileStatus.OK, 0))} ok" + "".join(f", {item}" for item in bad)
    return ("files", _n(facts["files"]), about + (" (see files/)" if bad else ""))


def _line(step: Step) -> Line:
    share = "" if step.of is None else f"{_of(step.items, step.of)} {step.of_what}".rstrip()
    return (step.name, _n(step.items), ", ".join(filter(None, (share, step.about))))


def _subset(facts: dict[str, Any]) -> list[Line]:
    above = f"{_n(facts['entries_above_t'])} entries above it"
    if facts["entries_above_t"]:
        above += f", with {facts['share_of_matches_above_t']:.1%} of matches"
    return [("t", _n(facts["t"]), above), _line(subset_step(facts)), *_capped(facts)]


def _capped(facts: dict[str, Any]) -> list[Line]:
    if "capped_by_earlier_draw" not in facts:
        return []
    return [("capped", _n(facts["capped_by_earlier_draw"]), "of them would now be likelier than their first draw was")]


def _where(record: dict[str, Any], out: str, output: str) -> list[str]:
    stages = record["stages"]
    places = [(f"{stage}/", text) for stage, text in _PLACES.items() if stage in stages and stage != EXTRACTED]
    if output == EXTRACTED:
        places.insert(0, (f"{EXTRACTED}/", _PLACES[EXTRACTED]))
    if ENTRY_COUNTS in stages:
        places.append((COUNTS_FILE, "the same as {entry: count}"))
    if SUBSET in stages:
        places.append((CARD_FILE, "the data card: what the subset is, and what to know of it"))
    if "report" in record:
        places.append((record["report"], "figures, curves and samples: open it in a browser"))
    places.append((RUN_FILE, "settings, versions and figures"))
    width = max(len(path) for path, _ in places)
    return [f"in {out.rstrip('/')}/", *(f"  {path:<{width}}  {text}" for path, text in places)]


def _n(value: int) -> str:
    return f"{value:,}"


def _of(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"
