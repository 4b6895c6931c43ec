"""Downloaded images: what `check` and `shards` cost beside bare loops. Run it alone: `tests/benchmarks/images.py`."""

import argparse
import io
import random
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(1, str(Path(__file__).resolve().parents[1]))  # the helpers of tests
sys.path.insert(1, str(Path(__file__).resolve().parents[2]))  # the checkout, when Ballast is not installed

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from img2dataset_output import Download, write_shard
from PIL import Image
from table import Row, interleave, render, timed

from udfs.image_outcomes import ImageOutcome
from udfs.images.checker import Checker
from udfs.images.encoding import Encoding
from udfs.images.image_bytes import ImageBytes
from udfs.images.layouts import Layout
from udfs.images.options import CheckOptions
from udfs.images.shards import plan_shards
from udfs.images.training_tars import Slice, TarPlan, TarTask, write_tar
from udfs.storage.local import LocalStorage, open_input

_IMAGES, _SIDE, _QUALITY = 2000, 256, 95
_DRAWN = 200  # different pictures


def write_images(folder: Path) -> None:
    """One shard of JPEGs of 256 pixels, as img2dataset writes them: quality 95, with the grain of photographs."""
    random = np.random.default_rng(0)
    drawn = [_jpeg(random) for _ in range(_DRAWN)]
    downloads = [
        Download(f"https://a.example/{number}.jpg", drawn[number % _DRAWN], f"{number:024x}", f"a caption {number}")
        for number in range(_IMAGES)
    ]
    write_shard(folder, 0, downloads)


def _jpeg(random: np.random.Generator) -> bytes:
    shapes = Image.fromarray(random.integers(0, 256, (12, 12, 3), dtype=np.uint8))
    smooth = np.asarray(shapes.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC), np.int16)
    grain = random.integers(-8, 9, (_SIDE, _SIDE, 1), dtype=np.int16)
    file = io.BytesIO()
    Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def check_rows(repeat: int, folder: Path) -> list[Row]:
    """Row `i`: `check` against a loop of `tarfile` and Pillow that decodes each image to RGB and keeps its size. Same
    answer: both find the same images with the same sizes."""
    write_images(folder)
    seconds, (ours, others) = interleave(
        [timed(partial(_checked, folder)), timed(partial(_decoded, folder / "00000.tar"))], repeat
    )
    return [
        Row(
            "i",
            f"check {_IMAGES:,} JPEGs of {_SIDE} pixels",
            seconds[0],
            "tarfile + Pillow",
            seconds[1],
            items=_IMAGES,
            unit="images",
            same=ours == others,
        )
    ]


def _checked(folder: Path) -> dict[str, tuple[int, ...]]:
    sizes: dict[str, tuple[int, ...]] = {}
    checker = Checker(CheckOptions())
    for shard in plan_shards(LocalStorage(str(folder)).list_files("")):
        for batch in checker.rows(shard, lambda path: open_input(str(folder / path))):
            names = batch.column("key").to_pylist()
            widths, heights = (batch.column(name).to_pylist() for name in ("width", "height"))
            sizes |= {name: size for name, *size in zip(names, widths, heights, strict=True) if name is not None}
    return {name: tuple(size) for name, size in sizes.items()}


def _decoded(tar: Path) -> dict[str, Any]:
    sizes = {}
    with tarfile.open(tar) as members:
        for member in members:
            if member.name.endswith(".jpg"):
                file = members.extractfile(member)
                assert file is not None
                sizes[member.name.removesuffix(".jpg")] = Image.open(io.BytesIO(file.read())).convert("RGB").size
    return sizes


def shards_rows(repeat: int, folder: Path) -> list[Row]:
    """Row `j`: writing training tars of all images of `write_images` in another order, against rewriting their tar by
    `tarfile` in its own order. Same answer: both tars hold the same images."""
    plan = TarPlan(str(folder), Layout.OPEN_CLIP, Encoding())
    task = TarTask("new.tar", [Slice("samples.parquet", 0, _write_samples(folder))])
    seconds, _ = interleave([timed(partial(_written, task, plan, folder)), timed(partial(_rewritten, folder))], repeat)
    ours, others = _images_in(folder / "new.tar"), _images_in(folder / "copy.tar")
    return [
        Row(
            "j",
            f"shards {_IMAGES:,} JPEGs of {_SIDE} pixels",
            seconds[0],
            "tarfile, read and written",
            seconds[1],
            items=_IMAGES,
            unit="images",
            same=ours == others != [],
        )
    ]


def _write_samples(folder: Path) -> int:
    """Write the rows of samples that `shards` makes, in a random order; returns how many."""
    rows = []
    for shard in plan_shards(LocalStorage(str(folder)).list_files("")):
        for batch in Checker(CheckOptions()).rows(shard, lambda path: open_input(str(folder / path))):
            rows += [row for row in batch.to_pylist() if row["status"] == ImageOutcome.SUCCESS]
    for number, row in enumerate(rows):
        pair = {"caption": f"a caption {number}", "caption_hash": number, "text_key": "alt", "keep_prob": 0.5}
        row |= {"position": None, "pairs": [pair], "facts": {"original_width": _SIDE, "original_height": _SIDE}}
    names = ("uuid", "position", "url", "pairs", "shard", "offset", "bytes", "sha256", "format", "width", "height")
    told = [{name: row[name] for name in (*names, "orientation", "orientation_lost", "facts")} for row in rows]
    random.Random(1).shuffle(told)
    pq.write_table(pa.Table.from_pylist(told), folder / "samples.parquet")
    return len(told)


def _written(task: TarTask, plan: TarPlan, folder: Path) -> None:
    with ImageBytes(str(folder)) as images:
        write_tar(task, plan, images)


def _rewritten(folder: Path) -> None:
    with tarfile.open(folder / "00000.tar") as source, tarfile.open(folder / "copy.tar", "w") as target:
        for member in source:
            target.addfile(member, source.extractfile(member))


def _images_in(path: Path) -> list[bytes]:
    """The images of a tar, sorted."""
    with tarfile.open(path) as tar:
        files = [tar.extractfile(member) for member in tar if member.name.endswith(".jpg")]
        return sorted(file.read() for file in files if file is not None)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Time the commands for downloaded images.")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="rounds of each row (default: 5)")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="ballast-bench-") as folder:
        print(render([*check_rows(arguments.repeat, Path(folder)), *shards_rows(arguments.repeat, Path(folder))]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
