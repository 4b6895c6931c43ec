"""The functions that are written from the settings, and what importing the package costs."""

import inspect
import re
import subprocess
import sys

import ballast_curation as ballast
import pytest

from jobs.api.arguments import settings_of
from jobs.api.writer import FILE, FUNCTIONS, source
from jobs.console.commands.curation import CURATE
from jobs.settings.settings import SETTINGS, Settings, names_of
from udfs.errors import UsageError


def test_the_functions_are_current():
    assert FILE.read_text(encoding="utf-8") == source(), "run make reference"


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_every_setting_is_an_argument_with_its_default(function):
    written = getattr(ballast, function.name)
    parameters = inspect.signature(written).parameters
    assert {argument.name for argument in (*function.first, *function.last)}.isdisjoint(SETTINGS)
    for name in set(names_of(function.settings)) - {"no_progress", "out"}:
        assert parameters[name].default == SETTINGS[name].default
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
    assert all(f"\n    {name}: " in written.__doc__ for name in parameters)
    assert not re.search(r"(?<![\w-])--\w", written.__doc__)


def test_defaults_are_the_settings_defaults():
    given = {name: p.default for name, p in inspect.signature(ballast.curate).parameters.items()}
    assert settings_of({**given, "out": "run"}) == Settings.of(out="run")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"t": 20_000}, {"t": (20_000,)}),
        ({"t": [170_000, 20_000]}, {"t": (20_000, 170_000)}),
        ({"target_size": "400M"}, {"target_size": (400_000_000,)}),
        ({"languages": ("de", "en")}, {"languages": ("de", "en")}),
        ({"languages": "de,en"}, {"languages": ("de", "en")}),
        ({"exclude": "pool"}, {"exclude": ("pool",)}),
        ({"spark_conf": {"spark.driver.memory": "8g"}}, {"spark_conf": ("spark.driver.memory=8g",)}),
        ({"max_failed_files": 0}, {"max_failed_files": 0}),
    ],
)
def test_values_are_those_of_the_flags(given, expected):
    assert settings_of(given) == Settings.of(**expected)


def test_invalid_values_are_refused_as_those_of_flags():
    with pytest.raises(UsageError, match=r"^t: '20,000' is a list of 2 numbers: did you mean 20000\?$"):
        settings_of({"t": "20,000"})
    with pytest.raises(UsageError, match=r"^tail_share: must be between 0 and 1, not 6$"):
        settings_of({"tail_share": 6})


def test_the_package_offers_what_it_lists_and_imports_no_spark_before_it_is_used():
    code = (
        "import sys, ballast_curation as b; assert set(b.__all__) <= set(dir(b)), dir(b); "
        "heavy = {'pyspark', 'pyarrow', 'pandas', 'numpy'} & sys.modules.keys(); assert not heavy, heavy; "
        "[getattr(b, name) for name in b.__all__]; from ballast_curation import *; assert curate is b.curate"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with pytest.raises(AttributeError, match="has no attribute 'nosuch'"):
        ballast.nosuch  # noqa: B018
    assert inspect.signature(ballast.curate).parameters.keys() >= set(names_of(CURATE.settings)) - {"no_progress"}
