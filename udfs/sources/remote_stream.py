"""A file on a server as a stream that outlives the server's troubles: it resumes at the byte that it has reached.

Two kinds of trouble are told apart. Something breaks: a 5xx, a lost connection, a body too short; that is tried again
soon, a few times. Or the server refuses: 403, 429, 503; that is borne longer and with fewer connections.
When waiting does not help, other files of the same server are tried: does one of them answer, this file alone is at
fault (`SourceFailed`, a row in `files/`); does none, the source is (`SourceRefused`, which stops the run). So a 403 is
told apart: CommonCrawl answers so to those who ask too often, S3 for an object that is missing where listing is not
allowed. A 429 or 503 is never a file's fault.
"""

import io
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from typing import NamedTuple

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError, IncompleteRead, ProtocolError, ReadTimeoutError

from udfs.errors import SourceFailed, SourceRefused
from udfs.sources.connection_limit import ConnectionLimit
from udfs.storage.addresses import host_of, redacted

WITNESSES = 4
"""How many other files of a server are tried at most before it is given up."""
_READ_BYTES = 1 << 16
_PROGRESS_BYTES = 1 << 20  # what has to be read before earlier breaks are forgotten
_random = random.SystemRandom()  # forked workers would share the state of another


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long troubles are borne. Waits double from the base to the cap, each shortened by up to half at random."""

    breaks: int = 6
    """Breaks in a row, within which less than a MiB was read."""
    break_wait_s: float = 0.5
    refused_wait_s: float = 2.0
    longest_wait_s: float = 60.0
    patience_s: float = 300.0
    """How long a server may refuse, without an answer in between, before the run stops."""
    doubt_s: float = 30.0
    """After so long a refusal that may be meant for one file, others are tried."""
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    slow_s: float = 60.0
    """Over so much time spent waiting for bytes, a connection that brings fewer than `slow_bytes` counts as broken."""
    slow_bytes: int = 60 << 10


class Broken(Exception):
    """A request or body broke; another try may do. `unreachable`: no connection was made."""

    def __init__(self, reason: str, *, unreachable: bool = False) -> None:
        super().__init__(reason)
        self.unreachable = unreachable


class Refused(Exception):
    """The server does not answer now, or not to us; perhaps only for this file (`doubtful`). `retry_after_s` is what
    it asks for, if it does."""

    def __init__(self, reason: str, retry_after_s: float | None = None, *, doubtful: bool) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s
        self.doubtful = doubtful


class Fetched(NamedTuple):
    """A body from byte `start` of a file of `size` bytes in all (None: not told), of this version (None: not told)."""

    body: BaseHTTPResponse
    start: int
    size: int | None
    version: str | None


Fetch = Callable[[str, int, str | None], Fetched]
"""Asks for a file from a byte on, and for this version if one is named.

