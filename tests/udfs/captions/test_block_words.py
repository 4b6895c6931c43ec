"""Blocked words and phrases against a regular expression a word."""

import gzip
import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from udfs.captions.block_words import BlockWords, cached_word_check, parse_block_words
from udfs.captions.canonical import canonical
from udfs.errors import UsageError

ALPHABET = st.one_of(
    st.sampled_from("aAbBßẞéÉe\u0301İiς_-'.+1 字ก\u0e34\u094d\u200d"), st.characters(exclude_categories=["Cs"])
)
SHORT = st.text(ALPHABET, min_size=1, max_size=4)


def folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def by_regular_expression(caption: str, words: list[str]) -> bool:
    """Replaces letters, numbers, underscores, marks and joiners by one letter; keeps the rest."""
    text = folded(caption)
    inside = "".join(
        "w" if re.match(r"[\w\u200c\u200d]", c) or unicodedata.category(c)[0] == "M" else "-" for c in text
    )
    for word in words:
        for place in range(len(text)):
            if text.startswith(word, place):
                edges = (inside[place - 1 : place + 1] if place else "-", inside[place + len(word) - 1 :][:2])
                if "ww" not in edges:
                    return True
    return False


@given(st.lists(SHORT, min_size=1, max_size=4), st.text(ALPHABET, max_size=12))
@example(["sex"], "Essex Sex-ed")
@example(["c++"], "C++17")
@example(["strasse"], "STRAßE")
def test_equals_a_search_for_each_word(words: list[str], text: str) -> None:
    wanted = sorted({folded(canonical(word)) for word in words} - {""})
    if wanted:
        caption = canonical(text + words[0] + text)
        assert cached_word_check(tuple(wanted))(caption) == by_regular_expression(caption, wanted)


@pytest.mark.parametrize(
    ("caption", "blocked"),
    [
        ("Bad Word", True),
        ("a BAD\u00a0WORD!", True),
        ("badword", False),
        ("bad, word", False),
        ("bad words", False),
        ("Naughty", True),
        ("naughty-or-nice", True),
        ("naughtyness", False),
        ("(ÉTÉ)", True),
        ("# no comment", False),
    ],
)
def test_hand_cases(caption: str, blocked: bool) -> None:
    words = parse_block_words(
        "\ufeff# no comment\n\n  bad   word \r\nNAUGHTY\n  # more\ne\u0301te\u0301\n".encode(), "w"
    )
    assert words.words == ("bad word", "naughty", "été")
    assert cached_word_check(words.words)(canonical(caption)) == blocked


def test_the_fingerprint_depends_on_the_words_alone() -> None:
    one, two = (parse_block_words(data, "w").fingerprint for data in (b"A\nb\n", b"# x\nB\n\na\na\n"))
    assert one == two != parse_block_words(b"a\n", "w").fingerprint
    assert one is not None
    assert one["words"] == 2
    assert BlockWords().fingerprint is None


def test_a_gzipped_list_is_the_same_list() -> None:
    data = "\ufeffBad word\r\n# comment\nété\n".encode()
    assert parse_block_words(gzip.compress(data), "w") == parse_block_words(data, "w")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"ok\n\xff\n", "line 2 is not UTF-8 (byte 0xff); save it as UTF-8"),
        (b"# only\n\n", "holds no words"),
        (b"", "holds no words"),
        (gzip.compress(b"word\n")[:-9], "starts as gzip but cannot be unpacked"),
    ],
)
def test_lists_that_cannot_be_used(data: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=f"^words.txt: {re.escape(message)}"):
        parse_block_words(data, "words.txt")


def test_tens_of_thousands_of_phrases() -> None:
    blocks = cached_word_check(tuple(sorted(f"phrase number {n}" for n in range(50_000))))
    assert blocks("this is Phrase Number 49999.")
    assert not blocks("this is phrase number 50000 and phrase number 1234567")
