"""What is escaped of a hostile text: everything seen as it is, everything unseen spelled out."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.captions.visible import visible


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain, text", "plain, text"),
        ("café – “Kraków” 東京 🦊", "café – “Kraków” 東京 🦊"),
        ("مرحبا", "مرحبا"),
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("a\rb\nc\td", r"a\x0db\x0ac\x09d"),
        ("\x9b31m", r"\x9b31m"),
        ("pay\u202egpj.exe", r"pay\u202egpj.exe"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("tag\U000e0041", r"tag\U000e0041"),
    ],
)
def test_examples(text, escaped):
    assert visible(text) == escaped


@given(st.text())
def test_no_invisible_character_is_left(text):
    assert not {unicodedata.category(c) for c in visible(text)} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def test_long_texts_are_cut():
    assert visible("x" * 10_000, 5) == "xxxxx…"
    assert visible("xxxxx", 5) == "xxxxx"
