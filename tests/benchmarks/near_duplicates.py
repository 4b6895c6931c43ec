"""Near-duplicates among random hashes with planted ones, and the images of evaluation sets.

    python tests/benchmarks/near_duplicates.py 1M --work DIR

One of 20 images has the hash of another, with 1 to 16 bits flipped and its colours moved by at most 24. Random hashes
are never so near, so exactly these pairs are to be found; bands miss some (`udfs/images/bands.py`). Then 200 pictures
of an evaluation set, changed in the same way, are hidden among 20,000 images; all are to be marked.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from math import comb
from pathlib import Path
from typing import NamedTuple

sys.path.insert(1, str(Path(__file__).resolve().parents[2]))  # the checkout, when Ballast is not installed

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from scale import number
from table import aligned

from jobs.images.evaluation import marked
from jobs.images.near_duplicates import grouped
from jobs.settings.groups import Execution
from jobs.spark.session import spark_session
from udfs.images.bands import BAND_BITS, BANDS

NEAR, COLOUR, MAX_GROUP = 16, 24, 1_000
_PLANTED = 20  # one image of so many
_EVALUATION_IMAGES, _PICTURES = 20_000, 200
_DRIVER_MEMORY = "2g"
_BITS = 256


class Hashes(NamedTuple):
    """Hashes and colours of images, of shape (n, 32)."""

    phash: npt.NDArray[np.uint8]
    chroma: npt.NDArray[np.uint8]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Find planted near-duplicates, and planted evaluation pictures.")
    parser.add_argument("images", type=number, metavar="N", help="images: 100K, 1M, …")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="folder for files and scratch")
    arguments = parser.parse_args(argv)
    folder = (arguments.work / f"near-{arguments.images}").resolve()
    folder.mkdir(parents=True)  # must be new, because it is deleted below
    conf = (f"spark.driver.memory={_DRIVER_MEMORY}", f"spark.local.dir={folder}")
    try:
        with spark_session(Execution(master="local[2]", spark_conf=conf), "near-duplicates") as spark:
            print(_groups(spark, folder, arguments.images), flush=True)
            print(_marks(spark, folder), flush=True)
    finally:
        shutil.rmtree(folder)
    return 0


def random_hashes(rng: np.random.Generator, count: int) -> Hashes:
    return Hashes(*rng.integers(0, 256, (2, count, 32), np.uint8))


def changed(rng: np.random.Generator, hashes: Hashes) -> Hashes:
    """The same pictures with 1 to `NEAR` bits flipped, and colours moved by at most `COLOUR`."""
    count = len(hashes.phash)
    flips = np.argsort(rng.random((count, _BITS)), axis=1) < rng.integers(1, NEAR + 1, (count, 1))
    moved = hashes.chroma.astype(np.int16) + rng.integers(-COLOUR, COLOUR + 1, hashes.chroma.shape)
    return Hashes(hashes.phash ^ np.packbits(flips, axis=1), np.clip(moved, 0, 255).astype(np.uint8))


def recall_of(flips: int) -> float:
    """The share of pairs with so many random flips that agree in a band, by inclusion and exclusion."""
    every_band_hit = sum((-1) ** k * comb(BANDS, k) * comb(_BITS - BAND_BITS * k, flips) for k in range(BANDS + 1))
    return 1 - every_band_hit / comb(_BITS, flips)


def expected_recall() -> float:
    """The share of pairs with 1 to `NEAR` random flips, each number as often as any other."""
    return sum(map(recall_of, range(1, NEAR + 1))) / NEAR


def _table(hashes: Hashes) -> pa.Table:
    """The columns that near-duplicates need, uuids in the order of the rows."""
    count = len(hashes.phash)
    columns = {
        "uuid": pa.array([f"{place:024x}" for place in range(count)]),
        "sha256": pa.array([f"{place:064x}" for place in range(count)]),
        "phash": pa.array([row.tobytes() for row in hashes.phash], pa.binary()),
        "chroma": pa.array([row.tobytes() for row in hashes.chroma], pa.binary()),
    }
    side = pa.array(np.full(count, 256, np.int32))
    return pa.table({**columns, "width": side, "height": side})


def _groups(spark: SparkSession, folder: Path, count: int) -> str:
    """Find the planted pairs; returns a table. The originals are the first images, their changed copies the last."""
    rng = np.random.default_rng(0)
    planted = count // _PLANTED
    first = random_hashes(rng, count - planted)
    copies = changed(rng, Hashes(first.phash[:planted], first.chroma[:planted]))
    everything = Hashes(*(np.concatenate(pair) for pair in zip(first, copies, strict=True)))
    pq.write_table(_table(everything), folder / "images.parquet")
    seconds: dict[str, float] = {}

    def save(name: str, frame: DataFrame) -> DataFrame:
        began = time.perf_counter()
        frame.write.parquet(str(folder / name))
        seconds[name] = time.perf_counter() - began
        return spark.read.schema(frame.schema).parquet(str(folder / name))

    images = spark.read.parquet(str(folder / "images.parquet"))
    began = time.perf_counter()
    rows = save("groups", grouped(images, NEAR, COLOUR, MAX_GROUP, save).images)
    total_s = time.perf_counter() - began
    links = [(int(a, 16), int(b, 16)) for a, b in spark.read.parquet(str(folder / "links")).collect()]
    right = sum(b - a == count - planted for a, b in links)
    lines = [("step", "s"), *((name, f"{spent:.1f}") for name, spent in seconds.items()), ("all", f"{total_s:.1f}")]
    by_flips = ", ".join(f"{recall_of(flips):.1%} at {flips}" for flips in (8, 10, 12, 14, 16))
    recall = f"recall {right / planted:.4f} (by arithmetic {expected_recall():.4f}: {by_flips} flips)"
    found = f"{right:,} of {planted:,} planted pairs, {recall}, {len(links) - right} false links"
    return "\n".join(
        [
            f"{count:,} images, local[2], driver {_DRIVER_MEMORY}",
            *aligned(lines),
            f"{found}, {rows.where('duplicate_of IS NULL').count():,} groups",
        ]
    )


def _marks(spark: SparkSession, folder: Path) -> str:
    """Mark the planted pictures; returns a line."""
    rng = np.random.default_rng(1)
    hashes = random_hashes(rng, _EVALUATION_IMAGES)
    shown = changed(rng, Hashes(hashes.phash[:_PICTURES], hashes.chroma[:_PICTURES]))
    pq.write_table(_table(hashes), folder / "searched.parquet")
    pictures = _table(shown).drop_columns(["sha256", "width", "height"]).rename_columns(["picture", "phash", "chroma"])
    pq.write_table(pictures, folder / "pictures.parquet")
    of_set = spark.read.parquet(str(folder / "pictures.parquet")).selectExpr(
        "0 AS set_number", "'set' AS set", "picture", "CAST(NULL AS STRING) AS sha256", "phash", "chroma"
    )
    images = spark.read.parquet(str(folder / "searched.parquet"))
    began = time.perf_counter()
    marks = {row["uuid"]: row["in_evaluation"] for row in marked(images, of_set, NEAR, COLOUR).collect()}
    seconds = time.perf_counter() - began
    right = sum(marks.get(f"{place:024x}") == f"set: {place:024x}" for place in range(_PICTURES))
    return (
        f"{_EVALUATION_IMAGES:,} images and {_PICTURES} evaluation pictures: {seconds:.1f} s, "
        f"{right} of {_PICTURES} marked, {len(marks) - right} false marks"
    )


if __name__ == "__main__":
    raise SystemExit(main())
