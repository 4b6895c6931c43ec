"""Where entries may begin and end: the tables of scripts by Unicode's names and by another library, the rules by
hand and by regular expressions on the caption itself."""

import re
from itertools import zip_longest
from string import punctuation
from unicodedata import category, name

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st
from naive_rules import is_continuous, is_other_letter, naive_key, naive_text

from udfs.matching.boundaries import (
    CONTINUOUS_SCRIPTS,
    Boundaries,
    default_boundaries,
    entry_key,
    space_text,
    spaced_text,
)
from udfs.matching.matcher import Matcher, match_once

SPACES, CONTINUOUS, METACLIP2 = Boundaries.SPACES, Boundaries.CONTINUOUS, Boundaries.METACLIP2
CHARACTERS = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
ADDED = {"〆", "ー", "\uff70", "\uff9e", "\uff9f", "\u3099", "\u309a"}
OF_OLD_NAMES = {"\U00016fe3", "\U00016ff0", "\U00016ff1"}
"""Han by their script: an old Chinese iteration mark, and two marks of Vietnamese readings."""
TONE_MARKS = set("\u302a\u302b\u302c\u302d")
"""Ideographic by their names, but common to all scripts."""


def needs_no_space(character: str, boundaries: Boundaries) -> bool:
    return entry_key(character, boundaries) == character


def test_letters_and_marks_of_the_scripts_by_their_names():
    letters = [character for character in CHARACTERS if category(character)[0] in "LM"]
    table = {character for character in letters if needs_no_space(character, CONTINUOUS)}
    assert table - OF_OLD_NAMES == {character for character in letters if is_continuous(character)} - TONE_MARKS
    assert len(table) > 90_000


def test_the_scripts_by_another_library():
    """All characters, except those that its Unicode version or Python's leaves unassigned."""
    scripts = regex.compile("|".join(rf"\p{{Script={script}}}" for script in CONTINUOUS_SCRIPTS))
    expected = {character for character in CHARACTERS if scripts.match(character)} | ADDED
    table = {character for character in CHARACTERS if needs_no_space(character, CONTINUOUS)}
    assert not {character for character in table ^ expected if name(character, "")}


def test_no_punctuation_of_other_texts_is_continuous():
    for mark in "。、，．・「」『』（）〈〉《》【】〜～？！：；…—“”‘’ \u3000·-()/&'\"+":
        assert not needs_no_space(mark, CONTINUOUS), mark


@pytest.mark.parametrize("character", "A 1 é я あア한 中 ก ຂ က ខ ཀ 々 〆 〇 ー ﾃ ㄅ ᥐ ᦀ ᨠ ꪀ ́ 😀".split())
def test_metaclip2_by_its_published_ranges(character):
    assert needs_no_space(character, METACLIP2) == (character in "中กຂကខཀ")


def test_metaclip2_by_names():
    """All ASCII punctuation and no other ASCII; the ideographs up to extension F, and no later ones."""
    assert {character for character in map(chr, range(128)) if needs_no_space(character, METACLIP2)} == set(punctuation)
    for character in CHARACTERS:
        if name(character, "").startswith("CJK UNIFIED IDEOGRAPH"):
            assert needs_no_space(character, METACLIP2) == (ord(character) < 0x2EBF0), hex(ord(character))


def matched(caption: str, *entries: str, boundaries: Boundaries) -> list[str]:
    ids = Matcher(entries, boundaries).match(caption)
    assert ids == match_once(caption, entries, boundaries)
    return [entries[entry_id] for entry_id in ids]


@pytest.mark.parametrize(
    ("entry", "caption", "in_metaclip2", "in_continuous"),
    [
        ("北京", "我爱北京天安门", True, True),
        ("แมว", "รูปแมวน่ารัก", True, True),
        ("カメラ", "新しいカメラです", False, True),
        ("iPhone", "我的iPhone手机", False, True),
        ("iPhone", "我的 iPhone 手机", True, True),
        ("東京", "東京都", True, True),
        ("C++", "C++17", True, False),
        ("C++", "我的C++书", False, False),  # "+" is no letter: C++ ends at no boundary
        ("C++", "我的C++ 书", False, True),
        ("T恤", "短袖T恤衫", False, True),
        ("T恤", "T 恤", False, True),
        ("T 恤", "T恤", False, True),
        ("卡拉OK", "唱卡拉OK吧", False, True),
        ("OK", "唱卡拉OKs吧", False, False),
        ("2024年", "在2024年的春天", False, True),
        ("024年", "在2024年的春天", False, False),
        ("Phone", "我的iPhone手机", False, False),
        ("我的 iPhone", "我的iPhone手机", False, True),
        ("ラーメン", "ラーメン屋", False, True),
        ("ﾃﾚﾋﾞ", "新ﾃﾚﾋﾞ局", False, True),
        ("佐々", "佐々木", False, True),
        ("།", "བོད།", True, True),
        ("한국", "한국어", False, False),
        ("한국", "中한국中", False, True),
        ("。", "好。坏", True, False),
        (",", "a,b", True, True),
        ("a", "  a", True, True),
    ],
)
def test_goldens(entry, caption, in_metaclip2, in_continuous):
    assert matched(caption, entry, boundaries=METACLIP2) == [entry] * in_metaclip2
    assert matched(caption, entry, boundaries=CONTINUOUS) == [entry] * in_continuous


