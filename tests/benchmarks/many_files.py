"""What a number of input files costs, whatever is in them: `python tests/benchmarks/many_files.py 20K --work DIR`.

The files are tiny WARCs of the demo's web, a few of them under many names. Each command runs as for a user, in its own
process with 1 GB for the JVM. What reading the same files takes one plain process is subtracted: the rest is overhead.
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(1, str(Path(__file__).resolve().parents[2]))  # the checkout, when Ballast is not installed

from process_tree import Usage
from scale import number, run_command
from table import aligned

from jobs.sample import write_sample
from udfs.extraction.extractor import Extractor
from udfs.extraction.options import ExtractOptions
from udfs.sources.input_files import InputFile
from udfs.storage.local import open_input

DRIVER_MEMORY = "1g"
_DIFFERENT, _PAGES = 20, 2


class Step(NamedTuple):
    """A command, the files that it wrote, and the resources that it used."""

    name: str
    files: int
    usage: Usage


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="What a number of input files costs, whatever is in them.")
    parser.add_argument("files", nargs="+", type=number, metavar="N", help="input files: 500, 20K, …")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="folder for files, pools and scratch")
    arguments = parser.parse_args(argv)
    for files in arguments.files:
        folder = arguments.work / f"files-{files}"
        folder.mkdir(parents=True)  # must be new, because it is deleted below
        try:
            print(measure(folder.resolve(), files), flush=True)
        finally:
            shutil.rmtree(folder)
    return 0


def write_inputs(folder: Path, files: int) -> list[Path]:
    """Tiny WARCs, `files` names in folders of 1,000, of a few different files."""
    different = [folder / f"{seed}.warc.gz" for seed in range(_DIFFERENT)]
    for seed, path in enumerate(different):
        write_sample(path, _PAGES, seed)
    names = [folder / "in" / f"{place // 1000:04}" / f"{place:07}.warc.gz" for place in range(files)]
    for place, name in enumerate(names):
        name.parent.mkdir(parents=True, exist_ok=True)
        os.link(different[place % _DIFFERENT], name)
    return names


def measure(folder: Path, files: int) -> str:
    """Run the commands on so many files, one after another; returns a table."""
    names = write_inputs(folder, files)
    plain_s = _plain_s(names)
    run, pool, subset = (folder / name for name in ("run", "pool", "subset"))
    commands = {
        "curate": (["curate", str(folder / "in"), "--out", str(run), "--t", "20", "--no-report"], run),
        "curate, finished": (["curate", str(folder / "in"), "--out", str(run), "--t", "20", "--no-report"], None),
        "dedup": (["dedup", str(run), "--out", str(pool)], pool),
        "balance": (["balance", str(run), "--t", "10", "--out", str(subset)], subset),
        "report": (["report", str(run)], None),
    }
    steps = []
    for name, (arguments, out) in commands.items():
        usage = run_command(folder, name, arguments, memory=DRIVER_MEMORY)
        steps.append(Step(name, sum(path.is_file() for path in out.rglob("*")) if out is not None else 0, usage))
    lines = [("command", "wall s", "CPU s", "CPU ms/file", "JVM MB", "Python MB", "files written")]
    for step in steps:
        used = step.usage
        times = (f"{used.wall_s:.0f}", f"{used.cpu_s:.0f}", f"{used.cpu_s / files * 1000:.1f}")
        memory = (f"{used.jvm_bytes / 1e6:.0f}", f"{used.python_bytes / 1e6:.0f}")
        lines.append((step.name, *times, *memory, f"{step.files:,}"))
    overhead_ms = (steps[0].usage.cpu_s - plain_s) / files * 1000
    plain = f"{files:,} input files; reading them takes one plain process {plain_s / files * 1000:.1f} ms of CPU each"
    return "\n".join([plain, *aligned(lines), f"overhead of curate: {overhead_ms:.1f} ms of CPU for each file"])


def _plain_s(names: Sequence[Path]) -> float:
    """The CPU seconds that extracting these files takes in this process, from those of a few."""
    some = names[: 10 * _DIFFERENT]
    extractor = Extractor(ExtractOptions(languages=frozenset({"en"})), None)
    for _ in range(2):  # the first time loads the language model
        began = time.process_time()
        for name in some:
            list(extractor.file_batches(InputFile(str(name), name.name, "warc"), open_input))
    return (time.process_time() - began) / len(some) * len(names)


if __name__ == "__main__":
    raise SystemExit(main())
