"""The canonical caption against the definition, written once more with a regular expression and unicodedata."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from udfs.captions.canonical import canonical

# Unicode's White_Space property (PropList.txt) and the four information separators, by code point.
WHITE_SPACE = "\u0009\u000a\u000b\u000c\u000d\u001c\u001d\u001e\u001f\u0020\u0085\u00a0\u1680"
WHITE_SPACE += "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
RUN = re.compile(f"[{re.escape(WHITE_SPACE)}]+")
# Looks like space, or has no width, and is none by the property.
NO_WHITE_SPACE = "\u180e\u200b\u200c\u200d\u200e\u2060\ufeff\u00ad\u2800"

ANY = st.characters(exclude_categories=["Cs"])
TEXTS = st.text(
    st.one_of(
        ANY,
        st.sampled_from(WHITE_SPACE),
        st.sampled_from(NO_WHITE_SPACE),
        st.sampled_from("eéo\u0301\u0308가ᄀ\u1161\u11a8ÅΩ;"),
    ),
    max_size=40,
)


def by_definition(text: str) -> str:
    return RUN.sub(" ", unicodedata.normalize("NFC", text)).strip(" ")


@given(TEXTS)
@example("\u2000\u2001")  # NFC makes en quad and em quad into other spaces
@example("a\u0301 \u0301b")
@example("\u037e")  # the Greek question mark becomes a semicolon
def test_equals_the_definition(text: str) -> None:
    assert canonical(text) == by_definition(text)


@given(TEXTS)
def test_idempotent_and_normal(text: str) -> None:
    once = canonical(text)
    assert canonical(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once == once.strip()
    assert "  " not in once
    assert not set(once) & (set(WHITE_SPACE) - {" "})


@given(TEXTS, TEXTS)
def test_canonically_equivalent_texts_are_one_caption(left: str, right: str) -> None:
    text = left + " " + right
    assert canonical(unicodedata.normalize("NFD", text)) == canonical(text)
    assert canonical(f"\n{left}\u00a0\u2028{right}\t") == canonical(text)


@pytest.mark.parametrize("space", WHITE_SPACE, ids=lambda space: f"U+{ord(space):04X}")
def test_each_white_space_character(space: str) -> None:
    assert canonical(f"{space}a{space}{space}b{space}") == "a b"
    assert canonical(space) == ""


@pytest.mark.parametrize("mark", NO_WHITE_SPACE, ids=lambda mark: f"U+{ord(mark):04X}")
def test_no_white_space(mark: str) -> None:
    assert canonical(f"a{mark}b") == f"a{mark}b"
    assert canonical(mark) == mark


def test_the_list_of_white_space_is_complete() -> None:
    """Python's own idea of white space, for all of Unicode."""
    assert {chr(point) for point in range(0x110000) if chr(point).isspace()} == set(WHITE_SPACE)


@pytest.mark.parametrize(
    ("text", "caption"),
    [
        ("", ""),
        ("  \t\r\n ", ""),
        ("\u00a0", ""),
        ("a dog\r\non the\u00a0 beach\n", "a dog on the beach"),
        ("one\u2028two\u2029three\x0bfour\x85five", "one two three four five"),
        ("Cafe\u0301", "Café"),
        ("\u1112\u1161\u11ab", "한"),
        ("ﬁ ½ Ａ", "ﬁ ½ Ａ"),  # compatibility characters stay: NFC, not NFKC
        ("Case STAYS", "Case STAYS"),
    ],
)
def test_hand_cases(text: str, caption: str) -> None:
    assert canonical(text) == caption
