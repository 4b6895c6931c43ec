"""Set up Hadoop's S3A, by which Spark reads and writes S3: committers, and endpoint and credentials from AWS variables.

On EMR, Spark uses EMR's own file system (`spark_scheme`), which needs no set-up.
"""

import os
from collections.abc import Sequence

from pyspark.sql import SparkSession

from udfs.errors import UsageError
from udfs.storage.addresses import S3, kind_of, redacted
from udfs.storage.conf_files import spark_settings
from udfs.storage.spark_scheme import spark_scheme

_FILE = "s3a.properties"
_FILE_SYSTEM = "org.apache.hadoop.fs.s3a.S3AFileSystem"
_COMMIT_PROTOCOL = "org.apache.spark.internal.io.cloud.PathOutputCommitProtocol"
_HADOOP = "spark.hadoop."
_S3A = f"{_HADOOP}fs.s3a."


def prepare_s3(spark: SparkSession, paths: Sequence[str]) -> None:
    """Set up S3A in a session if one of these paths is on S3 and this is not EMR.

    The user's own settings win. Raises `UsageError` if Spark lacks the jars, as pip's pyspark does.
    """
    on_s3 = next((path for path in paths if kind_of(path) == S3), None)
    if on_s3 is None or spark_scheme() != "s3a":
        return
    context = spark.sparkContext
    hadoop = context._jsc.hadoopConfiguration()  # type: ignore[union-attr]
    for name in (_FILE_SYSTEM, _COMMIT_PROTOCOL):
        if hadoop.getClassByNameOrNull(name) is None:
            raise UsageError(f"{redacted(on_s3)}: this Spark has no S3A ({name.rpartition('.')[2]}): {_advice(spark)}")
    conf = context.getConf()
    for key, value in {**static_settings(), **settings_of(os.environ)}.items():
        if conf.contains(key):
            continue
        if key.startswith(_HADOOP):
            hadoop.set(key.removeprefix(_HADOOP), value)
        else:
            spark.conf.set(key, value)


def static_settings() -> dict[str, str]:
    """Read the settings of `conf/s3a.properties`."""
    return spark_settings(_FILE)


def settings_of(environment: "os._Environ[str] | dict[str, str]") -> dict[str, str]:
    """Translate the AWS variables into settings of S3A. The keys are left out: S3A reads their variables itself, so no
    secret is ever in a setting."""
    settings = {}
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    if endpoint:
        settings[f"{_S3A}endpoint"] = endpoint
        settings[f"{_S3A}path.style.access"] = "true"  # as boto3 does with a custom endpoint
        settings[f"{_S3A}connection.ssl.enabled"] = str(endpoint.startswith("https://")).lower()
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if region or endpoint:
        settings[f"{_S3A}endpoint.region"] = region or "us-east-1"
    if environment.get("AWS_PROFILE") and not environment.get("AWS_ACCESS_KEY_ID"):
        settings[f"{_S3A}aws.credentials.provider"] = (
            "software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider"
            if _sdk_2()
            else "com.amazonaws.auth.profile.ProfileCredentialsProvider"
        )
    return settings


def _sdk_2() -> bool:
    """Return whether this Spark's Hadoop uses AWS SDK 2: Hadoop 3.4, which came with Spark 4, and later."""
    import pyspark

    return int(pyspark.__version__.partition(".")[0]) >= 4


def _advice(spark: SparkSession) -> str:
    """Explain how to add the jars for this version of Spark."""
    scala = ".".join(spark.sparkContext._jvm.scala.util.Properties.versionNumberString().split(".")[:2])  # type: ignore[union-attr]
    package = f"org.apache.spark:spark-hadoop-cloud_{scala}:{spark.version}"
    return f"add --spark-conf spark.jars.packages={package} (it brings hadoop-aws and the AWS SDK)"
