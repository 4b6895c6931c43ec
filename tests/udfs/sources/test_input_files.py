"""The files that INPUT arguments stand for, and the names stored for them."""

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.errors import UsageError
from udfs.sources.input_files import InputFile, archive_format, plan_inputs, provenance_name


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("x.warc", "warc"),
        ("x.warc.gz", "warc"),
        ("a.b/x.WARC.GZ", "warc"),
        ("x.wat", "wat"),
        ("x.warc.wat.gz", "wat"),
        ("x.wat.gz", "wat"),
        ("x.Wat.Gz", "wat"),
        ("x.wat.warc.gz", "warc"),
        ("x", None),
        ("x.gz", None),
        ("x.warc.zst", "warc"),
        ("x.warc.wat.zst", "wat"),
        ("x.warc.gz.open", "warc"),
        ("x.warc.bz2", None),
        ("x.warc.gz.tmp", None),
        ("x.wet.gz", None),
        ("x.warc.wet.gz", None),
        ("warc.gz", None),
        ("x.warc/y", None),
    ],
)
def test_archive_format(path: str, expected: str | None) -> None:
    assert archive_format(path) == expected


CRAWL = "crawl-data/CC-MAIN-2024-22/segments/1/warc/CC-MAIN-1.warc.gz"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (CRAWL, CRAWL),
        (f"/mnt/disk/{CRAWL}", CRAWL),
        (f"s3://commoncrawl/{CRAWL}", CRAWL),
        (f"https://data.commoncrawl.org/{CRAWL}", CRAWL),
        (f"/mnt/crawl-data/old/{CRAWL}", CRAWL),  # the last `crawl-data` is CommonCrawl's root
        ("/mnt/crawl-data/a/my-crawl-data/x.warc.gz", "crawl-data/a/my-crawl-data/x.warc.gz"),
        ("/mnt/my-crawl-data/x.warc.gz", "x.warc.gz"),
        ("/mnt/crawl-data.old/x.warc.gz", "x.warc.gz"),
        ("/home/me/x.warc.gz", "x.warc.gz"),
        ("s3://bucket/key/x.warc.gz", "x.warc.gz"),
        ("x.warc.gz", "x.warc.gz"),
    ],
)
def test_provenance_name(path: str, name: str) -> None:
    assert provenance_name(path, None) == name


def test_provenance_name_below_the_input_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    assert provenance_name(str(root / "a" / "x.warc.gz"), str(root)) == "a/x.warc.gz"
    assert provenance_name(str(root / "a" / ".." / "x.warc.gz"), str(root) + "/") == "x.warc.gz"
    assert provenance_name(str(tmp_path / "elsewhere" / "x.warc.gz"), str(root)) == "x.warc.gz"
    assert provenance_name(str(tmp_path / "rootless" / "x.warc.gz"), str(root)) == "x.warc.gz"
    assert provenance_name(str(root / CRAWL), str(root / "crawl-data")) == CRAWL  # crawl-data/ has precedence


def test_provenance_name_below_a_relative_input_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert provenance_name(str(tmp_path / "in" / "a" / "x.warc.gz"), "in") == "a/x.warc.gz"
    assert provenance_name("in/a/x.warc.gz", ".") == "in/a/x.warc.gz"


SEGMENTS = st.text("ab.-", min_size=1, max_size=4).filter(lambda name: name not in (".", ".."))


