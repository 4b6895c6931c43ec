"""Figures of score thresholds, on so few captions that each figure can be checked by hand."""

import math

import numpy as np
import pytest
from language_figures import NOT_ENGLISH, WEB_MIX, Matched, pools, recognition, tenths


def test_recognition() -> None:
    scores = {
        "en": np.array([0.9, 0.6, 0.2, NOT_ENGLISH]),
        "de": np.array([0.6, NOT_ENGLISH, NOT_ENGLISH, NOT_ENGLISH]),
        "zh": np.array([0.1, 0.1, NOT_ENGLISH, NOT_ENGLISH]),
    }
    holds = {language: np.array([True, True, True, True]) for language in ("en", "de")} | {"zh": np.zeros(4, bool)}
    at_zero, at_half = (recognition(scores, holds, threshold) for threshold in (0.0, 0.5))
    assert (at_zero.recall, at_zero.false_positives) == (0.75, 0.375)
    assert at_zero.precision == 3 / (3 + 1 + 2)
    english, german, chinese = (WEB_MIX[code] for code in ("en", "de", "zh"))
    assert math.isclose(at_zero.web_precision, 3 * english / (3 * english + german + 2 * chinese))
    assert math.isclose(at_zero.web_precision_of_pairs, 3 * english / (3 * english + german))
    assert (at_half.recall, at_half.precision) == (0.5, 2 / 3)
    assert math.isnan(recognition(scores, holds, 0.95).precision)


MATCHED = Matched.of(
    [
        (0.9, "one two three", [0, 1]),
        (0.4, "one", [0]),
        (NOT_ENGLISH, "one two", [0, 2]),
        (0.6, "one two three four five", [0, 1, 3]),
    ]
)


def test_counts() -> None:
    assert MATCHED.words.tolist() == [3, 1, 2, 5]
    assert MATCHED.counts(5, None).tolist() == [4, 2, 1, 1, 0]
    assert MATCHED.counts(5, 0.0).tolist() == [3, 2, 0, 1, 0]
    assert MATCHED.counts(5, 0.5).tolist() == [2, 2, 0, 1, 0]


def test_tenths_go_from_head_to_tail_and_leave_out_what_is_empty() -> None:
    found = tenths(MATCHED, 5, (0.0, 0.5))
    assert [(tenth.entries, tenth.least, tenth.largest) for tenth in found] == [
        (1, 4, 4),
        (1, 2, 2),
        (1, 1, 1),
        (1, 1, 1),
    ]
    assert [tenth.kept for tenth in found] == [[0.75, 0.5], [1.0, 1.0], [0.0, 0.0], [1.0, 1.0]]
    assert found[0].words == pytest.approx((3 + 1 + 2 + 5) / 4)


def test_pools() -> None:
    t, (at_zero, at_half) = pools(MATCHED, 5, (0.0, 0.5), 0.5)
    assert t == 3  # below it entries 1 and 3, with 3 of 6 matches
    assert (at_zero.pairs, at_zero.entries, at_zero.subset) == (3, 3, 3.0)
    assert (at_half.pairs, at_half.entries, at_half.subset) == (2, 3, 2.0)
    t, (at_zero, at_half) = pools(MATCHED, 5, (0.0, 0.5), 0.2)
    assert t == 2
    assert at_zero.subset == pytest.approx(1 + 2 / 3 + 1)  # entry 0 has 3 pairs, and one of them nothing else
    assert at_half.subset == 2.0
