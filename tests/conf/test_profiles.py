"""Every profile of conf/ loads, and holds only settings that curate knows."""

from argparse import Namespace
from pathlib import Path

import pytest

from jobs.console.commands.curation import CURATE

PROFILES = sorted((Path(__file__).resolve().parents[2] / "conf").glob("*.toml"))


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.name)
def test_profile_loads(path):
    settings = CURATE.resolve(Namespace(config=str(path), out="somewhere"))
    assert settings.threshold.chosen_by == "preset"
    assert settings.captions.languages == ("en",)


def test_there_are_profiles():
    assert PROFILES
