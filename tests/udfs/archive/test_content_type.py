"""Content types and sniffing, against the algorithms of the standards written out step by step."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from udfs.archive.charsets import as_html
from udfs.archive.content_type import ContentType, content_type, sniffs_as_html

HTML, XHTML, PLAIN = "text/html", "application/xhtml+xml", "text/plain"


TYPES: dict[str | None, tuple[str, ...]] = {
    HTML: (
        *("text/html", "TEXT/HTML", " text/html ", "text/html;", "text/html;;", "text/html ;x", "text/html;,"),
        *("text/html,", ",text/html", "text/html, ", ", ,text/html,,", "text/html,text/html", "text/html, x y/z"),
        *("text/html, charset=utf-8", "text/html, */*", "*/*, text/html", "text/plain, text/html"),
        *("TEXT/HTML ;charset=x", 'text/html; x="a,b"', 'text/html; x="', 'text/html; x="\\', "text/html\t;"),
        *("text/html;=", "text/html;\0"),
    ),
    PLAIN: ("text/plain", "text/html, text/plain", "text/html, text/plain, charset=utf-8"),
    XHTML: ("application/xhtml+xml", "APPLICATION/xhtml+XML; charset=utf-8"),
    "text/xml": ("text/xml",),
    "text/htmlx": ("text/htmlx",),
    "'text/html'": ("'text/html'",),
    None: (
        *("", " ", ";", ",", "text", "text/", "/html", "html", "text/html charset=utf-8", "*/*", "*/*;x", "(null)"),
        *("text /html", "text/ html", "text//html", "téxt/html", "text/html\0", '"text/html"', "<text/html>"),
        *("unknown/unknown", "Application/Unknown; x=y", "text/html, unknown/unknown", "text/html:", "text\\html"),
    ),
}


@pytest.mark.parametrize(("value", "essence"), [(value, key) for key, values in TYPES.items() for value in values])
def test_the_type(value: str, essence: str | None) -> None:
    assert content_type(value).essence == essence == naive_content_type(value).essence


@pytest.mark.parametrize(
    ("value", "charset"),
    [
        ("text/html", None),
        ("text/html; charset=utf-8", "utf-8"),
        ("text/html;charset=UTF-8", "UTF-8"),
        ("TEXT/HTML; CHARSET=Utf-8", "Utf-8"),
        (' text/html ; charset="gbk" ', "gbk"),
        ('text/html; charset="gb\\k"x', "gbk"),
        ('text/html; charset="gbk', "gbk"),
        ("text/html; charset= gbk ;x", "gbk"),
        ("text/html; charset =gbk", None),
        ("text/html; charset='gbk'", "'gbk'"),
        ("text/html; charset", None),
        ("text/html; charset=", None),
        ("text/html; charset=;charset=gbk", "gbk"),
        ('text/html; charset="";charset=gbk', None),
        ("text/html; charset=big5; charset=gbk", "big5"),
        ("text/html; x=charset=big5; charset=gbk", "gbk"),
        ('text/html; x="; charset=big5"; charset=gbk', "gbk"),
        ('text/html; x="\\"; charset=big5"; charset=gbk', "gbk"),
        ("text/html;;; ;charset=gbk", "gbk"),
        ("text/html; xcharset=gbk", None),
        ("text/html; charset=\x01; charset=gbk", "gbk"),
        ("text/html charset=gbk", None),
        ("text; charset=gbk", None),
        ("charset=gbk", None),
        ("; charset=gbk", None),
        ("", None),
        ("\udce9/html; charset=gbk", None),
        ("text/html; charset=big5, text/html; charset=gbk", "gbk"),
        ("text/html; charset=gbk, text/html", "gbk"),
        ("text/html; charset=gbk, text/plain", None),
        ("text/html; charset=gbk, */*; charset=big5", "gbk"),
        ('text/html; x=","; charset=gbk', "gbk"),
        (", text/html; charset=gbk,", "gbk"),
    ],
)
def test_the_charset(value: str, charset: str | None) -> None:
    assert content_type(value).charset == charset


@given(st.text(st.sampled_from('text/hml;,= "\\charset\t\udce9é'), max_size=40))
def test_no_header_raises(value: str) -> None:
    charset = content_type("text/html" + value).charset
    assert charset is None or charset.strip() == charset != ""
    as_html(b"<p>", charset)


WHITE_SPACE = "\n\r\t "
TOKEN = set("!#$%&'*+-.^_`|~" + string.ascii_letters + string.digits)


def quoted_string(text: str, position: int) -> tuple[str, int]:
    """Fetch, "collect an HTTP quoted string": its value, and the position after it."""
    value = ""
    position += 1
    while True:
        while position < len(text) and text[position] not in '"\\':
            value += text[position]
            position += 1
        if position >= len(text):
            return value, position
        mark = text[position]
        position += 1
        if mark == '"':
            return value, position
        if position >= len(text):
            return value + "\\", position
        value += text[position]
        position += 1


def split_header(text: str) -> list[str]:
    """Fetch, "get, decode, and split"."""
    values, value, position = [], "", 0
    while True:
        while position < len(text) and text[position] not in '",':
            value += text[position]
            position += 1
        if position < len(text) and text[position] == '"':
            _, end = quoted_string(text, position)
            value += text[position:end]
            position = end
            if position < len(text):
                continue
        values.append(value.strip("\t "))
        if position >= len(text):
            return values
        value = ""
        position += 1


def parse_mime_type(text: str) -> tuple[str, dict[str, str]] | None:
    """MIME Sniffing, "parse a MIME type"."""
    text = text.strip(WHITE_SPACE)
    kind, slash, rest = text.partition("/")
    subtype = rest.partition(";")[0].rstrip(WHITE_SPACE)
    if not kind or not slash or not subtype or not set(kind + subtype) <= TOKEN:
        return None
    parameters: dict[str, str] = {}
    position = len(kind) + 1 + len(rest.partition(";")[0])
    while position < len(text):
        position += 1
        while position < len(text) and text[position] in WHITE_SPACE:
            position += 1
        name = ""
        while position < len(text) and text[position] not in ";=":
            name += text[position]
            position += 1
        name = name.lower()
        if position < len(text):
            if text[position] == ";":
                continue
            position += 1
        if position >= len(text):
            break
        if text[position] == '"':
            value, position = quoted_string(text, position)
            while position < len(text) and text[position] != ";":
                position += 1
        else:
            value = ""
            while position < len(text) and text[position] != ";":
                value += text[position]
                position += 1
            value = value.rstrip(WHITE_SPACE)
            if not value:
                continue
        is_valid = all(
            character == "\t" or " " <= character <= "~" or "\x80" <= character <= "\xff" for character in value
        )
        if name and set(name) <= TOKEN and is_valid and name not in parameters:
            parameters[name] = value
    return f"{kind}/{subtype}".lower(), parameters


def naive_content_type(header: str) -> ContentType:
    """Fetch, "extract a MIME type"; a type that MIME Sniffing treats as undefined is None."""
    charset = essence = found = None
    for value in split_header(header):
        parsed = parse_mime_type(value)
        if parsed is None or parsed[0] == "*/*":
            continue
        found, parameters = parsed
        if found != essence:
            charset, essence = parameters.get("charset"), found
        elif "charset" in parameters:
            charset = parameters["charset"]
    # the label is trimmed when it is looked up: the Encoding standard, "get an encoding"
    charset = (charset or "").strip(WHITE_SPACE) or None
    return ContentType(None if found in ("unknown/unknown", "application/unknown") else found, charset)


PIECES = st.sampled_from(
    [
        *(
            "text/html",
            "TEXT/Html",
            "text/plain",
            "*/*",
            "unknown/unknown",
            "application/xhtml+xml",
            "text",
            "html",
            "/",
        ),
        *(
            ";",
            ",",
            " ",
            "\t",
            "\n",
            '"',
            "\\",
            "=",
            "charset",
            "Charset=",
            "charset=gbk",
            'charset="big5"',
            "x=y",
            "\0",
            "é",
        ),
        *(", text/html", "; charset=utf-8", '; x="', "ш"),
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join))
@example('text/html; charset="gbk"x;charset=big5')
@example('text/html;charset=";",text/html')
@example("text/html;charset=ш;charset=gbk")
def test_the_type_and_charset_equal_the_standard_step_by_step(value: str) -> None:
    assert content_type(value) == naive_content_type(value)


HTML_PATTERNS = (
    *(
        "<!DOCTYPE HTML",
        "<HTML",
        "<HEAD",
        "<SCRIPT",
        "<IFRAME",
        "<H1",
        "<DIV",
        "<FONT",
        "<TABLE",
        "<A",
        "<STYLE",
        "<TITLE",
    ),
    *("<B", "<BODY", "<BR", "<P", "<!--"),
)


def naive_sniff(body: bytes) -> bool:
    """The HTML rows of table 7.1."""
    header = body[:1445]
    at = 0
    while at < len(header) and header[at] in b"\t\n\x0c\r ":
        at += 1
    for pattern in HTML_PATTERNS:
        name = header[at : at + len(pattern)]
        if name.upper() == pattern.encode() and header[at + len(pattern) : at + len(pattern) + 1] in (b" ", b">"):
            return True
    return False


@pytest.mark.parametrize("pattern", HTML_PATTERNS)
def test_the_table_of_html_signatures(pattern: str) -> None:
    for text in (pattern, pattern.lower(), pattern.title()):
        for end, is_html in ((" ", True), (">", True), ("\n", False), ("/", False), ("x", False), ("", False)):
            for start in ("", " ", "\t\n\f\r "):
                assert sniffs_as_html(f"{start}{text}{end}rest".encode() if end else (start + text).encode()) is is_html
            for start in ("x", "\ufeff", "\x0b", "\0", "<"):
                assert sniffs_as_html(f"{start}{text}{end}".encode()) is False


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b" ",
            b"plain <p> text",
            b"<",
            b"<>",
            b"<img src=a>",
            b"<meta charset=x>",
            b"<article>",
            b"<svg >",
            b"</p>",
        ),
        *(
            b"<?xml version='1.0'?><html>",
            b"%PDF-1.7 <p>",
            b"%!PS-Adobe-3.0",
            b"\xfe\xff\0<\0p\0>",
            b"\xff\xfe<\0p\0>\0",
        ),
        *(b"\xef\xbb\xbf<p>", b"\x89PNG\r\n\x1a\n<p>", b"GIF89a<p>", b"\x1f\x8b\x08<p>", b"{}", b" " * 1443 + b"<p>"),
    ],
)
def test_bodies_that_are_not_html(body: bytes) -> None:
    assert not sniffs_as_html(body)
    assert not naive_sniff(body)


def test_the_signature_lies_in_the_first_1445_bytes() -> None:
    assert sniffs_as_html(b" " * 1442 + b"<p>")


@pytest.mark.parametrize(
    ("options", "sniffs"),
    [(None, True), ("", True), ("nosniff", False), (" NoSniff ", False), ("nosniff, x", False), ("x, nosniff", True)],
)
def test_nosniff(options: str | None, sniffs: bool) -> None:
    """Fetch, "determine nosniff": the first value of the header counts."""
    assert sniffs_as_html(b"<p>", options) is sniffs


@given(
    st.text("\t\n\f\r \x0b\0", max_size=3),
    st.sampled_from([*HTML_PATTERNS, "<?xml", "<IMG", "<META", "%PDF-"]),
    st.booleans(),
    st.binary(max_size=5),
)
def test_sniffing_equals_the_table(space: str, pattern: str, lower: bool, rest: bytes) -> None:
    body = (space + (pattern.lower() if lower else pattern)).encode() + rest
    assert sniffs_as_html(body) == naive_sniff(body)


@pytest.mark.parametrize(
    "part", ['"', '"a', '\\"', ";", ",", "a/b;", ";charset=", '="', " ", "a", "a/", "/", '"\\', "a/b,"]
)
def test_long_headers_take_linear_time(part: str) -> None:
    for end in ("", "\\", " x", '"', "/"):
        content_type(part * 100_000 + end)
        content_type("text/html;x=" + part * 100_000 + end)
