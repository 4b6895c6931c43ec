"""How Ballast behaves inside another program: it prints nothing, warns as Python does, and raises its own errors."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

from jobs.spark.progress import warnings_to
from jobs.spark.spark_errors import one_line, plain_error
from udfs.errors import BallastError, BallastWarning


@contextmanager
def as_python() -> Iterator[None]:
    """Drop the lines of progress, and turn warnings into Python's."""
    with warnings_to(lambda text: warnings.warn(text, BallastWarning, stacklevel=2), silent=True):
        yield


_SET_BY_JOBS = (
    "spark.sql.broadcastTimeout",
    "spark.sql.maxConcurrentOutputFileWriters",
    "spark.sql.shuffle.partitions",
)


@contextmanager
def settings_kept() -> Iterator[None]:
    """Leave the settings of an active session as they were: jobs change a few of them for their own work."""
    spark = SparkSession.getActiveSession()
    before = {name: spark.conf.get(name, None) for name in _SET_BY_JOBS} if spark is not None else {}
    try:
        yield
    finally:
        for name, value in before.items():
            if spark is not None and value is not None:
                spark.conf.set(name, value)


@contextmanager
def own_errors() -> Iterator[None]:
    """Turn every error into a `BallastError` with one line, from the error itself."""
    try:
        yield
    except Exception as error:
        plain = plain_error(error) or BallastError(f"failed: {one_line(error)}")
        if plain is error:
            raise
        raise plain from error
