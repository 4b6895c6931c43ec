"""The report as one self-contained HTML page: it makes no request, and text from a crawl stays text.

Templates escape everything (jinja2's autoescape). The filter `seen` spells out invisible characters. Addresses are
never links. The page's own policy allows no image, style sheet or script except those in the page.
"""

import base64
import hashlib
import json
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from udfs.captions.visible import visible
from udfs.outcomes import COUNTERS, SUMS, FileStatus
from udfs.report.figures import KEEP_BINS, MOST_MATCHES, Report, SubsetFigures
from udfs.report.plots import KEPT, LIMITED, POOL, Line, cumulative_plot, histogram_plot, short_number, sizes_plot
from udfs.report.templates import environment
from udfs.run_json import record_fields
from udfs.stages import FilesFacts
from udfs.storage.conf_files import read_conf

_MOST_LANGUAGES = 30
PAPER_ENTRIES = 500_000
"""How many entries the paper's list has."""


def render_report(report: Report) -> str:
    """The page as a string. Equal reports give equal pages."""
    script = read_conf("report.js")
    subsets = [_subset_view(report, figures) for figures in report.subsets]
    languages = sorted(report.languages.items(), key=lambda item: (-item[1], item[0]))
    record, stages = report.record, report.record.stages
    view = {
        "report": report,
        "style": Markup(read_conf("report.css")),
        "script": Markup(script),
        "script_hash": "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "unfinished": not record.is_finished and stages.subset is None,
        "tiles": _tiles(report),
        "widest": next((step.of for step in report.funnel if step.of), 0),
        "files": stages.files,
        "bad": sum(reason.files for reason in report.reasons),
        "outcomes": _outcomes(stages.files) if stages.files else [],
        "subsets": subsets,
        "ts": [figures.t for figures in report.subsets],
        "left_out": len(record.subsets) - len(report.subsets),
        "comparable": _comparable(report),
        "sizes_plot": _sizes(report),
        "pool_matches": None if report.subsets or not any(report.matches) else _matches("pool", report, None),
        "languages": languages[:_MOST_LANGUAGES],
        "more_languages": max(len(languages) - _MOST_LANGUAGES, 0),
        "language_pairs": max(sum(report.languages.values()), 1),
        "identity": _identity(report),
        "settings": [(name, _plain(value)) for name, value in (record.settings or {}).items()],
        "seconds": [(facts.stage, f"{facts.seconds:,.1f}") for facts in stages.finished() if facts.seconds is not None],
    }
    view["sections"] = _sections(view)
    return _environment().get_template("report.html.jinja").render(view)


def _environment() -> Environment:
    made = environment(autoescape=True)
    made.filters |= {
        "pct": lambda share: f"{share:.1%}",
        "width": lambda share: f"{min(share, 1):.2%}",
        "prob": lambda p: f"{p:.3g}",
        "uniform": lambda u: f"{u:.4f}",
        "seen": _seen,
        "bytes": lambda size: f"{short_number(size)}B",
    }
    return made


def _seen(text: object, most: int | None = None) -> str:
    return visible(str(text), most)


def _tiles(report: Report) -> list[tuple[str, str, str]]:
    stages = report.record.stages
    tiles = []
    if files := stages.files:
        tiles.append(("input files", f"{files.files:,}", f"{files.ended(FileStatus.OK):,} read to their end"))
    if report.pool_pairs is not None:
        images = f"{stages.pool.images:,} images" if stages.pool and stages.pool.images else ""
        tiles.append(("pairs in the pool", f"{report.pool_pairs:,}", images))
    if counts := stages.entry_counts:
        tiles.append(("entries matched", f"{counts.entries_matched:,}", f"of {counts.entries:,}"))
    for figures in report.subsets:
        subset = figures.subset
        tiles.append((f"kept at t = {subset.t:,}", f"{subset.facts.pairs:,}", f"{subset.share:.1%} of the pool"))
    return tiles


def _sections(view: dict[str, Any]) -> list[tuple[str, str]]:
    """The links at the page's top: an id and a title."""
    report: Report = view["report"]
    shown = [
        ("funnel", "Funnel", report.funnel),
        ("files", "Input files", view["files"]),
        *((f"t{figures.t}", f"t = {figures.t:,}", True) for figures in report.subsets),
        ("sizes", "Size over t", view["sizes_plot"]),
        ("pool", "Pool", view["pool_matches"]),
        ("languages", "Languages", view["languages"]),
        ("entries-title", "Entries", report.entries is not None and report.entries.rows),
        ("pairs", "Pairs", report.pairs),
        ("reproduce", "Reproduce", True),
    ]
    return [(name, title) for name, title, there in shown if there]


