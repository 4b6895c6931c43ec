"""Reading from a real HTTP server that misbehaves on purpose."""

import time
from collections.abc import Iterator
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

import pytest
from naughty_server import BODY, Naughty, closed_port, drip, naughty_server, serve, stall, status

from udfs.errors import SourceFailed, SourceRefused
from udfs.extraction.extractor import Extractor
from udfs.extraction.options import ExtractOptions
from udfs.sample.archive import write_warc
from udfs.sources.hadoop import open_hadoop
from udfs.sources.http_fetch import retry_after_s
from udfs.sources.input_files import InputFile
from udfs.sources.opener import SourceOpener, choose_witnesses
from udfs.sources.options import RetryPolicy, SourceOptions

QUICK = RetryPolicy(
    breaks=4,
    break_wait_s=0.01,
    refused_wait_s=0.02,
    longest_wait_s=0.05,
    patience_s=0.4,
    doubt_s=0.1,
)
STALLS = {"read_timeout_s": 0.3, "slow_s": 0.5}
PATIENT = {"patience_s": 60.0}  # a busy machine may take a second for a few refusals
HUNG_S = 60.0
"""Far more than the waits of `QUICK` and `STALLS` come to, and far less than the server stalls."""


@pytest.fixture
def server() -> Iterator[Naughty]:
    with naughty_server() as naughty:
        yield naughty


def opener(server: Naughty, *witnesses: str, **policy: float) -> SourceOpener:
    named = tuple(f"{server.address}/{name}" for name in witnesses)
    return SourceOpener(SourceOptions(policy=replace(QUICK, **policy), witnesses=named))


def read(server: Naughty, path: str = "/x", **options: float) -> bytes:
    with opener(server, **options)(server.address + path) as source:
        return source.read()


def test_a_plain_file_in_pieces(server: Naughty) -> None:
    with opener(server)(f"{server.address}/x") as source:
        pieces = list(iter(lambda: source.read(10_000), b""))
        assert source.tell() == len(BODY)
    assert b"".join(pieces) == BODY
    assert max(map(len, pieces)) <= 10_000
    assert len(server.asked) == 1
    assert server.asked[0][1]["Accept-Encoding"] == "identity"
    assert server.asked[0][1]["User-Agent"].startswith("ballast")


def test_no_request_before_the_first_read(server: Naughty) -> None:
    opener(server)(f"{server.address}/x").close()
    assert server.asked == []


def test_an_empty_file(server: Naughty) -> None:
    server.files["/empty"] = b""
    assert read(server, "/empty") == b""


def test_chunked(server: Naughty) -> None:
    server.script = [serve(chunked=True)]
    assert read(server) == BODY


@pytest.mark.parametrize("code", [500, 502, 504])
def test_server_errors_are_retried(server: Naughty, code: int) -> None:
    server.script = [status(code), status(code), serve()]
    assert read(server) == BODY
    assert len(server.asked) == 3


@pytest.mark.parametrize("chunked", [False, True])
def test_a_cut_body_is_resumed_where_it_ended(server: Naughty, chunked: bool) -> None:
    server.script = [
        serve(until=300_000, chunked=chunked),
        status(500),
        serve(until=700_000, chunked=chunked),
        serve(chunked=chunked),
    ]
    assert read(server) == BODY
    starts = [int(headers.get("Range", "bytes=0-")[6:-1]) for _, headers in server.asked]
    assert starts[0] == 0
    assert starts[1] == starts[2] <= 300_000
    assert starts[2] < starts[3] <= 700_000  # a reset may drop bytes that had arrived
    assert [headers.get("If-Range") for _, headers in server.asked] == [None, '"one"', '"one"', '"one"']


def test_a_body_shorter_than_its_length(server: Naughty) -> None:
    server.script = [serve(claim=1000)]
    with pytest.raises(
        SourceFailed, match=r"the body ended 1,000 bytes too early|\(at byte 1,048,576\)|4 times in a row"
    ):
        read(server)


def test_last_modified_replaces_a_missing_etag(server: Naughty) -> None:
    server.etag, server.modified = 'W/"weak"', formatdate(1_700_000_000, usegmt=True)
    server.script = [serve(until=300_000), serve()]
    assert read(server) == BODY
    assert server.asked[1][1]["If-Range"] == server.modified


def test_without_etag_and_date_a_download_cannot_resume(server: Naughty) -> None:
    server.etag = None
    server.script = [serve(until=300_000), serve()]
    with pytest.raises(SourceFailed, match="without an ETag or Last-Modified it cannot resume"):
        read(server)


def test_a_server_that_ignores_ranges_is_read_from_the_start_again(server: Naughty) -> None:
    server.script = [serve(until=300_000), serve(ranges=False)]
    assert read(server) == BODY


def test_a_wrong_range_is_rejected(server: Naughty) -> None:
    server.script = [serve(until=300_000), serve(wrong_by=10), serve()]
    assert read(server) == BODY
    server.script = [serve(until=300_000), serve(wrong_by=-10)]
    with pytest.raises(SourceFailed, match="the server answers from byte"):
        read(server)


