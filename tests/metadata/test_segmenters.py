"""Words of languages without spaces: by hand, and properties of any text; which language needs what."""

import sys
from collections import Counter
from importlib.metadata import version
from types import ModuleType

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from metadata_dumps import is_word_char

from metadata.segmenters import DEFAULTS, SEGMENTERS, cutter, segmenter_of, segmenter_version
from metadata.words import ENGLISH_WORDS, MAX_WORD_CHARS, pairs, phrases, word_rule
from udfs.captions.canonical import canonical
from udfs.errors import UsageError
from udfs.matching.boundaries import Boundaries, default_boundaries

CONTINUOUS = ("zh", "ja", "th", "lo", "km", "my", "bo", "shn")
TEXTS = st.text(
    st.sampled_from(
        "我爱北京天安门新しいカメラです東京รูปแมวน่ารักພາສາລາວភាសាខ្មែរမြန်မာབོད་སྐད་𠀀iPhone 15-'’·、。\n\u200b\u200d"
    ),
    max_size=40,
)


def words_of(wiki: str, text: str) -> list[list[str]]:
    return list(phrases(text, rule=word_rule(wiki, segmenter_of(wiki, None))))


@pytest.mark.parametrize(
    ("wiki", "text", "expected"),
    [
        ("zh", "我爱北京天安门，iPhone手机", [["我", "爱", "北京", "天安门"], ["iPhone", "手机"]]),
        ("ja", "新しいカメラです。東京 well-known", [["新しい", "カメラ", "です"], ["東京"], ["well-known"]]),
        ("th", "รูปแมว แมว", [["รูป", "แมว"], ["แมว"]]),
        ("lo", "ພາສາລາວແມ່ນພາສາ", [["ພາສາ", "ລາວ", "ແມ່ນ", "ພາສາ"]]),
        ("bo", "བོད་སྐད་ནི། བོད", [["བོད", "སྐད", "ནི"], ["བོད"]]),
        ("shn", "လိၵ်ႈတႆး ၸၢဝ်းတႆး", [["လိၵ်ႈတႆး"], ["ၸၢဝ်းတႆး"]]),
        ("zh", "𠀀𠀁我爱北京", None),
    ],
)
def test_words_by_hand(wiki, text, expected):
    found = words_of(wiki, text)
    assert found == expected if expected else "北京" in found[0]


@pytest.mark.parametrize(
    ("wiki", "text", "expected"),
    [
        ("fa", "می\u200cخواهم کتاب", [["می\u200cخواهم", "کتاب"]]),
        ("ca", "un col·legi", [["un", "col·legi"]]),
        ("he", 'צה"ל "שלום"', [['צה"ל'], ["שלום"]]),
        ("de", "Straße Öl-Film, Äpfel", [["Straße", "Öl-Film"], ["Äpfel"]]),
        ("ar", "القطة الصغيرة، كتاب", [["القطة", "الصغيرة"], ["كتاب"]]),
        ("hi", "हिन्दी भाषा", [["हिन्दी", "भाषा"]]),
    ],
)
def test_words_of_languages_with_spaces_keep_what_writing_needs(wiki, text, expected):
    assert words_of(wiki, text) == expected


@given(TEXTS, st.sampled_from(CONTINUOUS))
@example("ก" * 300, "shn")
def test_words_are_parts_of_the_text_and_pairs_can_be_read_in_it(text, wiki):
    rule = word_rule(wiki, segmenter_of(wiki, None))
    found = list(phrases(text, rule=rule))
    line = "\n".join(canonical(part) for part in text.split("\n"))
    letters = Counter(char for phrase in found for word in phrase for char in word if is_word_char(char))
    assert letters <= Counter(filter(is_word_char, line)), "no character is counted twice"
    for phrase in found:
        assert all(0 < len(word) <= MAX_WORD_CHARS and word in line for word in phrase)
        assert all(f"{first}{rule.joiner}{second}" in line for first, second in pairs(phrase))


@given(TEXTS)
def test_no_letter_is_lost_to_icu(text):
    line = canonical(text.replace("\n", " "))
    letters = Counter(filter(is_word_char, line))
    found = Counter(char for phrase in words_of("ja", line) for word in phrase for char in word if is_word_char(char))
    assert found == letters


@given(st.text(st.sampled_from("ab1-'’.,() éß"), max_size=40))
def test_without_what_they_need_other_languages_have_english_words(text):
    assert words_of("de", text) == list(phrases(text, rule=ENGLISH_WORDS))


def test_each_language_has_a_known_segmenter():
    assert set(DEFAULTS.values()) <= SEGMENTERS.keys()
    assert all(default_boundaries(wiki, ()) is Boundaries.CONTINUOUS for wiki in DEFAULTS), "no space is needed"
    assert segmenter_of("de", None) is None and default_boundaries("de", ()) is Boundaries.SPACES
    assert segmenter_of("th", None) == "icu" and segmenter_of("th", "pythainlp") == "pythainlp"
    with pytest.raises(UsageError, match="--segmenter jieba: the words of de are separated by spaces"):
        segmenter_of("de", "jieba")


def test_versions_are_named():
    assert segmenter_version("none") == "none" and segmenter_version("syllables") == "syllables"
    assert segmenter_version("icu").split()[1] == version("icukit-pyicu").rpartition(".")[0]


@pytest.mark.parametrize("name", sorted(SEGMENTERS.keys() - {"icu", "none", "syllables"}))
def test_a_missing_package_is_named(name, monkeypatch):
    monkeypatch.setitem(sys.modules, SEGMENTERS[name].module.partition(".")[0], None)
    monkeypatch.setitem(sys.modules, SEGMENTERS[name].module, None)
    cutter.cache_clear()
    with pytest.raises(UsageError, match=f"--segmenter {name}: .*run pip install {name}"):
        cutter(name)


def test_packages_are_called_as_they_document_and_their_failures_are_one_line(monkeypatch):
    """Stand-ins with the functions that the real packages have."""
    words = ModuleType("pythainlp.tokenize")
    words.word_tokenize = lambda text: [text[:3], " ", text[3:]]
    jieba = ModuleType("jieba")
    jieba.lcut = list
    fugashi = ModuleType("fugashi")

    def tagger():
        raise RuntimeError("no dictionary")

    fugashi.Tagger = tagger
    for name, module in (("pythainlp.tokenize", words), ("jieba", jieba), ("fugashi", fugashi)):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, "pythainlp", ModuleType("pythainlp"))
    cutter.cache_clear()
    assert list(phrases("รูปแมว", rule=word_rule("th", "pythainlp"))) == [["รูป"], ["แมว"]]
    assert list(phrases("北京市", rule=word_rule("zh", "jieba"))) == [["北", "京", "市"]]
    with pytest.raises(UsageError, match="--segmenter fugashi: fugashi does not start: no dictionary"):
        cutter("fugashi")
    cutter.cache_clear()
