"""What a page declares about its encoding, against html5lib and the standard's prescan written out byte by byte."""

import io
import tarfile
from pathlib import Path

import html5lib
import pytest
import webencodings
from html5lib._inputstream import HTMLBinaryInputStream
from hypothesis import example, given
from hypothesis import strategies as st

from udfs.archive.declared_charset import declared_encoding, late_encoding

# Real data beside the repository; tests that use it are skipped without it.
HTML5LIB_TESTS = Path(__file__).parents[3].parent / "shared/data/html/html5lib__html5lib-tests.tar.gz"

SPACES = b"\t\n\f\r "


class HeadEnds(Exception):
    """The prescan ran out of bytes."""


def html5lib_encoding(head: bytes) -> str | None:
    """The encoding that html5lib's prescan finds. The default is one that no test declares."""
    stream = HTMLBinaryInputStream(head, useChardet=False, default_encoding="ibm866")
    name: str = stream.charEncoding[0].name
    return None if name == "ibm866" else name


class Prescan:
    """The standard's "prescan a byte stream to determine its encoding", step by step, for the tests to compare with."""

    def __init__(self, head: bytes) -> None:
        self.head, self.at = head, 0

    def byte(self, offset: int = 0) -> bytes:
        if self.at + offset >= len(self.head):
            raise HeadEnds
        return self.head[self.at + offset : self.at + offset + 1]

    def matches(self, text: bytes) -> bool:
        return self.head[self.at : self.at + len(text)].lower() == text

    def run(self) -> str | None:
        if self.head.startswith(b"<\0?\0x\0"):
            return "utf-16le"
        if self.head.startswith(b"\0<\0?\0x"):
            return "utf-16be"
        try:
            while True:
                self.byte()
                encoding = self.step()
                if encoding is not None:
                    return encoding
                self.at += 1
        except HeadEnds:
            return self.xml()

    def step(self) -> str | None:
        if self.matches(b"<!--"):
            self.at += 2
            while not self.matches(b"-->"):
                self.at += 1
                self.byte()
            self.at += 2
        elif any(self.matches(b"<meta" + bytes([space])) for space in SPACES + b"/"):
            self.at += 5
            return self.meta()
        elif self.byte() == b"<" and self.byte(1 + self.matches(b"</")).isalpha():
            while self.byte() not in [b"\t", b"\n", b"\f", b"\r", b" ", b">"]:
                self.at += 1
            while self.attribute():
                pass
        elif self.matches(b"<!") or self.matches(b"</") or self.matches(b"<?"):
            while self.byte() != b">":
                self.at += 1
        return None

    def meta(self) -> str | None:
        seen: set[bytes] = set()
        got_pragma, need_pragma, charset = False, None, None
        while attribute := self.attribute():
            name, value = attribute
            if name in seen:
                continue
            seen.add(name)
            if name == b"http-equiv":
                got_pragma = got_pragma or value == b"content-type"
            elif name == b"content":
                encoding = label_encoding(content_label(value))
                if encoding and charset is None:
                    charset, need_pragma = encoding, True
            elif name == b"charset":
                charset, need_pragma = label_encoding(value) or "failure", False
        if need_pragma is None or (need_pragma and not got_pragma) or charset == "failure":
            return None
        assert charset is not None
        return {"utf-16le": "utf-8", "utf-16be": "utf-8", "x-user-defined": "windows-1252"}.get(charset, charset)

    def attribute(self) -> tuple[bytes, bytes] | None:
        while self.byte() in SPACES + b"/":
            self.at += 1
        if self.byte() == b">":
            return None
        name = value = b""
        while not (self.byte() == b"=" and name):
            if self.byte() in SPACES:
                while self.byte() in SPACES:
                    self.at += 1
                if self.byte() != b"=":
                    return name, value
                break
            if self.byte() in b"/>":
                return name, value
            name += self.byte().lower()
            self.at += 1
        self.at += 1
        while self.byte() in SPACES:
            self.at += 1
        if (quote := self.byte()) in b"\"'":
            self.at += 1
            while self.byte() != quote:
                value += self.byte().lower()
                self.at += 1
            self.at += 1
            return name, value
        while self.byte() not in SPACES + b">":
            value += self.byte().lower()
            self.at += 1
        return name, value

    def xml(self) -> str | None:
        declaration, closed, _ = self.head.partition(b">")
        before, word, rest = declaration.partition(b"encoding")
        rest = rest.lstrip(bytes(range(0x21)))
        if not (closed and word and before.startswith(b"<?xml") and rest.startswith(b"=")):
            return None
        rest = rest[1:].lstrip(bytes(range(0x21)))
        label, end, _ = rest[1:].partition(rest[:1] or b"?")
        if rest[:1] not in (b'"', b"'") or not end or any(byte <= 0x20 for byte in label):
            return None
        encoding = label_encoding(label)
        return "utf-8" if encoding in ("utf-16le", "utf-16be") else encoding


