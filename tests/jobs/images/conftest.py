"""A small download of drawn shapes, checked, and embedded with the tiny CLIP."""

from pathlib import Path

import pytest
from checked_shapes import Checked, write_checked
from shapes import TINYCLIP

from jobs.cli import main


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """60 pictures in three tars, one of which was not downloaded."""
    return write_checked(tmp_path_factory.mktemp("shapes"), 60, 25)


@pytest.fixture(scope="session")
def scored(spark, shapes, tmp_path_factory) -> Path:
    """The output of embed with pairs, for tests that only read it."""
    out = tmp_path_factory.mktemp("scored") / "out"
    flags = ["--downloaded", str(shapes.downloaded), "--model", str(TINYCLIP), "--pairs", str(shapes.pairs)]
    assert main(["embed", str(shapes.checked), *flags, "--out", str(out)]) == 0
    return out
