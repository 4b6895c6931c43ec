"""What img2dataset tells about a sample: in the JSON beside each image, or in a row of its Parquet files.

Source: img2dataset 1.47, `downloader.py` and `writer.py`; the texts of an orientation are those of exifread 3.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from udfs.hashing import image_uuid

MOST_JSON_BYTES = 1 << 20
COLUMNS = ("uuid", "url", "original_width", "original_height", "exif")
"""The columns of the metadata that become facts, besides those to carry."""

UPRIGHT = 1
_ORIENTATION = "Image Orientation"
_ORIENTATIONS = {
    "horizontal (normal)": UPRIGHT,
    "mirrored horizontal": 2,
    "rotated 180": 3,
    "mirrored vertical": 4,
    "mirrored horizontal then rotated 90 ccw": 5,
    "rotated 90 cw": 6,
    "mirrored horizontal then rotated 90 cw": 7,
    "rotated 90 ccw": 8,
}
_HEX = re.compile(r"[0-9A-Fa-f]{24}")
_LARGEST_INT32 = (1 << 31) - 1

Carry = Sequence[tuple[str, str]]


class Facts(NamedTuple):
    """What is known of a sample without looking at its image; `carried` has a value for each carried column, or none at
    all. `problem` tells why nothing is known."""

    uuid: str | None = None
    url: str | None = None
    original_width: int | None = None
    original_height: int | None = None
    orientation: int | None = None
    carried: tuple[float | str | None, ...] = ()
    problem: str | None = None


def facts_of_json(data: bytes, carry: Carry) -> Facts:
    """The facts in a sample's JSON; never raises."""
    try:
        told = msgspec.json.decode(data)
    except (ValueError, RecursionError):
        try:
            told = json.loads(data)  # it reads NaN, which Python writes
        except (ValueError, RecursionError):
            return Facts(problem="its JSON is damaged")
    return facts_of(told, carry) if isinstance(told, dict) else Facts(problem="its JSON is not an object")


def facts_of(told: Mapping[str, Any], carry: Carry) -> Facts:
    """The facts in a sample's JSON object, or in a row of its metadata. Values of unexpected types count as null."""
    url = _text(told.get("url"))
    uuid = told.get("uuid")
    return Facts(
        _uuid(uuid) or (image_uuid(url) if url else None),
        url,
        _pixels(told.get("original_width")),
        _pixels(told.get("original_height")),
        _orientation(told.get("exif")),
        tuple(_number(told.get(name)) if kind == "double" else _word(told.get(name)) for name, kind in carry),
    )


def _uuid(value: object) -> str | None:
    """An id as given; one of Ballast's own in lower case, as in the pool."""
    uuid = str(value) if type(value) is int else _text(value)
    return uuid.lower() if uuid and _HEX.fullmatch(uuid) else uuid


def _text(value: object) -> str | None:
    """A string that is not empty; what UTF-8 cannot hold is replaced."""
    return value.encode(errors="replace").decode() if isinstance(value, str) and value else None


def _pixels(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and 0 <= value <= _LARGEST_INT32 else None


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _word(value: object) -> str | None:
    if value is None or isinstance(value, list | dict) or (isinstance(value, float) and math.isnan(value)):
        return None
    return str(value).encode(errors="replace").decode()


def _orientation(exif: object) -> int | None:
    """The orientation in what exifread printed, which is JSON within the JSON; None where there is none."""
    if not isinstance(exif, str) or _ORIENTATION not in exif:
        return None
    try:
        printed = json.loads(exif)[_ORIENTATION]
        return _ORIENTATIONS.get(printed.strip().lower())
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None
