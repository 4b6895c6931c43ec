"""A driver in a process group of its own that gets a signal once it has committed a unit, before it commits another.

As a script, it is that driver: `python tests/jobs/stopped_driver.py SIGKILL 'extracted/*' curate …`.
"""

import fnmatch
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from jobs.cli import main
from jobs.runs.manifests import Manifest, Manifests

ROOT = Path(__file__).resolve().parents[2]


def stopped_driver(
    by: signal.Signals, committed: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run `ballast ARGUMENTS` until the first commit of a unit that the pattern names, such as `extracted/*`."""
    command = [sys.executable, __file__, by.name, committed, *arguments]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        start_new_session=True,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode != 0, f"it never committed {committed}"
    return done


def _signal_at_commit(by: signal.Signals, committed: str) -> None:
    write, lock, sent = Manifests.write, threading.Lock(), threading.Event()

    def write_then_signal(manifests: Manifests, manifest: Manifest) -> None:
        with lock:  # several threads commit
            write(manifests, manifest)
            if not sent.is_set() and fnmatch.fnmatch(f"{manifest.stage}/{manifest.unit}", committed):
                sent.set()
                os.killpg(0, by)

    Manifests.write = write_then_signal  # type: ignore[method-assign]


if __name__ == "__main__":
    name, pattern, *words = sys.argv[1:]
    _signal_at_commit(signal.Signals[name], pattern)
    sys.exit(main(words))
