"""The report as one self-contained HTML page: it makes no request, and text from a crawl stays text.

Templates escape everything (jinja2's autoescape). The filter `seen` spells out invisible characters. Only http(s)
addresses become links, which tell the other site nothing of the page. The page's own policy allows no image, style
sheet or script except those in the page.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from udfs.image_outcomes import ImageOutcome
from udfs.outcomes import COUNTERS, SUMS, FileStatus
from udfs.record import Subset
from udfs.report.comparison import comparison
from udfs.report.downloads_view import downloads_view
from udfs.report.figures import Report, Step
from udfs.report.headline import headline
from udfs.report.lists_view import lists_view, told_t
from udfs.report.page_filters import page_environment
from udfs.report.plots import Point, sizes_plot
from udfs.report.subset_view import matches_plot, subset_view
from udfs.report.time_view import time_view
from udfs.report.traits_view import traits_view
from udfs.report.words import counted_noun as many
from udfs.report.words import noun_for, size_text
from udfs.run_json import record_fields
from udfs.stages import FilesFacts
from udfs.storage.conf_files import read_conf

PAPER_ENTRIES = 500_000
"""How many entries the paper's list has."""


def render_report(report: Report) -> str:
    """The page as a string. Equal reports give equal pages."""
    script = read_conf("report.js")
    subsets = [subset_view(report, figures) for figures in report.subsets]
    record, stages = report.record, report.record.stages
    view = {
        "report": report,
        "style": Markup(read_conf("report.css")),
        "script": Markup(script),
        "script_hash": "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "unfinished": not record.is_finished and stages.subset is None,
        "headline": headline(record, report.entries, report.subsets),
        "tiles": _tiles(report),
        "funnel": _funnel(report.funnel),
        "compared": comparison(report, report.other) if report.other is not None else None,
        "downloads": downloads_view(stages),
        "scores": (stages.scores.histogram if stages.scores else None) or {},
        "files": stages.files,
        "bad": sum(reason.files for reason in report.reasons),
        "outcomes": _outcomes(stages.files) if stages.files else [],
        "subsets": subsets,
        "labels": [figures.subset.label for figures in report.subsets],
        "left_out": len(record.subsets) - len(report.subsets),
        "comparable": _comparable(report),
        "sizes_plot": _sizes(report),
        "sizes_over": "tail share" if report.by_language else "t",
        "pool_matches": None if report.subsets or not any(report.matches) else matches_plot("pool", report, None),
        **traits_view(report),
        "lists": lists_view(report),
        "identity": _identity(report),
        "settings": [(name, _plain(value)) for name, value in (record.settings or {}).items()],
        **time_view(record),
    }
    view["sections"] = _sections(view)
    return _environment().get_template("report.html.jinja").render(view)


def _environment() -> Environment:
    made = page_environment()
    made.filters |= {
        "pct": lambda share: f"{share:.1%}",
        "width": lambda share: f"{min(share, 1):.2%}",
        "prob": lambda p: f"{p:.3g}",
        "uniform": lambda u: f"{u:.4f}",
        "many": many,
        "noun": noun_for,
        "bytes": size_text,
        "told_t": told_t,
    }
    return made


def _funnel(steps: Sequence[Step]) -> tuple[str, list[tuple[Step, float | None]]]:
    """What is 100 %: the step that the first share is of; and every step with its share of that. The steps before it
    count other things, and have none."""
    place = next((place for place, step in enumerate(steps) if step.of), None)
    if place is None:
        return "", [(step, None) for step in steps]
    whole = steps[place].of or 1
    base = place - 1 if place and steps[place - 1].items == whole else place
    name = steps[base].name if base < place else steps[place].of_what.removeprefix("of ").removeprefix("the ")
    return name, [(step, step.items / whole if at >= base else None) for at, step in enumerate(steps)]


def _tiles(report: Report) -> list[tuple[str, str, str]]:
    stages = report.record.stages
    tiles = []
    if files := stages.files:
        ended = files.ended(FileStatus.OK)
        tiles.append((noun_for(files.files, "input file"), f"{files.files:,}", f"{ended:,} read to the end"))
    if checked := stages.checked:
        decoded, repeated = checked.outcomes.get(ImageOutcome.SUCCESS, 0), checked.duplicates
        tiles += [
            (noun_for(checked.samples, "sample"), f"{checked.samples:,}", "of the download"),
            (noun_for(decoded, "image"), f"{decoded:,}", f"{decoded / max(checked.samples, 1):.1%} of the samples"),
            (noun_for(repeated, "near-duplicate"), f"{repeated:,}", "of an image that is kept"),
        ]
    if report.pool_pairs is not None:
        images = many(stages.pool.images, "image") if stages.pool and stages.pool.images else ""
        tiles.append((f"{noun_for(report.pool_pairs, 'pair')} in the pool", f"{report.pool_pairs:,}", images))
    if counts := stages.entry_counts:
        name = f"{noun_for(counts.entries_matched, 'entry')} matched"
        tiles.append((name, f"{counts.entries_matched:,}", f"of {counts.entries:,}"))
    for figures in report.subsets:
        subset = figures.subset
        tiles.append((f"kept {subset.at}", f"{subset.facts.pairs:,}", f"{subset.share:.1%} of the pool"))
    return tiles


