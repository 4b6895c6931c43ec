"""Why a WAT's pairs differ: each cause; and every pair is counted once."""

from collections import Counter

import pytest
from wat_causes import (
    CHARSET,
    NO_ATTRIBUTE,
    NO_ELEMENT,
    NO_IMAGE,
    NO_PAGE,
    NO_TEXT,
    OTHER_TEXT,
    OTHER_URL,
    REFERENCES,
    Difference,
    Pair,
    differences,
)

A, B = "http://a.example/a.jpg", "http://a.example/b.jpg"
CAFE = Pair("alt", A, "A café")


@pytest.mark.parametrize(
    ("instead", "cause"),
    [
        (Pair("alt", A, "A caf��"), CHARSET),
        (Pair("alt", A, "A cafÃ©"), CHARSET),
        (Pair("alt", A, "A caf&eacute;"), REFERENCES),
        (Pair("alt", A, "A"), OTHER_TEXT),
        (Pair("alt", B, "A café"), OTHER_URL),
    ],
)
def test_a_pair_that_the_wat_has_otherwise(instead: Pair, cause: str) -> None:
    assert differences(Counter([CAFE]), Counter([instead]), {A}) == ([Difference(cause, CAFE, instead)], [])


def test_a_pair_that_the_wat_has_not() -> None:
    title = Pair("data-image-title", A, "a title")
    for pair, urls, cause in (
        (CAFE, None, NO_PAGE),
        (title, {A}, NO_ATTRIBUTE),
        (CAFE, {A, B}, NO_TEXT),
        (CAFE, {B}, NO_IMAGE),
    ):
        assert differences(Counter([pair]), Counter(), urls) == ([Difference(cause, pair)], [])


def test_equal_pairs_are_counted() -> None:
    other = Pair("title", B, "something else")
    warc, wat = Counter({CAFE: 3}), Counter({CAFE: 2, other: 2})
    lacks, beyond = differences(warc, wat, {A, B})
    assert lacks == [Difference(NO_TEXT, CAFE)]
    assert beyond == [Difference(NO_ELEMENT, other)] * 2
    assert differences(wat, wat, {A, B}) == ([], [])
