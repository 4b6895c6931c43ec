"""The matcher against the published rule, written from its words as a plain substring search."""

import json
from itertools import chain

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from udfs.matching.batches import match_batches
from udfs.matching.boundaries import space_text
from udfs.matching.matcher import Matcher, cached_matcher, match_once, pack_entries
from udfs.schemas import MATCHED_PAIR, PAIR, POOL


def naive_spaced(caption: str) -> str:
    """One space around, each mark wrapped in spaces, tab, CR and LF into spaces: character by character."""
    out = " "
    for character in caption:
        if character in ",.;:?!`":
            out += " " + character + " "
        elif character in "\t\r\n":
            out += " "
        else:
            out += character
    return out + " "


def naive_match(caption: str, entries: list[str]) -> list[int]:
    return [entry_id for entry_id, entry in enumerate(entries) if f" {entry} " in naive_spaced(caption)]


# A small alphabet, so that entries are prefixes, suffixes and parts of each other and occur often.
LETTERS = "abAé日😀\u0301 "
MARKS = ",.;:?!`'\"-&/()\u00a0"
ENTRIES = st.lists(st.text(LETTERS + MARKS, min_size=1, max_size=5), max_size=12, unique=True)
CAPTIONS = st.text(LETTERS + MARKS + "\t\n\r\u2028", max_size=30)


@st.composite
def entries_and_caption(draw: st.DrawFn) -> tuple[list[str], str]:
    """Captions made partly of the entries, joined by characters that may or may not separate words."""
    entries = draw(ENTRIES)
    glue = st.sampled_from([" ", "  ", ",", ".", "`", "\t", "\r\n", "", "-", "'"])
    pieces = st.sampled_from(entries) | CAPTIONS if entries else CAPTIONS
    return entries, "".join(piece + end for piece, end in draw(st.lists(st.tuples(pieces, glue), max_size=6)))


@settings(max_examples=settings.default.max_examples * 5)
@given(entries_and_caption())
@example((["a"], "a"))
@example((["a", "a a", "a a a"], "a a a a"))
@example((["b", "a b", "b a", "a b a"], "a b a"))
@example((["U.S.", "U . S .", "U.S", "S"], "the U.S. flag"))
@example(([" ", "  ", "a "], "a  b"))
@example((["😀", "a 😀"], "a 😀, 😀"))
@example((["x"], ""))
def test_equals_the_substring_rule(case: tuple[list[str], str]) -> None:
    entries, caption = case
    ids = Matcher(entries).match(caption)
    assert match_once(caption, entries) == ids
    assert ids == naive_match(caption, entries)
    assert ids == sorted(set(ids))


@given(CAPTIONS)
def test_space_text_by_the_definition(caption: str) -> None:
    assert space_text(caption) == naive_spaced(caption)


@pytest.mark.parametrize(
    ("caption", "matched"),
    [
        ("a dog on the beach", ["dog", "beach", "dog on the beach", "a"]),
        ("Dog", []),  # case matters
        ("NASA", ["NASA"]),
        ("nasa", []),
        ("hotdog dogs dog's dog-house (dog)", []),  # only the wrapped marks part words
        ("dog,dog.dog", ["dog", ",", "."]),
        ("Is it a dog?", ["dog", "a", "?"]),
        ("`dog`", ["dog"]),
        ("dog\u00a0beach", []),  # NBSP is no space here; canonical captions hold none
        ("dog\tbeach\r\na", ["dog", "beach", "a"]),
        ("dog  on the beach", ["dog", "beach"]),  # an entry's single space is one space
        ("dog , cat", ["dog", ","]),  # the entry "dog, cat" can never be found: the text has "dog ,  cat"
        ("dog, cat", ["dog", ","]),
        ("São Paulo", ["São Paulo"]),
        ("St. Paul", ["."]),  # "St. Paul" is written " St .  Paul " in the text: with two spaces
        ("", []),
    ],
)
def test_hand_cases(caption: str, matched: list[str]) -> None:
    entries = [
        "dog",
        "beach",
        "dog on the beach",
        "a",
        "NASA",
        ",",
        ".",
        "?",
        "dog, cat",
        "São Paulo",
        "St. Paul",
        "zebra",
    ]
    assert [entries[entry_id] for entry_id in Matcher(entries).match(caption)] == sorted(matched, key=entries.index)


