"""Writes shards as img2dataset 1.47 writes them: `webdataset`, `parquet` and `files`, each with its metadata."""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

LAYOUTS = ("webdataset", "parquet", "files")
_WRITTEN_S = 1_700_000_000.5
NOT_FOUND = "HTTP Error 404: Not Found"
_FACTS = pa.schema(
    [
        ("key", pa.string()),
        ("status", pa.string()),
        ("error_message", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("original_width", pa.int32()),
        ("original_height", pa.int32()),
        ("exif", pa.string()),
        ("sha256", pa.string()),
    ]
)


class Download(NamedTuple):
    """One URL with what came of it: the image's bytes as img2dataset stored them, or None and `error`.

    `told` adds to the metadata or replaces it: further columns, `original_width`, or `exif`, which is the JSON of what
    exifread prints.
    """

    url: str
    image: bytes | None
    uuid: str | None = None
    caption: str | None = None
    error: str = NOT_FOUND
    told: Mapping[str, Any] = {}


def rotated(orientation: str) -> dict[str, str]:
    """The `exif` of a picture that lay on its side, such as `Rotated 90 CW`."""
    return {"exif": json.dumps({"Image Make": "Test", "Image Orientation": orientation})}


def write_downloaded(
    folder: Path, downloads: Iterable[Download], layout: str = "webdataset", per_shard: int = 1000
) -> list[Path]:
    """Write all downloads below a folder, `per_shard` to a shard; the paths of the shards (tar, Parquet or folder)."""
    rest = iter(downloads)
    paths: list[Path] = []
    while some := list(islice(rest, per_shard)):
        paths.append(write_shard(folder, len(paths), some, layout))
    return paths


def write_shard(
    folder: Path, number: int, downloads: Sequence[Download], layout: str = "webdataset", ending: str = "jpg"
) -> Path:
    """Write the shard of this number, with its metadata and statistics; the path of its tar, Parquet file or folder."""
    assert layout in LAYOUTS
    folder.mkdir(parents=True, exist_ok=True)
    rows = [_facts(download, f"{number:05d}{place:04d}") for place, download in enumerate(downloads)]
    images = [download.image for download in downloads]
    stem = f"{number:05d}"
    if layout == "webdataset":
        path = folder / f"{stem}.tar"
        with tarfile.open(path, "w") as tar:
            for row, members in _members(rows, images, ending):
                for name, data in members.items():
                    member = tarfile.TarInfo(f"{row['key']}.{name}")
                    member.size, member.mode, member.uname, member.gname = len(data), 0o444, "bigdata", "bigdata"
                    member.mtime = _WRITTEN_S  # with a fraction, which takes a PAX header before each member
                    tar.addfile(member, io.BytesIO(data))
    elif layout == "files":
        path = folder / stem
        path.mkdir()
        for row, members in _members(rows, images, ending):
            for name, data in members.items():
                (path / f"{row['key']}.{name}").write_bytes(data)
    else:
        path = folder / f"{stem}.parquet"
    table = _table(rows)
    if layout == "parquet":
        table = table.append_column(pa.field(ending, pa.binary()), pa.array(images, pa.binary()))
    pq.write_table(table, folder / f"{stem}.parquet", row_group_size=100)
    succeeded = sum(image is not None for image in images)
    stats = {"count": len(rows), "successes": succeeded, "failed_to_download": len(rows) - succeeded}
    (folder / f"{stem}_stats.json").write_text(json.dumps(stats, indent=4))
    return path


def _facts(download: Download, key: str) -> dict[str, Any]:
    """The metadata of a sample, in img2dataset's order."""
    row: dict[str, Any] = {"url": download.url, "caption": download.caption, "uuid": download.uuid}
    row |= dict.fromkeys(_FACTS.names)
    row["key"] = key
    if download.image is None:
        return row | {"status": "failed_to_download", "error_message": download.error} | dict(download.told)
    width, height = _size(download.image)
    row |= {"status": "success", "width": width, "height": height, "original_width": width, "original_height": height}
    row |= {"exif": "{}", "sha256": hashlib.sha256(download.image).hexdigest()}
    return row | dict(download.told)


def _size(image: bytes) -> tuple[int | None, int | None]:
    try:
        with Image.open(io.BytesIO(image)) as opened:
            return opened.size
    except Exception:  # bytes that img2dataset would not have stored
        return None, None


def _members(
    rows: Sequence[dict[str, Any]], images: Sequence[bytes | None], ending: str
) -> Iterable[tuple[dict[str, Any], dict[str, bytes]]]:
    """The files of each sample that was downloaded, in the order in which its tar has them."""
    for row, image in zip(rows, images, strict=True):
        if image is not None:
            texts = {"json": json.dumps(row, indent=4), "txt": row["caption"] or ""}
            yield row, dict(sorted({ending: image, **{name: text.encode() for name, text in texts.items()}}.items()))


def _table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = []
    for name in names:
        known = name in _FACTS.names or name in ("url", "caption", "uuid")
        type_ = (_FACTS.field(name).type if name in _FACTS.names else pa.string()) if known else None
        columns.append(pa.array([row.get(name) for row in rows], type_))
    return pa.table(columns, names=names)
