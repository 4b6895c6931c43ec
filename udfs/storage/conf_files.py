"""The files of conf/, read alike from a checkout, an installation and the zip given to --py-files."""

import re
from importlib import resources
from typing import Any

_SETTING = re.compile(r"(spark\.\S+)\s+(.*\S)")


def read_conf(name: str) -> str:
    """A file of conf/, by its path there."""
    # beside udfs, and not by the name `conf`, which a folder on the path may bear too
    root: Any = resources.files("udfs")
    return str(root.parent.joinpath("conf", *name.split("/")).read_text(encoding="utf-8"))


def spark_defaults() -> dict[str, str]:
    """The settings of conf/spark-defaults.conf."""
    return spark_settings("spark-defaults.conf")


def spark_settings(name: str) -> dict[str, str]:
    """The settings of a file of conf/ that is written as Spark's own defaults are."""
    lines = read_conf(name).splitlines()
    found = [_SETTING.fullmatch(line.strip()) for line in lines if line.strip() and not line.startswith("#")]
    return {match[1]: match[2] for match in found if match is not None}