def _sections(view: dict[str, Any]) -> list[tuple[str, str]]:
    """The links at the page's top: an id and a title."""
    report: Report = view["report"]
    shown = [
        ("compare", "Compared", view["compared"]),
        ("funnel", "Funnel", report.funnel),
        ("downloads", "Samples", view["downloads"]),
        ("scores", "Scores", view["scores"]),
        ("files", "Input files", view["files"]),
        *((f"t{figures.name}", figures.subset.label, True) for figures in report.subsets),
        ("lists", "Lists", view["lists"]),
        ("sizes", f"Size over {view['sizes_over']}", view["sizes_plot"]),
        ("pool", "Pool", view["pool_matches"]),
        ("languages", "Languages", view["languages"].rows),
        ("traits", "Sites and captions", view["columns"]),
        ("images", "Images", report.thumbnails),
        ("entries-title", "Entries", report.entries is not None and report.entries.rows),
        ("pairs", "Pairs", report.pairs),
        ("time", "Time", view["times"]),
        ("reproduce", "Reproduce", True),
    ]
    return [(name, title) for name, title, there in shown if there]


def _sizes(report: Report) -> Markup | None:
    if not report.sizes or not report.sizes[-1][1]:
        return None
    step_name = "tail share" if report.by_language else "t"
    chosen = [point for figures in report.subsets if (point := _point(figures.subset)) is not None]
    (first, fewest), (last, most) = report.sizes[0], report.sizes[-1]
    marked = "".join(f" The chosen {point.label} keeps {point.pairs:,}." for point in chosen)
    text = (
        f"Pairs kept over {step_name}: {fewest:,} at {step_name} = {first:,.10g}, rising to {most:,} at "
        f"{step_name} = {last:,.10g}.{marked}"
    )
    return sizes_plot("sizes", report.sizes, chosen, step_name, text)


def _point(subset: Subset) -> Point | None:
    """Where a subset lies on the curve; nowhere if each of its lists was given its own t."""
    if subset.facts.lists is None:
        return Point(subset.t or 1, subset.facts.pairs, subset.label)
    if subset.tail_share is None:
        return None
    label = f"tail share {subset.tail_share:.3g}" if subset.t is None else subset.label
    return Point(subset.tail_share, subset.facts.pairs, label)


def _outcomes(facts: FilesFacts) -> list[tuple[str, int, int]]:
    """Each outcome of extraction, its number, and the total that it is a share of (0 for a total)."""
    totals = {part: total for total, parts in SUMS.items() for part in parts}
    return [
        (counter.value, facts.counters[counter], facts.count(totals[counter]) if counter in totals else 0)
        for counter in COUNTERS
        if counter in facts.counters
    ]


def _comparable(report: Report) -> str:
    if report.paper_list:
        return (
            "The paper's figures are of its first pool, 1.6 billion pairs, with this list. They depend on the pool "
            "too: on its size, and on the sites that it holds."
        )
    why = "The paper's own figures are not set beside these, since they depend on its list of 500,000 entries"
    entries = report.metadata.entries if report.metadata else None
    if report.by_language:
        return f"{why}, and this run has a list for each language."
    if entries == PAPER_ENTRIES:
        return (
            f"{why}; whether these 500,000 are that list, Ballast cannot tell. “ballast report --paper-list” says so."
        )
    return f"{why}, and this run's has {entries:,}." if entries else f"{why}, and this run's is not known."


def _identity(report: Report) -> list[tuple[str, str]]:
    record = report.record
    facts = [("ballast", record.ballast), ("job", record.job), ("hash version", str(record.hash_version))]
    if report.metadata:
        lists = report.metadata.lists
        of = f" in {len(lists):,} lists" if lists is not None else ""
        facts.append(("entries", f"{report.metadata.entries:,}{of}, sha256 {report.metadata.sha256}"))
    fields = record_fields(record)
    names = ("inputs", "source", "counts", "survivors", "exclude", "block_words", "language_model", "t_by_list", "t")
    return [*facts, *((name, _plain(fields[name])) for name in names if name in fields)]


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
