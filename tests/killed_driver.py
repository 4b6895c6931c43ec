"""A driver that is killed at a moment that the output folder tells."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from documented import ROOT

_PATIENCE_S = 600


def kill_when_there(file: Path, command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run a command in a process group of its own, and SIGKILL it as soon as this file is there."""
    driver = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, start_new_session=True, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + _PATIENCE_S
    while not file.exists() and driver.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    assert file.exists()
