"""Block lists: every form of a line, and lookups against a naive oracle over the names themselves."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.errors import UsageError
from udfs.extraction.block_lists import Blocker, BlockListBuilder
from udfs.hashing import image_uuid


def domains(*lines: str) -> Blocker:
    builder = BlockListBuilder()
    builder.add_domains("\n".join(lines).encode(), "list")
    return Blocker(builder.build())


@pytest.mark.parametrize(
    ("host", "is_blocked"),
    [
        ("example.com", True),
        ("www.example.com", True),
        ("a.b.example.com", True),
        ("EXAMPLE.com", True),
        ("example.com.", True),
        ("example.com:8080", True),
        ("user:pw@example.com", True),
        ("notexample.com", False),
        ("example.com.evil.org", False),
        ("com", False),
        ("example.org", False),
        ("sub.listed.org", True),
        ("deep.sub.listed.org", True),
        ("listed.org", False),
        ("192.0.2.7", True),
        ("3221225991", True),  # the same, as browsers read it
        ("1.192.0.2", False),
        ("192.0.2.70", False),
        ("[2001:db8::1]", True),
        ("[2001:db8::1]:443", True),
        ("[2001:db8::2]", False),
        ("xn--bcher-kva.example", True),
        ("bücher.example", True),
        ("cdn.BÜCHER.example", True),
    ],
)
def test_hosts(host: str, is_blocked: bool) -> None:
    blocker = domains("example.com", "sub.listed.org", "192.0.2.7", "2001:DB8::1", "Bücher.example")
    assert blocker.blocks_page(f"https://{host}/a?b#c") == is_blocked
    assert blocker.blocks_page(f"http://{host}") == is_blocked


@pytest.mark.parametrize(
    "lines",
    [
        ["example.com"],
        ["# a comment", "", "  example.com  # why"],
        ["EXAMPLE.COM."],
        [".example.com"],
        ["*.example.com"],
        ["\ufeffexample.com\r"],
        ["127.0.0.1 localhost", "::1 localhost ip6-localhost", "fe80::1%lo0 localhost", "0.0.0.0 example.com"],
        ["0.0.0.0 0.0.0.0", "0.0.0.0\tother.org example.com # both"],
    ],
)
def test_forms_of_a_line(lines: list[str]) -> None:
    for data in ("\n".join(lines).encode(), gzip.compress("\n".join(lines).encode())):
        builder = BlockListBuilder()
        assert builder.add_domains(data, "list") >= 1
        blocker = Blocker(builder.build())
        assert blocker.blocks_page("https://www.example.com/")
        assert not blocker.blocks_page("https://localhost/")


@pytest.mark.parametrize(
    "line",
    [
        *("com", "https://example.com/", "example.com/path", "||example.com^", "example.com foo", "exa mple.com"),
        *("a@example.com", "example.com:80", "*", "..", "*foo.com", "1.2.3.4.5", "0.0.0.0 exam|ple.com", "\x00.com"),
    ],
)
def test_a_line_that_is_not_a_domain(line: str) -> None:
    with pytest.raises(UsageError, match=r"^list: line 2 is not a domain: '") as error:
        domains("example.com", line)
    assert "\n" not in str(error.value)


def test_bytes_that_are_not_utf8_and_broken_gzip() -> None:
    for data in (b"caf\xe9.example\n", gzip.compress(b"caf\xe9.example\n")):
        with pytest.raises(UsageError, match=r"^list: line 1 is not UTF-8 \(byte 0xe9\); save it as UTF-8$"):
            BlockListBuilder().add_domains(data, "list")
    assert BlockListBuilder().add_domains(b"# caf\xe9\nexample.com # \xe9\n", "list") == 1
    with pytest.raises(UsageError, match=r"line 2 is not a domain: 'caf\ufffd\.com'"):
        domains("example.com", "caf\ufffd.com")
    with pytest.raises(UsageError, match="list: starts as gzip but cannot be unpacked"):
        BlockListBuilder().add_domains(gzip.compress(b"example.com")[:-9], "list")


def test_a_ut1_category() -> None:
    builder = BlockListBuilder()
    urls = b"host.org/Bad/folder\nwww.host.org/page.php?id=3\nhost.net/\nno path here\n"
    assert builder.add_ut1(b"example.com\n192.0.2.7\n-bad line-\n\xe9.fr\n", urls, "adult") == (5, 3)
    blocks = builder.build()
    assert (len(blocks.domains), len(blocks.paths)) == (3, 2)
    blocker = Blocker(blocks)
    for url, is_blocked in {
        "https://example.com/": True,
        "https://sub.host.net/x": True,
        "https://host.org/": False,
        "https://host.org/bad/folder": True,
        "https://www.host.org/bad/Folder/": True,
        "https://host.org/bad/folder/pic.jpg?w=1#top": True,
        "https://host.org/bad/folders": False,
        "https://host.org/bad": False,
        "https://sub.host.org/bad/folder": False,
        "https://host.org/page.php?id=3": True,
        "https://host.org/page.php?id=33": False,
        "https://host.org/page.php": False,
    }.items():
        assert blocker.blocks_page(url) == is_blocked, url
        assert blocker.blocks_image(url) == is_blocked, url
    assert not blocker.blocks_page("https://host.org/" + "a/" * 100_000)


def test_images_by_url_and_uuid() -> None:
    taken_down, by_id = "https://a.example/one%20two.jpg", "https://a.example/3.jpg?x=1#y"
    lines = ["# take-downs", "", "HTTPS://A.example/one two.jpg", image_uuid(by_id).upper()]
    builder = BlockListBuilder()
    assert builder.add_images("\r\n".join(lines).encode(), "list") == 2
    blocker = Blocker(builder.build())
    assert blocker.blocks_image(taken_down)
    assert blocker.blocks_image(by_id)
    assert not blocker.blocks_image("https://a.example/3.jpg?x=1")
    assert blocker.blocks_image(f"{taken_down}#x")
    assert not blocker.blocks_image("https://a.example/other.jpg#x")
    assert not blocker.blocks_page(taken_down)


@pytest.mark.parametrize(
    "line", ["a.jpg", "ftp://a.example/a.jpg", "data:image/png;base64,AA", "0123456789abcdef", "//x"]
)
def test_a_line_that_is_neither_a_url_nor_a_uuid(line: str) -> None:
    with pytest.raises(UsageError, match=r"^list: line 1 is neither an http\(s\) URL nor a uuid: "):
        BlockListBuilder().add_images(line.encode(), "list")


def test_pages_without_a_host_are_not_blocked() -> None:
    blocker = domains("example.com")
    for url in ("", "example.com", "dns:example.com", "urn:x", "https://", "https://exa mple.com/"):
        assert not blocker.blocks_page(url)


def test_the_fingerprint_depends_on_the_listed_names_alone() -> None:
    def fingerprint(lines: str, images: str = "") -> dict[str, int | str]:
        builder = BlockListBuilder()
        builder.add_domains(lines.encode(), "list")
        builder.add_images(images.encode(), "list")
        return builder.build().fingerprint

    one = fingerprint("a.com\nb.com")
    assert one == fingerprint("# other words\n0.0.0.0 b.com\nA.com.\nb.com")
    assert (one["domains"], one["paths"], one["images"]) == (2, 0, 0)
    assert one["sha256"] != fingerprint("a.com\nc.com")["sha256"]
    assert fingerprint("", "https://a.com/")["sha256"] != fingerprint("a.com")["sha256"]


LABELS = st.sampled_from(["a", "b", "ab", "x1", "a-b", "com"])
HOSTS = st.lists(LABELS, min_size=2, max_size=5).map(".".join)


@given(st.lists(HOSTS, max_size=6), st.lists(HOSTS, min_size=1, max_size=8))
def test_lookups_equal_a_naive_oracle(listed: list[str], hosts: list[str]) -> None:
    blocker = domains(*listed)
    for host in hosts:
        expected = any(host == domain or host.endswith(f".{domain}") for domain in listed)
        assert blocker.blocks_image(f"https://{host}/a.jpg") == expected
        assert blocker.blocks_image(f"http://{host}:81/b.jpg") == expected  # remembered or not


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_line_and_no_url_crashes(line: str, url: str) -> None:
    builder = BlockListBuilder()
    builder.add_ut1(line.encode("utf-8", "replace"), line.encode("utf-8", "replace"), "list")
    blocker = Blocker(builder.build())
    blocker.blocks_page(url)
    blocker.blocks_image(url)
