"""`srcset` against the cases of web-platform-tests (parse-a-srcset-attribute.html, BSD-3), the HTML standard's own
examples, and a character-by-character reading of the standard's algorithm."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.html.srcset import Candidate, best_first, parse_srcset

ONE = ("data:,a",)
# srcset: the first candidate, which a browser loads
WPT = {
    **dict.fromkeys(("", ",", ",,,"), ()),
    **dict.fromkeys(
        ("  data:,a  1x  ", "\t\tdata:,a\t\t1x\t\t", "\n\ndata:,a\n\n1x\n\n", "\f\fdata:,a\f\f1x\f\f"), ONE
    ),
    **dict.fromkeys(("data:,a", "data:,a ", "data:,a ,", "data:,a,", "data:,a, ", "data:,a,,,", "data:,a,, , "), ONE),
    **dict.fromkeys((" data:,a", ",,,data:,a", " , ,,data:,a", "data:,a 1x", "data:,a 1x ", "data:,a 1x,"), ONE),
    "\x0b\x0bdata:,a\x0b\x0b1x\x0b\x0b": ("\x0b\x0bdata:,a\x0b\x0b1x\x0b\x0b",),
    "\xa0data:,a": ("\xa0data:,a",),
    "data:,a\xa0": ("data:,a\xa0",),
    "data:,a ( , data:,b 1x, ), data:,c": ("data:,c",),
    "data:,a ((( , data:,b 1x, ), data:,c": ("data:,c",),
    "data:,a [ , data:,b 1x, ], data:,c": ("data:,b",),
    "data:,a \\,data:;\\,b, data:,c": ("data:;\\,b",),
    **dict.fromkeys(("data:,a, data:,b (", "data:,a, data:,b (,", "data:,a, data:,b (x", "data:,a, data:,b ()"), ONE),
    "data:,a (, data:,b": (),
    "data:,a /*, data:,b, data:,c */": ("data:,b",),
    "data:,a //, data:,b": ("data:,b",),
    **dict.fromkeys((f"data:,a {rest}" for rest in ("foo", "foo foo", "foo 1x", "foo 1x foo", "foo 1w", "1x 1x")), ()),
    **dict.fromkeys(
        (f"data:,a {rest}" for rest in ("1w 1w", "1w 1x", "1x 1w", "1h 1h", "1h 1x", "1h 1w 1x", "1h")), ()
    ),
    **dict.fromkeys((f"data:,a {rest}" for rest in ("1w 1h", "1h 1w")), ONE),
    **dict.fromkeys((f"data:,a {rest}" for rest in ("0w", "-1w", "1.0w", "1e0w", "1www", "+1w", "1W", "NaNw")), ()),
    **dict.fromkeys(
        (f"data:,a {rest}" for rest in ("0x1w", "1\x01w", "1\xa0w", "1\u2003w", "\ufeff1w", "\u30001w")), ()
    ),
    **dict.fromkeys((f"data:,a {rest}" for rest in ("0x", "-0x", "1e0x", "1E0x", "1e-1x", "1.5e1x", "1.0x")), ONE),
    **dict.fromkeys((f"data:,a {rest}" for rest in (".5x", ".5e1x")), ONE),
    **dict.fromkeys((f"data:,a {rest}" for rest in ("-1x", "-x", ".x", "-.x", "1.x", "+1x", "1X", "Infinityx")), ()),
    **dict.fromkeys((f"data:,a {rest}" for rest in ("1x 1.0x", "1x -0x", "0x1x", "1\x01x", "\xa01x", "NaNx")), ()),
    **dict.fromkeys((f"data:,a 1w {rest}" for rest in ("0h", "-1h", "1.0h", "1e0h", "1hhh", "+1h", "1H", "NaNh")), ()),
}


@pytest.mark.parametrize("text", WPT)
def test_cases_of_web_platform_tests(text: str) -> None:
    assert tuple(image.url for image in parse_srcset(text))[:1] == WPT[text]


def test_the_standards_examples() -> None:
    """Those of its introduction to images (4.8.4.1)."""
    assert parse_srcset("/uploads/150-marie-lloyd.jpg 1.5x, /uploads/200-marie-lloyd.jpg 2x") == [
        Candidate("/uploads/150-marie-lloyd.jpg", None, 1.5),
        Candidate("/uploads/200-marie-lloyd.jpg", None, 2.0),
    ]
    wolves = parse_srcset("wolf-400.jpg 400w, wolf-800.jpg 800w, wolf-1600.jpg 1600w")
    assert wolves == [Candidate(f"wolf-{width}.jpg", width, None) for width in (400, 800, 1600)]
    assert best_first(wolves) == ["wolf-1600.jpg", "wolf-800.jpg", "wolf-400.jpg"]
    assert best_first(parse_srcset("banner-phone.jpeg, banner-phone-HD.jpeg 2x")) == [
        "banner-phone-HD.jpeg",
        "banner-phone.jpeg",
    ]


def test_the_best_comes_first_and_equals_keep_their_order() -> None:
    assert best_first(parse_srcset("a, b 2x, c 1x, d 3x")) == ["d", "b", "a", "c"]
    assert best_first(parse_srcset("a 100w, b 1" + "0" * 5000 + "w, c 400w")) == ["b", "c", "a"]


def test_urls_with_commas() -> None:
    image = "https://i.example/c_fill,h_90,w_120/x.jpg"
    assert [candidate.url for candidate in parse_srcset(f"{image} 1x,{image}?2 2x")] == [image, f"{image}?2"]


SPACE = "\t\n\f\r "


def standard(text: str) -> list[tuple[str, list[str]]]:
    """(URL, descriptors) by the standard's splitting loop and descriptor tokenizer, one character at a time."""
    position, candidates = 0, []
    while True:
        while position < len(text) and text[position] in SPACE + ",":
            position += 1
        if position >= len(text):
            return candidates
        start = position
        while position < len(text) and text[position] not in SPACE:
            position += 1
        url, descriptors = text[start:position], []
        if url.endswith(","):
            candidates.append((url.rstrip(","), descriptors))
            continue
        while position < len(text) and text[position] in SPACE:
            position += 1
        current, state = "", "in descriptor"
        while True:
            c = text[position] if position < len(text) else None
            if state == "in descriptor":
                if c is None or c == ",":
                    descriptors += [current] * bool(current)
                    position += c is not None
                    break
                if c in SPACE:
                    if current:
                        descriptors.append(current)
                        current, state = "", "after descriptor"
                elif c == "(":
                    current, state = current + c, "in parens"
                else:
                    current += c
            elif state == "in parens":
                if c is None:
                    descriptors.append(current)
                    break
                current += c
                state = "in descriptor" if c == ")" else state
            elif c is None:
                break
            elif c not in SPACE:
                state = "in descriptor"
                position -= 1
            position += 1
        candidates.append((url, descriptors))


def is_candidate(descriptors: list[str]) -> bool:
    """The standard's descriptor parser, for the descriptors below."""
    kinds = [descriptor[-1] if re.fullmatch("[1-9][0-9]*[wxh]", descriptor) else "?" for descriptor in descriptors]
    return kinds in ([], ["x"], ["w"], ["w", "h"], ["h", "w"])


DESCRIPTORS = st.sampled_from(("1x", "2x", "10w", "20w", "5h", "0w", "x", "(a, b)", "(", ")", "(c"))
PARTS = st.sampled_from(("a", "b.jpg", ",", " ", "\t", ", ", "data:,z")) | DESCRIPTORS


@given(st.lists(PARTS, max_size=12).map("".join) | st.text("ab1wxh,( )\t", max_size=30))
def test_candidates_equal_the_standards(text: str) -> None:
    expected = [url for url, descriptors in standard(text) if url and is_candidate(descriptors)]
    assert [candidate.url for candidate in parse_srcset(text)] == expected


@given(st.text(max_size=60))
def test_any_text_is_accepted(text: str) -> None:
    assert all(url and not set(url) & set(SPACE) for url in best_first(parse_srcset(text)))
