"""conf/spark-defaults.conf holds real Spark settings, with values that Spark takes, and the sizing rule adds up."""

import re
from pathlib import Path

import pytest

from udfs.storage.conf_files import spark_defaults

CONF = Path(__file__).resolve().parents[2] / "conf" / "spark-defaults.conf"
AUTOMATON_MB, INTERPRETER_MB, PAGE_MB = 150, 140, 650
"""What a Python worker takes, at most, as the file's comment says."""

READ_BY_NAME_IN_SPARK_3 = {"spark.stage.maxConsecutiveAttempts"}
"""Documented since 2.2, and registered from Spark 4 on."""


def gib(text: str) -> int:
    found = re.fullmatch(r"(\d+)g", text)
    assert found is not None
    return int(found[1])


def test_every_line_is_a_comment_or_a_setting_named_once():
    lines = [line for line in CONF.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert len(lines) == len(spark_defaults()), "every line is understood, none repeats another"
    assert not any("#" in line for line in lines), "Spark would take a comment at the end of a line for its value"


def test_overhead_holds_the_python_workers():
    settings = spark_defaults()
    cores, heap = int(settings["spark.executor.cores"]), gib(settings["spark.executor.memory"])
    workers_gb = cores * (AUTOMATON_MB + INTERPRETER_MB + PAGE_MB) / 1024
    assert gib(settings["spark.executor.memoryOverhead"]) >= 0.1 * heap + workers_gb
    assert "spark.executor.pyspark.memory" not in settings


def test_hadoop_knows_the_settings_that_are_its_own(spark):
    settings = {key: value for key, value in spark_defaults().items() if key.startswith("spark.hadoop.")}
    known = getattr(spark._jvm.org.apache.hadoop.hdfs.client, "HdfsClientConfigKeys$Retry")
    assert settings.keys() == {f"spark.hadoop.{key}" for key in (known.POLICY_ENABLED_KEY, known.POLICY_SPEC_KEY)}
    retries = getattr(spark._jvm.org.apache.hadoop.io.retry, "RetryPolicies$MultipleLinearRandomRetry")
    assert retries.parseCommaSeparatedString(settings[f"spark.hadoop.{known.POLICY_SPEC_KEY}"]) is not None


@pytest.mark.parametrize("key", sorted(key for key in spark_defaults() if not key.startswith("spark.hadoop.")))
def test_spark_knows_the_setting_and_takes_its_value(spark, key):
    """Spark keeps a registry of its settings, which the SQL ones are in as well."""
    if spark.version.startswith("3.") and key in READ_BY_NAME_IN_SPARK_3:
        return
    config = spark._jvm.org.apache.spark.internal.config.ConfigEntry.findEntry(key)
    assert config is not None, f"{key}: no setting of Spark {spark.version}"
    config.valueConverter().apply(spark_defaults()[key])
    assert "eprecated" not in config.doc()
