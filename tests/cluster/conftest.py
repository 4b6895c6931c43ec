"""A standalone cluster for a module of tests. These run only when their folder is named: `pytest tests/cluster`."""

from collections.abc import Iterator

import pytest
from standalone import Cluster, standalone_cluster, why_not_here


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    reason = why_not_here()
    if reason is not None:
        pytest.skip(reason)
    with standalone_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running
