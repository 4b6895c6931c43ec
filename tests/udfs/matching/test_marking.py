"""Which characters of a caption entries cover, against looking the entries up one by one."""

from hypothesis import given
from hypothesis import strategies as st

from udfs.matching import boundaries
from udfs.matching.boundaries import Boundaries, space_text
from udfs.matching.marking import marked_caption, spans_of, stretches
from udfs.matching.matcher import Matcher

WORDS = ["a", "b", "a b", "b a", ",", "a ,", ". b", "`", "ab"]
captions = st.text("ab ,.`", max_size=20).map(lambda text: " ".join(text.split())).filter(bool)


@given(captions)
def test_spans_are_those_of_the_matching_rule(caption):
    spaced = space_text(caption)
    spans_by_entry = {entry: spans_of(spaced, entry) for entry in WORDS}
    assert [WORDS[i] for i in Matcher(WORDS).match(caption)] == [entry for entry in WORDS if spans_by_entry[entry]]
    for entry, spans in spans_by_entry.items():
        assert len(spans) == sum(spaced.startswith(f" {entry} ", at) for at in range(len(spaced)))
        assert all(spaced[span.start : span.end] == entry for span in spans)


@given(captions)
def test_marking_loses_no_character(caption):
    spaced = space_text(caption)
    assert "".join(piece.text for piece in stretches(spaced, spans_of(spaced, "a"))) == spaced
    assert "".join(piece.text for piece in marked_caption(caption, WORDS, 1000)) == caption


def marked(caption: str, *entries: str, most: int = 1000, boundaries: Boundaries = Boundaries.SPACES) -> str:
    pieces = marked_caption(caption, entries, most, boundaries)
    return "".join(f"[{piece.text}]" if piece.matched else piece.text for piece in pieces)


def test_the_caption_is_marked_not_its_spaced_text():
    assert marked("Cat, dog: a `cat`. cat", "cat", "dog") == "Cat, [dog]: a `[cat]`. [cat]"
    assert marked("a dog, too", "dog ,") == "a [dog,] too"
    assert marked("one two three", "one two", "two three") == "[one two three]"
    assert marked("a, a", ",") == "a[,] a"


def test_marks_by_other_boundaries():
    boundaries = Boundaries.CONTINUOUS
    assert marked("我的iPhone手机", "iPhone", boundaries=boundaries) == "我的[iPhone]手机"
    assert marked("买iPhone, T恤!", "T恤", "iPhone", "!", boundaries=boundaries) == "买[iPhone], [T恤!]"
    assert marked("新しいカメラA", "カメラ", "カメラA", boundaries=boundaries) == "新しい[カメラA]"
    assert marked("  (film) C++17", "(film)", "C++", boundaries=Boundaries.METACLIP2) == "  [(film)] [C++]17"


@given(st.text("a1中カ., (", max_size=12), st.sampled_from(Boundaries))
def test_what_is_marked_is_the_entry(caption, boundaries):
    """Each marked piece is the entry as the caption spells it, and an entry that matches has one."""
    for entry in ("a", "中", "a中", "1カ", "(", "中 a"):
        pieces = marked_caption(caption, [entry], 100, boundaries)
        assert "".join(piece.text for piece in pieces) == caption
        matched = [piece.text for piece in pieces if piece.matched]
        assert bool(matched) == bool(Matcher([entry], boundaries).match(caption))
        letters = entry.replace(" ", "")
        for text in matched:
            assert text.replace(" ", "") in [letters * times for times in range(1, 13)]  # what touches is one piece


def test_long_captions_are_cut_marks_included():
    assert marked("x " * 5000 + "cat", "cat", most=6) == "x x x …"
    assert marked("golden retriever puppy", "golden retriever", most=9) == "[golden re]…"


def test_marking_follows_the_marks_of_the_matching_rule(monkeypatch):
    monkeypatch.setattr(boundaries, "_SPACED", [*boundaries._SPACED, ("§", " § ")])
    assert marked("see §cat, dog", "cat", "dog") == "see §[cat], [dog]"
