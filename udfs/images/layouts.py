"""The layouts of training tars: where a tar lies, and which files a sample has in it."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

ENDINGS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
"""The endings by which open_clip finds an image, by format. It reads no other formats."""

TRAIN = "train"
"""The folder of the other images where --split sets some apart."""

_METACLIP_FOLDERS = 100
_LEAST_DIGITS = 5
_UNNAMED_KEY = "alt"


class Layout(StrEnum):
    """For whom the tars are."""

    OPEN_CLIP = "open-clip"
    """Files of a sample have one name: `.jpg`, `.png` or `.webp`, `.txt` with a caption, and `.json` with all that is
    known. open_clip and every other reader of WebDataset take it."""
    METACLIP = "metaclip"
    """`{number % 100}/{number}.tar`, in which `.json` with `texts: [[key, text], …]` and `.jpeg` alternate."""

    @property
    def formats(self) -> frozenset[str]:
        """The formats that its reader takes."""
        return frozenset(ENDINGS) if self is Layout.OPEN_CLIP else frozenset({"JPEG"})


class Sample(NamedTuple):
    """An image with captions. `key` is its name in the tar; `pairs` are the image's pairs, of which the first is
    `caption`'s; `facts` is what is known of the image."""

    key: str
    uuid: str
    url: str
    caption: str
    pairs: Sequence[dict[str, Any]]
    facts: dict[str, Any]


def tar_path(layout: Layout, folder: str, number: int, tars: int) -> str:
    """The path of a tar of `tars`, by its number from 0."""
    if layout is Layout.METACLIP:
        return f"{folder}/{number % _METACLIP_FOLDERS}/{number}.tar"
    return f"{folder}/{number:0{digits(tars)}d}.tar"


def digits(tars: int) -> int:
    """The digits of the tars' names."""
    return max(_LEAST_DIGITS, len(str(tars - 1)))


def files_of(layout: Layout, sample: Sample, image: bytes, format: str) -> Iterator[tuple[str, bytes]]:
    """The names and contents of a sample's files, in their order. What is null is left out of the JSON."""
    if layout is Layout.METACLIP:
        texts = [[pair.get("text_key") or _UNNAMED_KEY, pair["caption"]] for pair in sample.pairs]
        yield f"{sample.key}.json", msgspec.json.encode({"uuid": sample.uuid, "url": sample.url, "texts": texts})
        yield f"{sample.key}.jpeg", image
        return
    told = {**_known(sample.facts), "uuid": sample.uuid, "url": sample.url, "caption": sample.caption}
    yield f"{sample.key}.{ENDINGS[format]}", image
    yield f"{sample.key}.json", msgspec.json.encode({**told, "captions": [_known(pair) for pair in sample.pairs]})
    yield f"{sample.key}.txt", sample.caption.encode()


def _known(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}
