"""How dedup, count, plan, balance and report grow with the pool: `python tests/benchmarks/scale.py 1M 10M --work DIR`.

Each command runs as for a user, in its own process with 2 GB for the JVM, on simulated pairs (see `simulated_pool`).
Its output is checked. The pool is a small copy of the paper's: the same shares, and t scaled with its size.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(1, str(Path(__file__).resolve().parents[2]))  # the checkout, when Ballast is not installed

import numpy as np
import pyarrow.dataset as ds
from process_tree import Usage, watched
from recorded import README, how_measured, processor, write_figures
from simulated_pool import ENTRIES, PAPER_PAIRS, scaled_t, simulated_pairs
from table import aligned

from jobs.settings.groups import Execution
from jobs.spark.frames import with_fingerprint
from jobs.spark.session import spark_session
from metadata.entries import load_entries
from udfs.record import REPORT_FILE, RUN_FILE

ROOT, HERE = Path(__file__).resolve().parents[2], Path(__file__).resolve().parent
CORES, DRIVER_MEMORY = 2, "2g"
_DISTINCT = 0.8  # keys for each row: then about 57 % of the rows are the first of their key
_ROWS_A_PARTITION = 250_000
_MOST_REPORT_BYTES = 2_000_000
_PIPELINE = ("dedup", "count", "plan", "balance")
_POOLS = {"400m": PAPER_PAIRS, "2.5b": 10_700_000_000}
_UNITS = {"K": 10**3, "M": 10**6, "B": 10**9}


@dataclass(frozen=True, slots=True)
class Step:
    """One command: the rows that it read, the bytes read, written and shuffled, and the resources that it used."""

    name: str
    rows: int
    read_bytes: int
    written_bytes: int
    shuffled_bytes: int
    usage: Usage


@dataclass(frozen=True, slots=True)
class Scale:
    """The steps on one number of pairs, the checks of their output, and the figures to compare with the paper's."""

    pairs: int
    pool_pairs: int
    t: int
    steps: list[Step]
    checks: dict[str, bool]
    recipe: dict[str, float]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="How dedup, count, plan, balance and report grow with the number of pairs."
    )
    parser.add_argument("pairs", nargs="+", type=number, metavar="N", help="pairs before dedup: 500K, 1M, 10M, …")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="folder for pairs, pools and scratch")
    parser.add_argument("--json", action="store_true", help="print the figures for machines")
    parser.add_argument("--record", action="store_true", help="renew the README's figures")
    arguments = parser.parse_args(argv)
    how = how_measured()
    scales = []
    for pairs in arguments.pairs:
        folder = arguments.work / f"scale-{pairs}"
        folder.mkdir(parents=True)  # must be new, because it is deleted below
        try:
            scales.append(measure(folder.resolve(), pairs))
        finally:
            shutil.rmtree(folder)
    print(json.dumps([asdict(scale) for scale in scales], indent=2) if arguments.json else render(scales))
    if arguments.record:
        write_figures(README, Path(__file__).name, f"Measured {how}, {processor()}:\n\n```\n{render(scales)}\n```\n")
    return 0 if all(all(scale.checks.values()) for scale in scales) else 1


def measure(folder: Path, pairs: int) -> Scale:
    """Make `pairs` pairs, and run the commands on them one after another."""
    entries = folder / "entries.json"
    entries.write_text(json.dumps([f"entry {number}" for number in range(ENTRIES)]))
    _say(f"{pairs:,} pairs: generating them")
    with ProcessPoolExecutor(1, get_context("spawn")) as process:  # its JVM ends before the first command starts
        process.submit(_write_pairs, folder, pairs).result()
    made, pool, counts, subset = (folder / name for name in ("pairs", "pool", "counts", "subset"))
    steps = [_run(folder, "dedup", pairs, made, ["dedup", str(made), "--out", str(pool)], pool)]
    pool_pairs, copies = _pool_facts(pool / "pool")
    t = scaled_t(pool_pairs)
    with_counts = ["--entry-counts", str(counts), "--t", str(t)]
    planned = folder / "plan.json"
    for name, flags, out in (
        ("count", ["--metadata", str(entries), "--out", str(counts)], counts),
        ("plan", [*with_counts, "--json"], planned),
        ("balance", [*with_counts, "--out", str(subset)], subset),
    ):
        steps.append(_run(folder, name, pool_pairs, pool / "pool", [name, str(pool), *flags], out))
    flags = ["--pool", str(pool), "--entry-counts", str(counts)]
    page = subset / REPORT_FILE
    steps.append(_run(folder, "report", pool_pairs, pool / "pool", ["report", str(subset), *flags], page))
    read = [str(pool / "pool"), str(subset / "subset")]
    steps.append(_run(folder, "read", pool_pairs, pool / "pool", read, None, [str(HERE / "read_columns.py")]))
    held, kept = _counts_of(counts), _entries_of(subset / "subset")
    size = json.loads(planned.read_text())["result"]["thresholds"][0]["pairs"]
    written = ds.dataset(subset / "subset").count_rows()
    checks = {
        "the pool's duplicates add up to the pairs": copies == pairs,
        "the counts add up to the pool's entry ids": int(held.sum()) == int(_entries_of(pool / "pool").sum()),
        "plan's exact size is what balance wrote": size == written,
        f"{REPORT_FILE} is below {_MOST_REPORT_BYTES / 1e6:.0f} MB": page.stat().st_size < _MOST_REPORT_BYTES,
    }
    head, above = int(held.argmax()), held > t
    recipe = {
        "keep_rate": written / pool_pairs,
        "entries_above_t": float(above.mean()),
        "matches_above_t": float(held[above].sum() / held.sum()),
        "matches_a_pair": float(held.sum() / pool_pairs),
        "top_entry_in_pool": int(held[head]),
        "top_entry_in_subset": int(kept[head]),
    }
    return Scale(pairs, pool_pairs, t, steps, checks, recipe)


