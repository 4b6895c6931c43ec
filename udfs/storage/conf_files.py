"""The files of conf/, read from a checkout, an installation or the zip given to --py-files."""

import re
from importlib import resources
from typing import Any

_SETTING = re.compile(r"(spark\.\S+)\s+(.*\S)")


def read_conf(name: str) -> str:
    """The text of a file of conf/, by its path there."""
    return str(_folder().joinpath(*name.split("/")).read_text(encoding="utf-8"))


def profiles() -> list[str]:
    """The names of the packaged profiles, sorted: `paper-400m` is conf/paper-400m.toml."""
    names = [file.name for file in _folder().iterdir()]
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def _folder() -> Any:
    # found beside udfs, because another folder on the path may also be named `conf`
    root: Any = resources.files("udfs")
    return root.parent.joinpath("conf")


def spark_defaults() -> dict[str, str]:
    """The settings of conf/spark-defaults.conf."""
    return spark_settings("spark-defaults.conf")


def spark_settings(name: str) -> dict[str, str]:
    """The settings of a file of conf/ in the format of spark-defaults.conf."""
    lines = read_conf(name).splitlines()
    matches = [_SETTING.fullmatch(line.strip()) for line in lines if not line.startswith("#")]
    return {match[1]: match[2] for match in matches if match is not None}
