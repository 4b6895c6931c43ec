"""HTTP headers of many forms: the fields and where the body starts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.archive.http_header import HttpHeader, read_http_header

BODY = b"<p>body</p>\n\nmore"


def read(block: bytes, listed: frozenset[str] = frozenset()) -> tuple[HttpHeader | None, bytes]:
    """The header at the start of a block, and the bytes after it."""
    header = read_http_header(block, listed)
    return header, block if header is None else block[header.size_bytes :]


def fields(block: bytes) -> dict[str, str]:
    """The fields; the body must follow whole."""
    header, rest = read(block + BODY)
    assert header is not None
    assert rest == BODY
    assert header.size_bytes == len(block)
    return header.fields


@pytest.mark.parametrize(
    "first",
    [
        *(
            b"HTTP/1.1 200 OK",
            b"HTTP/1.1 200",
            b"HTTP/1.1 200 ",
            b"HTTP/1.0 404 Not Found",
            b"HTTP/2 200",
            b"HTTP/3 200",
        ),
        *(b"http/1.1 200 OK", b"Http/1.1 200 ok", b"HTTP 200 OK", b"HTTP/2.0 200 OK", b"HTTP/1.1", b"HTTP/1.1 OK"),
        *(b"ICY 200 OK", b"icy 200 OK", b"FTP 200 OK", b"HTTP/1.1  200  OK", b"HTTP/1.1\t200\tOK", b" HTTP/1.1 200 OK"),
        *(
            b":status: 200",
            b":status 200",
            b":Status : 200",
            b"status: 200",
            b"\0HTTP/1.1 200 OK",
            b"HTTP/1.1 200 \xe9\xff",
        ),
        *(
            b"\xef\xbb\xbfHTTP/1.1 200 OK",
            b"HTTP/ 200",
            b"HTTP1.1 200 OK",
            b"200 OK",
            b"404",
            b"HTTP/1.1 200 OK: fine",
            b":version: HTTP/2\r\n:status: 200",
        ),
    ],
)
@pytest.mark.parametrize("before", [b"", b"\r\n", b"\n\r\n\n"])
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_first_lines(before: bytes, first: bytes, end: bytes) -> None:
    assert fields(before + first + end + b"Content-Type: text/html" + end + end)["content-type"] == "text/html"


@pytest.mark.parametrize(
    "block", [b"<p>", b"{}", b"\0" * 9, b"GET / HTTP/1.1\r\n\r\n", b"2000 OK\r\n\r\n", b"no colon\r\nX: y\r\n\r\n"]
)
def test_blocks_without_a_header(block: bytes) -> None:
    assert read(block)[0] is None


@pytest.mark.parametrize("block", [b"", b"\r\n", b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK\r\nX: y\r\n", b"X: y"])
def test_headers_without_an_end(block: bytes) -> None:
    assert read(block)[0] is None


@pytest.mark.parametrize("blank", [b"\r\n", b"\n\n"])
def test_a_header_that_is_empty(blank: bytes) -> None:
    assert fields(blank) == {}


@pytest.mark.parametrize("interim", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nX-A: 1\r\n\r\n"])
def test_interim_responses_are_skipped(interim: bytes) -> None:
    final = b"HTTP/1.1 200 OK\r\nX-B: 2\r\n\r\n"
    assert fields(interim + final) == fields(interim + interim + final) == {"x-b": "2"}


def test_of_two_headers_the_second_counts() -> None:
    """A proxy's answer to CONNECT (php-vcr/php-vcr 128); some writers store the header twice."""
    for first in (b"HTTP/1.1 200 Connection established\r\n\r\n", b"HTTP/1.0 200 OK\r\nX-A: 1\r\n\r\n"):
        assert fields(first + b"HTTP/1.1 200 OK\r\nX-B: 2\r\n\r\n") == {"x-b": "2"}