def _subset_view(report: Report, figures: SubsetFigures) -> dict[str, Any]:
    t, entries, facts = figures.t, report.entries, figures.subset.facts
    view: dict[str, Any] = {
        "figures": figures,
        "drawn": figures.subset,
        "keep": _keep(figures) if any(figures.pool_keep) or any(figures.kept_keep) else None,
        "matches": _matches(f"t{t}", report, figures) if any(figures.matches) else None,
        "cumulative": None,
        "head_tail": [],
    }
    if entries is None or figures.limited is None or figures.realised is None or not entries.matches:
        return view
    limited, realised = figures.limited.totals[-1], figures.realised.totals[-1]
    lines = [
        Line("pool", entries.curve, POOL, "-"),
        Line("after, realised", figures.realised, KEPT, "-"),
        Line("after, Σ min(count, t)", figures.limited, LIMITED, "--"),
    ]
    above, share = facts.entries_above_t, facts.share_of_matches_above_t
    text = (
        f"Cumulative counts of {entries.entries - entries.unmatched:,} entries in ascending order of count. "
        f"The pool reaches {entries.matches:,} matches; {above:,} entries lie above t = {t:,} and hold {share:.1%} "
        "of them. "
        f"After balancing, the sum of min(count, t) reaches {limited:,} and the realised counts {realised:,}."
    )
    return view | {
        "cumulative": cumulative_plot(
            f"cumulative-{t}", lines, entries.entries - entries.unmatched - above if above else None, t, text
        ),
        "limited_total": limited,
        "realised_total": realised,
        "head_tail": [
            ("matches per caption of the pool", f"{entries.matches / max(report.pool_pairs or 0, 1):.2f}", "3.5"),
            ("matches per caption kept", f"{realised / max(facts.pairs, 1):.2f}", ""),
            ("entries above t", f"{above:,} ({above / entries.entries:.1%})", "3.2 % at t = 20,000"),
            ("their share of all matches", f"{share:.1%}", "about 95 % at t = 20,000"),
            (
                "entries without a match",
                f"{entries.unmatched:,} ({entries.unmatched / entries.entries:.1%})",
                "114,000 of 500,000 (22.8 %)",
            ),
            ("kept of the pool", f"{figures.subset.share:.1%}", "25 % at t = 20,000, 23 % at t = 170,000"),
        ],
    }


def _keep(figures: SubsetFigures) -> Markup:
    series = [("pool", figures.pool_keep, POOL)] if any(figures.pool_keep) else []
    series.append(("kept", figures.kept_keep, KEPT))
    at_least_half = sum(figures.kept_keep[KEEP_BINS // 2 :])
    text = (
        f"Histogram of the keep probability in {KEEP_BINS} bins. Of {sum(figures.kept_keep):,} pairs kept, "
        f"{at_least_half:,} had a probability of one half or more."
    )
    if len(series) > 1:
        text += f" Of {sum(figures.pool_keep):,} in the pool, {sum(figures.pool_keep[KEEP_BINS // 2 :]):,} have."
    labels = [f"{place / KEEP_BINS:g}" for place in range(KEEP_BINS)]
    return histogram_plot(f"keep-{figures.t}", labels, series, "keep probability, from", text, every=4)


def _matches(name: str, report: Report, figures: SubsetFigures | None) -> Markup:
    series = [("pool", report.matches[1:], POOL)] if any(report.matches) else []
    if figures is not None:
        series.append(("kept", figures.matches[1:], KEPT))
    parts = [f"{sum(values):,} pairs of the {label}, {values[0]:,} with one entry" for label, values, _ in series]
    labels = [*map(str, range(1, MOST_MATCHES)), f"{MOST_MATCHES}+"]
    text = f"Histogram of entries per caption: {'; '.join(parts)}."
    return histogram_plot(f"matches-{name}", labels, series, "entries that a caption holds", text, every=3)


def _sizes(report: Report) -> Markup | None:
    if not report.sizes or not report.sizes[-1][1]:
        return None
    chosen = [(figures.t, figures.subset.facts.pairs) for figures in report.subsets]
    (first, fewest), (last, most) = report.sizes[0], report.sizes[-1]
    marked = "".join(f" The chosen t = {t:,} keeps {pairs:,}." for t, pairs in chosen)
    text = f"Pairs kept over t: {fewest:,} at t = {first:,}, rising to {most:,} at t = {last:,}.{marked}"
    return sizes_plot("sizes", report.sizes, chosen, text)


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
    if entries == PAPER_ENTRIES:
        return (
            f"{why}; whether these 500,000 are that list, Ballast cannot tell. “ballast report --paper-list” says so."
        )
    return f"{why}, and this run's has {entries:,}." if entries else f"{why}, and this run's is not known."


def _identity(report: Report) -> list[tuple[str, str]]:
    record = report.record
    facts = [("ballast", record.ballast), ("job", record.job), ("hash version", str(record.hash_version))]
    if report.metadata:
        facts.append(("entries", f"{report.metadata.entries:,}, sha256 {report.metadata.sha256}"))
    fields = record_fields(record)
    names = ("inputs", "source", "counts", "survivors", "exclude", "block_words", "t")
    return [*facts, *((name, _plain(fields[name])) for name in names if name in fields)]


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
