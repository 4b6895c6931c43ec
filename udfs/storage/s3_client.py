"""S3 by boto3: the client, its errors in one line, and the scheme by which Spark writes there.

The endpoint, region and credentials are those of boto3: the standard AWS variables (`AWS_ENDPOINT_URL`,
`AWS_ACCESS_KEY_ID`, `AWS_PROFILE`, …), the profile files, then the machine's own role.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.client import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from udfs.errors import BallastError, UsageError
from udfs.storage.addresses import host_of

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 10.0, 60.0
MISSING_KEY = ("NoSuchKey", "404", "NotFound")
BAD_CREDENTIALS = (
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
)
NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
_EMR_FOLDER = Path("/usr/share/aws/emr/emrfs")


@lru_cache(maxsize=8)
def s3_client(*, anonymous: bool = False, attempts: int = 5, max_connections: int = 10) -> Any:
    """A client with time limits. `anonymous` signs nothing, as public buckets allow; `attempts` 1 leaves retries to the
    caller."""
    config = Config(
        signature_version=UNSIGNED if anonymous else None,
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        max_pool_connections=max_connections,
        # the newer default adds checksums that other S3 servers than Amazon's may not know
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.session.Session().client("s3", config=config)


def error_code(error: ClientError) -> str:
    """S3's own name of an error, such as `NoSuchKey`."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def user_errors(address: str) -> Iterator[None]:
    """What goes wrong with S3 within it becomes a `BallastError` of one line; `ClientError` of a missing key too."""
    try:
        yield
    except ClientError as error:
        raise explain(error, address) from error
    except NO_CREDENTIALS as error:
        raise UsageError(f"{address}: {explain_credentials(error)}") from error
    except (ConnectionError, HTTPClientError, BotoCoreError, ValueError) as error:
        raise BallastError(f"{address}: {explain_connection(error)}") from error


def explain(error: ClientError, address: str) -> BallastError:
    """What S3's refusal means for the user."""
    code = error_code(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "NoSuchBucket":
        return UsageError(f"{address}: there is no such bucket")
    if code in BAD_CREDENTIALS:
        return BallastError(f"{address}: S3 does not take the AWS credentials ({code}): renew them")
    if status == 403 or code in ("AccessDenied", "AllAccessDisabled"):
        return UsageError(f"{address}: S3 denies access ({code or status}): check the credentials and what they may do")
    if code in MISSING_KEY:
        return UsageError(f"{address}: there is no such object")
    said = str(error.response.get("Error", {}).get("Message", "")).splitlines()
    return BallastError(f"{address}: S3 answers {code or status}{': ' + said[0] if said else ''}")


def explain_credentials(error: Exception) -> str:
    """What is wrong with the credentials."""
    if isinstance(error, ProfileNotFound):
        return f"{error}: check AWS_PROFILE"
    if isinstance(error, NoCredentialsError):
        return (
            "no AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; public "
            "inputs are read with --s3-anonymous"
        )
    return str(error)


def explain_connection(error: Exception) -> str:
    """Why S3 was not reached, or what boto3 does not like."""
    if isinstance(error, EndpointConnectionError):
        endpoint = host_of(str(error.kwargs.get("endpoint_url")))
        return f"cannot be reached at {endpoint}: check AWS_ENDPOINT_URL and AWS_REGION"
    if "Invalid endpoint" in str(error):
        return f"{error}: AWS_ENDPOINT_URL must begin with http:// or https://"
    return " ".join(str(error).split()) or type(error).__name__


def spark_scheme() -> str:
    """The scheme by which Spark writes to S3: `s3` on EMR, whose own file system has that name, else Hadoop's `s3a`.

    The variable BALLAST_S3_SCHEME decides; without it, EMR (on EC2, EKS and Serverless) is known by its EMRFS folder.
    """
    given = os.environ.get("BALLAST_S3_SCHEME")
    if given:
        if given not in ("s3", "s3a"):
            raise UsageError(f"BALLAST_S3_SCHEME={given}: must be s3 (EMR's file system) or s3a (Hadoop's)")
        return given
    return "s3" if _EMR_FOLDER.exists() else "s3a"
