"""Every profile of conf/ loads, and holds only settings that curate knows."""

from argparse import Namespace
from pathlib import Path

import pytest

from jobs.settings.flags import resolve

PROFILES = sorted((Path(__file__).resolve().parents[2] / "conf").glob("*.toml"))


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.name)
def test_profile_loads(path):
    settings = resolve("curate", Namespace(config=str(path), out="somewhere"))
    assert settings.threshold() == "preset"
    assert settings.languages == ("en",)


def test_there_are_profiles():
    assert PROFILES
