"""Standalone clusters for test modules. These tests run only if their folder is named: `pytest tests/cluster`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import why_not_here
from runs import Crawl, Rows, Run, local_rows, write_crawl
from standalone import HOSTS, Cluster, standalone_cluster


@pytest.fixture(scope="session", autouse=True)
def _skip_where_impossible() -> None:
    reason = why_not_here(HOSTS)
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with standalone_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="session")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    return write_crawl(tmp_path_factory.mktemp("crawl"))


@pytest.fixture(scope="session")
def expected(crawl: Crawl, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    return local_rows(crawl, tmp_path_factory.mktemp("expected"))


@pytest.fixture
def run(cluster: Cluster, crawl: Crawl, tmp_path: Path) -> Iterator[Run]:
    yield Run(cluster, crawl, tmp_path)
    cluster.kill("driver")  # it still runs if the test has failed
