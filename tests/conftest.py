"""Shared fixtures: one Spark session for all tests, made when the first test wants it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real files that others wrote; they are no part of the project."""
    if not SHARED.is_dir():
        pytest.skip("the folder ../shared/data of real files is not here")
    return SHARED


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """A local session with two cores, as `ballast` makes it."""
    from jobs.session import spark_session
    from jobs.settings import Settings

    scratch = tmp_path_factory.mktemp("spark")
    settings = Settings(
        out="",
        master="local[2]",
        spark_conf=(
            f"spark.local.dir={scratch}",
            f"spark.sql.warehouse.dir={scratch / 'warehouse'}",
            "spark.sql.shuffle.partitions=2",
        ),
    )
    before = dict(os.environ)
    with spark_session(settings, "tests") as session:
        yield session
    os.environ.clear()
    os.environ.update(before)