@pytest.mark.parametrize("same_size", [True, False])
def test_a_changed_file_is_a_failure_and_never_a_mix(server: Naughty, same_size: bool) -> None:
    def changed(handler) -> None:
        server.etag, server.files["/x"] = '"two"', bytes(len(BODY) if same_size else 400_000)
        serve()(handler)

    server.script = [serve(until=300_000), changed]
    got = b""
    with opener(server)(f"{server.address}/x") as source:
        with pytest.raises(SourceFailed, match="changed while it was read"):
            while True:
                got += source.read(50_000)
        asked = len(server.asked)
        with pytest.raises(SourceFailed, match="changed while it was read"):
            source.read(1)
        assert len(server.asked) == asked, "what has failed for good is not asked for again"
    assert got == BODY[: len(got)]


def test_a_file_that_shrank(server: Naughty) -> None:
    server.script = [serve(until=300_000), status(416)]
    with pytest.raises(SourceFailed, match=r"changed while it was read \(at byte [1-9][0-9,]+\)"):
        read(server)


@pytest.mark.parametrize("after", [0, 200_000])
def test_a_stalled_body_does_not_hang(server: Naughty, after: int) -> None:
    server.script = [stall(after), serve()]
    began = time.monotonic()
    assert read(server, **STALLS) == BODY
    assert time.monotonic() - began < HUNG_S


def test_a_dripping_body_does_not_hang(server: Naughty) -> None:
    server.script = [drip, serve()]
    began = time.monotonic()
    assert read(server, **STALLS) == BODY
    assert time.monotonic() - began < HUNG_S


def test_redirects(server: Naughty) -> None:
    server.files["/y"] = b"there"
    server.script = [status(302, Location="/y"), serve()]
    assert read(server) == b"there"
    server.script = [status(301, Location="/x")]
    with pytest.raises(SourceFailed, match="too many redirects"):
        read(server)
    server.script = [status(302, Location="file:///etc/passwd")]
    with pytest.raises(SourceFailed, match="not a web address"):
        read(server)


def test_404_fails_the_file_without_retries(server: Naughty) -> None:
    with pytest.raises(SourceFailed, match=r"^404 Not Found$"):
        read(server, "/missing")
    assert len(server.asked) == 1


@pytest.mark.parametrize("code", [403, 429, 503])
def test_refusals_are_waited_out(server: Naughty, code: int) -> None:
    server.script = [status(code), status(code), status(code), serve()]
    assert read(server, **PATIENT) == BODY


@pytest.mark.parametrize("code", [401, 403, 429, 503])
def test_lasting_refusals_stop_the_run(server: Naughty, code: int) -> None:
    server.script = [status(code)]
    with pytest.raises(SourceRefused) as raised:
        read(server, "/x?X-Amz-Signature=secret")
    assert not isinstance(raised.value, OSError)
    message = str(raised.value)
    assert f"{server.address} cannot be read: {code} " in message
    assert "rerun the same command later to resume" in message
    assert "secret" not in message
    assert "\n" not in message


def test_retry_after_is_honoured(server: Naughty) -> None:
    server.script = [status(503, Retry_After="1"), serve()]
    began = time.monotonic()
    assert read(server, **PATIENT) == BODY
    assert time.monotonic() - began >= 1
    server.script = [status(429, Retry_After="3600")]
    asked = len(server.asked)
    with pytest.raises(SourceRefused, match=r"asks to wait 3,600 s"):
        read(server, **PATIENT)
    assert len(server.asked) == asked + 1, "longer than our patience: no use waiting"


def test_retry_after_may_be_a_date() -> None:
    assert retry_after_s("17") == 17
    assert retry_after_s(None) is retry_after_s("soon") is None
    assert 3000 < (retry_after_s(formatdate(time.time() + 3600, usegmt=True)) or 0) <= 3600
    assert retry_after_s(formatdate(0)) == 0


def only(path: str, action) -> object:
    """An action for one path; other paths are served normally."""
    return lambda handler: (action if handler.path == path else serve())(handler)


@pytest.mark.parametrize("code", [401, 403])
def test_a_forbidden_file_fails_alone_if_others_can_be_read(server: Naughty, code: int) -> None:
    server.files["/y"] = b"y"
    server.script = [only("/x", status(code))]
    with opener(server, "x", "y")(f"{server.address}/x") as source, pytest.raises(SourceFailed, match=f"^{code} "):
        source.read()


def test_throttling_never_fails_a_file(server: Naughty) -> None:
    server.files["/y"] = b"y"
    server.script = [only("/x", status(429))]
    with opener(server, "x", "y")(f"{server.address}/x") as source, pytest.raises(SourceRefused, match="429 Too Many"):
        source.read()


def test_if_no_file_can_be_read_the_run_stops(server: Naughty) -> None:
    server.script = [status(500)]
    with opener(server, "x", "y")(f"{server.address}/x") as source, pytest.raises(SourceRefused, match="500 Internal"):
        source.read()


