"""The judgments of `run.py --check`, on made-up rows; and that the README shows what is recorded."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from corpus import MODERN
from recorded import README, RECORDS, Record, check, read_records, write_figures, write_record
from table import RATE, SHARE, SPEEDUP, TIMES, Row

TIMES_ROW = Row("a", "extract", (3.9, 4.0, 9.0), "reading", (1.0, 1.0, 1.0), TIMES, same=True, notes=["16 pages"])
SPEEDUP_ROW = Row("c", "extract", (1.0,), "the slow stack", (50.0,), SPEEDUP)
RECORD = Record(
    "modern: 16 pages", "a processor", "on a day", (TIMES_ROW, SPEEDUP_ROW, Row("e", "memory", text="5 MB"))
)


def taking(row: Row, factor: float) -> Row:
    """The row, where ours took so many times as long."""
    return replace(row, ours_s=[seconds * factor for seconds in row.ours_s])


def never_again(group: str) -> Sequence[Row]:
    pytest.fail(f"{group} was measured again")


def test_what_is_as_fast_as_recorded_passes_at_once() -> None:
    rows = {"read": [taking(TIMES_ROW, 1.14)], "slow": [taking(SPEEDUP_ROW, 1.14)]}
    verdict = check(rows, RECORD, never_again)
    assert verdict.passed
    assert verdict.lines() == ["2 ratios compared with those measured on a day: 0 failed"]
    faster = {"read": [taking(TIMES_ROW, 0.1)], "slow": [taking(SPEEDUP_ROW, 0.1)]}
    assert check(faster, RECORD, never_again).passed


def test_a_row_that_is_slower_twice_fails_in_both_directions() -> None:
    rows = {"read": [taking(TIMES_ROW, 1.25)], "slow": [taking(SPEEDUP_ROW, 1.25)]}
    verdict = check(rows, RECORD, lambda group: [taking(row, 1.2) for row in rows[group]])
    assert not verdict.passed
    assert verdict.lines() == [
        "a: extract, against reading: recorded 4.00 x its time, now 6.00 x its time: 50% worse (measured twice)",
        "c: extract, against the slow stack: recorded 50 x as fast, now 33 x as fast: 33% worse (measured twice)",
        "2 ratios compared with those measured on a day: 2 failed",
    ]


def test_a_row_that_is_slower_once_passes() -> None:
    asked = []

    def measure_again(group: str) -> Sequence[Row]:
        asked.append(group)
        return [TIMES_ROW]

    assert check({"read": [taking(TIMES_ROW, 2)], "slow": [SPEEDUP_ROW]}, RECORD, measure_again).passed
    assert asked == ["read"]


def test_another_row_that_is_slower_the_second_time_does_not_fail() -> None:
    other = replace(TIMES_ROW, name="extract old pages")
    record = replace(RECORD, rows=(TIMES_ROW, other))
    again = [TIMES_ROW, taking(other, 2)]
    assert check({"read": [taking(TIMES_ROW, 2), other]}, record, lambda group: again).passed


def test_an_answer_that_differs_fails() -> None:
    wrong = [replace(TIMES_ROW, same=False)]
    verdict = check({"read": wrong}, RECORD, lambda group: wrong)
    assert verdict.failed == [
        "a: extract, against reading: the answers of both sides were recorded as the same, and now differ "
        "(measured twice)"
    ]


def test_rows_without_a_record_are_named_and_compared_with_nothing() -> None:
    new = Row("a", "a new row", (1.0,), "reading", (1.0,), RATE)
    verdict = check({"read": [new, TIMES_ROW]}, RECORD, never_again)
    assert verdict.passed
    assert verdict.unknown == ["not recorded: a: a new row, against reading"]
    alone = check({"read": [new, Row("d", "a stage", (1.0,), "the whole", (2.0,), SHARE)]}, RECORD, never_again)
    assert not alone.passed
    assert alone.lines()[-1] == "nothing compared: none of these rows has a recorded ratio"


def test_a_record_renews_all_rows_of_its_pages_and_processor(tmp_path: Path) -> None:
    path = tmp_path / "recorded.jsonl"
    assert read_records(path) == {}
    sample = replace(RECORD, pages="sample: 8,000 pages")
    elsewhere = replace(RECORD, processor="another")
    for record in (RECORD, sample, elsewhere, replace(RECORD, measured="the next day", rows=(TIMES_ROW,))):
        write_record(path, record)
    records = read_records(path)
    assert list(records) == [RECORD.key, sample.key, elsewhere.key]
    assert records[sample.key].markdown() == sample.markdown()
    assert records[elsewhere.key].markdown() == elsewhere.markdown()
    assert records[RECORD.key].measured == "the next day"
    assert [row.as_record() for row in records[RECORD.key].rows] == [TIMES_ROW.as_record()]


def test_figures_replace_only_what_stands_between_the_comments(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(README.read_text(encoding="utf-8"), encoding="utf-8")
    before = page.read_text(encoding="utf-8")
    write_figures(page, "run.py", RECORD.markdown())
    once = page.read_text(encoding="utf-8")
    assert "| a | extract | 4.000 s | reading 1.000 s | 4.00 x its time | 3.90–9.00 | yes |\n" in once
    assert "\n- a: 16 pages\n" in once
    write_figures(page, "run.py", RECORD.markdown())
    assert page.read_text(encoding="utf-8") == once
    start, end = (before.index(mark) for mark in ("<!-- run.py", "<!-- end of run.py"))
    assert once.startswith(before[:start]) and once.endswith(before[end:])


def test_the_readme_shows_recorded_rows() -> None:
    records = [record for record in read_records(RECORDS).values() if record.pages.startswith(MODERN)]
    shown = README.read_text(encoding="utf-8")
    assert not records or any(record.markdown() in shown for record in records)
