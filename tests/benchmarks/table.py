"""Interleaved timing, and the table of the resulting ratios."""

import gc
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

TIMES, SPEEDUP, SHARE, RATE = "times", "speedup", "share", "rate"
"""How to compute a row's ratio: our time / the other's; the other's time / ours; our time in % of the other's; our rate
in % of the other's."""

Run = Callable[[], tuple[float, Any]]
"""A timed function: returns its seconds and its answer."""


def timed(work: Callable[[], Any]) -> Run:
    """A run that measures `work` in wall-clock time, after collecting earlier garbage."""

    def run() -> tuple[float, Any]:
        gc.collect()
        began = time.perf_counter()
        answer = work()
        return time.perf_counter() - began, answer

    return run


def interleave(runs: Sequence[Run], repeat: int) -> tuple[list[list[float]], list[Any]]:
    """Each run's seconds over `repeat` rounds A B A B …, and each one's last answer."""
    seconds: list[list[float]] = [[] for _ in runs]
    answers: list[Any] = [None] * len(runs)
    for _ in range(repeat):
        for place, run in enumerate(runs):
            answers[place] = None  # so that two answers are never in memory at once
            elapsed, answers[place] = run()
            seconds[place].append(elapsed)
    return seconds, answers


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `ours_s` and `other_s` are the seconds of each round; without `other_s`, a row only shows
    its `text`. `items` (with `unit`) converts times to rates. `same` None: there is nothing to compare.
    """

    group: str
    name: str
    ours_s: Sequence[float] = ()
    other: str = ""
    other_s: Sequence[float] = ()
    ratio_of: str = TIMES
    items: int = 0
    unit: str = ""
    same: bool | None = None
    text: str = ""
    notes: Sequence[str] = field(default=())

    def ratios(self) -> list[float]:
        """The ratio of each round, from adjacent runs of ours and the other."""
        inverted = self.ratio_of in (SPEEDUP, RATE)
        pairs = zip(self.ours_s, self.other_s, strict=True) if self.other_s else ()
        return [other / ours if inverted else ours / other for ours, other in pairs]

    def as_json(self) -> dict[str, Any]:
        ratios = self.ratios()
        return {
            "group": self.group,
            "name": self.name,
            "ours_s": list(self.ours_s),
            "other": self.other or None,
            "other_s": list(self.other_s),
            "ratio_of": self.ratio_of if ratios else None,
            "ratio": median(ratios) if ratios else None,
            "spread": [min(ratios), max(ratios)] if ratios else None,
            "items": self.items or None,
            "unit": self.unit or None,
            "same_answer": self.same,
            "text": self.text or None,
            "notes": list(self.notes),
        }

    def cells(self) -> tuple[str, ...]:
        ratios = self.ratios()
        same = "" if self.same is None else "yes" if self.same else "no"
        ours = self.text or self._amount(self.ours_s)
        other = f"{self.other} {self._amount(self.other_s)}" if self.other_s else self.other
        if not ratios:
            return (self.group, self.name, ours, other, "", "", same)
        text = {value: _ratio(value, self.ratio_of) for value in (median(ratios), min(ratios), max(ratios))}
        spread = f"{text[min(ratios)]}–{text[max(ratios)]}"
        suffix = {TIMES: " x its time", SPEEDUP: " x as fast", SHARE: " % of it", RATE: " % of its rate"}[self.ratio_of]
        return (self.group, self.name, ours, other, text[median(ratios)] + suffix, spread, same)

    def _amount(self, seconds: Sequence[float]) -> str:
        if not seconds:
            return ""
        middle = median(seconds)
        if self.unit == "ms/page":
            return f"{middle * 1000 / self.items:.2f} ms/page"
        if self.items:
            return f"{self.items / middle / 1000:,.0f}k {self.unit}/s"
        return f"{middle:.3f} s" if middle < 10 else f"{middle:.1f} s"


def aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    """Cells in columns: the first aligned left, the others right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join([line[0].ljust(widths[0]), *(map(str.rjust, line[1:], widths[1:]))]).rstrip() for line in lines]


_HEADER = ("row", "what", "ours", "against", "ratio", "spread", "same answer")


def render(rows: Sequence[Row]) -> str:
    """The rows as one aligned table, with their notes below."""
    lines = [_HEADER, *(row.cells() for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(_HEADER))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    table.insert(1, "-" * max(map(len, table)))
    notes = [f"{row.group}: {note}" for row in rows for note in row.notes]
    return "\n".join([*table, *([""] if notes else []), *notes])


def render_json(rows: Sequence[Row]) -> str:
    return json.dumps([row.as_json() for row in rows], indent=2)


def _ratio(value: float, ratio_of: str) -> str:
    if ratio_of in (SHARE, RATE):
        return f"{value * 100:.0f}" if value >= 0.1 else f"{value * 100:.1f}"
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"