def test_an_unreachable_server(server: Naughty) -> None:
    with closed_port() as port, pytest.raises(SourceRefused) as raised:
        SourceOpener(SourceOptions(policy=QUICK))(f"http://me:secret@127.0.0.1:{port}/x").read()
    assert f"http://127.0.0.1:{port} cannot be read: cannot be reached: [Errno 111] Connection refused" in str(
        raised.value
    )
    assert "secret" not in str(raised.value)


def test_user_and_password(server: Naughty) -> None:
    address = server.address.replace("http://", "http://me:s%20ecret@") + "/x"
    with opener(server)(address) as source:
        assert source.read() == BODY
    assert server.asked[0][1]["Authorization"] == "Basic bWU6cyBlY3JldA=="
    assert "@" not in server.asked[0][1]["Host"]


def test_a_proxy(server: Naughty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.address)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    server.files["http://crawl.example/x"] = b"by proxy"
    with opener(server)("http://crawl.example/x") as source:
        assert source.read() == b"by proxy"


def test_local_files(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    open_file = SourceOpener(SourceOptions())
    for address in (str(tmp_path / "x"), f"file://{tmp_path}/x"):
        with open_file(address) as source:
            assert source.read() == b"abc"
    with pytest.raises(FileNotFoundError):
        open_file(str(tmp_path / "missing"))


def test_an_hdfs_that_cannot_be_reached_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name = "<name>dfs.client.failover.max.attempts</name>"  # by default, it is tried for three minutes
    settings = f"<configuration><property>{name}<value>1</value></property></configuration>"
    (tmp_path / "hdfs-site.xml").write_text(settings)
    monkeypatch.setenv("HADOOP_CONF_DIR", str(tmp_path))
    with pytest.raises(SourceRefused, match=r"hdfs://127.0.0.1:1: HDFS cannot be read: Connection refused") as raised:
        SourceOpener(SourceOptions())("hdfs://127.0.0.1:1/x.warc.gz")
    assert "\n" not in str(raised.value)
    with pytest.raises(SourceRefused, match=r"hdfs://cluster: HDFS cannot be read: .*No NameNode hosts found"):
        SourceOpener(SourceOptions())("hdfs://cluster/x.warc.gz")  # a name that no configuration explains


def test_what_arrow_reads(tmp_path: Path) -> None:
    """Arrow opens its file systems by address; here, `file://` stands for all of them."""
    (tmp_path / "x y%20.warc.gz").write_bytes(b"abc")
    with open_hadoop(f"file://{tmp_path}/x y%20.warc.gz") as source:
        assert source.read(2) == b"ab"
        assert source.read(2) == b"c"
    with pytest.raises(FileNotFoundError):
        open_hadoop(f"file://{tmp_path}/missing")
    with pytest.raises(SourceRefused, match="ipfs://host/x: Arrow cannot read from it"):
        SourceOpener(SourceOptions())("ipfs://host/x")


def test_a_file_that_breaks_off_for_good_is_partial(server: Naughty, tmp_path: Path) -> None:
    write_warc(tmp_path / "x.warc.gz", 200, 1)
    server.files["/x"] = (tmp_path / "x.warc.gz").read_bytes()
    whole = Extractor(ExtractOptions(None), None)
    rows = [
        row
        for batch in whole.file_batches(InputFile(str(tmp_path / "x.warc.gz"), "x", "warc"), opener(server))
        for row in batch.to_pylist()
    ]
    server.script = [serve(until=len(server.files["/x"]) // 2)]
    file = InputFile(f"{server.address}/x", "x", "warc")
    *pairs, last = [row for batch in whole.file_batches(file, opener(server)) for row in batch.to_pylist()]
    assert last["file"]["status"] == "partial"
    assert last["file"]["error"].startswith("after the record at byte ")
    assert last["file"]["error"].endswith("(4 times in a row)")
    assert 0 < len(pairs) < len(rows)
    for row in (*pairs, *rows):
        del row["file_id"]  # depends on the file's path, which differs
    assert pairs == rows[: len(pairs)], "what was read is used"
    server.script = [status(404)]
    (last,) = [row for batch in whole.file_batches(file, opener(server)) for row in batch.to_pylist()]
    assert (last["file"]["status"], last["file"]["error"]) == ("failed", "404 Not Found")


def test_witnesses_are_spread_over_each_servers_files() -> None:
    files = [f"https://a/{number}" for number in range(100)] + ["s3://b/x", "/local", "hdfs://n/x"]
    assert choose_witnesses(files) == ("https://a/0", "https://a/33", "https://a/66", "https://a/99", "s3://b/x")
    assert choose_witnesses([]) == ()


def test_waiting_for_the_server_does_not_count_towards_the_time_limit(server: Naughty, tmp_path: Path) -> None:
    write_warc(tmp_path / "x.warc.gz", 10, 1)
    server.files["/x"] = (tmp_path / "x.warc.gz").read_bytes()
    server.script = [status(503, Retry_After="3"), serve()]
    extractor = Extractor(ExtractOptions(None, max_file_seconds=2.9), None)
    file = InputFile(f"{server.address}/x", "x", "warc")
    *_, last = [row for batch in extractor.file_batches(file, opener(server, **PATIENT)) for row in batch.to_pylist()]
    assert last["file"]["status"] == "ok"
    assert last["file"]["seconds"] >= 3