def label_encoding(label: bytes | None) -> str | None:
    encoding = webencodings.lookup(label.decode("latin-1")) if label is not None else None
    return encoding.name if encoding else None


def content_label(content: bytes) -> bytes | None:
    """The standard's "extracting a character encoding from a meta element"."""
    _, word, rest = content.partition(b"charset")
    while word:
        rest = rest.lstrip(SPACES)
        if rest.startswith(b"="):
            break
        _, word, rest = rest.partition(b"charset")
    rest = rest[1:].lstrip(SPACES)
    if not word or not rest:
        return None
    if rest[:1] in (b'"', b"'"):
        return rest[1:].partition(rest[:1])[0] if rest[:1] in rest[1:] else None
    return rest.replace(b";", b" ").split(b" ")[0].split()[0] if rest[:1] not in b"; " else b""


AGREED = {
    b"": None,
    b"<p>no declaration": None,
    b"<meta charset=gbk>": "gbk",
    b"<META CHARSET=GBK>": "gbk",
    b"<meta charset='Shift_JIS'>": "shift_jis",
    b'<meta charset = " iso-8859-1 ">': "windows-1252",
    b'<meta name="x"\n\tcharset="koi8-r" />': "koi8-r",
    b"<meta charset=utf-16>": "utf-8",
    b"<meta charset=utf-16be>": "utf-8",
    b"<meta charset=nonsense>": None,
    b"<meta charset=nonsense><meta charset=big5>": "big5",
    b"<meta charset=''>": None,
    b"<metacharset=gbk>": None,
    b"<meta>charset=gbk>": None,
    b"<meta charset>": None,
    b'<meta http-equiv="Content-Type" content="text/html; charset=euc-jp">': "euc-jp",
    b'<meta content="text/html; charset=euc-jp" http-equiv=content-type>': "euc-jp",
    b"<meta http-equiv=content-type content='text/html; charset = \"euc-kr\" ; x'>": "euc-kr",
    b"<meta http-equiv=content-type content='charset=\"euc-kr'>": None,
    b'<meta content="text/html; charset=euc-jp">': None,
    b'<meta http-equiv=refresh content="0; charset=euc-jp">': None,
    b"<meta http-equiv=content-type content=text/html>": None,
    b"<!-- <meta charset=gbk> --><meta charset=big5>": "big5",
    b"<!-- <meta charset=gbk>": None,
    b"<!-- > <meta charset=gbk> --": None,
    b"<script>'<meta charset=gbk>'</script>": "gbk",  # the prescan knows no script
    b"<a title='<meta charset=gbk>'><meta charset=big5>": "big5",
    b"<a title=<meta charset=gbk><meta charset=big5>": "big5",
    b"<a <meta charset=gbk>": None,
    b"<a title='<meta charset=gbk>": None,
    b"</p title='<meta charset=gbk>'><meta charset=big5>": "big5",
    b"</ <meta charset=gbk><meta charset=big5>": "big5",
    b"<!doctype <meta charset=gbk><meta charset=big5>": "big5",
    b"<?php <meta charset=gbk> ?><meta charset=big5>": "big5",
    b"< <meta charset=gbk>": "gbk",
    b"<1<meta charset=gbk>": "gbk",
    b"x" * 1006 + b"<meta charset=gbk>": "gbk",
    b"x" * 1007 + b"<meta charset=gbk>": None,
}
# html5lib 1.1 (2020) follows an older standard: head, the encoding by today's standard, the encoding by html5lib.
PREDATED = {
    "a slash may follow <meta": (b"<meta/charset=gbk>", "gbk", None),
    "a semicolon ends a bare label": (
        b"<meta http-equiv=content-type content='text/html;charset=gbk;x=y'>",
        "gbk",
        None,
    ),
    "charset without = is passed over": (
        b"<meta http-equiv=content-type content='charset charset=gbk'>",
        "gbk",
        None,
    ),
    "x-user-defined is windows-1252": (b"<meta charset=x-user-defined>", "windows-1252", "x-user-defined"),
    "charset outranks content": (
        b"<meta http-equiv=content-type content='charset=gbk' charset=big5>",
        "big5",
        "gbk",
    ),
    "an unknown charset silences content": (
        b"<meta http-equiv=content-type content='charset=gbk' charset=nonsense>",
        None,
        "gbk",
    ),
    "the first of two attributes counts": (b"<meta charset=nonsense charset=gbk>", None, "gbk"),
    "a later http-equiv does not undo the first": (
        b"<meta http-equiv=content-type http-equiv=x content='charset=gbk'>",
        "gbk",
        None,
    ),
    "a tag must end within the head": (b"<meta charset=gbk ", None, "gbk"),
    "a tag's name runs on over <": (b"<a<meta charset=gbk>", None, "gbk"),
    "hyphens may open and close a comment": (b"<!--><meta charset=gbk>", "gbk", None),
    "<meta-x is another tag": (b"<meta-x title='<meta charset=gbk>'>", None, "gbk"),
    "end tags of one letter have attributes": (b"</p a='>' b='<meta charset=gbk>'>", None, "gbk"),
    "a second < opens a tag (here html5lib just skips a byte)": (b"<<meta charset=gbk>", "gbk", None),
    "an XML declaration counts": (b"<?xml version='1.0' encoding='gbk'?><p>", "gbk", None),
    "the start of an XML declaration in UTF-16 counts": ("<?x".encode("utf-16-le"), "utf-16le", None),
}


