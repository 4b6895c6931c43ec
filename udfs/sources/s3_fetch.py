"""Files on S3, by boto3's get_object: what each answer means."""

import re
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
from udfs.sources.http_fetch import DOUBTFUL_REFUSALS, REFUSALS, named_status, retry_after_s
from udfs.sources.remote_stream import Broken, Fetched, Refused
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

_TOTAL = re.compile(r"bytes (\d+)-\d+/(\d+)")
_THROTTLED = (
    "SlowDown",
    "RequestLimitExceeded",
    "RequestThrottled",
    "Throttling",
    "ThrottlingException",
    "BandwidthLimitExceeded",
)
_OF_THE_OBJECT = ("InvalidObjectState", "KeyTooLongError")  # archived in Glacier; nothing that waiting would mend


class S3Source:
    """Fetches objects; retries are left to the stream."""

    def __init__(self, *, anonymous: bool) -> None:
        self._anonymous = anonymous

    def fetch(self, address: str, start: int, version: str | None) -> Fetched:
        """See `remote_stream.Fetch`. A version is the object's ETag."""
        bucket, key = parse_s3(address)
        wanted = {"Range": f"bytes={start}-", "IfMatch": version} if start else {}
        try:
            found = s3_client(anonymous=self._anonymous, attempts=1).get_object(Bucket=bucket, Key=key, **wanted)
        except ClientError as error:
            raise _judged(error, address, start) from error
        except NO_CREDENTIALS as error:
            raise SourceRefused(f"{host_of(address)}: {explain_credentials(error)}") from error
        except (EndpointConnectionError, ConnectTimeoutError, SSLError) as error:
            raise Broken(explain_connection(error), unreachable=True) from error
        except HTTPClientError as error:
            raise Broken(f"the connection broke ({type(error).__name__})") from error
        except (BotoCoreError, ValueError) as error:
            raise SourceRefused(f"{host_of(address)}: {explain_connection(error)}") from error
        extent = _TOTAL.fullmatch(found.get("ContentRange", ""))
        begins, size = (int(extent[1]), int(extent[2])) if extent else (0, found["ContentLength"])
        return Fetched(found["Body"]._raw_stream, begins, size, found.get("ETag"))


def _judged(error: ClientError, address: str, start: int) -> Exception:
    code = error_code(error)
    answer = error.response.get("ResponseMetadata", {})
    status = answer.get("HTTPStatusCode", 0)
    reason = named_status(status) + (f" ({code})" if code and code != str(status) else "")
    if code == "NoSuchBucket" or code in BAD_CREDENTIALS:
        return SourceRefused(str(explain(error, host_of(address))))
    if code in MISSING_KEY or code in _OF_THE_OBJECT:
        return SourceFailed(reason)
    if status in (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE) and start:
        return SourceFailed(f"the file was changed while it was read (at byte {start:,})")
    if code in _THROTTLED or status in REFUSALS:
        asked_s = retry_after_s(answer.get("HTTPHeaders", {}).get("retry-after"))
        doubtful = status in DOUBTFUL_REFUSALS and code not in _THROTTLED and asked_s is None
        return Refused(reason, asked_s, doubtful=doubtful)
    return Broken(reason) if status >= HTTPStatus.INTERNAL_SERVER_ERROR else SourceFailed(reason)
