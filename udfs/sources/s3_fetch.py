"""Files on S3, by boto3's `get_object`: what each answer means."""

from http import HTTPStatus

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    SSLError,
)

from udfs.errors import SourceFailed, SourceRefused
from udfs.sources.http_fetch import REFUSALS, content_range, named_status, refusal
from udfs.sources.remote_stream import Broken, Fetched, changed_while_read
from udfs.storage.addresses import host_of, parse_s3
from udfs.storage.s3_client import (
    BAD_CREDENTIALS,
    MISSING_KEY,
    NO_CREDENTIALS,
    error_code,
    explain,
    explain_connection,
    explain_credentials,
    s3_client,
)

_THROTTLED = (
    "SlowDown",
    "RequestLimitExceeded",
    "RequestThrottled",
    "Throttling",
    "ThrottlingException",
    "BandwidthLimitExceeded",
)
_UNREADABLE_OBJECT = ("InvalidObjectState", "KeyTooLongError")  # e.g. archived in Glacier: a retry cannot help


class S3Fetcher:
    """Fetches objects by one request each; the stream retries."""

    def __init__(self, *, anonymous: bool) -> None:
        self._anonymous = anonymous

    def fetch(self, address: str, start: int, version: str | None) -> Fetched:
        """See `remote_stream.Fetch`. The version is the object's ETag."""
        bucket, key = parse_s3(address)
        rest = {"Range": f"bytes={start}-", "IfMatch": version} if start else {}
        try:
            answer = s3_client(anonymous=self._anonymous, attempts=1).get_object(Bucket=bucket, Key=key, **rest)
        except ClientError as error:
            raise _request_error(error, address, start) from error
        except NO_CREDENTIALS as error:
            raise SourceRefused(f"{host_of(address)}: {explain_credentials(error)}") from error
        except (EndpointConnectionError, ConnectTimeoutError, SSLError) as error:
            raise Broken(explain_connection(error), unreachable=True) from error
        except HTTPClientError as error:
            raise Broken(f"the connection broke ({type(error).__name__})") from error
        except (BotoCoreError, ValueError) as error:
            raise SourceRefused(f"{host_of(address)}: {explain_connection(error)}") from error
        body_start, size = content_range(answer.get("ContentRange", "")) or (0, answer["ContentLength"])
        return Fetched(answer["Body"]._raw_stream, body_start, size, answer.get("ETag"))


def _request_error(error: ClientError, address: str, start: int) -> Exception:
    """The error for an answer of S3 that is not the object."""
    code = error_code(error)
    answer = error.response.get("ResponseMetadata", {})
    status = answer.get("HTTPStatusCode", 0)
    reason = named_status(status) + (f" ({code})" if code and code != str(status) else "")
    if code == "NoSuchBucket" or code in BAD_CREDENTIALS:
        return SourceRefused(str(explain(error, host_of(address))))
    if code in MISSING_KEY or code in _UNREADABLE_OBJECT:
        return SourceFailed(reason)
    if status in (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE) and start:
        return changed_while_read(start)
    if code in _THROTTLED or status in REFUSALS:
        retry_after = answer.get("HTTPHeaders", {}).get("retry-after")
        return refusal(reason, status, retry_after, is_throttled=code in _THROTTLED)
    return Broken(reason) if status >= HTTPStatus.INTERNAL_SERVER_ERROR else SourceFailed(reason)
