"""Which entries can ever match, against every short caption, and the normalised form of the others."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata.spacing import can_match, holds_wrapped, normalize_entry
from udfs.captions.canonical import canonical
from udfs.matching.boundaries import Boundaries, entry_key, space_text, spaced_text
from udfs.matching.matcher import Matcher


def strings(alphabet: str, longest: int) -> list[str]:
    return ["".join(chars) for length in range(1, longest + 1) for chars in product(alphabet, repeat=length)]


def test_an_entry_can_match_if_and_only_if_a_caption_holds_it():
    """All entries of up to five characters of `a`, `.` and space, in all captions of up to eight."""
    spaced = {space_text(canonical(caption)) for caption in strings("a. ", 8)}
    everything = "\n".join(spaced)
    for entry in strings("a. ", 5):
        if entry.strip():
            assert can_match(entry) == (f" {entry} " in everything), repr(entry)


@pytest.mark.parametrize(
    ("boundaries", "alphabet", "longest"),
    [(Boundaries.CONTINUOUS, "a.中 ", 7), (Boundaries.METACLIP2, "a.中 ", 7), (Boundaries.METACLIP2, "a.( ", 7)],
)
def test_an_entry_can_match_by_other_boundaries_if_and_only_if_a_caption_holds_it(boundaries, alphabet, longest):
    """All entries of up to four characters, in all captions of up to seven."""
    everything = "\n".join({spaced_text(canonical(caption), boundaries) for caption in strings(alphabet, longest)})
    for entry in strings(alphabet, 4):
        if entry.strip():
            assert can_match(entry, boundaries) == (entry_key(entry, boundaries) in everything), repr(entry)


@given(st.text("ab中カ1(.,! \u00a0\u0301é", max_size=12), st.sampled_from(Boundaries))
def test_a_normalised_entry_can_match_by_its_boundaries(text, boundaries):
    entry = normalize_entry(text, boundaries)
    if entry.strip():
        assert can_match(entry, boundaries)
        assert normalize_entry(entry, boundaries) == entry
        if not can_match(text, boundaries):
            assert Matcher([entry], boundaries).match(canonical(text)) == [0]


def test_what_can_match_depends_on_the_boundaries():
    assert not can_match("")
    for boundaries in Boundaries:
        assert not any(can_match(entry, boundaries) for entry in ("", " ", "D.C.", "e\u0301", "two  words"))
        assert all(can_match(entry, boundaries) for entry in ("T恤", "卡拉OK", "カメラ", "cat", ",", "Yahoo !"))
    assert [boundaries for boundaries in Boundaries if can_match("!!", boundaries)] == []
    assert normalize_entry("Yahoo!雅虎", Boundaries.CONTINUOUS) == "Yahoo ! 雅虎"
    assert normalize_entry("T恤!", Boundaries.CONTINUOUS) == "T恤 !"


@pytest.mark.parametrize("entry", ["cat", "New York", "well-known", "don't", "C++", "é", "!", "Yahoo !", "D .  C ."])
def test_entries_that_can_match(entry):
    assert can_match(entry)


@pytest.mark.parametrize(
    "entry",
    ["", " ", "D.C.", "Washington, D.C.", "Yahoo!", "two  words", "no\u00a0break", "tab\tbed", "e\u0301", "    a"],
)
def test_entries_that_never_match(entry):
    assert not can_match(entry)


def test_normalising_spaces_an_entry_as_its_caption_is():
    assert normalize_entry("Washington, D.C.") == "Washington ,  D . C ."
    assert normalize_entry("Yahoo!") == "Yahoo !"
    assert normalize_entry("e\u0301\u00a0b") == "é b"
    assert normalize_entry("cat") == "cat"
    assert normalize_entry("\u00a0") == ""
    assert holds_wrapped("a`b") and not holds_wrapped("a-b")


@given(st.text("ab.,! \u00a0\u0301é", max_size=12))
def test_a_normalised_entry_matches_the_caption_that_spells_it(text):
    entry = normalize_entry(text)
    if entry.strip():
        assert can_match(entry)
        assert normalize_entry(entry) == entry
        if not can_match(text):
            assert Matcher([entry]).match(canonical(text)) == [0]
