"""INPUT arguments on S3 and on a web server, both real servers on loopback."""

import gzip
import itertools
from collections.abc import Iterator

import pytest
from naughty_server import Naughty, naughty_server

from udfs.errors import UsageError
from udfs.hashing import sample_hash
from udfs.sources.globs import glob_matches
from udfs.sources.input_files import InputFile, Openers, crawl_listing, plan_inputs, provenance_name, sample_files
from udfs.sources.opener import SourceOpener
from udfs.sources.options import SourceOptions
from udfs.storage.addresses import redacted
from udfs.storage.local import LocalStorage
from udfs.storage.s3 import S3Storage

OPENERS = Openers(S3Storage, SourceOpener(SourceOptions()))
CRAWL = "crawl-data/CC-MAIN-2024-10"
PATHS = [f"{CRAWL}/segments/{n}/warc/CC-MAIN-{n}.warc.gz" for n in range(5)]
LISTING = gzip.compress("".join(f"{path}\n" for path in PATHS).encode())


@pytest.fixture
def full_bucket(bucket: str) -> str:
    storage = S3Storage(f"s3://{bucket}")
    for name in ("in/b/2.warc.gz", "in/b/1.warc", "in/a/x.wat.gz", "in/a/deep/y.WAT", "in/a/notes.txt", "in/a/.h.warc"):
        storage.write(name, b"")
    storage.write(f"{CRAWL}/warc.paths.gz", LISTING)
    return f"s3://{bucket}"


def below(root: str, *arguments: str) -> list[str]:
    files = plan_inputs([f"{root}/{argument}" for argument in arguments], None, OPENERS)
    return [file.path.removeprefix(f"{root}/in/") for file in files]


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("in", ["a/.h.warc", "a/deep/y.WAT", "a/x.wat.gz", "b/1.warc", "b/2.warc.gz"]),
        ("in/a/", ["a/.h.warc", "a/deep/y.WAT", "a/x.wat.gz"]),
        ("in/a/notes.txt", ["a/notes.txt"]),
        ("in/*/*.w*", ["a/x.wat.gz", "b/1.warc", "b/2.warc.gz"]),
        ("in/**/*.[wW]*", ["a/deep/y.WAT", "a/x.wat.gz", "b/1.warc", "b/2.warc.gz"]),
        ("in/?", ["a/.h.warc", "a/deep/y.WAT", "a/x.wat.gz", "b/1.warc", "b/2.warc.gz"]),
        ("in/b/[!2]*", ["b/1.warc"]),
    ],
)
def test_files_folders_and_globs_on_s3(full_bucket: str, argument: str, expected: list[str]) -> None:
    assert below(full_bucket, argument) == expected
    assert below(full_bucket.replace("s3:", "s3a:"), argument) == [f"{full_bucket}/in/{name}" for name in expected]


def test_listings_of_folders_tell_sizes(full_bucket: str) -> None:
    S3Storage(full_bucket).write("in/c/3.warc", b"abc")
    sizes = {}
    for argument in ("in/c", "in/*/1.warc", "in/b/2.warc.gz"):
        sizes |= {file.name: file.size_bytes for file in plan_inputs([f"{full_bucket}/{argument}"], None, OPENERS)}
    assert sizes == {"3.warc": 3, "1.warc": 0, "2.warc.gz": None}, "a file that is named itself is not asked for"


