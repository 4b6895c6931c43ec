"""A file on a server as a stream that retries: after an error it resumes at the byte that it has reached.

There are two kinds of errors. A request breaks (a 5xx, a lost connection, a short body): the stream retries soon, a few
times. Or the server refuses (403, 429, 503): the stream retries for longer, with fewer connections.
If retries do not help, it tries other files of the same server. If one of them can be read, only this file is at fault
(`SourceFailed`, a row in `files/`); if none can, the server is (`SourceRefused`, which stops the run). So it finds out
what a 403 means: CommonCrawl sends it to clients that ask too often, and S3 for a missing object in a bucket that may
not be listed. A 429 or 503 is never the fault of one file.
"""

import io
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import NamedTuple

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError, IncompleteRead, ProtocolError, ReadTimeoutError

from udfs.errors import SourceFailed, SourceRefused
from udfs.sources.connection_limit import RANDOM, ConnectionLimit
from udfs.sources.options import RetryPolicy
from udfs.storage.addresses import host_of, redacted

WITNESSES = 4
"""How many other files of a server to try, at most, before giving it up."""
_READ_BYTES = 1 << 16
_PROGRESS_BYTES = 1 << 20  # after so many bytes, earlier breaks no longer count


class Broken(Exception):
    """A request or body broke; a retry may help. `unreachable`: no connection could be opened."""

    def __init__(self, reason: str, *, unreachable: bool = False) -> None:
        super().__init__(reason)
        self.unreachable = unreachable


class Refused(Exception):
    """The server refuses, perhaps only for this file (`doubtful`). `retry_after_s` is how long it asks to wait, if it
    does."""

    def __init__(self, reason: str, retry_after_s: float | None = None, *, doubtful: bool) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s
        self.doubtful = doubtful


class Fetched(NamedTuple):
    """The body of a file from byte `start` on, the size of the whole file and its version (both None if unknown)."""

    body: BaseHTTPResponse
    start: int
    size: int | None
    version: str | None


Fetch = Callable[[str, int, str | None], Fetched]
"""Requests a file from a byte on, in this version if one is given.

Raises `Broken`, `Refused`, `SourceFailed` for an error of this file (404), `SourceRefused` for one of all files.
"""


class RemoteStream(io.RawIOBase):
    """The bytes of a file, by `fetch`. The first request is sent at the first read.

    `others_answer(count)` tries `count` other files of the same server. It returns whether one can be read, or None if
    there is none to try.
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
        """Seconds spent waiting before a retry, or for a free connection."""

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def read(self, size: int | None = -1) -> bytes:
        """Up to `size` bytes, and at least one before the end of the file; -1 reads all."""
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
        """Request the rest of the file, and check that it still is the same file."""
        if self._limit is not None:
            began = time.monotonic()
            self._limit.acquire()
            self.idle_s += time.monotonic() - began
        try:
            if self._position and self._version is None:
                raise SourceFailed("the connection broke, and without an ETag or Last-Modified it cannot resume")
            answer = self._fetch(self._address, self._position, self._version)
        except BaseException:
            if self._limit is not None:
                self._limit.release()
            raise
        self._body = answer.body
        if self._position and self._is_other_file(answer):
            raise changed_while_read(self._position)
        if answer.start not in (0, self._position):
            raise Broken(f"the server answers from byte {answer.start:,} instead of {self._position:,}")
        if not self._position:
            self._size, self._version = answer.size, answer.version
        self._refused_times = 0
        self._waited_s, self._waited_bytes = 0.0, 0
        left = self._position - answer.start  # the server ignored the range and sent the file from its start
        while left:
            data = self._receive(left)
            if not data:
                raise Broken(f"the body ended before byte {self._position:,}, which an earlier one had reached")
            left -= len(data)

    def _is_other_file(self, answer: Fetched) -> bool:
        """Whether a resumed body is of another file. A part may lack its version: the server sends a part only if the
        requested version is still there."""
        if answer.size is not None and self._size is not None and answer.size != self._size:
            return True
        return answer.version != self._version and (answer.version is not None or answer.start == 0)

    def _receive(self, size: int) -> bytes:
        """The bytes that have arrived, at most `size`, with their content coding."""
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
        """Close the connection, or return it to the pool, and free its place."""
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
        # without other files to try, a server that accepts connections is assumed to have one bad file
        self._fail(reason, only_this=not error.unreachable if answer is None else answer)

    def _after_refusal(self, error: Refused) -> None:
        now = time.monotonic()
        if self._refused_times == 0:
            self._refused_since_s = now
        self._refused_times += 1
        if self._limit is not None:
            self._limit.refused()
        refused_s = now - self._refused_since_s
        if error.doubtful and refused_s >= self._policy.doubt_s and self._others_answer(1):
            self._fail(f"{error} (other files of this server can be read)", only_this=True)
        left_s = self._policy.patience_s - refused_s
        asked_s = error.retry_after_s or 0.0
        wait_s = max(self._policy.refused_wait_s * 2 ** (self._refused_times - 1), asked_s)
        if left_s > 0 and asked_s <= left_s:
            self._wait(min(wait_s, left_s), at_least_s=asked_s)
            return
        times = f"{self._refused_times} time{'s' * (self._refused_times != 1)} in {refused_s:.0f} s"
        asks = f"; the server asks to wait {asked_s:,.0f} s" if asked_s else ""
        self._fail(f"{error} ({times}{asks})", only_this=error.doubtful and bool(self._others_answer(WITNESSES)))

    def _fail(self, reason: str, *, only_this: bool) -> None:
        if only_this:
            self._failure = SourceFailed(reason)
        else:
            self._failure = SourceRefused(
                f"{host_of(self._address)} cannot be read: {reason}; last file tried: {redacted(self._address)}; "
                "nothing of this batch was recorded; rerun the same command later to resume, perhaps with a lower "
                "--max-connections",
                reason,
            )
        raise self._failure

    def _wait(self, seconds: float, *, at_least_s: float = 0.0) -> None:
        capped = min(seconds, self._policy.longest_wait_s)
        chosen_s = max(capped * RANDOM.uniform(0.5, 1.0), at_least_s)
        time.sleep(chosen_s)
        self.idle_s += chosen_s


def changed_while_read(position: int) -> SourceFailed:
    """The error for a file that was replaced after its first `position` bytes were read."""
    return SourceFailed(f"the file was changed while it was read (at byte {position:,})")


def why_broken(error: Exception) -> str:
    """What broke, without the address, because its query may be secret."""
    if isinstance(error, ReadTimeoutError | TimeoutError):
        return "no bytes arrived in time"
    if isinstance(error, IncompleteRead):
        return f"the body ended {error.expected:,} bytes too early"
    cause = error.args[-1] if isinstance(error, ProtocolError) and len(error.args) > 1 else error
    if isinstance(cause, OSError) and cause.strerror:
        return f"the connection broke: {cause.strerror}"
    return f"the connection broke ({type(cause).__name__})"
