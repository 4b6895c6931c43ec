"""A real HTTP server on loopback that serves files and misbehaves by a script."""

import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BODY = bytes(range(256)) * 4096  # a MiB


@dataclass
class Naughty:
    """The server's behaviour: each request takes one action of `script`, and the last one serves all later requests."""

    files: dict[str, bytes] = field(default_factory=lambda: {"/x": BODY})
    script: list[Callable[["Handler"], None]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    etag: str | None = '"one"'
    modified: str | None = None
    address: str = ""
    stalled: threading.Event = field(default_factory=threading.Event)
    active: int = 0
    most_active: int = 0
    """The largest number of requests in progress at the same time."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_action(self) -> Callable[["Handler"], None]:
        with self.lock:
            if not self.script:
                return serve()
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    naughty: Naughty

    def do_GET(self) -> None:
        with self.naughty.lock:
            self.naughty.asked.append((self.path, dict(self.headers)))
            self.naughty.active += 1
            self.naughty.most_active = max(self.naughty.most_active, self.naughty.active)
        try:
            self.naughty.next_action()(self)
        finally:
            with self.naughty.lock:
                self.naughty.active -= 1

    def log_message(self, *_: object) -> None:
        pass

    def file(self) -> bytes | None:
        return self.naughty.files.get(self.path.partition("?")[0])

    def head(self, status: int, **headers: object) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def facts(self) -> dict[str, object]:
        return {"ETag": self.naughty.etag, "Last_Modified": self.naughty.modified}

    def break_off(self) -> None:
        """Close the connection with a reset."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True


def serve(*, until: int | None = None, ranges: bool = True, wrong_by: int = 0, claim: int = 0, chunked: bool = False):
    """Answer correctly, except: with `until`, break off after so many bytes; without `ranges`, ignore the requested
    range; with `wrong_by`, shift the range; with `claim`, announce so many bytes more than are sent."""

    def act(handler: Handler) -> None:
        body = handler.file()
        if body is None:
            status(404)(handler)
            return
        requested = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        if_range = handler.headers.get("If-Range")
        start, code = 0, 200
        if requested and ranges and if_range in (None, handler.naughty.etag, handler.naughty.modified):
            start, code = int(requested[1]) + wrong_by, 206
        part = body[start:]
        extent = f"bytes {start}-{len(body) - 1}/{len(body)}" if code == 206 else None
        if chunked:
            handler.head(code, Transfer_Encoding="chunked", Content_Range=extent, **handler.facts())
        else:
            handler.head(code, Content_Length=len(part) + claim, Content_Range=extent, **handler.facts())
        sent = part if until is None else part[: max(until - start, 0)]
        if chunked:
            for at in range(0, len(sent), 50_000):
                piece = sent[at : at + 50_000]
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        else:
            handler.wfile.write(sent)
        if until is not None:
            handler.break_off()
        elif chunked:
            handler.wfile.write(b"0\r\n\r\n")
        elif claim:
            handler.close_connection = True

    return act


def status(code: int, **headers: object) -> Callable[[Handler], None]:
    def act(handler: Handler) -> None:
        handler.head(code, Content_Length=0, **headers)

    return act


def stall(after: int = 0) -> Callable[[Handler], None]:
    """Send the head and some bytes, then stall."""

    def act(handler: Handler) -> None:
        body = handler.file() or b""
        handler.head(200, Content_Length=len(body), **handler.facts())
        handler.wfile.write(body[:after])
        handler.wfile.flush()
        handler.naughty.stalled.wait(300)
        handler.close_connection = True

    return act


def drip(handler: Handler) -> None:
    """Send one byte at a time, endlessly."""
    body = handler.file() or b""
    handler.head(200, Content_Length=len(body), **handler.facts())
    for at in range(len(body)):
        handler.wfile.write(body[at : at + 1])
        handler.wfile.flush()
        if handler.naughty.stalled.wait(0.05):
            break
    handler.close_connection = True


@contextmanager
def closed_port() -> Iterator[int]:
    """A port of loopback that refuses connections. It stays bound, so that no other process takes it meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[str]:
    """Serve in a thread; yields the address."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def naughty_server() -> Iterator[Naughty]:
    naughty = Naughty()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"naughty": naughty}))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients disconnect on purpose
    with serving(server) as naughty.address:
        try:
            yield naughty
        finally:
            naughty.stalled.set()
