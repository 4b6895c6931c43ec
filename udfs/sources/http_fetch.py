"""Files on web servers, by urllib3: what each answer means, and whether a resumed body is of the same file."""

import base64
import re
import time
import urllib.request
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import unquote, urlsplit, urlunsplit

from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager, Retry, Timeout
from urllib3.exceptions import (
    HTTPError,
    LocationValueError,
    MaxRetryError,
    NewConnectionError,
    ResponseError,
    SSLError,
    URLSchemeUnknown,
)

from udfs.distribution import installed_version
from udfs.errors import SourceFailed
from udfs.sources.remote_stream import Broken, Fetched, Refused, why_broken

_REDIRECTS = 5
DOUBTFUL_REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
REFUSALS = (*DOUBTFUL_REFUSALS, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class HttpSource:
    """Fetches by GET, following redirects; proxies are those of the usual variables (`HTTPS_PROXY`, `NO_PROXY`)."""

    def __init__(self, connect_timeout_s: float, read_timeout_s: float) -> None:
        self._timeout = Timeout(connect=connect_timeout_s, read=read_timeout_s)

    def fetch(self, address: str, start: int, version: str | None) -> Fetched:
        """See `remote_stream.Fetch`. A version is a strong ETag, or else a date of change."""
        url, headers = _request(address)
        if start:
            headers["Range"] = f"bytes={start}-"
            headers["If-Range"] = version or ""
        retries = Retry(None, connect=0, read=0, redirect=_REDIRECTS, status=0, other=0, raise_on_status=False)
        try:
            response = _pool(_proxy_of(url)).request(
                "GET",
                url,
                headers=headers,
                timeout=self._timeout,
                retries=retries,
                preload_content=False,
                decode_content=False,
            )
        except MaxRetryError as error:
            raise _of_failed_request(error.reason or error) from error
        except (HTTPError, OSError) as error:
            raise _of_failed_request(error) from error
        try:
            return _judged(response, start)
        except BaseException:
            response.close()
            raise


def _request(address: str) -> tuple[str, dict[str, str]]:
    """The URL without user and password, and the headers, which carry them."""
    headers = {"User-Agent": _user_agent(), "Accept-Encoding": "identity"}
    parts = urlsplit(address)
    if "@" in parts.netloc:
        auth, _, host = parts.netloc.rpartition("@")
        headers["Authorization"] = "Basic " + base64.b64encode(unquote(auth).encode()).decode()
        parts = parts._replace(netloc=host)
    return urlunsplit(parts._replace(fragment="")), headers


def _judged(response: BaseHTTPResponse, start: int) -> Fetched:
    status = response.status
    if status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        begins, size = _extent(response)
        etag = response.headers.get("ETag", "")
        weak = not etag or etag.startswith("W/")
        return Fetched(response, begins, size, response.headers.get("Last-Modified") if weak else etag)
    reason = named_status(status)
    if status in REFUSALS:
        asked_s = retry_after_s(response.headers.get("Retry-After"))
        raise Refused(reason, asked_s, doubtful=status in DOUBTFUL_REFUSALS and asked_s is None)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        raise Broken(reason)
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
        raise SourceFailed(f"the file was changed while it was read: it ends before byte {start:,}")
    raise SourceFailed(reason)


def _extent(response: BaseHTTPResponse) -> tuple[int, int | None]:
    """The byte that a body begins with, and the size of the whole file where it is told."""
    if response.status == HTTPStatus.OK:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdecimal() else None
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if found is None:
        raise Broken("the server answers a part of the file without saying which")
    return int(found[1]), None if found[2] == "*" else int(found[2])


def _of_failed_request(error: Exception) -> Exception:
    """What a request without an answer means."""
    if isinstance(error, ResponseError):
        return SourceFailed("too many redirects")
    if isinstance(error, URLSchemeUnknown | LocationValueError):
        return SourceFailed("not a web address, or a redirect to one that is not")
    if isinstance(error, NewConnectionError):
        why = str(error).rpartition(": ")[2] or "no connection"
        return Broken(f"cannot be reached: {why}", unreachable=True)
    if isinstance(error, SSLError):
        return Broken(
            f"cannot be reached safely: {type(error.args[0]).__name__ if error.args else 'TLS'}", unreachable=True
        )
    if "ConnectTimeout" in type(error).__name__:
        return Broken("cannot be reached: no connection in time", unreachable=True)
    return Broken(why_broken(error))


def named_status(status: int) -> str:
    """`404 Not Found`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def retry_after_s(value: str | None) -> float | None:
    """The seconds of a Retry-After header, which may be a date; None where it says nothing."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
    except ValueError:
        return None


def _proxy_of(url: str) -> str | None:
    parts = urlsplit(url)
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    return urllib.request.getproxies().get(parts.scheme)


@lru_cache(maxsize=4)
def _pool(proxy: str | None) -> PoolManager:
    return ProxyManager(proxy) if proxy else PoolManager()


@lru_cache(maxsize=1)
def _user_agent() -> str:
    version = installed_version()
    return f"ballast/{version}" if version else "ballast"
