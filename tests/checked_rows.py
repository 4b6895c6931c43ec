"""Pictures as img2dataset stores them, and the rows that `check` writes about them, made from what is known here."""

import hashlib
import io
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from img2dataset_output import Download, write_downloaded
from PIL import Image

from udfs.hashing import image_uuid
from udfs.image_schemas import CHECKED, with_carried

_UPRIGHT = {1: None, 3: 180, 6: 90, 8: 270}
"""Degrees counterclockwise by which a picture is stored, by EXIF orientation."""


def picture(number: int, size: tuple[int, int] = (48, 32)) -> Image.Image:
    """A picture of its own: a gradient with blocks in a corner."""
    width, height = size
    down, right = np.mgrid[:height, :width]
    pixels = np.stack([right * 255 // width, down * 255 // height, np.full_like(down, number * 37 % 256)], axis=-1)
    pixels[: height // 4, : width // 4] = (255, number * 91 % 256, 0)
    return Image.fromarray(pixels.astype(np.uint8))


def encoded(image: Image.Image, format: str = "JPEG", orientation: int = 1, **options: Any) -> bytes:
    """The file of an upright picture, stored as EXIF says."""
    turned = image.rotate(degrees, expand=True) if (degrees := _UPRIGHT[orientation]) else image
    if orientation != 1:
        exif = Image.Exif()
        exif[0x0112] = orientation
        options["exif"] = exif
    file = io.BytesIO()
    turned.save(file, format, **options)
    return file.getvalue()


def checked_row(download: Download, shard: str, key: str, offset: int, **told: Any) -> dict[str, Any]:
    """The row of a sample."""
    row: dict[str, Any] = dict.fromkeys(CHECKED.names)
    row |= {"uuid": download.uuid or image_uuid(download.url), "url": download.url, "shard": shard, "key": key}
    if download.image is None:
        return row | {"status": "download_failed"} | told
    with Image.open(io.BytesIO(download.image)) as opened:
        orientation = opened.getexif().get(0x0112, 1)
        width, height = opened.size if orientation < 5 else opened.size[::-1]
        row |= {"format": opened.format, "mode": opened.mode, "width": width, "height": height}
    row |= {"status": "success", "offset": offset, "bytes": len(download.image), "frames": 1, "alpha": False}
    row |= {
        "original_width": width * 2,
        "original_height": height * 2,
        "aspect": max(width, height) / min(width, height),
    }
    row |= {"orientation": orientation, "orientation_lost": False, "ink": 100.0}
    return row | {"sha256": hashlib.sha256(download.image).hexdigest()} | told


def write_checked(folder: Path, rows: Sequence[dict[str, Any]], carried: Sequence[pa.Field] = ()) -> Path:
    """A folder of Parquet files with these rows, as `--images` takes it with `--downloaded`."""
    folder.mkdir(parents=True)
    schema = with_carried(CHECKED, carried)
    for part, some in enumerate((rows[::2], rows[1::2])):
        pq.write_table(pa.Table.from_pylist(list(some), schema), folder / f"part-{part}.parquet")
    return folder


def download_tars(folder: Path, downloads: Sequence[Download], per_shard: int) -> list[dict[str, Any]]:
    """Write a download as tars; returns the row of each sample."""
    rows = []
    for number, path in enumerate(write_downloaded(folder, downloads, per_shard=per_shard)):
        with tarfile.open(path) as tar:
            offsets = {
                member.name.partition(".")[0]: member.offset_data for member in tar if member.name.endswith("jpg")
            }
        for place, download in enumerate(downloads[number * per_shard : (number + 1) * per_shard]):
            key = f"{number:05d}{place:04d}"
            rows.append(checked_row(download, path.name, key, offsets.get(key, 0)))
    return rows
