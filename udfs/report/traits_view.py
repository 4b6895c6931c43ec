"""What pairs are like, as the page shows it: pool and subsets side by side."""

from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from markupsafe import Markup

from udfs.outcomes import Outcome
from udfs.record import RunRecord
from udfs.report.figures import LENGTH_BINS, LENGTH_STEP, Report, Traits
from udfs.report.plots import KEPT, POOL, histogram_plot
from udfs.report.words import counted_noun as many
from udfs.report.words import listed

_MOST_ROWS = 30
_NAMED_LANGUAGES = 40


class Column(NamedTuple):
    """The pool, what was extracted, or one subset."""

    label: str
    traits: Traits

    @property
    def pairs(self) -> int:
        """How many pairs there are, from the column that every row has."""
        return sum(self.traits.lengths) or sum(self.traits.languages.values())


class Shares(NamedTuple):
    """A table: a name in each row, and for each column how many pairs have it. `more` rows are not shown."""

    rows: list[tuple[str, list[int]]]
    more: int


def traits_view(report: Report) -> dict[str, Any]:
    """The variables of the template for the sections of languages and of what pairs are like."""
    first = [Column("pool" if report.matches else "extracted", report.traits)] if any(report.traits) else []
    columns = [*first, *(Column(figures.subset.label, figures.traits) for figures in report.subsets)]
    shown = [column for column in columns if column.pairs]
    return {
        "columns": shown,
        "languages": _shares(shown, lambda traits: traits.languages),
        "languages_left_out": _left_out(report.record),
        "text_keys": _shares(shown, lambda traits: traits.text_keys),
        "sites": list(zip_longest(*(list(column.traits.sites.items()) for column in shown))),
        "lengths": _lengths_plot(shown) if shown and any(any(column.traits.lengths) for column in shown) else None,
        "drawn": _drawn(shown),
    }


def _shares(columns: Sequence[Column], of: Callable[[Traits], Mapping[str, int]]) -> Shares:
    """Rows in the order of the first column, and then those that only others have."""
    names = list(dict.fromkeys(name for column in columns for name in of(column.traits)))
    rows = [(name, [of(column.traits).get(name, 0) for column in columns]) for name in names[:_MOST_ROWS]]
    return Shares(rows, len(names) - len(rows))


def _drawn(columns: Sequence[Column]) -> list[tuple[str, list[int]]]:
    """How many images are SVGs and icons; no rows where a column does not know it."""
    kinds = [("SVG", [c.traits.svgs for c in columns]), ("icon", [c.traits.icons for c in columns])]
    return [(name, [value for value in values if value is not None]) for name, values in kinds if None not in values]


def _lengths_plot(columns: Sequence[Column]) -> Markup:
    """Caption lengths of the first column and of the first subset."""
    colours = (POOL, KEPT) if columns[0].label in ("pool", "extracted") else (KEPT,)
    series = [(column.label, column.traits.lengths, colour) for column, colour in zip(columns, colours, strict=False)]
    labels = [f"{place * LENGTH_STEP}" for place in range(LENGTH_BINS - 1)] + [f"{(LENGTH_BINS - 1) * LENGTH_STEP}+"]
    parts = [
        f"{column.label}: {many(column.pairs, 'pair')}, {sum(column.traits.lengths[:5]):,} with a caption of less than "
        f"{5 * LENGTH_STEP} characters"
        for column, _ in zip(columns, colours, strict=False)
    ]
    text = f"Histogram of caption lengths in characters. {'; '.join(parts)}."
    return histogram_plot("lengths", labels, series, "characters of a caption, from", text, every=5)


def _left_out(record: RunRecord) -> str:
    """Which languages extraction kept, and how much it left out."""
    files = record.stages.files
    if files is None:
        return ""
    kept = record.setting("languages")
    other, unsure = files.count(Outcome.TEXT_OTHER_LANGUAGE), files.count(Outcome.TEXT_UNSURE_LANGUAGE)
    if not kept or "all" in kept:
        said = "Captions of every language were kept."
        return f"{said} {many(unsure, 'caption')} scored too low in its language." if unsure else said
    seen = other + unsure + files.count(Outcome.TEXT_NO_MATCH) + files.count(Outcome.PAIRS)
    said = f"Kept: {listed(kept, _NAMED_LANGUAGES)}. Left out: {many(other, 'caption')} in another language"
    said += f" ({other / seen:.1%} of {seen:,})" if seen else ""
    said += f", and {unsure:,} that scored too low in its language" if unsure else ""
    return f"{said}. The run does not record which other languages these are."
