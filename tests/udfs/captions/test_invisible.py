"""Invisible characters: those removed against Unicode's own properties, and those kept because writing needs them."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from udfs.captions.canonical import canonical
from udfs.captions.invisible import strip_invisible

# Cf that is seen or laid out: Prepended_Concatenation_Mark (PropList.txt), interlinear annotation, hieroglyph controls
SEEN = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
SEEN |= {*range(0xFFF9, 0xFFFC), *range(0x13430, 0x13440)}
TEXTS = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from("\u200b\u200c\u200d\u200e\u202e\u2066\u2069\ufeff\u00ad\u180e\x00\x07\x1b\x7f\x9f\t\n \x85"),
        st.sampled_from("می\u0915\u094d\u0dca\u1820👩❤\ufe0f🏽🏴\U000e0067\U000e007fae\u0301"),
    ),
    max_size=20,
)


def is_invisible(character: str) -> bool:
    kind = unicodedata.category(character)
    return (kind == "Cc" and not character.isspace()) or (kind == "Cf" and ord(character) not in SEEN)


def test_each_character_alone() -> None:
    """By category, for all of Unicode that this Python knows."""
    characters = [chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    left = strip_invisible("a" + "a".join(characters) + "a")
    assert left == "a" + "a".join("" if is_invisible(character) else character for character in characters) + "a"


@given(TEXTS)
@example("e\u200b\u0301")  # what it kept apart is composed afterwards
def test_only_invisible_characters_are_removed(text: str) -> None:
    stripped = strip_invisible(text)
    assert [c for c in stripped if not is_invisible(c)] == [c for c in text if not is_invisible(c)]
    assert {c for c in stripped if is_invisible(c)} <= {
        "\u200c",
        "\u200d",
        "\u180e",
        *map(chr, range(0xE0020, 0xE0080)),
    }
    assert strip_invisible(stripped) == stripped
    caption = canonical(stripped)
    assert canonical(strip_invisible(caption)) == caption


@given(st.text(st.characters(max_codepoint=0x24F, exclude_categories=["Cc", "Cf"], exclude_characters="©®")))  # emoji
def test_latin_text_is_left_alone(text: str) -> None:
    assert strip_invisible(text) == text
    assert strip_invisible("\u200d".join(text)) == text


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("\u200bBappi Lahrri Records for New Film", "Bappi Lahrri Records for New Film"),
        ("Dick Dale \u200e– Surfer's Guitar", "Dick Dale – Surfer's Guitar"),
        ("\u202aRuins of Ducal Castle\u202c", "Ruins of Ducal Castle"),
        ("co\u00adoperation\ufeff", "cooperation"),
        ("Auf\u200clage", "Auflage"),
        ("bell\x07 and escape\x1b[0m", "bell and escape[0m"),
        ("two\nlines\tand\x85more", "two\nlines\tand\x85more"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # Persian: another word without it
        ("\u200cمی\u200c", "می"),  # at an end it does nothing
        ("ශ්\u200dරී ලංකා", "ශ්\u200dරී ලංකා"),  # Sinhala: a conjunct
        ("അവന്\u200d", "അവന്\u200d"),  # Malayalam: a chillu, as it was written before Unicode 5.1
        ("क्\u200dष", "क्\u200dष"),  # Devanagari: a half form
        ("ᠰᠠᠶᠢ\u180eᠠ", "ᠰᠠᠶᠢ\u180eᠠ"),  # Mongolian: a separate final vowel
        ("a\u200dعb", "aعb"),
        ("👩\u200d❤\ufe0f\u200d👨 and 👩🏽\u200d🚀", "👩\u200d❤\ufe0f\u200d👨 and 👩🏽\u200d🚀"),
        ("👩\u200d and \u200d🚀", "👩 and 🚀"),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f won", None),  # the flag of England
        ("hidden\U000e0067\U000e0062\U000e007f", "hidden"),
        ("\u0600١٢", "\u0600١٢"),  # the Arabic number sign is seen
    ],
)
def test_hand_cases(text: str, stripped: str | None) -> None:
    assert strip_invisible(text) == (text if stripped is None else stripped)
