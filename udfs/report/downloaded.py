"""Images that img2dataset downloaded, made small for the report: its `webdataset` and `files` outputs in local folders.

The images come from the web, so they are read with care: few formats, limits on bytes and pixels, and an image that
cannot be decoded is only counted.
"""

import base64
import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from udfs.errors import UsageError
from udfs.hashing import image_uuid

MOST_SHOWN = 40
_LOOKED_AT = 400  # images that are looked up in the run
_MOST_SHARDS = 40
_FORMATS = ("JPEG", "PNG", "WEBP")
_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")
_MOST_BYTES, _MOST_PIXELS, _MOST_JSON_BYTES = 20 << 20, 40_000_000, 1 << 20
_SIDE, _QUALITY = 180, 70


class Downloaded(NamedTuple):
    """A downloaded image: what it was downloaded by, and where its bytes are."""

    uuid: str
    url: str
    caption: str
    path: Path
    offset: int
    size_bytes: int

    def read(self) -> bytes:
        """Its bytes; none where they are more than an image may have."""
        if self.size_bytes > _MOST_BYTES:
            return b""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.size_bytes)


def find_downloaded(folder: str) -> list[Downloaded]:
    """Some images of a folder, spread evenly over its shards. Raises `UsageError` where there are none."""
    root = Path(folder)
    if not root.is_dir():
        raise UsageError(f"--images {folder}: no such local folder")
    shards = sorted(path for path in root.iterdir() if path.suffix == ".tar" or path.is_dir())
    many = min(len(shards), _MOST_SHARDS)
    chosen = [shards[place * len(shards) // many] for place in range(many)] or [root]
    found: list[Downloaded] = []
    for shard in chosen:
        images = _in_tar(shard) if shard.suffix == ".tar" else _in_folder(shard)
        try:
            found += islice(images, _LOOKED_AT // len(chosen))
        except (tarfile.TarError, OSError):  # a shard that is cut: what precedes the damage was taken
            continue
    if not found:
        raise UsageError(
            f"--images {folder}: holds no images with their .json: name the output folder of img2dataset, written as "
            "webdataset or files"
        )
    return found


def _in_tar(path: Path) -> Iterator[Downloaded]:
    """The images of a shard of `webdataset`: members of one name, one with the image and one with its JSON."""
    images: dict[str, tarfile.TarInfo] = {}
    facts: dict[str, Any] = {}
    with tarfile.open(path, "r:") as tar:
        for member in tar:
            key, dot, ending = member.name.rpartition(".")
            if not member.isreg():
                continue
            if f"{dot}{ending}".lower() in _ENDINGS:
                images[key] = member
            elif ending == "json" and member.size <= _MOST_JSON_BYTES:
                file = tar.extractfile(member)
                facts[key] = file.read() if file is not None else b""
            if key in images and key in facts:
                image = images.pop(key)
                yield from _downloaded(facts.pop(key), path, image.offset_data, image.size)


def _in_folder(path: Path) -> Iterator[Downloaded]:
    """The images of a shard of `files`."""
    for image in sorted(file for file in path.iterdir() if file.suffix.lower() in _ENDINGS):
        facts = image.with_suffix(".json")
        if facts.is_file() and facts.stat().st_size <= _MOST_JSON_BYTES:
            yield from _downloaded(facts.read_bytes(), image, 0, image.stat().st_size)


def _downloaded(facts: bytes, path: Path, offset: int, size_bytes: int) -> Iterator[Downloaded]:
    """The image, if its JSON says which URL it was downloaded by."""
    try:
        told = json.loads(facts)
    except ValueError:
        return
    url = told.get("url") if isinstance(told, dict) else None
    if isinstance(url, str):
        uuid = told.get("uuid")
        caption = told.get("caption")
        yield Downloaded(
            uuid if isinstance(uuid, str) else image_uuid(url),
            url,
            caption if isinstance(caption, str) else "",
            path,
            offset,
            size_bytes,
        )


def thumbnail_uri(image: bytes) -> str | None:
    """The image as a small JPEG in a data URI; None for one that is too large, damaged or of another format."""
    try:
        with Image.open(io.BytesIO(image), formats=_FORMATS) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                return None
            opened.draft("RGB", (_SIDE, _SIDE))
            opened.thumbnail((_SIDE, _SIDE))
            drawn = io.BytesIO()
            _on_white(opened).save(drawn, "JPEG", quality=_QUALITY)
    except Exception:  # a decoder may raise anything on hostile bytes
        return None
    return f"data:image/jpeg;base64,{base64.b64encode(drawn.getvalue()).decode()}"


def _on_white(image: Image.Image) -> Image.Image:
    """The image without transparency."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")


def spread(images: Sequence[Downloaded]) -> list[Downloaded]:
    """The images in an order whose first ones are spread over all: every n-th, then the others."""
    step = max(len(images) // MOST_SHOWN, 1)
    return [image for first in range(step) for image in images[first::step]]
