"""The recorded rows: what `run.py --record` writes and `run.py --check` compares with.

A file of records has one row of the table a line, with the pages and the processor that it was measured on, and how
(`measured`). A record renews all rows of its pages and processor. The README's table is made of the rows of real pages.
"""

import json
import os
import platform
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from table import SHARE, TIMES, Row, ratio_text, render_markdown

RECORDS, README = (Path(__file__).with_name(name) for name in ("recorded.jsonl", "README.md"))
TOLERANCE = 0.15
"""A ratio may be worse than the recorded one by this share of it."""
_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Record:
    """The rows of one run, the label of its pages, the processor, and when and how it was measured."""

    pages: str
    processor: str
    measured: str
    rows: Sequence[Row]

    @property
    def key(self) -> tuple[str, str]:
        return self.pages, self.processor

    def markdown(self) -> str:
        return f"Measured {self.measured}, {self.processor}; {self.pages}.\n\n{render_markdown(self.rows)}\n"


def read_records(path: Path) -> dict[tuple[str, str], Record]:
    """The records of a file by their pages and processor; a file that does not exist has none."""
    records: dict[tuple[str, str], Record] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        row = json.loads(line)
        record = Record(row.pop("pages"), row.pop("processor"), row.pop("measured"), (Row(**row),))
        earlier = records.get(record.key)
        records[record.key] = replace(record, rows=(*(earlier.rows if earlier else ()), *record.rows))
    return records


def write_record(path: Path, record: Record) -> None:
    """Replace the rows of these pages and this processor in a file, and keep the others."""
    records = read_records(path) | {record.key: record}
    lines = [
        json.dumps(
            {"pages": each.pages, "processor": each.processor, "measured": each.measured, **row.as_record()},
            ensure_ascii=False,
        )
        for each in records.values()
        for row in each.rows
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_figures(page: Path, script: str, figures: str) -> None:
    """Replace the figures of a script on a page, which stand between two comments."""
    begin, end = f"<!-- {script} --record writes this part -->\n", f"<!-- end of {script} -->\n"
    before, rest = page.read_text(encoding="utf-8").split(begin)
    _, after = rest.split(end)
    page.write_text(f"{before}{begin}\n{figures}\n{end}{after}", encoding="utf-8")


def how_measured() -> str:
    """The day, the number of cores, and the load before."""
    load, python = os.getloadavg()[0], platform.python_version()
    return f"on {date.today()}, {os.cpu_count()} cores with a load of {load:.1f} before, Python {python}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many rows were compared with which record; a line for each that failed, and for each that is in no record."""

    compared: int
    measured: str
    failed: Sequence[str]
    unknown: Sequence[str]

    @property
    def passed(self) -> bool:
        return self.compared > 0 and not self.failed

    def lines(self) -> list[str]:
        if not self.compared:
            return [*self.unknown, "nothing compared: none of these rows has a recorded ratio"]
        compared = f"{self.compared} ratios compared with those measured {self.measured}"
        return [*self.unknown, *self.failed, f"{compared}: {len(self.failed)} failed"]


def check(
    measured: Mapping[str, Sequence[Row]], record: Record, measure_again: Callable[[str], Sequence[Row]]
) -> Verdict:
    """Compare the rows of each group with the recorded ones. A group with a worse row is measured once more, and a row
    fails only if it is worse both times."""
    recorded = {_key(row): row for row in record.rows if _comparable(row)}
    rows = [row for of_group in measured.values() for row in of_group if _comparable(row)]
    unknown = [f"not recorded: {_title(row)}" for row in rows if _key(row) not in recorded]
    failed = []
    for group, of_group in measured.items():
        if first := _worse(of_group, recorded):
            print(f"{group}: worse than recorded, so measured once more", file=sys.stderr)
            second = _worse(measure_again(group), recorded)
            failed += [f"{line} (measured twice)" for key, line in second.items() if key in first]
    return Verdict(len(rows) - len(unknown), record.measured, failed, unknown)


def processor() -> str:
    """The name of this machine's processor, as exactly as the system tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    facts = dict(re.findall(r"^(model name|cpu family|model)\s*: (.+)$", text, re.MULTILINE))
    if "model name" not in facts:
        return platform.processor() or platform.machine()
    return ", ".join([facts.pop("model name"), *(f"{name} {value}" for name, value in facts.items())])


def _worse(rows: Sequence[Row], recorded: Mapping[_Key, Row]) -> dict[_Key, str]:
    """A line for each row that is worse than recorded."""
    compared = ((row, recorded[_key(row)]) for row in rows if _comparable(row) and _key(row) in recorded)
    return {_key(now): f"{_title(now)}: {problem}" for now, then in compared if (problem := _problem(now, then))}


def _problem(now: Row, then: Row) -> str | None:
    assert now.ratio is not None and then.ratio is not None
    worse = now.ratio / then.ratio - 1 if now.ratio_of == TIMES else 1 - now.ratio / then.ratio
    if worse > TOLERANCE:
        recorded, measured = (ratio_text(ratio, now.ratio_of) for ratio in (then.ratio, now.ratio))
        return f"recorded {recorded}, now {measured}: {worse:.0%} worse"
    if then.same and not now.same:
        return "the answers of both sides were recorded as the same, and now differ"
    return None


def _comparable(row: Row) -> bool:
    """Whether it has a ratio. Shares of stages are not compared, since one grows when another shrinks."""
    return bool(row.other_s) and row.ratio_of != SHARE


def _key(row: Row) -> _Key:
    return row.group, row.name, row.other


def _title(row: Row) -> str:
    return f"{row.group}: {row.name}, against {row.other}"
