"""A subset as the page shows it: its plots, and its figures beside the paper's."""

from typing import Any

from markupsafe import Markup

from udfs.report.figures import KEEP_BINS, MOST_MATCHES, Report, SubsetFigures
from udfs.report.plots import KEPT, LIMITED, POOL, Line, cumulative_plot, histogram_plot
from udfs.report.words import counted_noun as many


def subset_view(report: Report, figures: SubsetFigures) -> dict[str, Any]:
    """The variables of the template for one subset."""
    subset, entries, facts = figures.subset, report.entries, figures.subset.facts
    above_t = f"above {subset.label}" if facts.lists is None else "above the t of their list"
    view: dict[str, Any] = {
        "figures": figures,
        "drawn": subset,
        "keep": _keep(figures) if any(figures.pool_keep) or any(figures.kept_keep) else None,
        "matches": matches_plot(f"t{figures.name}", report, figures) if any(figures.matches) else None,
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
        f"Cumulative counts of {many(entries.entries - entries.unmatched, 'entry')} in ascending order of count. "
        f"The pool reaches {many(entries.matches, 'match')}; {many(above, 'entry')} {above_t} with {share:.1%} "
        "of them. "
        f"After balancing, the sum of min(count, t) reaches {limited:,} and the realised counts {realised:,}."
    )
    # in the order of counts, the entries above t only come last where all have the same t
    head = entries.entries - entries.unmatched - above if above and facts.lists is None else None
    return view | {
        "cumulative": cumulative_plot(f"cumulative-{figures.name}", lines, head, subset.label, text),
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
        f"Histogram of the keep probability in {KEEP_BINS} bins. Of {many(sum(figures.kept_keep), 'pair')} kept, "
        f"{at_least_half:,} had a probability of one half or more."
    )
    if len(series) > 1:
        text += f" Of {sum(figures.pool_keep):,} in the pool, {sum(figures.pool_keep[KEEP_BINS // 2 :]):,} have."
    labels = [f"{place / KEEP_BINS:g}" for place in range(KEEP_BINS)]
    return histogram_plot(f"keep-{figures.name}", labels, series, "keep probability, from", text, every=4)


def matches_plot(name: str, report: Report, figures: SubsetFigures | None) -> Markup:
    """How many entries the captions of the pool and of a subset hold."""
    series = [("pool", report.matches[1:], POOL)] if any(report.matches) else []
    if figures is not None:
        series.append(("kept", figures.matches[1:], KEPT))
    parts = [f"{many(sum(values), 'pair')} of the {label}, {values[0]:,} with one entry" for label, values, _ in series]
    labels = [*map(str, range(1, MOST_MATCHES)), f"{MOST_MATCHES}+"]
    text = f"Histogram of entries per caption: {'; '.join(parts)}."
    return histogram_plot(f"matches-{name}", labels, series, "entries that a caption holds", text, every=3)
