"""The scheme by which Spark reads and writes S3."""

import os
from pathlib import Path

from udfs.errors import UsageError

_EMR_FOLDER = Path("/usr/share/aws/emr/emrfs")


def spark_scheme() -> str:
    """The scheme by which Spark writes to S3: `s3` on EMR, for its own file system, else Hadoop's `s3a`.

    The variable BALLAST_S3_SCHEME decides. Without it, the EMRFS folder shows that this is EMR (EC2, EKS, Serverless).
    """
    scheme = os.environ.get("BALLAST_S3_SCHEME")
    if scheme:
        if scheme not in ("s3", "s3a"):
            raise UsageError(f"BALLAST_S3_SCHEME={scheme}: must be s3 (EMR's file system) or s3a (Hadoop's)")
        return scheme
    return "s3" if _EMR_FOLDER.exists() else "s3a"
