"""Choosing and decoding, against Python's codecs and the order of the rules written out."""

import pytest
import webencodings
from hypothesis import example, given
from hypothesis import strategies as st
from webencodings.labels import LABELS

from udfs.archive.charsets import as_html
from udfs.archive.declared_charset import declared_encoding


def decode_html(data: bytes, http_charset: str | None, url: str = "") -> str:
    """The text that a parser sees."""
    html = as_html(data, http_charset, url)
    return html if isinstance(html, str) else html.decode("utf-8", "replace")


def test_order_of_the_rules() -> None:
    word = "naïve"
    meta = b"<meta charset=windows-1251>"
    assert decode_html(b"\xef\xbb\xbf" + word.encode(), "windows-1251") == word
    assert decode_html(b"\xff\xfe" + word.encode("utf-16-le"), "utf-8") == word
    assert decode_html(b"\xfe\xff" + word.encode("utf-16-be"), None) == word
    assert decode_html(b"\xef\xbb\xbf\xef\xbb\xbf", None) == "\ufeff"
    assert decode_html(meta + word.encode(), "utf-8")[len(meta) :] == word
    assert decode_html(meta + "мир".encode("cp1251"), "nonsense")[len(meta) :] == "мир"
    assert decode_html(meta + "мир".encode("cp1251"), "\udce9")[len(meta) :] == "мир"
    assert decode_html(meta + word.encode(), None)[len(meta) :] == word.encode().decode("cp1251")
    assert decode_html(word.encode(), None) == word
    assert decode_html(word.encode("cp1252"), None, "https://site.fr/") == word
    assert decode_html(word.encode() + b"\xff", None, "https://site.fr/") == (word.encode() + b"\xff").decode("cp1252")
    assert decode_html(word.encode("utf-16-le"), "UTF-16") == word
    assert decode_html(b"", None) == decode_html(b"", "gbk") == decode_html(b"", "hz-gb-2312") == ""


@pytest.mark.parametrize("label", sorted({"hz-gb-2312", "iso-2022-kr"} & LABELS.keys()))
def test_replacement_encodings_become_one_replacement_character(label: str) -> None:
    assert decode_html(b"~{<:Ky2;~}<script>", label) == "\ufffd"
    assert decode_html(b"<meta charset=%s>" % label.encode(), None) == "\ufffd"


@pytest.mark.parametrize("number", range(1250, 1259))
def test_undefined_windows_bytes_are_controls(number: int) -> None:
    label = f"windows-{number}"
    for byte in range(256):
        expected = bytes([byte]).decode(f"cp{number}", "replace")
        if expected == "\ufffd" and 0x80 <= byte <= 0x9F:
            expected = chr(byte)
        if (label, byte) == ("windows-1255", 0xCA):
            expected = "\u05ba"  # Python's table predates the character
        assert decode_html(bytes([byte]), label) == expected


def test_errors_become_replacement_characters_of_the_standards_length() -> None:
    assert decode_html(b"a\xf0\x9f\x98<b\xff", "utf-8") == "a\ufffd<b\ufffd"
    assert decode_html(b"\xed\xa0\x80", "utf-8") == "\ufffd" * 3
    assert decode_html(b"a\0\0\xd8b\0c", "utf-16le") == "a\ufffdb\ufffd"
    for label in ("gbk", "gb18030", "big5", "euc-jp", "euc-kr", "shift_jis"):
        assert decode_html(b"\x82<b>", label) == "\ufffd<b>"  # a lead byte must not swallow a tag
        assert decode_html(b"a\xe0", label) == "a\ufffd"
    # An undefined pair is skipped whole, so that the next pair is read correctly.
    assert decode_html(b"\xa2\xa1\xff\xc4\xe3", "gbk") == "ⅰ\ufffd你"
    assert decode_html(b"\xc9\xa1\xb0\xa1", "euc-kr") == "\ufffd가"
    assert decode_html(b"\xa9\xa1\xa4\xa2", "euc-jp") == "\ufffdあ"


def test_the_standards_tables_where_python_differs() -> None:
    assert decode_html(b"\x80", "gb2312") == decode_html(b"\x80", "gb18030") == "€"
    assert decode_html("𠀀".encode("gb18030"), "gbk") == "𠀀"
    assert decode_html(b"\xa3\xa0", "gbk") == "\u3000"
    assert decode_html(b"\xad\xa1\xad\xea\xf9\xa1", "euc-jp") == "①㈱纊"
    assert decode_html(b"\xa1\xc1\xa1\xdd", "euc-jp") == "～－"
    assert decode_html(b"\x1b$B!A!]\x1b(B", "iso-2022-jp") == "～－"
    assert decode_html(b"\xae\xbe", "koi8-u") == "ўЎ"
    assert decode_html(b"\x80\xff", "x-user-defined") == "\uf780\uf7ff"


