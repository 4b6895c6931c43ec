"""Interleaved timing, and the table of the resulting ratios."""

import gc
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

TIMES, SPEEDUP, SHARE, RATE = "times", "speedup", "share", "rate"
"""How to compute a row's ratio: our time / the other's; the other's time / ours; our time in % of the other's; our rate
in % of the other's."""

Run = Callable[[], tuple[float, Any]]
"""A timed function: returns its seconds and its answer."""


def timed(work: Callable[[], Any], clock: Callable[[], float] = time.process_time) -> Run:
    """A run that measures `work` after collecting earlier garbage. The default clock is this process's CPU time, which
    depends less on what else the machine does than `time.perf_counter`."""

    def run() -> tuple[float, Any]:
        gc.collect()
        began = clock()
        answer = work()
        return clock() - began, answer

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
    notes: Sequence[str] = ()

    def ratios(self) -> list[float]:
        """The ratio of each round, from adjacent runs of ours and the other."""
        inverted = self.ratio_of in (SPEEDUP, RATE)
        pairs = zip(self.ours_s, self.other_s, strict=True) if self.other_s else ()
        return [other / ours if inverted else ours / other for ours, other in pairs]

    @property
    def ratio(self) -> float | None:
        """The median of the rounds' ratios, or None without another side."""
        return median(self.ratios()) if self.other_s else None

    def as_record(self) -> dict[str, Any]:
        """The fields, with seconds rounded to microseconds; `Row(**fields)` is the row again."""
        return asdict(self) | {name: [round(s, 6) for s in getattr(self, name)] for name in ("ours_s", "other_s")}

    def as_json(self) -> dict[str, Any]:
        ratios = self.ratios()
        return self.as_record() | {"ratio": self.ratio, "spread": [min(ratios), max(ratios)] if ratios else None}

    def cells(self) -> tuple[str, ...]:
        same = "" if self.same is None else "yes" if self.same else "no"
        ours = self.text or self._amount(self.ours_s)
        other = f"{self.other} {self._amount(self.other_s)}" if self.other_s else self.other
        if self.ratio is None:
            return (self.group, self.name, ours, other, "", "", same)
        spread = "–".join(_number(value, self.ratio_of) for value in (min(self.ratios()), max(self.ratios())))
        return (self.group, self.name, ours, other, ratio_text(self.ratio, self.ratio_of), spread, same)

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


def render_markdown(rows: Sequence[Row]) -> str:
    """The same as a table and a list in Markdown."""
    lines = [_HEADER, ["---"] * len(_HEADER), *(row.cells() for row in rows)]
    notes = [f"- {row.group}: {note}" for row in rows for note in row.notes]
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), "", *notes])


def render_json(rows: Sequence[Row]) -> str:
    return json.dumps([row.as_json() for row in rows], indent=2)


def ratio_text(ratio: float, ratio_of: str) -> str:
    """A ratio with what it is a ratio of: `4.21 x its time`."""
    suffix = {TIMES: " x its time", SPEEDUP: " x as fast", SHARE: " % of it", RATE: " % of its rate"}[ratio_of]
    return _number(ratio, ratio_of) + suffix


def _number(ratio: float, ratio_of: str) -> str:
    if ratio_of in (SHARE, RATE):
        return f"{ratio * 100:.0f}" if abs(ratio) >= 0.1 else f"{ratio * 100:.1f}"
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"
