"""The tokenizer on hand-worked lines and against a walk over characters; PMI by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from metadata_dumps import naive_counts

from metadata.words import MAX_WORD_CHARS, lift, pairs, phrases, pointwise_mutual_information
from udfs.captions.canonical import canonical
from udfs.matching.boundaries import space_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The cat sat", [["The", "cat", "sat"]]),
        ("sat, cat", [["sat"], ["cat"]]),
        ("U.S. Army", [["U"], ["S"], ["Army"]]),
        ("a well-known don't don’t 'quoted' -x- rock 'n' roll", None),
        ("1,000 or 3.5 in 1990-91", [["1"], ["000", "or", "3"], ["5", "in", "1990-91"]]),
        ("one\ntwo\u2028three", [["one"], ["two"], ["three"]]),
        ("no\u00a0break  and\ttab", [["no", "break", "and", "tab"]]),
        ("(in) brackets", [["in"], ["brackets"]]),
        ("snake_case C++ AT&T", [["snake"], ["case", "C"], ["AT"], ["T"]]),
        ("cafe\u0301 naïve हिन्दी 東京", [["café", "naïve", "हिन्दी", "東京"]]),
        ("", []),
        ("... !?", []),
    ],
)
def test_words_by_hand(text, expected):
    if expected is None:
        expected = [["a", "well-known", "don't", "don’t"], ["quoted"], ["x"], ["rock"], ["n"], ["roll"]]
    assert list(phrases(text)) == expected


def test_case_is_kept_unless_folding_is_asked_for():
    assert list(phrases("New York NEW york")) == [["New", "York", "NEW", "york"]]
    assert list(phrases("New York ÉA", lowercase=True)) == [["new", "york", "éa"]]


def test_overlong_runs_are_not_words_and_end_a_pair():
    assert list(phrases(f"a {'x' * MAX_WORD_CHARS} b")) == [["a", "x" * MAX_WORD_CHARS, "b"]]
    assert list(phrases(f"a {'x' * (MAX_WORD_CHARS + 1)} b")) == [["a"], ["b"]]


LINES = st.text(st.sampled_from("ab1-'’.,() \n\u00a0\u0301_é"), max_size=40)


@given(LINES)
def test_equal_to_a_walk_over_characters(text):
    words, word_pairs = naive_counts([canonical(line) for line in text.split("\n")])
    runs = list(phrases(text))
    assert sorted(word for phrase in runs for word in phrase) == sorted(words.elements())
    assert sorted(pair for phrase in runs for pair in pairs(phrase)) == sorted(word_pairs.elements())


@given(LINES)
def test_a_caption_that_spells_a_pair_holds_it(text):
    for phrase in phrases(text):
        for first, second in pairs(phrase):
            assert any(f"{first} {second}" in canonical(line) for line in text.split("\n"))
            assert f" {first} {second} " in space_text(f"{first} {second}")


def test_pmi_by_hand():
    """Eight words; "a b" twice, "a" twice, "b" four times: 2·8 / (2·4) = 2, one bit."""
    assert lift(2, 2, 4, 8) == 2.0
    assert pointwise_mutual_information(2, 2, 4, 8) == 1.0
    assert pointwise_mutual_information(1, 1, 1, 1 << 30) == 30.0


def test_thirty_is_reached_exactly_and_not_just_below():
    assert lift(2, 2, 2, 1 << 31) == 2.0**30
    assert lift(2, 2, 2, (1 << 31) - 1) < 2.0**30
    assert math.isclose(pointwise_mutual_information(2, 2, 2, (1 << 31) - 1), 30.0)


def test_no_pair_exceeds_the_bound_that_pruning_relies_on():
    total = 1000
    for pair in range(1, 6):
        for first in range(pair, 12):
            for second in range(pair, 12):
                assert lift(pair, first, second, total) <= total / max(first, second)
