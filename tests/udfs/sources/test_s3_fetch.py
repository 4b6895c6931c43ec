"""Reading objects from a real S3-compatible server on loopback, and S3's errors from a server that misbehaves."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from naughty_server import BODY, Naughty, naughty_server, serve, status

from udfs.errors import SourceFailed, SourceRefused
from udfs.sources.opener import SourceOpener
from udfs.sources.options import RetryPolicy, SourceOptions
from udfs.storage.s3_client import s3_client

QUICK = RetryPolicy(breaks=4, break_wait_s=0.01, refused_wait_s=0.02, longest_wait_s=0.05, patience_s=0.3, doubt_s=0.1)


PATIENT = replace(QUICK, patience_s=60.0)  # a busy machine may take a second for a few refusals


def opener(*witnesses: str, policy: RetryPolicy = QUICK, **options) -> SourceOpener:
    return SourceOpener(SourceOptions(policy=policy, witnesses=witnesses, **options))


def test_an_object_in_pieces(bucket: str) -> None:
    s3_client().put_object(Bucket=bucket, Key="a/x y+é?.warc.gz", Body=BODY)
    with opener()(f"s3://{bucket}/a/x y+é?.warc.gz") as source:
        assert source.read(10) == BODY[:10]
        assert b"".join(iter(lambda: source.read(100_000), b"")) == BODY[10:]


def test_a_resumed_part_must_be_of_the_same_object(bucket: str) -> None:
    from udfs.sources.s3_fetch import S3Fetcher

    s3_client().put_object(Bucket=bucket, Key="x", Body=BODY)
    fetcher = S3Fetcher(anonymous=False)
    whole = fetcher.fetch(f"s3://{bucket}/x", 0, None)
    assert (whole.start, whole.size) == (0, len(BODY))
    part = fetcher.fetch(f"s3://{bucket}/x", 1000, whole.version)
    assert (part.start, part.size, part.version) == (1000, len(BODY), whole.version)
    assert part.body.read(decode_content=False) == BODY[1000:]
    s3_client().put_object(Bucket=bucket, Key="x", Body=BODY[::-1])
    with pytest.raises(SourceFailed, match="changed while it was read"):
        fetcher.fetch(f"s3://{bucket}/x", 1000, whole.version)


def test_a_missing_object_fails_the_file(bucket: str) -> None:
    with (
        opener()(f"s3://{bucket}/missing") as source,
        pytest.raises(SourceFailed, match=r"^404 Not Found \(NoSuchKey\)$"),
    ):
        source.read()


def test_a_missing_bucket_stops_the_run(s3_server: str) -> None:
    with opener()("s3://no-such-bucket/x") as source, pytest.raises(SourceRefused, match="there is no such bucket"):
        source.read()


def test_no_credentials_stop_the_run(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    s3_client().put_object(Bucket=bucket, Key="x", Body=b"public")
    s3_client().put_object_acl(Bucket=bucket, Key="x", ACL="public-read")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    s3_client.cache_clear()
    with (
        opener()(f"s3://{bucket}/x") as source,
        pytest.raises(SourceRefused, match="for public inputs, use --s3-anonymous"),
    ):
        source.read()
    with opener(s3_anonymous=True)(f"s3://{bucket}/x") as source:
        assert source.read() == b"public"
    s3_client.cache_clear()


@pytest.fixture
def naughty_s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Naughty]:
    with naughty_server() as naughty:
        naughty.files = {"/b/x": BODY, "/b/y": b"y"}
        monkeypatch.setenv("AWS_ENDPOINT_URL", naughty.address)
        s3_client.cache_clear()
        yield naughty
    s3_client.cache_clear()


def answer(code: int, name: str):
    """S3's own form of an error."""

    def act(handler) -> None:
        body = f"<?xml version='1.0'?><Error><Code>{name}</Code><Message>no</Message></Error>".encode()
        handler.head(code, Content_Type="application/xml", Content_Length=len(body))
        handler.wfile.write(body)

    return act


def read(*witnesses: str, policy: RetryPolicy = QUICK) -> bytes:
    with opener(*witnesses, policy=policy)("s3://b/x") as source:
        return source.read()


def test_breaks_are_resumed_by_range(naughty_s3: Naughty) -> None:
    naughty_s3.script = [status(500), serve(until=300_000), serve(until=700_000), serve()]
    assert read() == BODY
    assert [headers.get("Range") is not None for _, headers in naughty_s3.asked][:2] == [False, False]
    assert naughty_s3.asked[-1][1]["If-Match"] == '"one"'


@pytest.mark.parametrize(("code", "name"), [(503, "SlowDown"), (429, "TooManyRequests"), (403, "AccessDenied")])
def test_refusals_are_retried_then_stop_the_run(naughty_s3: Naughty, code: int, name: str) -> None:
    naughty_s3.script = [answer(code, name), answer(code, name), serve()]
    assert read(policy=PATIENT) == BODY
    naughty_s3.script = [answer(code, name)]
    with pytest.raises(SourceRefused, match=rf"s3://b cannot be read: {code} .*\({name}\).*last file tried: s3://b/x;"):
        read("s3://b/x", "s3://b/y")


def test_a_denied_key_fails_alone_if_others_can_be_read(naughty_s3: Naughty) -> None:
    """S3 answers 403 for a missing key if listing the bucket is not allowed."""
    naughty_s3.script = [lambda handler: (answer(403, "AccessDenied") if handler.path == "/b/x" else serve())(handler)]
    with pytest.raises(SourceFailed, match=r"403 Forbidden \(AccessDenied\) \(other files of this server can"):
        read("s3://b/x", "s3://b/y")


def test_expired_credentials_stop_the_run_at_once(naughty_s3: Naughty) -> None:
    naughty_s3.script = [answer(400, "ExpiredToken")]
    with pytest.raises(SourceRefused, match=r"rejects the AWS credentials \(ExpiredToken\): renew them"):
        read()
    assert len(naughty_s3.asked) == 1
