"""Both engines against the naive rules, on the same lists: the automaton, and the trie that processes share."""

import gc
import random
import weakref
from collections.abc import Sequence
from io import BytesIO
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from naive_rules import naive_ids

from metadata.entries import load_entries
from udfs.matching import list_matchers
from udfs.matching.boundaries import Boundaries
from udfs.matching.list_matchers import ListMatchers, cached_lists, write_lists
from udfs.matching.matcher import Matcher, match_once
from udfs.matching.tries import TrieMatcher, write_trie

CHARACTERS = "aB1é中国カーกཀ한- "
MARKS = ",.!`。(\u00a0\u0301"
ENTRIES = st.lists(st.text(CHARACTERS + MARKS, min_size=1, max_size=5), max_size=12, unique=True)
CAPTIONS = st.text(CHARACTERS + MARKS + "\t\n\0😀", max_size=30)


@st.composite
def entries_and_caption(draw: st.DrawFn) -> tuple[list[str], str]:
    """Captions made partly of the entries, joined by characters that may or may not separate them."""
    entries = draw(ENTRIES)
    glue = st.sampled_from([" ", "", "", ",", "中", "a", "\t"])
    pieces = st.sampled_from(entries) | CAPTIONS if entries else CAPTIONS
    return entries, "".join(piece + end for piece, end in draw(st.lists(st.tuples(pieces, glue), max_size=6)))


def trie_of(entries: Sequence[str], boundaries: Boundaries) -> TrieMatcher:
    """The trie of a file that holds other bytes before and behind it."""
    file = BytesIO()
    file.write(b"before")
    facts = write_trie(iter(entries), boundaries, file)
    return TrieMatcher(memoryview(file.getvalue() + b"behind"), facts)


@settings(max_examples=settings.default.max_examples * 3)
@given(entries_and_caption(), st.sampled_from(Boundaries))
@example((["T恤", "T 恤", "恤"], "我的T恤"), Boundaries.CONTINUOUS)
@example((["a中", "a 中", "中 a", "中a", "中"], "a中a"), Boundaries.CONTINUOUS)
@example((["C++", "++", "+"], "C++17"), Boundaries.METACLIP2)
@example(([], "a"), Boundaries.SPACES)
def test_both_engines_by_the_naive_rule(case, boundaries):
    entries, caption = case
    expected = naive_ids(caption, entries, boundaries)
    assert Matcher(entries, boundaries).match(caption) == expected
    assert match_once(caption, entries, boundaries) == expected
    trie = trie_of(entries, boundaries)
    assert trie.match(caption) == expected
    assert Matcher.of_keys(trie.keyed_ids(), boundaries).match(caption) == expected
    assert sorted(entry_id for _, entry_id in trie.keyed_ids()) == list(range(len(entries)))


def test_entries_that_share_a_key_are_all_found():
    """Three spellings of one key, which is also a part of another key."""
    entries = ["1中a", "1 中a", "x", "1中 a", "1 中 a", "中"]
    for matcher in (Matcher(entries, Boundaries.CONTINUOUS), trie_of(entries, Boundaries.CONTINUOUS)):
        assert matcher.match("在1中a里") == [0, 1, 3, 4, 5]
        assert matcher.match("在1中b里") == [5]


SYLLABLES = {
    "kana": "かなカナさくらメラー学校日本の",
    "han": "北京东西大学生中国人民的一是不了我",
    "thai": "กขคงจ ัาิ",
    "latin": "ab cdé ",
}


@pytest.mark.parametrize("boundaries", Boundaries)
@pytest.mark.parametrize("script", SYLLABLES)
def test_engines_agree_on_long_lists(script, boundaries):
    rng = random.Random(f"{script} {boundaries}")
    alphabet = SYLLABLES[script]
    words = ("".join(rng.choices(alphabet + "aT1", k=rng.randint(1, 6))).strip() for _ in range(6_000))
    entries = list(dict.fromkeys(word for word in words if word))
    automaton, trie = Matcher(entries, boundaries), trie_of(entries, boundaries)
    captions = ["".join(rng.choices(alphabet + "aT1 ,", k=40)) for _ in range(300)]
    ids = [automaton.match(caption) for caption in captions]
    assert [trie.match(caption) for caption in captions] == ids
    assert ids[:3] == [naive_ids(caption, entries, boundaries) for caption in captions[:3]]
    assert sum(map(len, ids)) > 0