def test_a_first_field_whose_value_begins_like_an_interim_status() -> None:
    assert fields(b"Content-Length: 123\r\nX-B: 2\r\n\r\n") == {"content-length": "123", "x-b": "2"}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (b"A: b", {"a": "b"}),
        (b"A:b", {"a": "b"}),
        (b"A :b ", {"a": "b"}),
        (b"A \t : \t b", {"a": "b"}),
        (b"A:", {"a": ""}),
        (b"A: b: c", {"a": "b: c"}),
        (b"A: b\r\na: c\r\nA: d", {"a": "b, c, d"}),
        (b"A: b\r\nB: x\r\nA: c", {"a": "b, c", "b": "x"}),
        (b"A: b\r\n c\r\n\td", {"a": "b c d"}),
        (b"A: b\r\n c\r\nA: d\r\n e", {"a": "b c, d e"}),
        (b"A: b\r\nno colon\r\n c", {"a": "b"}),
        (b"A B: b\r\n c\r\nD: e", {"d": "e"}),
        (b" A: b\r\nC: d", {"c": "d"}),  # RFC 9112 2.2: white space before the first field
        (b"A: b\rC: d", {"a": "b C: d"}),  # RFC 9110 5.5: CR and NUL count as spaces
        (b"A: b\0c", {"a": "b c"}),
        (b"A\0: \0b\r", {"a": "b"}),
        (b": b\r\n(A): b\r\nC: d", {"c": "d"}),
        (b":scheme: https\r\nA: b", {"scheme": "https", "a": "b"}),
        (b"A: \xe9", {"a": "\xe9"}),
        (b"", {}),
    ],
)
def test_fields(lines: bytes, expected: dict[str, str]) -> None:
    assert fields(b"HTTP/1.1 200 OK\r\n" + lines + (b"\r\n" if lines else b"") + b"\r\n") == expected


def test_listed_fields_are_kept_apart() -> None:
    header, _ = read(b"HTTP/1.1 200 OK\r\nA: b\r\nX: y\r\nA: c\r\n d\r\n\r\n", frozenset(("a",)))
    assert header is not None
    assert header.listed == [("a", "b"), ("a", "c d")]
    assert header.fields == {"a": "b, c d", "x": "y"}


@pytest.mark.parametrize("size", [1 << 16, (1 << 16) + 1, 1 << 19])
def test_long_values(size: int) -> None:
    header, rest = read(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX: " + b"x" * size + b"\r\n\r\n" + BODY)
    assert header is not None
    assert (header.fields["content-type"], rest) == ("text/html", BODY)


def test_an_endless_header_is_none() -> None:
    assert read(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * (1 << 18) + b"\r\n")[0] is None


@pytest.mark.parametrize("line", [b"A:b\r\n", b" b\r\n"])
def test_many_short_lines_take_linear_time(line: bytes) -> None:
    """Joining each line to the value before would copy 70 GB."""
    lines = b"A: b\r\n" + line * ((1 << 20) // len(line) - 10)
    assert len(fields(b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n")["a"]) > 1 << 17


NAMES = st.sampled_from(["A", "a", "Content-Type", "content-type", "X"])
VALUES = st.text(st.sampled_from("ab ,;=é"), max_size=5)


@given(
    st.lists(st.tuples(NAMES, VALUES, st.sampled_from(["", " ", "\t "])), max_size=8), st.sampled_from(["\r\n", "\n"])
)
def test_repeated_lines_are_joined_in_order(lines: list[tuple[str, str, str]], end: str) -> None:
    """RFC 9110 5.3: the combined value consists of the values in order, separated by commas."""
    header = "HTTP/1.1 200 OK" + end + "".join(f"{name}{space}: {value}{end}" for name, value, space in lines) + end
    expected = {
        name.lower(): ", ".join(value.strip(" ") for other, value, _ in lines if other.lower() == name.lower())
        for name, _, _ in lines
    }
    assert fields(header.encode("latin-1")) == expected


@given(st.binary(max_size=40), st.integers(0, 60), st.integers(0, 10))
def test_damaged_headers_never_raise(garbage: bytes, at: int, drop: int) -> None:
    block = b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nD: e\r\n\r\n" + BODY
    header, rest = read(block[:at] + garbage + block[at + drop :])
    if header is not None:
        assert (block[:at] + garbage + block[at + drop :])[header.size_bytes :] == rest
