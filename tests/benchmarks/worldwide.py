"""A list for each language against one list: the CPU time of `ballast curate`, and the memory of Spark's workers.

    python tests/benchmarks/worldwide.py [--rounds 3] [--pages 6000] [--lists 300] [--entries 9000] [--folder FOLDER]

The first part curates the same pages with the packaged list as one file and as `en.json` beside 39 other lists, in
turns, and keeps only English; the pools must be equal. The second part reads pages in as many made-up languages as
there are lists, and prints the largest memory of a worker that is not of mapped files; with `--entries 90000` the lists
have as many entries as Meta CLIP 2's.
"""

import argparse
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice, product
from pathlib import Path
from statistics import median
from string import ascii_lowercase
from tempfile import TemporaryDirectory
from threading import Thread
from time import sleep
from typing import Any

sys.path.insert(1, str(Path(__file__).resolve().parents[1]))
sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "udfs"))
sys.path.insert(1, str(Path(__file__).resolve().parents[2]))  # before the tests, whose folders have the same names

import pyarrow.parquet as pq
from build_warcs import build_warc, page
from fasttext_model import write_model
from process_tree import Usage, private_bytes, python_workers, watched

from jobs.sample import write_sample
from metadata.entries import load_entries

ROOT = Path(__file__).resolve().parents[2]
OTHER_LISTS = 39
_MOST_RATIO, _MOST_BYTES = 1.25, 300e6
_FILES = 2
_EVERY_S = 0.5
_MODEL_WORDS, _CAPTION_WORDS, _IMAGES = 30, 6, 40
_PAGES_A_LIST = 3


def codes(number: int) -> list[str]:
    """Codes of made-up languages: three letters, of which the first is q."""
    return ["q" + "".join(letters) for letters in islice(product(ascii_lowercase, repeat=2), number)]


def words_of(code: str, number: int) -> Iterator[str]:
    """Distinct words of a made-up language: no other has them."""
    rng = random.Random(code)
    return (f"{code}{''.join(rng.choices(ascii_lowercase, k=rng.randint(1, 7)))}{at % 10}" for at in range(number))


def write_list(folder: Path, code: str, entries: int) -> list[str]:
    """Write a list, three fifths of which are words and the rest pairs of words; returns the words."""
    words = list(dict.fromkeys(words_of(code, entries)))
    rng = random.Random(code)
    made = dict.fromkeys(words[: entries * 3 // 5])
    while len(made) < entries:
        made[f"{rng.choice(words)} {rng.choice(words)}"] = None
    (folder / f"{code}.json").write_text(json.dumps(list(made)), encoding="utf-8")
    return words[: entries * 3 // 5]


def curate(inputs: Path, metadata: Path, out: Path, *flags: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "jobs.cli", "curate", str(inputs), "--metadata", str(metadata), "--out", str(out)]
    further = ["--no-report", "--no-progress", "--master", "local[2]", "--overwrite", *flags]
    return subprocess.Popen([*command, *further], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def pool_of(out: Path) -> list[tuple[Any, ...]]:
    table = pq.read_table(out / "pool", columns=["uuid", "caption_hash", "entry_ids", "duplicates"])
    return sorted(
        (*row[:2], tuple(row[2]), row[3]) for row in zip(*(c.to_pylist() for c in table.columns), strict=True)
    )


def cpu_time(folder: Path, pages: int, rounds: int) -> bool:
    """Print the CPU seconds of both; returns whether the ratio is small enough and the pools are equal."""
    warcs, lists = folder / "warcs", folder / "lists"
    warcs.mkdir()
    lists.mkdir()
    for seed in range(_FILES):
        write_sample(warcs / f"{seed}.warc.gz", pages // _FILES, seed, wat=False)
    (lists / "en.json").write_text(json.dumps(load_entries(None).entries), encoding="utf-8")
    for code in codes(OTHER_LISTS):
        write_list(lists, code, 9_000)
    taken: dict[str, list[Usage]] = {"one list": [], f"{OTHER_LISTS + 1} lists": []}
    paths = dict(zip(taken, (lists / "en.json", lists), strict=True))
    for _ in range(rounds):
        for name, metadata in paths.items():
            process = curate(warcs, metadata, folder / name, "--languages", "en")
            taken[name].append(watched(process, folder))
            if process.returncode:
                raise SystemExit(f"curate with {name} ended with status {process.returncode}")
    one, many = (median(usage.cpu_s for usage in each) for each in taken.values())
    same = pool_of(folder / "one list") == pool_of(folder / f"{OTHER_LISTS + 1} lists")
    for name, each in taken.items():
        seconds = ", ".join(f"{usage.cpu_s:.1f}" for usage in each)
        print(
            f"curate {pages:,} pages with {name}: {seconds} CPU seconds, {each[-1].python_bytes / 1e6:.0f} MB of Python"
        )
    print(f"ratio {many / one:.2f}, at most {_MOST_RATIO}; pools equal: {'yes' if same else 'NO'}")
    return same and many / one <= _MOST_RATIO


def memory(folder: Path, number: int, entries: int) -> bool:
    """Print the largest private memory of a worker; returns whether it is small enough."""
    lists, warcs = folder / "many", folder / "many warcs"
    lists.mkdir()
    warcs.mkdir()
    rng = random.Random(1)
    words = {code: write_list(lists, code, entries)[:_MODEL_WORDS] for code in codes(number)}
    model = write_model(folder / "model.bin", words)
    pages = [
        page("".join(f'<img src="/{rng.random()}.jpg" alt="{caption(words[code], rng)}">' for _ in range(_IMAGES)))
        for code in words
        for _ in range(_PAGES_A_LIST)
    ]
    rng.shuffle(pages)
    for file in range(4):
        (warcs / f"{file}.warc.gz").write_bytes(build_warc(pages[file::4]))
    process = curate(warcs, lists, folder / "many run", "--language-model", str(model))
    most: dict[int, int] = {}

    def sample() -> None:
        while process.poll() is None:
            for pid in python_workers(process.pid):
                most[pid] = max(most.get(pid, 0), private_bytes(pid))
            sleep(_EVERY_S)

    sampler = Thread(target=sample)
    sampler.start()
    status = process.wait()
    sampler.join()
    if status:
        raise SystemExit(f"curate with {number} lists ended with status {status}")
    counted = {row["list"] for row in pq.read_table(folder / "many run" / "pool", columns=["list"]).to_pylist()}
    largest = max(most.values())
    print(
        f"{number} lists of {entries:,} entries, {len(counted)} of them matched: a worker has at most "
        f"{largest / 1e6:.0f} MB beyond mapped files, at most {_MOST_BYTES / 1e6:.0f} MB"
    )
    return len(counted) == number and largest < _MOST_BYTES


def caption(words: list[str], rng: random.Random) -> str:
    return " ".join(rng.choices(words, k=_CAPTION_WORDS))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pages", type=int, default=6_000)
    parser.add_argument("--lists", type=int, default=300)
    parser.add_argument("--entries", type=int, default=9_000)
    parser.add_argument("--only", choices=("time", "memory"))
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        fast = arguments.only == "memory" or cpu_time(folder, arguments.pages, arguments.rounds)
        small = arguments.only == "time" or memory(folder, arguments.lists, arguments.entries)
    return 0 if fast and small else 1


if __name__ == "__main__":
    raise SystemExit(main())
