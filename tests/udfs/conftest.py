"""Hypothesis for these tests: no deadline on shared machines, nothing written into the checkout."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

_home = Path(tempfile.mkdtemp(prefix="ballast-hypothesis-"))
set_hypothesis_home_dir(_home)
# A failure prints its example and the blob that reproduces it.
settings.register_profile("ballast", deadline=None, database=None, print_blob=True)
settings.load_profile("ballast")


def pytest_unconfigure() -> None:
    shutil.rmtree(_home, ignore_errors=True)