@given(
    st.sampled_from(["", "/", "s3://bucket/", "file:///", "hdfs://host:9000/"]),
    st.lists(SEGMENTS, min_size=1, max_size=4),
)
def test_a_name_never_contains_a_scheme_or_a_host_path(start: str, segments: list[str]) -> None:
    name = provenance_name(start + "/".join(segments), None)
    assert name == segments[-1]
    assert provenance_name(start + "/".join(["crawl-data", *segments]), None) == "/".join(["crawl-data", *segments])


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A few archives and other files."""
    for name in (
        "b/2.warc.gz",
        "b/1.warc",
        "a/x.warc.wat.gz",
        "a/deep/er/y.WAT",
        "a/notes.txt",
        "z.warc.gz",
        "a/warc.gz",
    ):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    (tmp_path / "in" / "folder.warc.gz").mkdir()
    return tmp_path / "in"


def names(files: list[InputFile]) -> list[str]:
    return [file.name for file in files]


def test_folder(tree: Path) -> None:
    files = plan_inputs([str(tree)], str(tree))
    assert names(files) == ["a/deep/er/y.WAT", "a/x.warc.wat.gz", "b/1.warc", "b/2.warc.gz", "z.warc.gz"]
    assert [file.archive_format for file in files] == ["wat", "wat", "warc", "warc", "warc"]
    assert [Path(file.path).is_file() for file in files] == [True] * 5
    assert [file.path for file in files] == [str(tree / name) for name in names(files)]


def test_a_folder_leaves_out_no_archive_whatever_its_packing(tmp_path: Path) -> None:
    """Those that cannot be read become failed rows, so that nobody takes them for read."""
    archives = [
        "a.warc.zst",
        "b.wat.zst",
        "c.warc.gz.open",
        "d.warc.bz2",
        "e.warc.xz",
        "f.wacz",
        "g.arc.gz",
        "h.WARC.ZST",
    ]
    for name in [*archives, "i.warc.gz.md5", "k.zst", "l.gz", "m.cdx.gz"]:
        (tmp_path / name).write_bytes(b"")
    assert names(plan_inputs([str(tmp_path)], None)) == sorted(archives)


def test_a_file_named_directly_may_have_any_name(tree: Path) -> None:
    (file,) = plan_inputs([str(tree / "a" / "notes.txt")], None)
    assert file == InputFile(str(tree / "a" / "notes.txt"), "notes.txt", None, size_bytes=file.size_bytes)
    assert file.size_bytes == (tree / "a" / "notes.txt").stat().st_size


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.warc.gz", ["z.warc.gz"]),  # the folder of that name has no archive
        ("b/*", ["b/1.warc", "b/2.warc.gz"]),
        ("b/[12].warc*", ["b/1.warc", "b/2.warc.gz"]),
        ("b/?.warc", ["b/1.warc"]),
        ("**/*.w*", ["a/x.warc.wat.gz", "b/1.warc", "b/2.warc.gz", "z.warc.gz"]),
    ],
)
def test_globs(tree: Path, pattern: str, expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert names(plan_inputs([str(tree / pattern)], str(tree))) == expected
    monkeypatch.chdir(tree)
    assert names(plan_inputs([pattern], ".")) == expected


def test_a_file_whose_name_looks_like_a_glob(tree: Path) -> None:
    (tree / "x[1].warc.gz").write_bytes(b"")
    assert names(plan_inputs([str(tree / "x[1].warc.gz")], None)) == ["x[1].warc.gz"]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_listings(tree: Path, packed: bool, line_end: str) -> None:
    lines = [
        "\ufeffb/2.warc.gz",
        "# b/1.warc",
        "\t#",
        "",
        "  a/x.warc.wat.gz  ",
        "missing/m.warc.gz",
        str(tree / "z.warc.gz"),
        "b/2.warc.gz",
    ]
    text = line_end.join(lines).encode()
    listing = tree / "lists" / ("w.paths.gz" if packed else "w.paths")
    listing.parent.mkdir()
    listing.write_bytes(gzip.compress(text) if packed else text)
    expected = ["a/x.warc.wat.gz", "b/2.warc.gz", "missing/m.warc.gz", "z.warc.gz"]
    files = plan_inputs([str(listing)], str(tree))
    assert names(files) == expected
    assert [file.path for file in files] == [str(tree / name) for name in expected]
    assert [file.archive_format for file in files] == ["wat", "warc", "warc", "warc"]
    moved = listing.rename(tree / listing.name)  # without an input root, relative to the listing's folder
    assert [file.path for file in plan_inputs([str(moved)], None)] == [str(tree / name) for name in expected]


def test_a_gzip_listing_may_lack_its_suffix(tree: Path) -> None:
    """HTTP clients unpack gzip, and people rename files, so only the content counts."""
    (tree / "w.paths").write_bytes(gzip.compress(b"b/1.warc\n"))
    (tree / "v.paths.gz").write_bytes(b"b/1.warc\n")
    for name in ("w.paths", "v.paths.gz"):
        assert [file.path for file in plan_inputs([str(tree / name)], None)] == [str(tree / "b" / "1.warc")]


def test_a_crawls_listing(tmp_path: Path) -> None:
    listing = tmp_path / "warc.paths"
    listing.write_text(CRAWL + "\n")
    assert plan_inputs([str(listing)], str(tmp_path / "mirror")) == [
        InputFile(str(tmp_path / "mirror" / CRAWL), CRAWL, "warc")
    ]


def test_duplicates_are_listed_once_in_a_fixed_order(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = [str(tree), str(tree / "b"), str(tree / "b" / ".." / "b" / "1.warc"), str(tree / "*.warc.gz")]
    files = plan_inputs(arguments, str(tree))
    assert files == plan_inputs(reversed(arguments), str(tree)) == plan_inputs([str(tree)], str(tree))
    assert [file.path for file in files] == sorted(file.path for file in files)
    monkeypatch.chdir(tree)
    assert plan_inputs([".", "b/1.warc"], ".") == files


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("{tree}/missing.warc.gz", "no such file or folder"),
        ("{tree}/*.xyz", "matches no file"),
        ("{tree}/folder.warc.gz", "no WARC or WAT file in this folder"),
        ("{tree}/texts", "file in this folder, but others, such as a.cdx; a WET has texts but no images"),
        ("https://data.commoncrawl.org/", "web servers do not list folders"),
        ("https://data.commoncrawl.org/crawl-data/", "web servers do not list folders"),
        ("{tree}/empty.paths", "empty"),
        ("{tree}/blank.paths", "empty"),
        ("{tree}/broken.paths.gz", "starts as gzip but cannot be unpacked"),
        ("{tree}/cut.paths.gz", "starts as gzip but cannot be unpacked"),
        ("{tree}/flipped.paths.gz", "starts as gzip but cannot be unpacked"),
        ("{tree}/latin.paths", "line 1 is not UTF-8 (byte 0xe9); save it as UTF-8"),
        ("{tree}/comments.paths", "the listing is empty"),
        ("{tree}/quoted.paths", "line 2 is not a path, but '\"z.warc.gz\"': write one path a line, without quotation"),
        ("{tree}/table.paths", r"line 3 is not a path, but 'z.warc.gz\t12': write one path a line"),
        ("{tree}/wide.paths", "is UTF-16 or UTF-32: save it as UTF-8"),
        ("{tree}/nul.paths", "line 2 holds a NUL character"),
    ],
)
def test_an_argument_without_files_is_an_error_of_one_line(
    tree: Path, argument: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree / "folder.warc.gz")
    packed = bytearray(gzip.compress("".join(f"{i * 7919 % 10007}.warc.gz\n" for i in range(500)).encode(), mtime=0))
    (tree / "empty.paths").write_bytes(b"")
    (tree / "texts" / "deep").mkdir(parents=True)
    (tree / "texts" / "deep" / "x.warc.wet.gz").write_bytes(b"")
    (tree / "texts" / "a.cdx").write_bytes(b"")
    (tree / "blank.paths").write_bytes(b" \n\n\t\r\n")
    (tree / "broken.paths.gz").write_bytes(b"\x1f\x8b\x08" + b"\xff" * 50)
    (tree / "cut.paths.gz").write_bytes(packed[: len(packed) // 2])
    packed[len(packed) // 2] ^= 0xFF
    (tree / "flipped.paths.gz").write_bytes(packed)
    (tree / "comments.paths").write_bytes(b"# none\n\n  # yet\n")
    (tree / "quoted.paths").write_bytes(b'z.warc.gz\n"z.warc.gz"\n')
    (tree / "table.paths").write_bytes(b"# path\tsize\rz.warc.gz\rz.warc.gz\t12\r")
    (tree / "wide.paths").write_bytes("z.warc.gz\n".encode("utf-16"))
    (tree / "nul.paths").write_bytes(b"z.warc.gz\nz.\0warc.gz\n")
    (tree / "latin.paths").write_bytes(b"caf\xe9.warc.gz\n")
    argument = argument.format(tree=tree)
    with pytest.raises(UsageError) as error:
        plan_inputs([str(tree / "z.warc.gz"), argument], None)
    assert message in str(error.value)
    assert argument in str(error.value)
    assert "\n" not in str(error.value)
    assert error.value.exit_status == 2


def test_no_arguments_are_no_files() -> None:
    assert plan_inputs([], None) == []


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs symbolic links")
def test_links_keep_their_own_names(tree: Path) -> None:
    """Caches name files by their hashes and link to them: only the link's name is meaningful."""
    (tree / "blob").write_bytes(b"")
    (tree / "crawl-data").mkdir()
    (tree / "crawl-data" / "link.warc.gz").symlink_to(tree / "blob")
    link = str(tree / "crawl-data" / "link.warc.gz")
    assert plan_inputs([link], None) == [InputFile(link, "crawl-data/link.warc.gz", "warc", size_bytes=0)]
    assert len(plan_inputs([link, str(tree / "blob")], None)) == 1  # the link and its target: one file, read once


