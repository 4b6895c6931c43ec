"""HDFS and YARN for these tests, which run only if their folder is named: `pytest tests/hadoop`."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemons import NODES, Hadoop, running_hadoop
from hdfs_runs import DRIVER, ENTRIES_FILE, INPUT, HdfsRun, without_places
from processes import why_not_here
from runs import Crawl, Rows, local_rows, write_crawl
from submission import Submission, build_submission


@pytest.fixture(scope="session", autouse=True)
def _skip_where_impossible() -> None:
    reason = why_not_here(NODES)
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    return write_crawl(tmp_path_factory.mktemp("crawl"))


@pytest.fixture(scope="session")
def expected(crawl: Crawl, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    return without_places(local_rows(crawl, tmp_path_factory.mktemp("expected")))


@pytest.fixture(scope="session")
def submission(tmp_path_factory: pytest.TempPathFactory) -> Submission:
    return build_submission(tmp_path_factory.mktemp("submission"))


@pytest.fixture(scope="session")
def hadoop(crawl: Crawl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hadoop]:
    """Running daemons, with the crawl on HDFS."""
    with running_hadoop(tmp_path_factory.mktemp("hadoop")) as running:
        running.shell("-mkdir", "-p", INPUT)
        running.shell("-put", *sorted(crawl.folder.iterdir()), INPUT)
        running.shell("-put", crawl.metadata, ENTRIES_FILE)
        yield running


@pytest.fixture
def run(hadoop: Hadoop, submission: Submission, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[HdfsRun]:
    hadoop.start()
    yield HdfsRun(hadoop, submission, re.sub(r"\W+", "_", request.node.name), tmp_path)
    hadoop.processes.kill(DRIVER)  # it still runs if the test has failed
