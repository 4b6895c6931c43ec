"""Outcomes: each belongs to exactly one sum or is an overlay, and a row that loses an item is detected."""

import types
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs import outcomes
from udfs.outcomes import COUNTERS, OVERLAYS, SUMS, FileStatus, Outcome, conservation_errors
from udfs.schemas import FILE


def test_every_outcome_is_in_one_sum_or_an_overlay() -> None:
    seen = Counter([*SUMS, *(part for parts in SUMS.values() for part in parts), *OVERLAYS])
    assert seen == Counter(Outcome)


def test_a_new_outcome_is_one_line() -> None:
    """An outcome that is declared in one place is a column, and a part of its sum or an overlay."""
    lines = '    PAGE_NEW = "page_new", "records", "new"\n    TEXT_NEW = "text_new", OVERLAY, "new"\n'
    source = Path(outcomes.__file__).read_text(encoding="utf-8")
    extended = types.ModuleType("extended")
    exec(source.replace("\n\nCOUNTERS", f"\n{lines}\n\nCOUNTERS", 1), vars(extended))
    assert extended.COUNTERS[-2:] == ("page_new", "text_new")
    assert extended.SUMS["records"][-1] == "page_new"
    assert set(extended.OVERLAYS) - OVERLAYS == {"text_new"}


def test_counters_are_the_columns_of_files_in_order() -> None:
    assert list(COUNTERS) == list(Outcome)
    assert FILE.names == ["path", "status", *(outcome.value for outcome in Outcome), "bytes", "seconds", "error"]


def test_statuses_are_the_documented_ones() -> None:
    assert [status.value for status in FileStatus] == ["ok", "partial", "failed"]


def test_a_row_that_adds_up_has_no_errors() -> None:
    row = dict.fromkeys(COUNTERS, 0)
    assert conservation_errors(row) == []
    row |= {"records": 1 + 2 + 4 + 8, "record_not_response": 1, "record_unreadable": 2, "page_not_html": 4, "pages": 8}
    row |= {"page_damaged": 3, "page_capped": 2}
    row |= {"images": 63, "image_no_url": 1, "image_data_url": 2, "image_not_http": 4, "image_unresolvable": 8}
    row |= {"image_no_text": 16, "images_with_text": 32}
    row |= {"texts": 31, "text_no_url": 1, "text_blank": 2, "text_other_language": 4, "text_no_match": 8, "pairs": 16}
    assert conservation_errors(row) == []


@given(st.sampled_from([outcome for outcome in Outcome if outcome not in OVERLAYS]), st.integers(1, 10**12))
def test_one_missing_item_is_reported(outcome: Outcome, astray: int) -> None:
    row = dict.fromkeys(COUNTERS, 0)
    row[outcome] = astray
    (error,) = conservation_errors(row)
    total = next(total for total, parts in SUMS.items() if outcome == total or outcome in parts)
    assert error.startswith(f"{total.value} is ")
    assert f"{astray:,}" in error


@pytest.mark.parametrize("overlay", sorted(OVERLAYS))
def test_overlays_are_in_no_sum(overlay: Outcome) -> None:
    assert conservation_errors(dict.fromkeys(COUNTERS, 0) | {overlay: 5}) == []


def test_each_sum_is_judged_by_itself() -> None:
    row = dict.fromkeys(COUNTERS, 0) | {Outcome.RECORDS: 1, Outcome.IMAGES: 2, Outcome.TEXTS: 3}
    assert len(conservation_errors(row)) == 3
