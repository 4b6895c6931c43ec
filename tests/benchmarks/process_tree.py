"""The resources that a process and its descendants use, by sampling /proc."""

import os
import subprocess
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_EVERY_S = 0.2
_TICKS, _PAGE_BYTES = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class Usage:
    """Wall-clock and CPU seconds, and peaks. Resident memory is the sum over the processes. It counts pages shared by
    forked Python workers once for each, so it is somewhat too high. `jvm_bytes` and `python_bytes` are the peaks of
    each kind, perhaps at different times."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    rss_bytes: int = 0
    jvm_bytes: int = 0
    python_bytes: int = 0
    scratch_bytes: int = 0


class _Process(NamedTuple):
    parent: int
    is_jvm: bool
    cpu_s: float
    rss_bytes: int


def watched(process: "subprocess.Popen[bytes]", scratch: Path) -> Usage:
    """Wait for a process; returns what it and its descendants used, and the peak size of the files in `scratch`."""
    began, usage = time.perf_counter(), Usage()
    cpu_s: dict[int, float] = {}
    while process.poll() is None:
        of_jvm = of_python = 0
        tree = _tree(process.pid)
        for pid, member in tree.items():
            cpu_s[pid] = member.cpu_s
            if member.is_jvm:
                parent = tree.get(member.parent)
                # when a JVM forks to start a program, it briefly appears twice, with all its memory
                of_jvm += 0 if parent is not None and parent.is_jvm else member.rss_bytes
            else:
                of_python += member.rss_bytes
        usage.rss_bytes = max(usage.rss_bytes, of_jvm + of_python)
        usage.jvm_bytes = max(usage.jvm_bytes, of_jvm)
        usage.python_bytes = max(usage.python_bytes, of_python)
        usage.scratch_bytes = max(usage.scratch_bytes, _size(scratch))
        with suppress(subprocess.TimeoutExpired):
            process.wait(_EVERY_S)
    usage.wall_s, usage.cpu_s = time.perf_counter() - began, sum(cpu_s.values())
    return usage


def python_workers(root: int) -> list[int]:
    """The processes below a JVM that is below this process: Spark's Python workers, and what forks them."""
    tree = _tree(root)
    return [pid for pid, member in tree.items() if pid != root and not member.is_jvm]


def private_bytes(pid: int) -> int:
    """The resident memory of a process that is not of mapped files; 0 if it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Anonymous:"):
                return int(line.split()[1]) * 1024
    return 0


def _tree(root: int) -> dict[int, _Process]:
    """A process and all its living descendants."""
    alive, children = {}, defaultdict(list)
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and (process := _read(folder)):
            alive[int(folder.name)] = process
            children[process.parent].append(int(folder.name))
    tree, waiting = {}, [root] if root in alive else []
    while waiting:
        pid = waiting.pop()
        tree[pid] = alive[pid]
        waiting += children[pid]
    return tree


def _read(folder: Path) -> _Process | None:
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        is_jvm = (folder / "exe").readlink().name == "java"
    except OSError:  # it has ended
        return None
    return _Process(int(fields[1]), is_jvm, (int(fields[11]) + int(fields[12])) / _TICKS, int(fields[21]) * _PAGE_BYTES)


def _size(folder: Path) -> int:
    """The size of all files below a folder, some of which may disappear meanwhile."""
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                size += os.lstat(os.path.join(parent, name)).st_size
    return size
