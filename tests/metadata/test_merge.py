"""Merging sources: order, duplicates, punctuation, size; and the figures of `metadata show` and `metadata diff`."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata.describe import describe, difference, evenly
from metadata.entries import parse_entries
from metadata.merge import RankedSource, is_punctuation, merge, numbers, whole_share
from udfs.errors import UsageError
from udfs.matching.boundaries import Boundaries


def source(name: str, *entries: tuple[str, float]) -> RankedSource:
    return RankedSource(name, list(entries), len(entries), {})


SOURCES = [
    source("wordnet", ("cat", 3.0), ("dog", 1.0)),
    numbers(),
    source("unigrams", ("the", 900.0), ("cat", 500.0), ("7", 300.0), ("-", 200.0), ("of", 100.0)),
    source("titles", ("Yahoo!", 90.0), ("the", 80.0), ("!!!", 75.0), ("Cat", 70.0)),
]


def test_sources_follow_one_another_best_first():
    entries, accounts = merge(SOURCES, 1000)
    assert entries == ["cat", "dog", *map(str, range(100)), "the", "of", "Yahoo!", "Cat"]
    unigrams, titles = accounts[2], accounts[3]
    assert (unigrams.first_id, unigrams.taken, unigrams.punctuation, unigrams.lowest_score) == (102, 2, 1, 100.0)
    assert unigrams.duplicates == {"wordnet": 1, "numbers": 1}
    assert (titles.taken, titles.punctuation, titles.duplicates) == (2, 1, {"unigrams": 1})
    assert all(account.not_needed == 0 for account in accounts)


def test_a_full_list_counts_the_candidates_that_were_not_needed():
    entries, accounts = merge(SOURCES, 103)
    assert entries[-1] == "the"
    assert [account.not_needed for account in accounts] == [0, 0, 4, 4]
    entries, accounts = merge(SOURCES, 1)
    assert entries == ["cat"]
    assert [account.taken for account in accounts] == [1, 0, 0, 0]


def test_entries_are_compared_after_normalising():
    twice = source("titles", ("Yahoo!", 9.0), ("Yahoo !", 8.0), ("D.C.", 7.0))
    entries, [account] = merge([twice], 10, normalize=True)
    assert entries == ["Yahoo !", "D . C ."]
    assert account.duplicates == {"titles": 1}


@pytest.mark.parametrize("entry", ["-", "!!!", "§", "", "€$", "—"])
def test_punctuation(entry):
    assert is_punctuation(entry)


@pytest.mark.parametrize("entry", ["a", "7", "½", "हि", "C++", "!a"])
def test_no_punctuation(entry):
    assert not is_punctuation(entry)


def test_describe_by_hand():
    description = describe(["cat", "New York", "D.C.", "Yahoo!", "a\u00a0b"])
    assert description["words"] == {1: 4, 2: 1}
    assert description["characters"] == {"0%": 3, "25%": 3, "50%": 4, "75%": 6, "95%": 8, "100%": 8}
    assert description["cannot_match"] == {
        "wrapped_punctuation": 2,
        "wrapped_examples": ["D.C.", "Yahoo!"],
        "other": 1,
        "other_examples": ["a\u00a0b"],
    }
    assert description["not_nfc"] == {"entries": 0, "examples": []}
    assert evenly([str(number) for number in range(101)]) == ["0", "25", "50", "75", "100"]


def test_describe_counts_entries_that_are_not_nfc():
    description = describe(["e\u0301", "é", "か\u3099", "cat"], Boundaries.CONTINUOUS)
    assert description["not_nfc"] == {"entries": 2, "examples": ["e\u0301", "か\u3099"]}
    assert description["cannot_match"]["other"] == 2


def test_difference_by_hand():
    differences = difference(["a", "b", "c"], ["c", "a", "d", "e"])
    assert (differences["both"], differences["only_a"], differences["only_b"]) == (2, 1, 2)
    assert (differences["only_a_examples"], differences["only_b_examples"]) == (["b"], ["d", "e"])
    assert not differences["same_order"] and not differences["equal"]
    assert difference(["a", "b"], ["a", "x", "b"])["same_order"]
    assert difference(["a", "b"], ["a", "b"])["equal"]


def test_duplicates_are_left_out_on_request_and_other_faults_are_not():
    data = b'["a", "b", "a", "c", "b"]'
    assert parse_entries(data, "x.json", dedup=True).entries == ("a", "b", "c")
    with pytest.raises(UsageError, match="2 duplicates in all"):
        parse_entries(data, "x.json")
    with pytest.raises(UsageError, match="index 1 is blank"):
        parse_entries(b'["a", " ", "a"]', "x.json", dedup=True)


WORDS = st.lists(st.text(st.sampled_from("ab1-"), min_size=1, max_size=4), max_size=12)
CAPS = st.none() | st.integers(0, 8)


@given(st.lists(st.tuples(WORDS, CAPS), max_size=4), CAPS, st.none() | st.integers(1, 4), st.floats(0.1, 1))
def test_caps_are_those_of_a_naive_walk(drawn, size, longest, share):
    """The last source has at most a share of what the first one added."""
    sources = [
        RankedSource(
            f"s{number}",
            [(word, 1.0) for word in words],
            len(words),
            {},
            most,
            (share, "s0") if number == len(drawn) - 1 > 0 else None,
        )
        for number, (words, most) in enumerate(drawn)
    ]
    expected: list[str] = []
    added: list[int] = []
    for source in sources:
        taken = 0
        for word, _ in source.ranked:
            is_full = size is not None and len(expected) >= size
            is_over = source.most is not None and taken >= source.most
            beyond = source.share_of is not None and taken + 1 > Fraction(str(share)) * added[0]
            if is_full or is_over or beyond:
                break
            if word in expected or set(word) == {"-"} or (longest is not None and len(word) > longest):
                continue
            expected.append(word)
            taken += 1
        added.append(taken)
    entries, accounts = merge(sources, size, max_characters=longest)
    assert entries == expected
    assert [account.taken for account in accounts] == added
    for source, account in zip(sources, accounts, strict=True):
        left_out = sum(account.duplicates.values()) + account.punctuation + (account.too_long or 0)
        assert account.taken + left_out + account.not_needed == source.candidates, "every candidate has one outcome"


def test_shares_are_those_that_are_written():
    assert whole_share(0.29, 100) == 29 and whole_share(0.1, 29) == 2 and whole_share(1.0, 7) == 7
