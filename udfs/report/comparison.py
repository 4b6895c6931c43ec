"""Two runs side by side: their key figures, funnels, thresholds, languages, settings and most frequent entries."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from udfs.report.figures import TOP_ENTRIES, EntryFigures, EntryRow, Report, Step
from udfs.report.lists_view import ListRow, rows_of_lists

_MOST_LANGUAGES = 20


class ComparedStep(NamedTuple):
    """A step of the funnel in both runs; None where a run lacks it."""

    name: str
    left: Step | None
    right: Step | None


class ComparedEntry(NamedTuple):
    """An entry, with its list where there are several: its matches in both pools, their ratio (right to left), and how
    many the first subsets keep. None for what is not known."""

    entry: str
    left: int
    right: int | None
    ratio: float | None
    left_kept: int | None
    right_kept: int | None


class ComparedList(NamedTuple):
    """A list: its pairs in both pools, and of the first subsets its t and its pairs. None where a run lacks it."""

    code: str
    left: ListRow | None
    right: ListRow | None


class Comparison(NamedTuple):
    """What the page shows of two runs. `languages` has pairs with their share, in the pool or else the first subset.
    `lists` is empty, and `not_compared` says why, where only one of them has a list for each language."""

    names: tuple[str, str]
    figures: list[tuple[str, str, str]]
    funnel: list[ComparedStep]
    languages: list[tuple[str, tuple[int, float], tuple[int, float]]]
    entries: list[ComparedEntry]
    settings: list[tuple[str, str, str]]
    lists: list[ComparedList]
    not_compared: str


def comparison(left: Report, right: Report) -> Comparison:
    """Compare two runs. The report is about the left one."""
    has_lists = left.by_language or right.by_language
    figures_left, figures_right = _figures(left, has_lists=has_lists), _figures(right, has_lists=has_lists)
    names = dict.fromkeys((*figures_left, *figures_right))
    folders = (left.folder, right.folder) if left.folder != right.folder else (left.folder, f"{right.folder} (other)")
    alike = left.by_language == right.by_language
    return Comparison(
        names=folders,
        figures=[(name, figures_left.get(name, "–"), figures_right.get(name, "–")) for name in names],
        funnel=_funnels(left.funnel, right.funnel),
        languages=_languages(_languages_of(left), _languages_of(right)),
        entries=_entries(left.entries, right.entries) if alike else [],
        settings=_changed(left.record.settings or {}, right.record.settings or {}),
        lists=_lists(left, right) if alike else [],
        not_compared="" if alike else _not_compared(*(folders if left.by_language else folders[::-1])),
    )


def _not_compared(by_language: str, other: str) -> str:
    return (
        f"{by_language} has a list of entries for each language, {other} one list for all captions: their lists and "
        "entries are not compared."
    )


def _lists(left: Report, right: Report) -> list[ComparedList]:
    """The lists of both, by descending pairs in the left one and then in the right one."""
    of_left, of_right = ({row.code: row for row in rows_of_lists(report)} for report in (left, right))
    return [ComparedList(code, of_left.get(code), of_right.get(code)) for code in {**of_left, **of_right}]


def _figures(report: Report, *, has_lists: bool) -> dict[str, str]:
    """The key figures of a run; those of several subsets are listed. `has_lists`: one of both has a list for each
    language."""
    stages, subsets = report.record.stages, report.record.subsets
    found: dict[str, str] = {"job": str(report.record.job)}
    if stages.files is not None:
        found["input files"] = f"{stages.files.files:,}"
    if report.metadata is not None:
        found["entries" if has_lists else "entries of the list"] = f"{report.metadata.entries:,}"
        if has_lists:
            lists = report.metadata.lists
            found["lists"] = "one for all captions" if lists is None else f"{len(lists):,}"
    if report.pool_pairs is not None:
        found["pairs in the pool"] = f"{report.pool_pairs:,}"
    if stages.pool is not None:
        found["images in the pool"] = f"{stages.pool.images:,}"
    if counts := stages.entry_counts:
        found |= {"entries matched": f"{counts.entries_matched:,}", "matches": f"{counts.matches:,}"}
    if subsets:
        found |= {
            "t": _listed([subset.named_t for subset in subsets]),
            "entries above t": _listed([f"{subset.facts.entries_above_t:,}" for subset in subsets]),
            "their share of matches": _listed([f"{subset.facts.share_of_matches_above_t:.1%}" for subset in subsets]),
            "pairs kept": _listed([f"{subset.facts.pairs:,}" for subset in subsets]),
            "share kept": _listed([f"{subset.share:.1%}" for subset in subsets]),
        }
    return found


def _listed(values: Sequence[str]) -> str:
    return " / ".join(values)


def _funnels(left: Sequence[Step], right: Sequence[Step]) -> list[ComparedStep]:
    """The steps of both, each in the order of its run. A step of the right one alone follows the step that it follows
    there."""
    of_left, of_right = ({step.name: step for step in steps} for steps in (left, right))
    names = list(of_left)
    for before, step in zip((None, *right), right, strict=False):
        if step.name not in names:
            names.insert(names.index(before.name) + 1 if before is not None else 0, step.name)
    return [ComparedStep(name, of_left.get(name), of_right.get(name)) for name in names]


def _languages_of(report: Report) -> Mapping[str, int]:
    if report.traits.languages or not report.subsets:
        return report.traits.languages
    return report.subsets[0].traits.languages


def _languages(
    left: Mapping[str, int], right: Mapping[str, int]
) -> list[tuple[str, tuple[int, float], tuple[int, float]]]:
    totals = max(sum(left.values()), 1), max(sum(right.values()), 1)
    names = sorted({*left, *right}, key=lambda name: (-left.get(name, 0), -right.get(name, 0), name))
    return [
        (name, (left.get(name, 0), left.get(name, 0) / totals[0]), (right.get(name, 0), right.get(name, 0) / totals[1]))
        for name in names[:_MOST_LANGUAGES]
    ]


def _entries(left: EntryFigures | None, right: EntryFigures | None) -> list[ComparedEntry]:
    """The most frequent entries of the left run. An entry that is not among the right one's rows has no match there if
    they are all its matched entries; else its count is not known."""
    if left is None or right is None:
        return []
    others = {row.name: row for row in right.rows}
    has_all = len(right.rows) == right.entries - right.unmatched
    return [_entry(row, others.get(row.name), 0 if has_all else None) for row in left.rows[:TOP_ENTRIES]]


def _entry(row: EntryRow, other: EntryRow | None, absent: int | None) -> ComparedEntry:
    matches = other.matches if other is not None else absent
    ratio = matches / row.matches if matches is not None else None
    return ComparedEntry(row.name, row.matches, matches, ratio, _kept(row), _kept(other))


def _kept(row: EntryRow | None) -> int | None:
    return row.at[0][1] if row is not None and row.at else None


def _changed(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The settings that differ."""
    names = dict.fromkeys((*left, *right))
    return [
        (name, _plain(left, name), _plain(right, name)) for name in names if _plain(left, name) != _plain(right, name)
    ]


def _plain(settings: Mapping[str, Any], name: str) -> str:
    if name not in settings:
        return "–"
    value = settings[name]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
