"""The Spark session, which only this module creates."""

import logging
import os
import signal
import sys
import sysconfig
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from jobs.settings.groups import Execution
from jobs.spark.java import use_java
from jobs.spark.progress import live_display, say, warn
from jobs.spark.s3a import prepare_s3
from jobs.spark.spark_errors import one_line
from udfs.errors import BallastError

_ROOT = Path(__file__).resolve().parents[2]  # the checkout, site-packages, or the zip given to --py-files

_ALWAYS = {
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.execution.arrow.pyspark.fallback.enabled": "false",  # a slow fallback would hide errors
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.session.timeZone": "UTC",
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",  # manifests record what is committed
    "spark.scheduler.mode": "FAIR",  # see `spark_jobs.POOL_OF_BATCHES`
    # a task writes pairs and file rows to two open writers; without this, Spark sorts the rows by kind first
    "spark.sql.maxConcurrentOutputFileWriters": "2",
}
_LOCAL = {
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}


@contextmanager
def spark_session(
    execution: Execution, name: str, paths: Sequence[str] = (), *, shows_progress: bool = True
) -> Iterator[SparkSession]:
    """Start a session for one job, display its progress, and stop it at the end. A session that is already active is
    used and left running.

    `paths` are the folders and files that Spark reads or writes.
    """
    active = SparkSession.getActiveSession()
    if active is not None:
        prepare_s3(active, paths)
        yield active
        return
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ  # spark-submit has started the JVM already
    if submitted:
        SparkContext._ensure_initialized()  # else SparkConf lacks spark-submit's settings
    conf = SparkConf()
    for pair in execution.spark_conf:
        conf.set(*pair.split("=", 1))
    master = execution.master or conf.get("spark.master", None) or "local[*]"
    defaults = dict(_ALWAYS)
    if master.startswith("local"):
        defaults |= _LOCAL | {"spark.ui.enabled": str(execution.spark_ui).lower()}
        # otherwise workers might start the PATH's python, or import another copy of this code
        os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
        defaults["spark.executorEnv.PYTHONPATH"] = worker_path()
        defaults["spark.executorEnv.PYTHONSAFEPATH"] = "1"  # otherwise the current folder comes first
        if not submitted and not execution.debug:
            defaults["spark.driver.extraJavaOptions"] = quiet_log()
    for key, value in defaults.items():
        conf.setIfMissing(key, value)
    conf.setMaster(master).setAppName(conf.get("spark.app.name", None) or f"ballast {name}")
    if not execution.debug:
        for chatter in ("py4j", "SQLQueryContextLogger"):  # we print each error, once
            logging.getLogger(chatter).setLevel(logging.CRITICAL)
        logging.getLogger().addFilter(_is_not_py4js)
    with nullcontext() if submitted else use_java():
        spark = _start(conf, execution)
        try:
            prepare_s3(spark, paths)
            if execution.spark_ui:
                _print_address(spark)
            with live_display(spark, execution) if shows_progress else nullcontext():
                yield spark
        except KeyboardInterrupt:
            with suppress(Py4JError, OSError):  # errors of stopped tasks are of no use
                spark.sparkContext.setLogLevel("OFF")
                spark.sparkContext.cancelAllJobs()
            raise
        finally:
            with suppress(Py4JError, OSError):  # the JVM may be gone already, after Ctrl-C
                spark.stop()


def _start(conf: SparkConf, execution: Execution) -> SparkSession:
    try:
        spark = SparkSession.builder.config(conf=conf).getOrCreate()
    except Exception as error:
        raise BallastError(f"Spark could not start: {one_line(error)}") from error
    if threading.current_thread() is threading.main_thread():
        # pyspark's own handler raises during a call to Java, which then prints a stack trace
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not execution.debug:
        spark.sparkContext.setLogLevel("ERROR")
    return spark


def _print_address(spark: SparkSession) -> None:
    address = spark.sparkContext.uiWebUrl
    if address is None:
        warn("--spark-ui: Spark's own setting spark.ui.enabled switches its pages off")
    else:
        say(f"Spark's pages, until this ends: {address}", spark_ui=address)


def _is_not_py4js(record: logging.LogRecord) -> bool:
    """Drop py4j's stack trace of an interrupted call. The interruption itself is handled anyway."""
    return record.module != "java_gateway"


def worker_path() -> str:
    """Return PYTHONPATH for local workers: this copy of Ballast before any other. The standard library precedes it,
    since this copy may be in site-packages."""
    stdlib = Path(sysconfig.get_path("stdlib"))
    library = [path for path in sys.path if Path(path) in (stdlib, stdlib / "lib-dynload")]
    return os.pathsep.join([*library, str(_ROOT)])


def quiet_log() -> str:
    """Return the JVM's option for conf/log4j2.properties, which may be in the zip."""
    root = f"jar:{_ROOT.as_uri()}!" if _ROOT.is_file() else _ROOT.as_uri()
    return f"-Dlog4j2.configurationFile={root}/conf/log4j2.properties"