def test_spaces_keeps_the_first_rule():
    assert matched("我爱北京天安门 C++17 北京, C++", "北京", "C++", boundaries=SPACES) == ["北京", "C++"]
    assert matched("我爱北京天安门 C++17", "北京", "C++", boundaries=SPACES) == []


MIXED = "aB1é中国カんー々กใདཀ་ခ한я①²हि\u0301\ufe0f-('😀 "
MARKS = ",.;:?!`。、"


@given(st.text(MIXED + MARKS + "\t\n\u00a0", max_size=20), st.sampled_from(Boundaries))
def test_texts_and_keys_by_the_definition(text, boundaries):
    assert spaced_text(text, boundaries) == naive_text(text, boundaries)
    if text:
        assert entry_key(text, boundaries) == naive_key(text, boundaries)


@given(st.text(MIXED + MARKS + "\t\n", max_size=20))
def test_the_first_rule_is_space_text(text):
    assert spaced_text(text, SPACES) == space_text(text)
    assert text == "" or entry_key(text, SPACES) == f" {text} "


def on_the_caption(entry: str, caption: str) -> bool:
    """The rule of `continuous` on the caption itself, which no space was put into: a regular expression that allows a
    space, or none, at each change of script in the entry. Entries hold no wrapped marks and no two spaces in a row."""
    letters = list(entry)
    for place in range(len(letters) - 2, 0, -1):
        if letters[place] == " " and _change(letters[place - 1], letters[place + 1]):
            del letters[place]
    pattern = "".join(
        re.escape(character) + " ?" * _change(character, behind)
        for character, behind in zip_longest(letters, letters[1:], fillvalue=" ")
    )
    for hit in re.finditer(f"(?=({pattern}))", caption):
        start, end = hit.start(), hit.start() + len(hit[1])
        if _edge(entry[0], caption[:start][-1:]) and _edge(entry[-1], caption[end:][:1]):
            return True
    return False


def _change(one: str, other: str) -> bool:
    return (is_continuous(one) and is_other_letter(other)) or (is_other_letter(one) and is_continuous(other))


def _edge(edge: str, neighbour: str) -> bool:
    return is_continuous(edge) or neighbour in ("", *" ,.;:?!`") or _change(edge, neighbour)


def single_spaced(text: str) -> str:
    return " ".join(text.split())


WORDS = st.text("aB1中国カกя한-( ", min_size=1, max_size=4).map(single_spaced).filter(bool)


@settings(max_examples=settings.default.max_examples * 5)
@given(WORDS, st.lists(WORDS | st.sampled_from([" ", ",", "!"]), max_size=4), st.booleans())
@example("T恤", ["短", "T恤", "衫"], True)
@example("中 a", ["中a"], False)
def test_continuous_on_the_caption_itself(entry, pieces, holds_entry):
    middle = len(pieces) // 2
    caption = single_spaced("".join([*pieces[:middle], *[entry] * holds_entry, *pieces[middle:]]))
    assert bool(match_once(caption, [entry], CONTINUOUS)) == on_the_caption(entry, caption)


@given(WORDS, st.text("中カกཀ", max_size=3), st.text("中カกཀ", max_size=3))
def test_an_entry_matches_in_running_text_of_a_continuous_script(entry, before, behind):
    """Whatever changes of script it has within. Only an edge that is a mark needs a space."""
    if all(is_continuous(edge) or is_other_letter(edge) for edge in (entry[0], entry[-1])):
        assert match_once(f"{before}{entry}{behind}", [entry], CONTINUOUS) == [0]


@pytest.mark.parametrize(
    ("code", "entries", "expected"),
    [
        ("zh", [], CONTINUOUS),
        ("zh_classical", ["abc"], CONTINUOUS),
        ("zh_min_nan", ["Tâi-pak", "chhī"], SPACES),
        ("en", ["cat", "dog", "東京"], SPACES),
        ("ko", ["한국", "서울", "漢字"], SPACES),
        ("nan", ["臺北", "淡水", "Tâi-pak"], CONTINUOUS),
        ("other", ["臺北", "Tâi-pak"], SPACES),
        ("other", [], SPACES),
    ],
)
def test_default_boundaries(code, entries, expected):
    assert default_boundaries(code, iter(entries)) is expected
    assert expected.meaning