@pytest.mark.parametrize(
    ("argument", "message"),
    [("in/missing", "no such file or folder"), ("in/*.xyz", "the glob matches no file"), ("in/a/deeper", "no such")],
)
def test_an_argument_without_files_on_s3(full_bucket: str, argument: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        below(full_bucket, argument)
    assert f"{full_bucket}/{argument}" in str(raised.value)


def test_a_crawls_listing_on_s3_names_files_of_its_own_bucket(full_bucket: str) -> None:
    files = plan_inputs([f"{full_bucket}/{CRAWL}/warc.paths.gz"], None, OPENERS)
    assert files == [InputFile(f"{full_bucket}/{path}", path, "warc") for path in PATHS]
    files = plan_inputs([f"{full_bucket}/{CRAWL}/warc.paths.gz"], "https://data.commoncrawl.org/", OPENERS)
    assert files == [InputFile(f"https://data.commoncrawl.org/{path}", path, "warc") for path in PATHS]


def test_a_local_listing_with_a_root_elsewhere(tmp_path) -> None:
    (tmp_path / "warc.paths.gz").write_bytes(LISTING)
    files = plan_inputs([str(tmp_path / "warc.paths.gz")], "s3://commoncrawl/", OPENERS)
    assert files == [InputFile(f"s3://commoncrawl/{path}", path, "warc") for path in PATHS]


@pytest.fixture
def web() -> Iterator[Naughty]:
    with naughty_server() as naughty:
        naughty.files = {
            f"/mirror/{CRAWL}/warc.paths.gz": LISTING,
            "/some.paths": b"a/1.warc.gz\nhttps://other/2.wat.gz?sig=secret\ns3://b/3.warc\n/abs/4.warc\n",
        }
        yield naughty


def test_listings_on_a_web_server(web: Naughty) -> None:
    files = plan_inputs([crawl_listing("CC-MAIN-2024-10", "warc", f"{web.address}/mirror")], None, OPENERS)
    assert [file.path for file in files] == [f"{web.address}/mirror/{path}" for path in PATHS]
    assert [file.name for file in files] == PATHS
    files = plan_inputs([f"{web.address}/some.paths?token=a/b"], None, OPENERS)
    assert files == [
        InputFile(f"{web.address}/a/1.warc.gz", "1.warc.gz", "warc"),
        InputFile(f"{web.address}/abs/4.warc", "4.warc", "warc"),
        InputFile("https://other/2.wat.gz", "2.wat.gz", "wat", "https://other/2.wat.gz?sig=secret"),
        InputFile("s3://b/3.warc", "3.warc", "warc"),
    ]
    with pytest.raises(UsageError, match=r"not a listing of paths: 404 Not Found"):
        plan_inputs([f"{web.address}/none.paths"], None, OPENERS)


def test_secrets_are_not_stored() -> None:
    address = "https://me:secret@Host.example:8443/a%20b/x.warc.gz?X-Amz-Signature=secret#secret"
    (file,) = plan_inputs([address], None, OPENERS)
    assert file == InputFile("https://host.example:8443/a%20b/x.warc.gz", "x.warc.gz", "warc", address)
    assert file.opened_as == address
    assert redacted("abfss://box:secret@acc/x") == "abfss://box@acc/x"
    with pytest.raises(UsageError, match="given twice with different users or queries") as raised:
        plan_inputs(["https://h/get?id=secret1", "https://h/get?id=secret2"], None, OPENERS)
    assert "secret1" not in str(raised.value)


def test_a_web_address_is_never_a_glob() -> None:
    (file,) = plan_inputs(["https://h/a[1]*.warc.gz"], None, OPENERS)
    assert file.path == "https://h/a[1]*.warc.gz"


@pytest.mark.parametrize(
    ("path", "root", "name"),
    [
        ("s3://b/root/a/x.warc.gz", "s3://b/root/", "a/x.warc.gz"),
        ("s3://b/root/a/x.warc.gz", "s3a://b/root", "a/x.warc.gz"),
        ("s3://b/rooted/x.warc.gz", "s3://b/root", "x.warc.gz"),
        ("https://h/root/a/x.warc.gz", "https://u:p@H/root", "a/x.warc.gz"),
        ("https://other/root/a/x.warc.gz", "https://h/root", "x.warc.gz"),
        ("hdfs://n/root/a/x.warc.gz", "hdfs://n/root/", "a/x.warc.gz"),
        ("hdfs:///root/a/x.warc.gz", "hdfs:///", "root/a/x.warc.gz"),
        ("s3://b/a/x.warc.gz", "/local", "x.warc.gz"),
    ],
)
def test_names_below_a_remote_root(path: str, root: str, name: str) -> None:
    assert provenance_name(path, root) == name


def test_globs_match_as_local_ones_do(tmp_path) -> None:
    names = ["a/b/c.warc", "a/c.warc", ".a/c.warc", "a/.b/c.warc", "a/b", "c.warc", "x/[1]"]
    storage = LocalStorage(str(tmp_path))
    for name in names:
        if name != "a/b":
            storage.write(name, b"")
    for pattern in ("*", "a/*", "*/*", "**/*.warc", "**", "a/**", "?.warc", "x/[[]1]", "a/[!x]*", ".a/*", "**/b/*"):
        import glob

        matches = {
            path for path in glob.glob(pattern, root_dir=tmp_path, recursive=True) if (tmp_path / path).is_file()
        }
        assert {name for name in storage.list_files("") if glob_matches(pattern, name)[0]} == matches, pattern


def test_samples_are_nested_and_pinned() -> None:
    files = [InputFile(f"s3://b/{path}", path, "warc") for path in (f"{CRAWL}/{n}.warc.gz" for n in range(1000))]
    samples = [sample_files(files, count, 7) for count in (1, 10, 100, 2000)]
    assert [len(sample) for sample in samples] == [1, 10, 100, 1000]
    for small, large in itertools.pairwise(samples):
        assert set(small) < set(large)
    assert samples[-1] == files
    assert sample_files(files, 10, 8) != samples[1]
    moved = [file._replace(path=file.path.replace("s3://b", "https://h")) for file in files]
    assert [file.name for file in sample_files(moved, 10, 7)] == [file.name for file in samples[1]]
    # Spark: SELECT xxhash64('sample', 0L, 'crawl-data/x.warc.gz')
    assert sample_hash(0, "crawl-data/x.warc.gz") == -4376255360702356556
