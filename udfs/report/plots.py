"""The report's plots, as inline SVG by matplotlib: the same bytes for the same figures, coloured by the page's theme.

matplotlib is imported when the first plot is drawn: it takes half a second, and only the driver needs it.
"""

import io
import logging
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from udfs.report.figures import Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, MUTED, GRID, POOL, LIMITED, KEPT = "#010101", "#020202", "#030303", "#040404", "#050505", "#060606"
_THEME = {INK: "ink", MUTED: "muted", GRID: "grid", POOL: "pool", LIMITED: "limited", KEPT: "kept"}
"""Colours that stand for the page's CSS variables, so that one drawing serves the light and the dark page."""

_WIDTH_IN, _HEIGHT_IN = 4.4, 3.0
_STYLE: Any = {
    "svg.fonttype": "none",  # text stays text
    "font.size": 9.5,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "grid.color": GRID,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "legend.frameon": False,
    "path.simplify": True,
}
_COLOUR = re.compile("|".join(_THEME))
_FAMILY = re.compile(r"font-family: [^;\"]*; ")
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_STYLE_SHEET = re.compile(r"<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)  # it would be the whole page's
_ID = re.compile(r' id="([^"]+)"')
_SIZE = re.compile(r' (?:width|height)="[^"]*"')
_REFERENCE = re.compile(r'url\(#([^)]+)\)|xlink:href="#([^"]+)"')


class Line(NamedTuple):
    label: str
    curve: Curve
    colour: str
    dashes: str


def cumulative_plot(name: str, lines: Sequence[Line], head: int | None, label: str, alternative: str) -> Markup:
    """Cumulative counts over entries in ascending order of count, the paper's central figure; `head` is the place of
    the first entry with t matches or more, and `label` what is said of it."""

    def draw(axes: "Axes") -> None:
        for line in lines:
            axes.plot(line.curve.places, line.curve.totals, line.dashes, color=line.colour, label=line.label, lw=1.6)
        if head is not None:
            axes.axvline(head, color=MUTED, lw=0.8, ls=":")
            place, side = ((-4, 0), "right") if head * 4 > lines[0].curve.places[-1] else ((4, 0), "left")
            axes.annotate(
                label,
                (head, 0.5),
                xycoords=("data", "axes fraction"),
                xytext=place,
                textcoords="offset points",
                ha=side,
                color=MUTED,
            )
        axes.set_xlabel("entries that match, in ascending order of count")
        axes.set_ylabel("matches, cumulative")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        _counted(axes, "x", "y")
        axes.legend(loc="upper left")

    return _drawn(name, draw, alternative)


class Point(NamedTuple):
    """A chosen subset on a curve of sizes."""

    step: float
    pairs: int
    label: str


def sizes_plot(
    name: str, sizes: Sequence[tuple[float, int]], chosen: Sequence[Point], step_name: str, alternative: str
) -> Markup:
    """Pairs of the subset over t on a logarithmic scale, or over a share, and the chosen ones."""
    is_share = step_name != "t"

    def draw(axes: "Axes") -> None:
        axes.plot([step for step, _ in sizes], [pairs for _, pairs in sizes], color=POOL, lw=1.6)
        axes.plot([point.step for point in chosen], [point.pairs for point in chosen], "o", color=KEPT)
        for step, pairs, label in chosen:
            # in the right half the place above the curve is free, in the left below it
            right = 2 * step > sizes[-1][0] if is_share else step * step > sizes[-1][0]
            place, side = ((-6, 8), "right") if right else ((6, -10), "left")
            axes.annotate(label, (step, pairs), xytext=place, textcoords="offset points", ha=side, color=INK)
        axes.set_xscale("linear" if is_share else "log")
        axes.set_xlabel(step_name)
        axes.set_ylabel("pairs")
        axes.set_ylim(bottom=0)
        axes.minorticks_off()
        _counted(axes, *([] if is_share else ["x"]), "y")

    return _drawn(name, draw, alternative)


def shares_plot(
    name: str, labels: Sequence[str], series: Sequence[tuple[str, Sequence[float], str]], alternative: str
) -> Markup:
    """Shares by label, one below the other: a bar of each series (label, values, colour)."""

    def draw(axes: "Axes") -> None:
        height = 0.8 / len(series)
        for row, (label, values, colour) in enumerate(series):
            places = [place + row * height for place in range(len(values))]
            axes.barh(places, values, height=height, align="edge", color=colour, label=label)
        axes.set_yticks([place + 0.4 for place in range(len(labels))], list(labels))
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.grid(axis="x", lw=0.5)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.3g} %")
        if len(series) > 1:
            axes.legend(loc="best")

    return _drawn(name, draw, alternative)


def histogram_plot(
    name: str,
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[int], str]],
    x_label: str,
    alternative: str,
    every: int = 1,
) -> Markup:
    """Bars of each series (label, values, colour) behind one another, the widest first; every n-th bar is labelled."""

    def draw(axes: "Axes") -> None:
        for place, (label, values, colour) in enumerate(series):
            axes.bar(range(len(values)), values, width=0.86 - 0.36 * place, color=colour, label=label)
        axes.set_xticks(range(0, len(labels), every), list(labels[::every]))
        axes.set_xlabel(x_label)
        axes.set_ylabel("pairs")
        _counted(axes, "y")
        if len(series) > 1:
            axes.legend(loc="best")

    return _drawn(name, draw, alternative)


def short_number(value: float) -> str:
    """1,500 as 1.5K, 2,000,000 as 2M."""
    for size, suffix in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        if abs(value) >= size:
            return f"{value / size:.3g}{suffix}"
    return f"{value:.3g}"


def _counted(axes: "Axes", *which: str) -> None:
    """Whole, short numbers on these axes."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    for name in which:
        axis = axes.xaxis if name == "x" else axes.yaxis
        if axis.get_scale() == "linear":
            axis.set_major_locator(MaxNLocator(5, integer=True))
        axis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))


def _drawn(name: str, draw: Callable[["Axes"], None], alternative: str) -> Markup:
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it tells of building its font cache
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(_WIDTH_IN, _HEIGHT_IN), layout="constrained")
        axes = figure.add_subplot()
        axes.grid(axis="y", lw=0.5)
        axes.set_axisbelow(True)
        draw(axes)
        drawn = io.BytesIO()
        figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _inlined(drawn.getvalue().decode(), name, alternative)


def _inlined(svg: str, name: str, alternative: str) -> Markup:
    """An SVG document as an element of a page: themed, with its alternative text, and no id that others may have."""
    for left_out in (_METADATA, _STYLE_SHEET, _FAMILY):
        svg = left_out.sub("", svg)
    referred = {name for found in _REFERENCE.findall(svg) for name in found}
    svg = _ID.sub(lambda found: found[0] if found[1] in referred else "", svg)
    svg = _COLOUR.sub(lambda found: f"var(--{_THEME[found[0]]})", svg)
    head, body = svg[svg.index("<svg") :].split(">", 1)
    head = _SIZE.sub("", head)  # the page's style says how large it is
    title = Markup('<title id="{}-text">{}</title>').format(name, alternative)
    return Markup(f'{head} stroke-linejoin="round" role="img" aria-labelledby="{name}-text">{title}{body}')
