"""A proxy in front of an S3 server that names and counts requests, and can refuse some or lose their answers."""

import http.client
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from naughty_server import serving

from udfs.stages import Stage


class Fault(StrEnum):
    """What the proxy does to a request instead of passing it on."""

    SLOW_DOWN = "slow down"
    """Refuse it with 503 SlowDown."""
    LOSE_ANSWER = "lose answer"
    """Let the server do it, then break the connection before the answer."""


class Request(NamedTuple):
    """A request: its operation (`operation_of`), bucket, and key or prefix."""

    operation: str
    bucket: str
    key: str

    @property
    def kind(self) -> str:
        """What the key is for: `magic`, `lease`, `manifest`, a stage, `input`, or `other`, such as run.json."""
        parts = self.key.split("/")
        if any(part.startswith("__magic") for part in parts):
            return "magic"
        if "_manifests" in parts:
            return "lease" if "_lease" in parts else "manifest"
        stage = next((part for part in parts if part in set(Stage)), None)
        return stage or ("input" if re.search(r"\.(warc|wat)\b", self.key) else "other")


def no_fault(request: Request) -> None:
    """Pass everything on."""


@dataclass
class S3Requests:
    """The requests that a proxy got. It asks `fault` about each, several at once; it may wait, or kill a process."""

    address: str = ""
    seen: list[Request] = field(default_factory=list)
    faults: list[tuple[Request, Fault]] = field(default_factory=list)
    fault: Callable[[Request], Fault | None] = no_fault

    def next_fault(self, request: Request) -> Fault | None:
        self.seen.append(request)
        fault = self.fault(request)
        if fault is not None:
            self.faults.append((request, fault))
        return fault

    def reset(self) -> None:
        self.seen, self.faults, self.fault = [], [], no_fault

    def count(self, operation: str, kind: str | None = None) -> int:
        """The number of requests of this operation, on keys of this kind."""
        return sum(request.operation == operation and kind in (None, request.kind) for request in self.seen)


def operation_of(method: str, query: Mapping[str, list[str]], headers: Mapping[str, str], key: str) -> str:
    """Name a request by the API's operation."""
    if not key:
        named = {"uploads": "ListMultipartUploads", "delete": "DeleteObjects", "list-type": "ListObjectsV2"}
        return next((name for mark, name in named.items() if mark in query), f"{method} bucket")
    if "uploadId" in query:
        names = {"PUT": "UploadPart", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload"}
        return names.get(method, "ListParts")
    if "uploads" in query:
        return "CreateMultipartUpload"
    if method == "PUT" and "x-amz-copy-source" in headers:
        return "CopyObject"
    return {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject"}[method]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    requests: S3Requests
    upstream: str
    _connection: http.client.HTTPConnection | None = None

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.requests.next_fault(self._request())
        if fault is Fault.SLOW_DOWN:
            self._answer(503, [("Content-Type", "application/xml")], _SLOW_DOWN)
            return
        status, headers, answer = self._ask(body)
        if fault is Fault.LOSE_ANSWER:
            self.close_connection = True
            return
        self._answer(status, headers, answer)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass_on

    def _request(self) -> Request:
        url = urlsplit(self.path)
        query = parse_qs(url.query, keep_blank_values=True)
        bucket, _, key = unquote(url.path).lstrip("/").partition("/")
        operation = operation_of(self.command, query, {k.lower(): v for k, v in self.headers.items()}, key)
        return Request(operation, bucket, key or query.get("prefix", [""])[0])

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self.upstream)
        self._connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():  # the Host too: it is signed
            if name.lower() not in ("expect", "connection"):
                self._connection.putheader(name, value)
        self._connection.endheaders(body)
        answer = self._connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        length = str(len(body))
        for name, value in headers:
            if name.lower() == "content-length" and self.command == "HEAD":
                length = value
            elif name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def finish(self) -> None:
        super().finish()
        if self._connection is not None:
            self._connection.close()

    def log_message(self, *_: object) -> None:
        pass


_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Clients disconnect when they are killed."""


@contextmanager
def s3_proxy(server: str) -> Iterator[S3Requests]:
    """Put a proxy in front of a server."""
    requests = S3Requests()
    upstream = server.removeprefix("http://")
    proxy = _Server(("127.0.0.1", 0), type("Bound", (_Handler,), {"requests": requests, "upstream": upstream}))
    with serving(proxy) as requests.address:
        yield requests


def table_of(requests: list[Request]) -> str:
    """The number of requests of each operation on each kind of key, and of all."""
    counts = Counter((request.operation, request.kind) for request in requests)
    lines = [f"{number:>9,}  {operation:<24} {kind}" for (operation, kind), number in sorted(counts.items())]
    return "\n".join([*lines, f"{len(requests):>9,}  requests"])