@pytest.mark.parametrize(("head", "encoding"), AGREED.items())
def test_prescan_agrees_with_html5lib(head: bytes, encoding: str | None) -> None:
    assert declared_encoding(head) == encoding
    assert html5lib_encoding(head) == encoding
    assert Prescan(head[:1024]).run() == encoding


@pytest.mark.parametrize("difference", PREDATED)
def test_prescan_follows_the_standard_where_html5lib_predates_it(difference: str) -> None:
    head, standard, predated = PREDATED[difference]
    assert declared_encoding(head) == standard
    assert Prescan(head).run() == standard
    assert html5lib_encoding(head) == predated


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        (b'<?xml version="1.0" encoding="Shift_JIS"?>', "shift_jis"),
        (b"<?xml encoding\n=\t'koi8-r' ?>", "koi8-r"),
        (b'<?xml version="1.0" encoding="gbk"?><meta charset=big5>', "big5"),
        (b'<?xml version="1.0" encoding="utf-16"?>', "utf-8"),
        (b'<?xml version="1.0" encoding="nonsense"?>', None),
        (b'<?xml version="1.0" encoding="g bk"?>', None),
        (b'<?xml version="1.0" encoding="gbk"', None),
        (b'<?xml version="1.0"?><p encoding="gbk">', None),
        (b'<?xml version="1.0"?', None),
        (b"<?xml encoding encoding='gbk'?>", None),
        (b' <?xml version="1.0" encoding="gbk"?>', None),
        (b'<?XML version="1.0" encoding="gbk"?>', None),
    ],
)
def test_xml_declarations(head: bytes, encoding: str | None) -> None:
    assert declared_encoding(head) == encoding
    assert Prescan(head).run() == encoding


SOUP_MARKS = [
    b"<!--",
    b"-->",
    b"<",
    b"</",
    b"<!",
    b"<?",
    b">",
    b"/",
    b"=",
    b'"',
    b"'",
    b" ",
    b"\n",
    b"\x0b",
    b";",
    b"\0",
]
SOUP_WORDS = [b"<meta", b"charset", b"content", b"http-equiv", b"content-type", b"gbk", b"KOI8-R", b"nonsense", b"\xe9"]
SOUP_PHRASES = [b"<meta charset=gbk>", b" charset=", b" content=", b" http-equiv=content-type ", b"'x;charset=big5'"]
SOUP = st.lists(st.sampled_from(SOUP_MARKS + SOUP_WORDS + SOUP_PHRASES), max_size=25).map(b"".join)


@given(st.sampled_from([b"", b"", b"<?xml", b"<?xml encoding='euc-kr'?>", b"<?xml encoding = "]), SOUP)
@example(b"", b"<a<meta/charset=gbk/")
def test_prescan_equals_the_standard_step_by_step(start: bytes, soup: bytes) -> None:
    assert declared_encoding(start + soup) == Prescan(start + soup).run()