Raises `Broken`, `Refused`, `SourceFailed` for what is the file's own (404), `SourceRefused` for what is all files'.
"""


class RemoteStream(io.RawIOBase):
    """The bytes of a file, by `fetch`. Nothing is asked for before the first read.

    `others_answer` tries so many other files of the same server and says whether one can be read; None when there is
    none to try.
    """

    def __init__(
        self,
        address: str,
        fetch: Fetch,
        policy: RetryPolicy,
        limit: ConnectionLimit | None,
        others_answer: Callable[[int], bool | None],
    ) -> None:
        self._address, self._fetch, self._policy = address, fetch, policy
        self._limit, self._others_answer = limit, others_answer
        self._body: BaseHTTPResponse | None = None
        self._position, self._size, self._version = 0, None, None  # type: tuple[int, int | None, str | None]
        self._ended = False
        self._failure: Exception | None = None
        self._broken_times, self._progress_bytes = 0, 0
        self._refused_times, self._refused_since_s = 0, 0.0
        self._waited_s, self._waited_bytes = 0.0, 0
        self.idle_s = 0.0
        """Seconds in which nothing was asked for: waiting to try again, or for a place among the connections."""

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def read(self, size: int | None = -1) -> bytes:
        """Up to `size` bytes, at least one before the end; -1 reads all."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(_READ_BYTES), b""))
        if self._failure is not None:
            raise self._failure
        while not self._ended and size:
            try:
                return self._read(size)
            except Broken as error:
                self._drop()
                self._after_break(error)
            except Refused as error:
                self._drop()
                self._after_refusal(error)
            except (SourceFailed, SourceRefused) as error:
                self._drop()
                self._failure = error
                raise
        return b""

    def close(self) -> None:
        self._drop()
        super().close()

    def _read(self, size: int) -> bytes:
        if self._body is None:
            self._connect()
        data = self._receive(size)
        if not data:
            if self._size is not None and self._position != self._size:
                raise Broken(f"the body ended at byte {self._position:,} of {self._size:,}")
            self._ended = True
            self._drop(reusable=True)
        self._position += len(data)
        self._progress_bytes += len(data)
        if self._progress_bytes >= _PROGRESS_BYTES:
            self._broken_times = 0
        return data

    def _connect(self) -> None:
        """Ask for the rest of the file, and see that it is the rest of the same file."""
        if self._limit is not None:
            began = time.monotonic()
            self._limit.acquire()
            self.idle_s += time.monotonic() - began
        try:
            if self._position and self._version is None:
                raise SourceFailed("the connection broke, and the server gives no ETag or date by which to go on")
            found = self._fetch(self._address, self._position, self._version)
        except BaseException:
            if self._limit is not None:
                self._limit.release()
            raise
        self._body = found.body
        if self._position and self._is_other(found):
            raise SourceFailed(f"the file was changed while it was read (at byte {self._position:,})")
        if found.start not in (0, self._position):
            raise Broken(f"the server answers from byte {found.start:,} instead of {self._position:,}")
        if not self._position:
            self._size, self._version = found.size, found.version
        self._refused_times = 0
        self._waited_s, self._waited_bytes = 0.0, 0
        left = self._position - found.start  # of a server that knows no ranges
        while left:
            data = self._receive(left)
            if not data:
                raise Broken(f"the body ended before byte {self._position:,}, which was reached before")
            left -= len(data)

    def _is_other(self, found: Fetched) -> bool:
        """Whether a resumed body is of another file than was begun. A part may come without its version, since the
        server sends one only where the version that was asked for is still there."""
        if found.size is not None and self._size is not None and found.size != self._size:
            return True
        return found.version != self._version and (found.version is not None or found.start == 0)

    def _receive(self, size: int) -> bytes:
        """What has arrived, up to `size` bytes, undecoded."""
        assert self._body is not None
        began = time.monotonic()
        try:
            data = self._body.read1(min(size, _READ_BYTES), decode_content=False)
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            raise Broken(why_broken(error)) from error
        self._waited_s += time.monotonic() - began
        self._waited_bytes += len(data)
        if self._waited_s >= self._policy.slow_s:
            if self._waited_bytes < self._policy.slow_bytes:
                raise Broken(f"only {self._waited_bytes:,} bytes arrived in {self._waited_s:.0f} s")
            self._waited_s, self._waited_bytes = 0.0, 0
        return data

    def _drop(self, *, reusable: bool = False) -> None:
        """Let go of the connection and of its place."""
        body, self._body = self._body, None
        if body is None:
            return
        body.release_conn() if reusable else body.close()
        if self._limit is not None:
            self._limit.release()

    def _after_break(self, error: Broken) -> None:
        self._broken_times += 1
        self._progress_bytes = 0
        if self._broken_times < self._policy.breaks:
            self._wait(self._policy.break_wait_s * 2 ** (self._broken_times - 1))
            return
        reason = f"{error} ({self._broken_times} times in a row)"
        answer = self._others_answer(WITNESSES)
        # without others to ask, a server that answers at all is believed to have a bad file
        self._fail(reason, only_this=not error.unreachable if answer is None else answer)

    def _after_refusal(self, error: Refused) -> None:
        now = time.monotonic()
        if self._refused_times == 0:
            self._refused_since_s = now
        self._refused_times += 1
        if self._limit is not None:
            self._limit.refused()
        borne_s = now - self._refused_since_s
        if error.doubtful and borne_s >= self._policy.doubt_s and self._others_answer(1):
            self._fail(f"{error} (other files are answered)", only_this=True)
        left_s = self._policy.patience_s - borne_s
        asked_s = error.retry_after_s or 0.0
        wait_s = max(self._policy.refused_wait_s * 2 ** (self._refused_times - 1), asked_s)
        if left_s > 0 and asked_s <= left_s:
            self._wait(min(wait_s, left_s), at_least_s=asked_s)
            return
        times = f"{self._refused_times} time{'s' * (self._refused_times != 1)} in {borne_s:.0f} s"
        asks = f", and asks to wait {asked_s:,.0f} s" if asked_s else ""
        self._fail(f"{error} ({times}{asks})", only_this=error.doubtful and bool(self._others_answer(WITNESSES)))

    def _fail(self, reason: str, *, only_this: bool) -> None:
        if only_this:
            self._failure = SourceFailed(reason)
        else:
            self._failure = SourceRefused(
                f"{host_of(self._address)} cannot be read: {reason}, last for {redacted(self._address)}; "
                "nothing of this batch was recorded: the same command goes on from it later "
                "(perhaps with fewer --max-connections)"
            )
        raise self._failure

    def _wait(self, seconds: float, *, at_least_s: float = 0.0) -> None:
        capped = min(seconds, self._policy.longest_wait_s)
        chosen_s = max(capped * _random.uniform(0.5, 1.0), at_least_s)
        time.sleep(chosen_s)
        self.idle_s += chosen_s


def why_broken(error: Exception) -> str:
    """What broke, without the address, whose query may be secret."""
    if isinstance(error, ReadTimeoutError | TimeoutError):
        return "no bytes arrived in time"
    if isinstance(error, IncompleteRead):
        return f"the body ended {error.expected:,} bytes too early"
    cause = error.args[-1] if isinstance(error, ProtocolError) and len(error.args) > 1 else error
    if isinstance(cause, OSError) and cause.strerror:
        return f"the connection broke: {cause.strerror}"
    return f"the connection broke ({type(cause).__name__})"