def _write_pairs(folder: Path, pairs: int) -> None:
    """Write the pairs as `match` would, with the fingerprint of the entries."""
    conf = (f"spark.driver.memory={DRIVER_MEMORY}", f"spark.executorEnv.PYTHONPATH={ROOT}:{HERE}")
    with spark_session(Execution(master=f"local[{CORES}]", spark_conf=conf), "scale") as spark:
        made = simulated_pairs(spark, pairs, int(pairs * _DISTINCT), max(pairs // _ROWS_A_PARTITION, CORES))
        fingerprint = load_entries(str(folder / "entries.json")).fingerprint
        with_fingerprint(made, "entry_ids", fingerprint).write.parquet(str(folder / "pairs"))


def _run(
    folder: Path,
    name: str,
    rows: int,
    source: Path,
    arguments: list[str],
    out: Path | None,
    program: Sequence[str] = ("-m", "jobs.cli"),
) -> Step:
    """Run one command, which writes `out`. If `out` is a JSON file, it gets the command's standard output."""
    printed = out if out is not None and out.suffix == ".json" else folder / f"{name}.txt"
    usage = run_command(folder, name, arguments, memory=DRIVER_MEMORY, printed=printed, program=program)
    return Step(name, rows, _size(source), _size(out) if out is not None else 0, _shuffled(out), usage)


def run_command(
    folder: Path,
    name: str,
    arguments: Sequence[str],
    *,
    memory: str,
    printed: Path | None = None,
    program: Sequence[str] = ("-m", "jobs.cli"),
) -> Usage:
    """Run one command on two cores with so much memory for its JVM; `printed` gets its standard output."""
    scratch = folder / f"scratch-{name}"
    scratch.mkdir()
    command = [sys.executable, *program, *arguments, "--master", f"local[{CORES}]"]
    for setting in (f"spark.driver.memory={memory}", f"spark.local.dir={scratch}"):
        command += ["--spark-conf", setting]
    with (printed or folder / f"{name}.txt").open("wb") as stdout:
        process = subprocess.Popen(command, cwd=ROOT, stdout=stdout)
        usage = watched(process, scratch)
    if process.returncode:
        raise SystemExit(f"{name} failed with status {process.returncode}")
    _say(f"{name}: {usage.wall_s:.0f} s")
    return usage


def _size(path: Path) -> int:
    files = path.rglob("*.parquet") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def _shuffled(out: Path | None) -> int:
    """What Spark's tasks wrote for other tasks, by the run's record."""
    if out is None or not (out / RUN_FILE).exists():
        return 0
    stages = json.loads((out / RUN_FILE).read_text())["stages"].values()
    return sum(stage.get("spark", {}).get("shuffle_written_bytes", 0) for stage in stages)


def _pool_facts(pool: Path) -> tuple[int, int]:
    """The number of pairs in a pool, and of the copies that they replace."""
    rows = copies = 0
    for batch in ds.dataset(pool).to_batches(columns=["duplicates"]):
        rows, copies = rows + batch.num_rows, copies + int(batch.column(0).to_numpy().sum())
    return rows, copies


def _counts_of(counts: Path) -> Any:
    table = ds.dataset(counts / "entry_counts").to_table(columns=["entry_id", "count"]).sort_by("entry_id")
    return table.column("count").to_numpy()


def _entries_of(pairs: Path) -> Any:
    """How many of these pairs contain each entry, counted by numpy."""
    total = np.zeros(ENTRIES, np.int64)
    for batch in ds.dataset(pairs).to_batches(columns=["entry_ids"]):
        total += np.bincount(batch.column(0).flatten().to_numpy(), minlength=ENTRIES)
    return total


_HEAD = ("pairs", "step", "rows read", "wall s", "krows/s", "CPU s", "CPU µs/row", "peak MB", "JVM", "Python")
_FILES = ("scratch MB", "shuffled MB", "read MB", "written MB")


def render(scales: Sequence[Scale]) -> str:
    """A table of the steps; below it the growth, the checks, the paper's figures, and an estimate for its pools."""
    lines: list[tuple[str, ...]] = [(*_HEAD, *_FILES)]
    for scale in scales:
        for step in scale.steps:
            used, rate = step.usage, step.rows / step.usage.wall_s / 1000
            numbers = [step.rows, used.wall_s, rate, used.cpu_s, used.cpu_s / step.rows * 1e6]
            sizes = (used.rss_bytes, used.jvm_bytes, used.python_bytes, used.scratch_bytes, step.shuffled_bytes)
            amounts = (_amount(number) for number in numbers)
            megabytes = (_amount(size / 1e6) for size in (*sizes, step.read_bytes, step.written_bytes))
            lines.append((f"{scale.pairs:,}", step.name, *amounts, *megabytes))
    growth = [_growth(before, after) for before, after in pairwise(scales)]
    parts = [aligned(lines), growth, *(_facts(scale) for scale in scales), _projection(scales[-1])]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _growth(before: Scale, after: Scale) -> str:
    """How the cost of each step grew with its rows."""
    grew = []
    for small, large in zip(before.steps, after.steps, strict=True):
        used, then = large.usage, small.usage
        grew.append(
            f"{large.name} rows x{large.rows / small.rows:.1f}, CPU x{used.cpu_s / then.cpu_s:.1f}, "
            f"wall x{used.wall_s / then.wall_s:.1f}, memory x{used.rss_bytes / then.rss_bytes:.2f}"
        )
    return f"{before.pairs:,} to {after.pairs:,} pairs: " + "; ".join(grew)


def _facts(scale: Scale) -> list[str]:
    found = scale.recipe
    lines = [
        f"{scale.pairs:,} pairs, pool of {scale.pool_pairs:,}, t={scale.t} (the paper's t=20,000 at 1.6 billion)",
        f"  kept              {found['keep_rate']:.3f} of the pool (paper: 0.25)",
        f"  entries above t   {found['entries_above_t']:.1%} (paper: 3.2 %)",
        f"  their matches     {found['matches_above_t']:.1%} (paper: about 94.5 %)",
        f"  matches a pair    {found['matches_a_pair']:.2f} (paper: 3.5)",
        f"  top entry         {found['top_entry_in_pool']:,} in the pool, {found['top_entry_in_subset']:,} in the "
        f"subset = {found['top_entry_in_subset'] / scale.t:,.0f} t: a pair is kept for any of its entries",
    ]
    report, read = (next(step for step in scale.steps if step.name == name) for name in ("report", "read"))
    more_s = report.usage.wall_s - read.usage.wall_s
    lines.append(
        f"  report            {more_s:,.0f} s more than a bare read of its columns, {report.written_bytes / 1e6:.2f} MB"
    )
    return [*lines, *(f"  {'yes' if held else 'NO '}               {what}" for what, held in scale.checks.items())]


def _projection(last: Scale) -> list[str]:
    """Estimated core-hours and scratch space for the paper's pools, from the cost of a row at the last scale. The cost
    of a row includes the start of each command, so the estimate is too high if that scale is small."""
    copies = last.pairs / last.pool_pairs
    lines = [
        f"an estimate, from the cost of a row at {last.pairs:,} pairs: core-hours of CPU; in brackets wall clock x "
        f"{CORES} cores, idle or not; scratch with dedup in one slice"
    ]
    for name, pool in _POOLS.items():
        cpu_h, wall_h = {}, {}
        for step in (step for step in last.steps if step.name in _PIPELINE):
            rows = pool * (copies if step.name == "dedup" else 1)
            cpu_h[step.name] = step.usage.cpu_s / step.rows * rows / 3600
            wall_h[step.name] = step.usage.wall_s * CORES / step.rows * rows / 3600
        each = ", ".join(f"{step} {cpu_h[step]:,.1f} ({wall_h[step]:,.1f})" for step in cpu_h)
        dedup = last.steps[0]
        scratch, shuffled = (
            size / last.pairs * pool * copies / 1e12 for size in (dedup.usage.scratch_bytes, dedup.shuffled_bytes)
        )
        lines += [
            f"  {name}: pool of {pool:,} pairs, {pool * copies:,.0f} before dedup",
            f"    {each}; {sum(cpu_h.values()):,.0f} ({sum(wall_h.values()):,.0f}) in all",
            f"    dedup: {shuffled:.1f} TB shuffled, {scratch:.1f} TB of scratch",
        ]
    return lines


def _amount(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:,.1f}" if number >= 10 else f"{number:,.2f}"


def number(text: str) -> int:
    try:
        number = int(float(text.rstrip("KMB")) * _UNITS.get(text[-1:], 1))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of pairs, such as 500K, 1M or 10M") from None
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
