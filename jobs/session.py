"""The Spark session: made here and nowhere else."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark import SparkConf
from pyspark.sql import SparkSession

from jobs.java import forget_java, use_java
from jobs.settings import Settings
from udfs.errors import BallastError

_ROOT = Path(__file__).resolve().parent.parent  # the checkout, site-packages, or the zip given to --py-files

_ALWAYS = {
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.session.timeZone": "UTC",
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",  # manifests say what is committed
    # a task's pairs and its file rows go to two open writers; without this Spark sorts the rows by kind first
    "spark.sql.maxConcurrentOutputFileWriters": "2",
}
_LOCAL = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}


@contextmanager
def spark_session(settings: Settings, name: str) -> Iterator[SparkSession]:
    """A session for one job, stopped at the end. A session that is already active is used and left running."""
    active = SparkSession.getActiveSession()
    if active is not None:
        yield active
        return
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ  # spark-submit has started the JVM already
    java = None if submitted else use_java()
    conf = SparkConf()
    master = settings.master or conf.get("spark.master", None) or "local[*]"
    defaults = dict(_ALWAYS)
    if master.startswith("local"):
        defaults |= _LOCAL
        # else the workers might start the PATH's python, or import another copy of this code
        os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
        defaults["spark.executorEnv.PYTHONPATH"] = str(_ROOT)
        if not submitted and not settings.debug:
            defaults["spark.driver.extraJavaOptions"] = _quiet_log()
    for key, value in defaults.items():
        conf.setIfMissing(key, value)
    for pair in settings.spark_conf:
        conf.set(*pair.split("=", 1))
    conf.setMaster(master).setAppName(conf.get("spark.app.name", None) or f"ballast {name}")
    try:
        spark = SparkSession.builder.config(conf=conf).getOrCreate()
    except Exception as error:
        raise BallastError(f"Spark could not start: {str(error).splitlines()[0]}") from error
    try:
        if not settings.debug:
            spark.sparkContext.setLogLevel("ERROR")
        yield spark
    finally:
        spark.stop()
        if java is not None:
            forget_java(java)


def _quiet_log() -> str:
    return f"-Dlog4j2.configurationFile={(_ROOT / 'conf' / 'log4j2.properties').as_uri()}"
