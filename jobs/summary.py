"""What a run printed at its end says: the funnel, the threshold, and where things are. Drawn from run.json alone."""

from typing import Any

from jobs.run_folder import (
    CARD_FILE,
    COUNTS_FILE,
    ENTRY_COUNTS,
    EXTRACTED,
    FILES,
    IMAGES,
    MATCHED,
    POOL,
    RUN_FILE,
    SUBSET,
)
from udfs.outcomes import FileStatus

Line = tuple[str, str, str]

_PLACES = {
    EXTRACTED: "pairs as extracted",
    FILES: "what became of each input file",
    MATCHED: "matched pairs",
    POOL: "deduplicated matched pairs",
    ENTRY_COUNTS: "matches of every entry",
    SUBSET: "the balanced subset",
    IMAGES: "an image a row, with its captions",
}


def summarize(record: dict[str, Any], out: str, output: str) -> str:
    """The summary of a run, from its run.json record, a few lines of text. `output` is the stage of its result."""
    stages = record["stages"]
    lines: list[Line] = []
    if FILES in stages:
        lines += _files(stages[FILES])
    if MATCHED in stages:
        facts = stages[MATCHED]
        lines += [
            ("texts", _n(facts["texts"]), ""),
            ("matched", _n(facts["pairs"]), _of(facts["pairs"], facts["texts"])),
        ]
    if POOL in stages:
        before = stages.get(FILES, {}).get("pairs")
        of = _of(stages[POOL]["pairs"], before) + " of pairs, " if before else ""
        if "excluded" in stages[POOL]:
            of += f"{_n(stages[POOL]['excluded'])} copies excluded, "
        lines.append(("pool", _n(stages[POOL]["pairs"]), f"{of}{_n(stages[POOL]['images'])} images"))
    if ENTRY_COUNTS in stages:
        facts = stages[ENTRY_COUNTS]
        lines.append(
            ("entries", _n(facts["entries"]), f"{_n(facts['entries_matched'])} matched, {_n(facts['matches'])} matches")
        )
    if SUBSET in stages:
        for facts in stages[SUBSET].get("subsets", [stages[SUBSET]]):
            lines += _subset({"pool_pairs": stages[SUBSET]["pool_pairs"], **facts})
    if IMAGES in stages:
        facts = stages[IMAGES]
        left_out = facts["captions"] - facts["listed"]
        about = f"{_n(facts['captions'])} captions" + (f", {_n(left_out)} of them not listed" if left_out else "")
        lines.append(("images", _n(facts["images"]), about))
    width = max((len(value) for _, value, _ in lines), default=0)
    text = [f"  {label:<10} {value:>{width}}  {about}".rstrip() for label, value, about in lines]
    seconds = sum(facts.get("seconds", 0) for facts in stages.values())
    head = f"{record['job']} finished in {seconds:,.1f} s of stages, {record.get('finished', 'just now')}"
    return "\n".join([head, *text, "", *_where(record, out, output)])


def _files(facts: dict[str, Any]) -> list[Line]:
    bad = [f"{_n(facts[status])} {status}" for status in (FileStatus.PARTIAL, FileStatus.FAILED) if facts.get(status)]
    about = f"{_n(facts.get(FileStatus.OK, 0))} ok" + "".join(f", {item}" for item in bad)
    if bad:
        about += " (see files/)"
    named = facts["texts"] - facts["text_blank"] - facts["text_no_url"]
    lines = [
        ("files", _n(facts["files"]), about),
        ("pages", _n(facts["pages"]), f"of {_n(facts['records'])} records"),
        ("images", _n(facts["images"]), f"{_n(facts['images_with_text'])} with a URL and a text"),
        ("texts", _n(named), ""),
    ]
    kept = named - facts["text_other_language"]
    lines.append(("language", _n(kept), _of(kept, named)))
    if facts["text_no_match"] or facts["pairs"] != kept:
        lines.append(("matched", _n(facts["pairs"]), _of(facts["pairs"], kept)))
    return lines


def _subset(facts: dict[str, Any]) -> list[Line]:
    above = f"{_n(facts['entries_above_t'])} entries above it"
    if facts["entries_above_t"]:
        above += f", with {facts['share_of_matches_above_t']:.1%} of matches"
    return [
        ("t", _n(facts["t"]), above),
        (
            "subset",
            _n(facts["pairs"]),
            f"{_of(facts['pairs'], facts['pool_pairs'])} of the pool, {_n(facts['images'])} images",
        ),
        *_capped(facts),
    ]


def _capped(facts: dict[str, Any]) -> list[Line]:
    if "capped_by_earlier_draw" not in facts:
        return []
    return [("capped", _n(facts["capped_by_earlier_draw"]), "of them would now be likelier than their first draw was")]


def _where(record: dict[str, Any], out: str, output: str) -> list[str]:
    stages = record["stages"]
    root = out.rstrip("/")
    places = [(f"{root}/{stage}/", text) for stage, text in _PLACES.items() if stage in stages and stage != EXTRACTED]
    if output == EXTRACTED:
        places.insert(0, (f"{root}/{EXTRACTED}/", _PLACES[EXTRACTED]))
    if ENTRY_COUNTS in stages:
        places.append((f"{root}/{COUNTS_FILE}", "the same as {entry: count}"))
    if SUBSET in stages:
        places.append((f"{root}/{CARD_FILE}", "the data card: what the subset is, and what to know of it"))
    if "report" in record:
        places.append((f"{root}/{record['report']}", "figures, curves and samples: open it in a browser"))
    places.append((f"{root}/{RUN_FILE}", "settings, versions and figures"))
    width = max(len(path) for path, _ in places)
    return [f"  {path:<{width}}  {text}" for path, text in places]


def _n(value: int) -> str:
    return f"{value:,}"


def _of(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"
