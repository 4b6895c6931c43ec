"""How Ballast behaves inside another program: it prints nothing, warns as Python does, and raises its own errors."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from jobs.spark.progress import silent
from jobs.spark.spark_errors import one_line, plain_error
from udfs.errors import BallastError, BallastWarning


@contextmanager
def as_python() -> Iterator[None]:
    """Drop the lines of progress, and turn warnings into Python's."""
    with silent(lambda text: warnings.warn(text, BallastWarning, stacklevel=2)):
        yield


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
