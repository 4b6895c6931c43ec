"""Progress as a user sees it: a bar in a terminal, a line of text, or the figures of a JSON line."""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from jobs.spark.reported import Snapshot
from udfs.report.words import span

_WIDEST = 100  # columns; a longer bar shows nothing more
_STAGE, _LEAST_BAR = 8, 8
_NOT_BY_NAME = ("reads_input", "committed", "found", "found_per_s")


def rate(per_s: float) -> tuple[str, str]:
    """Return a rate as a number and the unit of time that makes it easiest to read."""
    for seconds, unit in ((1, "s"), (60, "min")):
        if per_s * seconds >= 1:
            return f"{per_s * seconds:,.{0 if per_s * seconds >= 10 else 1}f}", unit
    return f"{per_s * 3600:,.1f}", "h"


def line_of(now: Snapshot) -> str:
    """Format a snapshot as one line of text."""
    parts = [*_count(now), *_facts(now), f"{span(now.seconds)} so far"]
    if now.left_s is not None:
        parts.append(f"about {span(now.left_s)} left")
    return f"{now.stage}: {', '.join(parts)}"


def figures_of(now: Snapshot) -> dict[str, Any]:
    """Return the figures of a snapshot by name, without those that are unknown; floats are rounded."""
    left = {field.name: getattr(now, field.name) for field in fields(now) if field.name not in _NOT_BY_NAME}
    found = {**now.found, f"{next(iter(now.found), '')}_per_s": now.found_per_s}
    known = {name: value for name, value in {**left, **found}.items() if value is not None}
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in known.items()}


def picture_of(now: Snapshot, width: int) -> RenderableType:
    """Draw a snapshot as two lines of at most `width` columns: a bar, and what was found. A narrow terminal drops the
    time so far first, then the bar, then the time left."""
    width = min(width, _WIDEST)
    stage = f"{now.stage:<{_STAGE}}"
    left = f"{span(now.left_s)} left" if now.left_s is not None else ""
    parts = [text for text in (_joined(_count(now)), span(now.seconds), left) if text]
    room = width - len(stage) - 1
    room_beside_bar = room - _LEAST_BAR - 1
    if len(parts) == 3 and len(_joined(parts)) > room_beside_bar:
        del parts[1]
    with_bar = len(_joined(parts)) <= room_beside_bar
    while len(parts) > 1 and len(_joined(parts)) > room:
        parts.pop()
    bar = Table.grid(padding=(0, 1), pad_edge=False)
    bar.width = width if with_bar else None
    bar.add_column(no_wrap=True, width=len(stage))
    if with_bar:
        bar.add_column(ratio=1)
    bar.add_column(no_wrap=True, justify="right" if with_bar else "left", overflow="ellipsis")
    cells = [_bar(now)] if with_bar else []
    bar.add_row(Text(stage, "bold"), *cells, Text(_joined(parts)))
    found = _joined(_facts(now))
    if not found:
        return bar
    facts = Text(" " * (_STAGE + 1) + found, "dim", no_wrap=True, overflow="ellipsis")
    facts.truncate(width, overflow="ellipsis")
    return Group(bar, facts)


def _bar(now: Snapshot) -> ProgressBar:
    if now.share is not None:
        return ProgressBar(total=1, completed=now.share, pulse=not now.share)
    return ProgressBar(total=now.total or None, completed=now.done, pulse=not now.done)


def _count(now: Snapshot) -> Iterator[str]:
    """Yield how far the stage is, in items and, if tasks tell how far they are within a file, in percent."""
    if now.total:
        yield f"{now.done:,} of {now.total:,} {now.what}"
    if now.share is not None and now.done < now.total:
        yield f"{now.share:.1%}"


def _facts(now: Snapshot) -> Iterator[str]:
    yield from (f"{number:,} {name}" for name, number in now.found.items())
    if now.found or now.failed:
        yield f"{now.failed:,} failed"
    for per_s, name in ((now.items_per_s, now.what), (now.found_per_s, next(iter(now.found), ""))):
        if per_s is not None:
            number, unit = rate(per_s)
            yield f"{number} {name}/{unit}"
    if now.running:
        yield f"{now.running:,} task{'s' * (now.running > 1)} running"


def _joined(parts: Iterable[str]) -> str:
    return " · ".join(parts)
