"""Spark's figures of a run: each unit's manifest has those up to its commit, so that a resumed run adds them up."""

from collections.abc import Iterable
from typing import Any

import msgspec

from jobs.runs.manifests import Manifest
from jobs.spark.stage_metrics import SparkMeter
from udfs.spark_figures import SPARK_FACT, SparkFigures, add_up


def with_figures(facts: dict[str, Any], meter: SparkMeter | None) -> dict[str, Any]:
    """The facts of a unit, with what Spark measured up to now; a unit that is written again adds to the first."""
    if meter is None:
        return facts
    figures = add_up([_figures(facts), meter.take()])
    return facts if figures is None else {**facts, SPARK_FACT: msgspec.to_builtins(figures)}


def stage_figures(units: Iterable[Manifest], meter: SparkMeter | None) -> SparkFigures | None:
    """The figures of a stage that ends now: those of its units, and what came after the last commit."""
    return add_up([*(_figures(unit.facts) for unit in units), meter.take() if meter is not None else None])


def _figures(facts: dict[str, Any]) -> SparkFigures | None:
    return msgspec.convert(facts[SPARK_FACT], SparkFigures) if SPARK_FACT in facts else None