SAMPLES = {
    "gbk": "简体中文字符",
    "gb18030": "简体中文ＡＢ𠀀",
    "big5": "繁體中文字元",
    "euc-jp": "日本語テキスト",
    "shift_jis": "日本語テキスト①",
    "iso-2022-jp": "日本語テキスト",
    "euc-kr": "한국어똠방각하",
    "koi8-r": "русский",
    "ibm866": "русский",
    "iso-8859-5": "русский",
    "x-mac-cyrillic": "русский",
    "windows-1251": "русский",
    "iso-8859-7": "ελληνικά",
    "windows-1253": "ελληνικά",
    "iso-8859-6": "العربية",
    "windows-1256": "العربية",
    "iso-8859-8": "עברית",
    "iso-8859-8-i": "עברית",
    "windows-874": "ภาษาไทย",
    "iso-8859-2": "zażółć",
    "macintosh": "naïve",
}


@pytest.mark.parametrize("encoding", SAMPLES)
def test_texts_encoded_by_python_round_trip(encoding: str) -> None:
    text = f"<p>{SAMPLES[encoding]}</p>"
    data = webencodings.encode(text, encoding)
    assert decode_html(data, encoding) == text
    declaration = f"<meta charset={encoding}>"
    assert decode_html(declaration.encode() + data, None) == declaration + text


@given(st.binary(max_size=60), st.sampled_from([None, *sorted(LABELS)]))
@example(b"\xff\xfe\x00\xd8", None)
@example(b"\x1b$B", "iso-2022-jp")
def test_decoding_never_raises_nor_returns_surrogates(data: bytes, label: str | None) -> None:
    decode_html(data, label).encode("utf-8")


@pytest.mark.parametrize("encoding", sorted(set(LABELS.values())))
def test_all_pairs_of_bytes_decode(encoding: str) -> None:
    pairs = b"".join(bytes([lead, trail]) + b"\n  " for lead in range(256) for trail in range(256))
    text = decode_html(b"\n   " + pairs, encoding)
    assert text
    text.encode("utf-8")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_valid_utf8_is_itself(text: str) -> None:
    data = b"<p>" + text.encode()
    if declared_encoding(data) is None:
        assert decode_html(data, None) == "<p>" + text
    assert decode_html(data, "utf8") == "<p>" + text


@pytest.mark.parametrize("cut", [1, 2])
def test_an_undeclared_page_cut_within_its_last_character_is_still_utf8(cut):
    data = "<p>été €".encode()
    assert decode_html(data[:-cut], None) == "<p>été \ufffd"
    alone = decode_html("<p>plain \u00e9".encode()[:-1], None, "https://site.fr/")
    assert alone == "<p>plain \u00c3"  # nothing else indicates UTF-8


FILLER = "<!doctype html><script>%s</script>" % ("x" * 1100)


def test_late_declarations_and_pages_in_utf8() -> None:
    """A late declaration holds for a page that is not UTF-8; a page that is UTF-8 needs none."""
    late = FILLER + "<meta charset=windows-1251><p>рыжий кот"
    assert decode_html(late.encode("cp1251"), None) == late
    assert decode_html(late.encode(), None) == late
    assert decode_html(late.encode("cp1251"), "koi8-r") == late.encode("cp1251").decode("koi8-r")
    early = "<meta charset=koi8-r>" + late
    assert decode_html(early.encode("cp1251"), None) == early.encode("cp1251").decode("koi8-r")
    quoted = FILLER + "<script>'<meta charset=windows-1252>'</script><p>Это русский текст, и кот тоже русский."
    assert decode_html(quoted.encode("cp1251"), None) == quoted
    utf8 = (FILLER + "<meta charset=utf-8><p>").encode()
    assert decode_html(utf8 + b"\xe9", None) == utf8.decode() + "\ufffd"


