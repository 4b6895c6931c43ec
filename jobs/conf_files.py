"""The files of conf/, read alike from a checkout, an installation and the zip given to --py-files."""

import re
from importlib import resources

_SETTING = re.compile(r"(spark\.\S+)\s+(.*\S)")


def read_conf(name: str) -> str:
    """A file of conf/, by its path there."""
    return resources.files("conf").joinpath(*name.split("/")).read_text(encoding="utf-8")


def spark_defaults() -> dict[str, str]:
    """The settings of conf/spark-defaults.conf."""
    lines = read_conf("spark-defaults.conf").splitlines()
    found = [_SETTING.fullmatch(line.strip()) for line in lines if line.strip() and not line.startswith("#")]
    return {match[1]: match[2] for match in found if match is not None}