def test_engines_agree_on_the_packaged_list():
    entries = load_entries("english").entries[::7]
    automaton, trie = Matcher(entries), trie_of(entries, Boundaries.SPACES)
    rng = random.Random(5)
    for _ in range(500):
        caption = rng.choice(" ,").join(rng.choices(entries, k=8))
        assert trie.match(caption) == automaton.match(caption) != []


LISTS = {
    "en": (Boundaries.SPACES, ["dog", "a dog", "C++"]),
    "zh": (Boundaries.CONTINUOUS, ["北京", "iPhone", "T恤", "T 恤"]),
    "ja": (Boundaries.METACLIP2, ["カメラ", "東京"]),
    "other": (Boundaries.SPACES, []),
}
TEXTS = ["a dog in 北京", "我的iPhone和T恤", "東京カメラ", "C++17, C++", "", "東京都のカメラ"]


@pytest.fixture
def folder(tmp_path):
    write_lists(((code, boundaries, iter(entries)) for code, (boundaries, entries) in LISTS.items()), tmp_path)
    return tmp_path


@pytest.mark.parametrize("hot_lists", [0, 1, 2, 9])
def test_each_text_meets_its_own_list(folder, hot_lists, monkeypatch):
    """Also while lists become hot, the lists taking turns."""
    monkeypatch.setattr(list_matchers, "HOT_AFTER", 10)
    lists = ListMatchers(folder, hot_lists)
    assert lists.codes == list(LISTS)
    for _ in range(4):
        for code, text in product(LISTS, TEXTS):
            boundaries, entries = LISTS[code]
            assert lists.match(code, text) == naive_ids(text, entries, boundaries)
    with pytest.raises(KeyError):
        lists.match("de", "ein Hund")


def test_the_first_lists_with_enough_texts_get_automata_for_good(folder, monkeypatch):
    monkeypatch.setattr(list_matchers, "HOT_AFTER", 3)
    built = []
    of_keys = Matcher.of_keys

    def counted(keys, boundaries):
        built.append(boundaries)
        return of_keys(keys, boundaries)

    monkeypatch.setattr(Matcher, "of_keys", counted)
    lists = ListMatchers(folder, hot_lists=2)
    for code, times in (("en", 2), ("zh", 3), ("ja", 50), ("en", 50), ("zh", 50), ("other", 50)):
        for _ in range(times):
            lists.match(code, "東京 dog")
    assert built == [Boundaries.CONTINUOUS, Boundaries.METACLIP2]  # zh, then ja: en came to three only later
    cold = ListMatchers(folder, hot_lists=0)
    for _ in range(50):
        cold.match("en", "dog")
    assert len(built) == 2


def test_matchers_outlive_what_they_were_opened_with(folder):
    """The mapped file may be deleted, and the object that opened it."""
    lists = ListMatchers(folder)
    for path in folder.iterdir():
        path.unlink()
    assert lists.match("en", "a dog") == [0, 1]
    match = lists.match
    del lists
    gc.collect()
    assert match("zh", "在北京") == [0]


def test_a_missing_file_is_named(folder):
    (folder / "lists.tries").unlink()
    with pytest.raises(FileNotFoundError, match=r"lists\.tries"):
        ListMatchers(folder)


def test_the_same_lists_give_the_same_bytes(folder, tmp_path_factory):
    again = tmp_path_factory.mktemp("again")
    write_lists(((code, *rest) for code, rest in LISTS.items()), again)
    contents = [{path.name: path.read_bytes() for path in each.iterdir()} for each in (folder, again)]
    assert contents[0] == contents[1]


def test_lists_are_not_held_once_written(tmp_path):
    """When the entries of a list are asked for, at most those of the list before it are still there."""

    class Entries(list):
        pass

    earlier = []

    def lists():
        for code in ("aa", "bb", "cc"):
            gc.collect()
            assert all(entries() is None for entries in earlier[:-1])
            entries = Entries([f"{code} dog", "cat"])
            earlier.append(weakref.ref(entries))
            yield code, Boundaries.SPACES, entries
            del entries
        assert len(earlier) == 3

    write_lists(lists(), tmp_path)
    assert ListMatchers(tmp_path).match("bb", "bb dog, cat") == [0, 1]


def test_cached_lists_are_made_once(folder):
    cached_lists.cache_clear()
    assert cached_lists(folder, 1) is cached_lists(folder, 1)
    assert cached_lists(folder, 1) is not cached_lists(folder, 2)
    cached_lists.cache_clear()