@pytest.mark.parametrize("stray", [b"\xff", b"\xe9", b"\x80", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98"])
@pytest.mark.parametrize("text", ["<p>рыжий кот", "<p>naïve café crème", "<p>猫が好きです", "<p>😀 😀"])
def test_utf8_with_stray_bytes_stays_utf8(text: str, stray: bytes) -> None:
    data = text.encode()
    for at in (3, len(data)):
        damaged = data[:at] + stray + b" " + data[at:]
        assert decode_html(damaged, None) == damaged.decode("utf-8", "replace")


def test_a_replacement_character_on_the_page_is_no_error() -> None:
    text = "<p>\ufffd\ufffd é \ufffd"
    assert decode_html(text.encode(), None) == text


LEGACY = {
    "windows-1250": ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy.", "cz"),
    "windows-1251": ("cp1251", "Рыжий кот сидит на столе и смотрит в окно.", "ru"),
    "koi8-r": ("koi8_r", "Рыжий кот сидит на столе и смотрит в окно.", "ru"),
    "windows-1252": ("cp1252", "Où est passé l’élève français ? À l’école.", "fr"),
    "windows-1253": ("cp1253", "Η γάτα κάθεται στο τραπέζι και κοιτάζει.", "gr"),
    "windows-1254": ("cp1254", "Kırmızı şapkalı küçük kız ağaçların içinde.", "com.tr"),
    "windows-1255": ("cp1255", "החתול יושב על השולחן ומסתכל מהחלון", "co.il"),
    "windows-874": ("cp874", "แมวนั่งอยู่บนโต๊ะและมองออกไปนอกหน้าต่าง", "th"),
    "gbk": ("gbk", "一只红色的猫坐在桌子上看着窗外的风景", "cn"),
    "big5": ("big5", "一隻紅色的貓坐在桌子上看著窗外的風景", "tw"),
    "shift_jis": ("cp932", "赤い猫がテーブルに座って窓の外を見ています", "jp"),
    "euc-jp": ("euc_jp", "赤い猫がテーブルに座って窓の外を見ています", "jp"),
    "iso-2022-jp": ("iso2022_jp", "赤い猫がテーブルに座って窓の外を見ています", "jp"),
    "euc-kr": ("cp949", "빨간 고양이가 탁자 위에 앉아 창밖을 본다", "kr"),
}


@pytest.mark.parametrize("encoding", LEGACY)
def test_undeclared_legacy_pages_are_detected(encoding: str) -> None:
    codec, text, domain = LEGACY[encoding]
    page = f"<!doctype html><title>{text}</title><p>{text}</p>"
    for url in (f"https://site.{domain}/a?b", f"http://user:pass@SITE.{domain.upper()}.:8080", "", "not a url"):
        assert decode_html(page.encode(codec), None, url) == page
    assert decode_html(FILLER.replace("x", "x" * 400).encode() + page.encode(codec), None).endswith(page)


@pytest.mark.parametrize(
    "host",
    [
        *(
            "",
            ".",
            "..",
            "x",
            "a.RU",
            "пример.рф",
            "1.2.3.4",
            "[::1]",
            "a..b",
            "a." + "b" * 70,
            "é" * 70,
            "a.\ud800",
            "a_b",
        ),
        *("x" * 60_000, "a." * 30_000, "xn--p1ai", "a.%41", "a b.c", "a.İ"),
    ],
)
@pytest.mark.parametrize("form", ["https://{}/x", "http://{}", "{}", "http://u@{}:80?x"])
def test_any_address_is_accepted(host: str, form: str) -> None:
    """chardetng panics on a domain that is not lower-case ASCII."""
    assert decode_html(b"<p>\xe9t\xe9", None, form.format(host))


@given(st.binary(max_size=60), st.text(max_size=20))
def test_no_address_and_page_make_detection_raise(data: bytes, host: str) -> None:
    decode_html(b"<p>\xe9" + data, None, f"https://{host}/").encode("utf-8")


@given(
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
    st.sampled_from([None, "koi8-r", "nonsense", "utf-8"]),
    st.sampled_from([b"", b"<meta charset=ibm866>", b"<meta charset=nonsense>"]),
    st.sampled_from([b"", b"<meta charset=windows-1253>", b"<!--<meta charset=big5>-->"]),
    st.sampled_from(["plain", "рыжий кот", "рыжий кот".encode("cp1251"), b"\xff " + "рыжий кот".encode()]),
)
def test_the_order_of_the_rules(bom: bytes, header: str | None, early: bytes, late: bytes, text: str | bytes) -> None:
    """The rules of `as_html` written out; the text in windows-1251 is long enough for the detector."""
    raw = text.encode() if isinstance(text, str) else text
    data = early + b"<script>" + b"x" * 1100 + b"</script>" + late + raw * 4
    is_utf8 = b"\xff" not in raw and isinstance(text, str)
    if bom:
        expected = "utf-8"
    elif header in ("koi8-r", "utf-8"):
        expected = header
    elif b"ibm866" in early:
        expected = "ibm866"
    elif is_utf8:
        expected = "utf-8"
    elif b"1253" in late:
        expected = "windows-1253"
    else:
        expected = "utf-8" if b"\xff" in raw else "windows-1251"
    want = data.decode("utf-8", "replace") if expected == "utf-8" else webencodings.decode(data, expected, "replace")[0]
    assert decode_html(bom + data, header, "https://site.ru/") == want
