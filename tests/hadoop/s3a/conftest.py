"""An S3 server behind a proxy that counts and disturbs requests, and a Spark session with S3A.

`make test-hadoop` fetches what these tests need.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from buckets import Bucket, Crawl, curate
from runs import ENTRIES, Rows, rows_of
from s3_proxy import S3Requests, s3_proxy
from s3_requests import spark_conf
from s3_server import JARS, s3_environment
from s3_server import s3_server as real_server

from jobs.sample import write_sample
from udfs.storage.s3_client import s3_client

FILES, PAGES = 4, 20


@pytest.fixture(scope="session")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Requests]:
    """The proxy in front of the server. The AWS variables point to it, and Spark's settings name S3A's jars."""
    if not JARS.is_dir():
        pytest.fail("the jars of S3A are not here: run make test-hadoop")
    root = tmp_path_factory.mktemp("s3")
    before = dict(os.environ)
    with real_server(root) as server, s3_proxy(server) as requests:
        os.environ.update(s3_environment(requests.address) | spark_conf(root))
        os.environ.pop("AWS_PROFILE", None)
        s3_client.cache_clear()
        yield requests
    os.environ.clear()
    os.environ.update(before)
    s3_client.cache_clear()


@pytest.fixture(scope="session")
def s3_server(proxy: S3Requests) -> str:
    """The server of the fixtures `bucket` and `spark`."""
    return proxy.address


@pytest.fixture
def s3_requests(proxy: S3Requests) -> Iterator[S3Requests]:
    """The proxy, which forgets requests and faults at the end of a test."""
    yield proxy
    proxy.reset()


@pytest.fixture
def out(s3_requests: S3Requests, bucket: str, tmp_path: Path) -> Bucket:
    """A new bucket, with the output folder of a run."""
    return Bucket(bucket, tmp_path)


@pytest.fixture(scope="session")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    root = tmp_path_factory.mktemp("crawl")
    (root / "warc").mkdir()
    for seed in range(FILES):
        write_sample(root / "warc" / f"{seed}.warc.gz", PAGES, seed, wat=False)
    (root / "entries.json").write_text(json.dumps(ENTRIES), encoding="utf-8")
    return Crawl(root / "warc", root / "entries.json")


@pytest.fixture(scope="session")
def local(spark, crawl: Crawl, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of a local run."""
    folder = tmp_path_factory.mktemp("local") / "out"
    curate(crawl, folder)
    return folder


@pytest.fixture(scope="session")
def expected(local: Path) -> Rows:
    """The rows of a local run."""
    rows = rows_of(local)
    assert 50 < len(rows["subset"]) < len(rows["pool"]) < len(rows["extracted"]), "each stage has rows to compare"
    return rows
