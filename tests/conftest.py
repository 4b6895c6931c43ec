"""Shared fixtures: one Spark session for all tests of a process, made when the first wants it. Profiles of Hypothesis.

Property tests draw the same examples in every run (`fixed`, the default), or new ones (`fuzz`: `make fuzz`). A test
that needs more or fewer examples than others states it relative to the profile: `settings.default.max_examples * 3`.
"""

import logging
import math
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir
from quick_jvm import QUICK_JVM
from s3_proxy import S3Requests, s3_proxy

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"
os.environ.setdefault("JDK_JAVA_OPTIONS", QUICK_JVM)
_FEW_ROWS = (
    "spark.sql.codegen.wholeStage=false",
    "spark.sql.codegen.factoryMode=NO_CODEGEN",
    "spark.driver.defaultJavaOptions=-Xmn400m -XX:ReservedCodeCacheSize=256m",
)
"""Settings for hundreds of queries of a few rows each in one JVM. Code that Spark generates for a query would cost more
than it saves: only sessions that the tests start in processes of their own use it, as users do."""

# Hypothesis writes nothing into the checkout, and a busy machine breaks no deadline.
_hypothesis_home = Path(tempfile.mkdtemp(prefix="ballast-hypothesis-"))
set_hypothesis_home_dir(_hypothesis_home)
settings.register_profile("fixed", deadline=None, database=None, derandomize=True)
settings.register_profile(
    "fuzz",
    deadline=None,
    database=None,
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "200")),
    print_blob=True,
)
settings.load_profile("fixed")


def pytest_unconfigure() -> None:
    shutil.rmtree(_hypothesis_home, ignore_errors=True)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Gzipped bytes hold the time, but processes that share the tests must agree on the names of tests."""
    return argname if isinstance(val, bytes) and b"\x1f\x8b" in val else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real files that others wrote; they are no part of the project."""
    if not SHARED.is_dir():
        pytest.skip("the folder ../shared/data of real files is not here")
    return SHARED


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of an S3-compatible server on loopback, to which the AWS variables point; its buckets start empty."""
    from moto.server import ThreadedMotoServer

    from udfs.storage.s3_client import s3_client

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    before = dict(os.environ)
    os.environ.update(
        AWS_ENDPOINT_URL=f"http://{host}:{port}",
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_DEFAULT_REGION="us-east-1",
        AWS_CONFIG_FILE="/dev/null",
        AWS_SHARED_CREDENTIALS_FILE="/dev/null",
    )
    os.environ.pop("AWS_PROFILE", None)
    s3_client.cache_clear()
    yield os.environ["AWS_ENDPOINT_URL"]
    os.environ.clear()
    os.environ.update(before)
    s3_client.cache_clear()
    server.stop()


@pytest.fixture
def s3_requests(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Requests]:
    """A proxy in front of the S3 server, to which the AWS variables point during a test."""
    from udfs.storage.s3_client import s3_client

    with s3_proxy(s3_server) as requests:
        monkeypatch.setenv("AWS_ENDPOINT_URL", requests.address)
        s3_client.cache_clear()
        yield requests
    s3_client.cache_clear()


@pytest.fixture
def bucket(s3_server: str) -> str:
    """The name of a new bucket."""
    from udfs.storage.s3_client import s3_client

    name = f"bucket-{uuid.uuid4().hex[:12]}"
    s3_client().create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory, s3_server: str) -> Iterator:
    """A local session with two cores, as `ballast` makes it. Its workers know the S3 server from their environment.

    It logs no line per minute: it lasts for all tests, so such a line would appear in the output of any of them.
    """
    from jobs.settings.groups import Execution
    from jobs.spark import progress
    from jobs.spark.session import spark_session

    scratch = tmp_path_factory.mktemp("spark")
    execution = Execution(
        master="local[2]",
        spark_conf=(
            f"spark.local.dir={scratch}",
            f"spark.sql.warehouse.dir={scratch / 'warehouse'}",
            "spark.sql.shuffle.partitions=2",
            *_FEW_ROWS,
        ),
    )
    before = dict(os.environ)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(progress, "_LINE_EVERY_S", math.inf)
        with spark_session(execution, "tests") as session:
            yield session
    os.environ.clear()
    os.environ.update(before)