NAMES = st.sampled_from([b"charset", b"content", b"http-equiv", b"name", b"lang", b"Charset", b"data-charset"])
LABELS_AND_WORDS = [b"gbk", b"KOI8-R", b"nonsense", b"content-type", b"Content-Type", b"utf-16", b"", b"text/html"]
CONTENTS = [b"text/html; charset=big5", b"x;charset= 'euc-jp' ", b"charset=", b"<meta charset=gbk>", b"-->"]
VALUES = st.sampled_from(LABELS_AND_WORDS + CONTENTS)
ATTRIBUTES = st.lists(st.tuples(NAMES, VALUES, st.sampled_from([b' %s="%s"', b'\n%s = "%s"'])), max_size=3).filter(
    # html5lib accepts charset and content in any order, and does not drop duplicates: see PREDATED.
    lambda attributes: (
        len({name.lower() for name, _, _ in attributes} - {b"content"})
        == len([name for name, _, _ in attributes if name != b"content"])
        and [name.lower() for name, _, _ in attributes].count(b"content") < 2
        and not {b"charset", b"content"} <= {name.lower() for name, _, _ in attributes}
    )
)


@st.composite
def tags(draw: st.DrawFn) -> bytes:
    """A well-formed tag, comment or text."""
    kind = draw(st.sampled_from(["meta", "meta", "tag", "comment", "other"]))
    if kind == "comment":
        return b"<!-- " + draw(VALUES).replace(b"-->", b"") + b" -->"
    if kind == "other":
        return draw(st.sampled_from([b"<!DOCTYPE html>", b"text", b"</p>", b"<?pi x?>", b"< ", b"\r\n"]))
    name = b"meta" if kind == "meta" else draw(st.sampled_from([b"p", b"/div", b"X-META", b"link"]))
    return b"<" + name + b"".join(form % (key, value) for key, value, form in draw(ATTRIBUTES)) + b">"


@given(st.lists(tags(), max_size=6).map(b"".join))
def test_prescan_equals_html5lib_on_well_formed_heads(head: bytes) -> None:
    assert declared_encoding(head) == html5lib_encoding(head)


LATE = b"<meta charset=gbk>"


@pytest.mark.parametrize(
    ("page", "encoding"),
    [
        (b"", None),
        (LATE, "gbk"),
        (b"<p>text</p>" + LATE, "gbk"),  # the standard takes a meta element anywhere
        (b"<META CHARSET = 'GBK' />", "gbk"),
        (b"<meta http-equiv=content-type content='text/html;charset=koi8-r'>" + LATE, "koi8-r"),
        (b"<meta name=x content='charset=koi8-r'>" + LATE, "gbk"),
        (b"<meta charset=nonsense>" + LATE, "gbk"),
        (b"<meta charset=utf-16>", "utf-8"),
        (b"<meta charset=x-user-defined>", "windows-1252"),
        *[(b"<%b>" % name + LATE + b"</%b>" % name, None) for name in (b"script", b"style", b"title", b"textarea")],
        *[(b"<%b>" % name + LATE + b"</%b>" % name, None) for name in (b"noscript", b"iframe", b"xmp", b"noembed")],
        *[(b"<%b>" % name + LATE + b"</%b>" % name, "gbk") for name in (b"b", b"scripts", b"svg", b"object", b"head")],
        (b"<script>'</scripts>" + LATE, None),
        (b"<script>x</SCRIPT\n>" + LATE, "gbk"),
        (b"<script src=a />" + LATE + b"</script>", None),
        (b"<script/src=a>" + LATE + b"</script/>" + LATE, "gbk"),
        (b"<script title='</script>'>" + LATE, None),
        (b"<script>if (a < b) {} </script>" + LATE, "gbk"),
        (b"<style><!--</style>" + LATE, "gbk"),
        (b"<!--" + LATE + b"-->", None),
        (b"<!--" + LATE, None),
        (b"<!-->" + LATE, "gbk"),
        (b"<!-- <script> -->" + LATE, "gbk"),
        (b"<a title='" + LATE + b"'>", None),
        (b"<a title='<script>'>" + LATE, "gbk"),
        (b'<a title="<!--">' + LATE, "gbk"),
        (b"<! " + LATE, None),
        (b"<metas charset=gbk>", None),
        (b"<plaintext>" + LATE, None),
        (b"<meta charset=gbk", None),
    ],
)
@pytest.mark.parametrize("filler", [b"", b"<p>" + b"x" * 2000 + b"</p>\n", b"<script>" + b"x" * 2000 + b"</script>"])
def test_late_declarations(filler: bytes, page: bytes, encoding: str | None) -> None:
    assert late_encoding(filler + page) == encoding


