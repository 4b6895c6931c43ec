"""S3 by boto3: the client, and its errors in one line.

boto3 finds the endpoint, region and credentials: in the standard AWS variables (`AWS_ENDPOINT_URL`,
`AWS_ACCESS_KEY_ID`, `AWS_PROFILE`, …), then in the profile files, then from the machine's role.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
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
from udfs.storage.timeouts import CONNECT_TIMEOUT_S, READ_TIMEOUT_S

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


@lru_cache(maxsize=8)
def s3_client(*, anonymous: bool = False, attempts: int = 5, max_connections: int = 10) -> Any:
    """A client with time limits. `anonymous` sends unsigned requests, for public buckets; with `attempts=1` the caller
    retries."""
    config = Config(
        signature_version=UNSIGNED if anonymous else None,
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        max_pool_connections=max_connections,
        # the newer default adds checksums that S3 servers other than Amazon's may not support
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.session.Session().client("s3", config=config)


def error_code(error: ClientError) -> str:
    """S3's name for an error, such as `NoSuchKey`."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def user_errors(address: str) -> Iterator[None]:
    """Turn S3 errors, a missing key included, into a `BallastError` of one line."""
    try:
        yield
    except ClientError as error:
        raise explain(error, address) from error
    except NO_CREDENTIALS as error:
        raise UsageError(f"{address}: {explain_credentials(error)}") from error
    except (ConnectionError, HTTPClientError, BotoCoreError, ValueError) as error:
        raise BallastError(f"{address}: {explain_connection(error)}") from error


def explain(error: ClientError, address: str) -> BallastError:
    """What an error that S3 sent means for the user."""
    code = error_code(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "NoSuchBucket":
        return UsageError(f"{address}: there is no such bucket")
    if code in BAD_CREDENTIALS:
        return BallastError(f"{address}: S3 rejects the AWS credentials ({code}): renew them")
    if status == 403 or code in ("AccessDenied", "AllAccessDisabled"):
        return UsageError(
            f"{address}: S3 denies access ({code or status}): check the credentials and their permissions"
        )
    if code in MISSING_KEY:
        return UsageError(f"{address}: there is no such object")
    message = str(error.response.get("Error", {}).get("Message", "")).splitlines()
    return BallastError(f"{address}: S3 answers {code or status}{': ' + message[0] if message else ''}")


def explain_credentials(error: Exception) -> str:
    """What is wrong with the credentials."""
    if isinstance(error, ProfileNotFound):
        return f"{error}: check AWS_PROFILE"
    if isinstance(error, NoCredentialsError):
        return (
            "no AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; for "
            "public inputs, use --s3-anonymous"
        )
    return str(error)


def explain_connection(error: Exception) -> str:
    """Why S3 was not reached, or what boto3 rejects."""
    if isinstance(error, EndpointConnectionError):
        endpoint = host_of(str(error.kwargs.get("endpoint_url")))
        return f"cannot be reached at {endpoint}: check AWS_ENDPOINT_URL and AWS_REGION"
    if "Invalid endpoint" in str(error):
        return f"{error}: AWS_ENDPOINT_URL must begin with http:// or https://"
    return " ".join(str(error).split()) or type(error).__name__
