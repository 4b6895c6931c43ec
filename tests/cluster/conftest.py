"""Standalone clusters for test modules. These tests run only if their folder is named: `pytest tests/cluster`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from runs import BALLAST, ENTRIES, FILES, PAGES, Crawl, Rows, Run, rows_of
from standalone import Cluster, standalone_cluster, why_not_here

from jobs.sample import write_sample
from jobs.spark.java import use_java


@pytest.fixture(scope="session", autouse=True)
def _skip_where_impossible() -> None:
    reason = why_not_here()
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with standalone_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="session")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    root = tmp_path_factory.mktemp("crawl")
    folder = root / "warc"
    folder.mkdir()
    for seed in range(FILES):
        write_sample(folder / f"{seed}.warc.gz", PAGES, seed, wat=False)
    metadata = root / "entries.json"
    metadata.write_text(json.dumps(ENTRIES), encoding="utf-8")
    return Crawl(folder, metadata)


@pytest.fixture(scope="session")
def expected(crawl: Crawl, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """The rows of a local run."""
    root = tmp_path_factory.mktemp("expected")
    alone = Cluster(root)  # never started: it only starts the local driver
    with use_java():
        alone.start_driver("local", *BALLAST, "curate", *crawl.flags(root / "out"), "--master", "local[2]")
        alone.finish("local")
    rows = rows_of(root / "out")
    assert 50 < len(rows["subset"]) < len(rows["pool"]) < len(rows["extracted"]), "each stage has rows to compare"
    return rows


@pytest.fixture
def run(cluster: Cluster, crawl: Crawl, tmp_path: Path) -> Iterator[Run]:
    yield Run(cluster, crawl, tmp_path)
    cluster.kill("driver")  # it still runs if the test has failed