def test_late_declarations_take_linear_time() -> None:
    """Each of these pages would take hours if a part of it was scanned again for each tag."""
    for part in (
        b"<script>",
        b"<!-- ",
        b"<a ",
        b"<a b='",
        b"</script",
        b"<meta ",
        b"<!-- --!",
        b"<",
        b"<script></scripts>",
    ):
        assert late_encoding(part * 100_000 + b"<meta charset=gb") is None


TEXTS = st.lists(st.sampled_from([LATE, b"x", b"<b>", b"'", b"-", b"<!", b"</", b"charset=big5"]), max_size=3).map(
    b"".join
)


@st.composite
def elements(draw: st.DrawFn) -> bytes:
    """An element, a comment or text that may quote a declaration."""
    text = draw(TEXTS)
    kind = draw(
        st.sampled_from(["meta", "meta", "http-equiv", "attribute", "comment", "plain", "script", "style", "title"])
    )
    encoding = draw(st.sampled_from([b"koi8-r", b"big5", b"nonsense", b"UTF-8"]))
    match kind:
        case "meta":
            return b"<meta name=x charset='%b'>" % encoding
        case "http-equiv":
            return b"<META http-equiv='Content-Type' content=\"text/html; charset=%b\">" % encoding
        case "attribute":
            return b'<p title="%b">' % text
        case "comment":
            return b"<!-- %b -->" % text.replace(b"-", b"")
        case "plain":
            return b"plain <b>text</b> "
    return b"<%b>%b</%b>" % (kind.encode(), text, kind.encode())


@given(st.lists(elements(), max_size=6).map(b"".join))
def test_late_declarations_are_those_of_html5libs_tree(page: bytes) -> None:
    """The first meta element, in the order of the document, that names an encoding."""
    expected = None
    for meta in html5lib.parse(page.decode("ascii"), namespaceHTMLElements=False).iter("meta"):
        label: bytes | None = meta.get("charset", "").encode()
        if meta.get("http-equiv", "").lower() == "content-type":
            label = content_label(meta.get("content", "").encode())
        expected = expected or label_encoding(label)
    assert late_encoding(b"<head>" + page) == expected


def encoding_cases(archive: Path) -> list[tuple[str, bytes, str]]:
    """Name, bytes and expected encoding of each case in the `encoding/*.dat` files of an html5lib-tests tarball."""
    cases = []
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            if not (member.isfile() and "encoding/" in member.name and member.name.endswith(".dat")):
                continue
            file = tar.extractfile(member)
            assert file is not None
            parts = (b"\n" + file.read()).split(b"\n#data\n")[1:]
            for number, part in enumerate(parts):
                data, _, rest = part.partition(b"\n#encoding\n")
                cases.append((f"{member.name}:{number}", data, rest.split(b"\n")[0].decode("ascii")))
    return cases


# Cases older than the standard. None so far: the copies at hand have no `encoding/` folder.
KNOWN_DIFFERENCES: frozenset[str] = frozenset()


def test_html5lib_encoding_cases() -> None:
    cases = encoding_cases(HTML5LIB_TESTS) if HTML5LIB_TESTS.exists() else []
    if not cases:
        pytest.skip("no html5lib encoding cases beside the repository")
    differing = {
        name
        for name, data, label in cases
        if (declared_encoding(data) or "windows-1252") != webencodings.lookup(label).name
    }
    assert differing == KNOWN_DIFFERENCES


def test_encoding_cases_are_read(tmp_path: Path) -> None:
    content = b"#data\n<meta charset=gbk>\n<p>\n#encoding\nGBK\n\n#data\nx\n#encoding\nWindows-1252\n"
    with tarfile.open(tmp_path / "t.tar.gz", "w:gz") as tar:
        entry = tarfile.TarInfo("encoding/t.dat")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    cases = encoding_cases(tmp_path / "t.tar.gz")
    assert cases == [
        ("encoding/t.dat:0", b"<meta charset=gbk>\n<p>", "GBK"),
        ("encoding/t.dat:1", b"x", "Windows-1252"),
    ]
