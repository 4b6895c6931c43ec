"""Examines images in a child process: one that kills its decoder, or never ends, costs that process and nothing else.

Parent and child talk through pipes. A request is the size of an image, the orientation that is told of it (0: none),
and the image's bytes. An answer is its size and an `Examined` as MessagePack, from which nothing but values can come.
"""

import os
import selectors
import signal
import struct
import subprocess
import sys
from typing import BinaryIO

import msgspec

from udfs.image_outcomes import ImageOutcome
from udfs.images.examination import Examined, examine
from udfs.images.options import Limits

_REQUEST, _ANSWER = struct.Struct("<QB"), struct.Struct("<Q")
_PATIENCE_S = 60.0
_SERVE = "from udfs.images.guarded_decode import serve; serve()"


class Killed(Exception):
    """The child died, or had to be killed; the message says which."""


class GuardedExaminer:
    """Examines images one at a time in a child process, which is started for the first one, and again after it died."""

    def __init__(self, limits: Limits, patience_s: float = _PATIENCE_S) -> None:
        self._limits, self._patience_s = limits, patience_s
        self._child: subprocess.Popen[bytes] | None = None

    def examine(self, data: bytes, told_orientation: int | None) -> Examined:
        """As `examination.examine`; an image that kills its decoder, or takes longer than a minute, is undecodable."""
        try:
            return self._answer(self._child or self._started(), data, told_orientation)
        except Killed as why:
            return Examined(ImageOutcome.UNDECODABLE, f"killed: {why}")

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def _started(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        limits = msgspec.json.encode(self._limits).decode()
        self._child = subprocess.Popen(
            [sys.executable, "-c", _SERVE, limits],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        return self._child

    def _answer(self, child: subprocess.Popen[bytes], data: bytes, told_orientation: int | None) -> Examined:
        assert child.stdin is not None and child.stdout is not None
        try:
            child.stdin.write(_REQUEST.pack(len(data), told_orientation or 0) + data)
            child.stdin.flush()
            with selectors.DefaultSelector() as selector:
                selector.register(child.stdout, selectors.EVENT_READ)
                is_late = not selector.select(self._patience_s)
            size = b"" if is_late else child.stdout.read(_ANSWER.size)
            answer = child.stdout.read(_ANSWER.unpack(size)[0]) if size else b""
            if answer:
                return msgspec.msgpack.decode(answer, type=Examined)
        except (OSError, struct.error, msgspec.DecodeError):
            is_late = False
        self.close()
        status = child.returncode
        if is_late:
            raise Killed(f"it took longer than {self._patience_s:g} s")
        raise Killed(f"the decoder died by {signal.Signals(-status).name}" if status < 0 else "the decoder ended")


def serve() -> None:
    """The child: answers requests until there are no more."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    limits = msgspec.json.decode(sys.argv[1], type=Limits)
    while header := requests.read(_REQUEST.size):
        size, told_orientation = _REQUEST.unpack(header)
        _write(answers, msgspec.msgpack.encode(examine(requests.read(size), limits, told_orientation or None)))


def _write(answers: BinaryIO, answer: bytes) -> None:
    answers.write(_ANSWER.pack(len(answer)) + answer)
    answers.flush()