def test_no_entries() -> None:
    matcher = Matcher([])
    assert matcher.match("a dog") == []
    assert matcher.match("") == []
    assert list(match_batches(iter([pairs(["a dog"])]), matcher, MATCHED_PAIR)) == []


def test_a_matcher_keeps_no_state_between_captions() -> None:
    """The automaton holds no state between captions, nor when a caption ends in the middle of an entry."""
    matcher = Matcher(["a b c", "b", "c d"])
    for _ in range(2):
        assert matcher.match("x a b") == [1]
        assert matcher.match("c d") == [2]
        assert matcher.match("a b c d") == [0, 1, 2]


def pairs(captions: list[str], schema: pa.Schema = PAIR) -> pa.RecordBatch:
    """A batch with these captions; every other column holds the row's number."""
    makers = {pa.string(): str, pa.int64(): int, pa.float32(): float}
    columns = [
        pa.array(captions, pa.string())
        if field.name == "caption"
        else pa.array([makers[field.type](row) for row in range(len(captions))], field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


POOL_WITHOUT_IDS = pa.schema([field for field in POOL if field.name != "entry_ids"])
WORDS = ["dog", "cat", "a dog", "zebra"]
CAPTION_LISTS = st.lists(st.sampled_from(["a dog", "cat, dog", "nothing", "", "a dog and a cat", "zebras"]), max_size=8)


@pytest.mark.parametrize(("before", "after"), [(PAIR, MATCHED_PAIR), (POOL_WITHOUT_IDS, POOL)], ids=["pair", "pool"])
@given(batches=st.lists(st.tuples(CAPTION_LISTS, st.integers(0, 3), st.integers(0, 3)), max_size=4))
def test_match_batches(before: pa.Schema, after: pa.Schema, batches: list[tuple[list[str], int, int]]) -> None:
    """Row by row against the naive rule, on batches that are slices of others, some without rows."""
    given_batches = []
    for captions, head, tail in batches:
        whole = pairs(["dog"] * head + captions + ["cat"] * tail, before)
        given_batches.append(whole.slice(head, len(captions)))
    matched = list(match_batches(iter(given_batches), Matcher(WORDS), after))
    expected = [
        {**row, "entry_ids": ids}
        for batch in given_batches
        for row in batch.to_pylist()
        if (ids := naive_match(row["caption"], WORDS))
    ]
    assert [row for batch in matched for row in batch.to_pylist()] == expected
    for batch in matched:
        batch.validate(full=True)
        assert batch.schema.equals(after)
        assert batch.num_rows > 0


def test_match_batches_takes_columns_by_name() -> None:
    """Spark may hand over the columns in another order, and more of them."""
    batch = pairs(["a dog"]).select(list(reversed(PAIR.names))).append_column("extra", pa.array([1]))
    (matched,) = match_batches(iter([batch]), Matcher(["dog"]), MATCHED_PAIR)
    assert matched.to_pylist() == [{**pairs(["a dog"]).to_pylist()[0], "entry_ids": [0]}]


def test_match_batches_is_lazy() -> None:
    def source():
        yield pairs(["a dog"])
        raise AssertionError("asked for a batch too early")

    assert next(match_batches(source(), Matcher(["dog"]), MATCHED_PAIR)).num_rows == 1


@given(ENTRIES)
def test_pack_entries_round_trip(entries: list[str]) -> None:
    packed = pack_entries(entries)
    assert list(chain.from_iterable(map(json.loads, packed.splitlines()))) == entries
    matcher = cached_matcher(packed)
    for caption in entries:
        assert matcher.match(caption) == naive_match(caption, entries)


def test_cached_matcher_is_built_once_for_equal_bytes() -> None:
    cached_matcher.cache_clear()
    first = cached_matcher(pack_entries(["dog", "cat"]))
    assert cached_matcher(bytes(bytearray(pack_entries(["dog", "cat"])))) is first
    other = cached_matcher(pack_entries(["cat", "dog"]))
    assert other is not first
    assert (first.match("dog"), other.match("dog")) == ([0], [1])
    assert cached_matcher.cache_info().currsize == 1  # one automaton a worker
    cached_matcher.cache_clear()