def test_links_to_folders_are_followed_even_in_a_cycle(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "d").mkdir()
    (tmp_path / "a" / "x.warc.gz").write_bytes(b"")
    (tmp_path / "d" / "sub").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "round").symlink_to(tmp_path / "d")
    (tmp_path / "d" / "gone.warc.gz").symlink_to(tmp_path / "nowhere")
    files = plan_inputs([str(tmp_path / "d")], None)
    assert [file.name for file in files] == ["gone.warc.gz", "x.warc.gz"], "a dangling link becomes a failed row"


def test_a_glob_may_match_listings_and_folders(tmp_path: Path) -> None:
    (tmp_path / "one.paths").write_bytes("\ufeffa.warc.gz\r\n\nb\u2028c.warc.gz\n".encode())
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "z.warc").write_bytes(b"")
    files = plan_inputs([str(tmp_path / "*")], None)
    assert [file.name for file in files] == ["a.warc.gz", "b\u2028c.warc.gz", "z.warc"]


def test_names_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    try:
        (tmp_path / "\udcff.warc.gz").write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    with pytest.raises(UsageError, match="not UTF-8"):
        plan_inputs([str(tmp_path)], None)


def test_a_folder_includes_arc_files_so_that_each_gets_a_row(tmp_path: Path) -> None:
    for name in ("a.arc.gz", "b.ARC", "c.warc", "notes.txt", "d.warc.gz.md5", "march"):
        (tmp_path / name).write_bytes(b"")
    files = plan_inputs([str(tmp_path)], None)
    assert [(file.name, file.archive_format) for file in files] == [
        ("a.arc.gz", None),
        ("b.ARC", None),
        ("c.warc", "warc"),
    ]
