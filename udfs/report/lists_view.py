"""The lists of a run by language, as the page and the data card show them: each with its pairs, its t and its share."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from udfs.record import EntriesIdentity, Subset
from udfs.report.figures import Report
from udfs.report.plots import KEPT, POOL, shares_plot
from udfs.report.threshold_words import how_chosen
from udfs.report.words import counted_noun as many
from udfs.report.words import listed
from udfs.stages import ListDraw

_CHARTED = 10
_NAMED_LANGUAGES, _NAMED_LISTS = 4, 24


class ListRow(NamedTuple):
    """A list: its pairs by language, its pairs in the pool, and what became of it in each subset, None where that is
    not known."""

    code: str
    entries: int
    languages: dict[str, int]
    pool_pairs: int
    draws: list[ListDraw | None]

    @property
    def drawn(self) -> ListDraw | None:
        """What became of it in the first subset; all have the same figures of the pool."""
        return self.draws[0] if self.draws else None

    @property
    def told_t(self) -> str:
        """Its t in the first subset."""
        return told_t(self.drawn)

    @property
    def told_languages(self) -> str:
        """Its languages, the most frequent first, with their pairs where there are several."""
        if len(self.languages) == 1:
            return next(iter(self.languages))
        return listed([f"{name} {pairs:,}" for name, pairs in self.languages.items()], _NAMED_LANGUAGES)


def told_t(drawn: ListDraw | None) -> str:
    """The t of a list, where it says something."""
    if drawn is None or not drawn.matches:
        return "–"
    return "kept whole" if drawn.kept_whole else f"{drawn.t:,}"


class ListsView(NamedTuple):
    """What the template shows of the lists: the rows by descending pairs, the pairs of the pool and of each subset, a
    chart, and what to say of lists that need a word."""

    rows: list[ListRow]
    pool_pairs: int
    pairs: list[int]
    chart: Markup | None
    notes: list[str]


def lists_view(report: Report) -> ListsView | None:
    """The variables of the template for the section; None where one list is for all captions."""
    if not report.by_language:
        return None
    subsets = [figures.subset for figures in report.subsets]
    rows = rows_of_lists(report)
    pool_pairs, pairs = sum(row.pool_pairs for row in rows), [subset.facts.pairs for subset in subsets]
    chart = _chart(rows, pool_pairs, subsets) if pool_pairs else None
    chosen = [f"How t was chosen: {'; '.join(ways)}."] if (ways := how_chosen(report.record)) else []
    return ListsView(rows, pool_pairs, pairs, chart, [*chosen, *_notes(rows)])


def rows_of_lists(report: Report) -> list[ListRow]:
    """The lists of a run; none where one list is for all captions."""
    traits = report.traits if report.traits.lists or not report.subsets else report.subsets[0].traits
    return list_rows(report.metadata, [figures.subset for figures in report.subsets], traits.lists)


def list_rows(
    metadata: EntriesIdentity | None, subsets: Sequence[Subset], pairs: Mapping[tuple[str, str], int]
) -> list[ListRow]:
    """The lists by descending pairs of the pool. Those are the pairs that were drawn from; of a run that drew none, the
    `pairs` by list and language."""
    draws = [{draw.list: draw for draw in subset.facts.lists or ()} for subset in subsets]
    lists = metadata.lists or {} if metadata is not None else {}
    codes = {**lists, **{code: None for of_lists in draws for code in of_lists}, **{code: None for code, _ in pairs}}
    rows = []
    for code in codes:
        languages = {language: number for (of_list, language), number in pairs.items() if of_list == code}
        of_draws = [of_lists.get(code) for of_lists in draws]
        first = of_draws[0] if of_draws else None
        entries = lists[code].entries if code in lists else first.entries if first is not None else 0
        pool_pairs = first.pool_pairs if first is not None else sum(languages.values())
        rows.append(ListRow(code, entries, languages, pool_pairs, of_draws))
    return sorted(rows, key=lambda row: (-row.pool_pairs, row.code))


def _notes(rows: Sequence[ListRow]) -> Iterable[str]:
    """What a table of numbers does not say by itself."""
    whole = [row.code for row in rows if row.pool_pairs and row.drawn is not None and row.drawn.kept_whole]
    if whole:
        yield (f"Kept whole, for having fewer matches than --min-list-matches asks for: {listed(whole, _NAMED_LISTS)}.")
    unused = sorted(row.code for row in rows if not row.pool_pairs)
    if unused:
        yield (
            f"Without a pair: {many(len(unused), 'list')} ({listed(unused, _NAMED_LISTS)}). No kept caption is in a "
            "language that leads there, or none of them holds an entry."
        )


def _chart(rows: Sequence[ListRow], pool_pairs: int, subsets: Sequence[Subset]) -> Markup:
    """The shares of the largest lists in the pool and in the first subset."""
    used = [row for row in rows if row.pool_pairs]
    charted, rest = used[:_CHARTED], used[_CHARTED:]
    labels = [row.code for row in charted] + ([f"{len(rest):,} others"] if rest else [])
    before = _percent([row.pool_pairs for row in charted], pool_pairs)
    series = [("pool", before, POOL)]
    if subsets:
        kept = [row.drawn.pairs if row.drawn is not None else 0 for row in charted]
        series.append((subsets[0].label if len(subsets) > 1 else "kept", _percent(kept, subsets[0].facts.pairs), KEPT))
    if rest:
        series = [(label, [*shares, max(100 - sum(shares), 0.0)], colour) for label, shares, colour in series]
    told = "; ".join(
        f"{label}: " + ", ".join(f"{name} {share:.1f} %" for name, share in zip(labels, shares, strict=True))
        for label, shares, _ in series
    )
    return shares_plot("lists-shares", labels, series, f"Shares of the lists by language. {told}.")


def _percent(parts: Sequence[int], whole: int) -> list[float]:
    return [100 * part / max(whole, 1) for part in parts]
