"""Writes training tars: reads the rows of samples, the bytes of their images, and puts both into a tar."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from udfs.images.decoding import Unusable
from udfs.images.encoding import Encoded, Encoding, Stored, encode
from udfs.images.image_bytes import ImageBytes, ImageUnreadable, Place
from udfs.images.layouts import Layout, Sample, files_of
from udfs.images.tar_writer import TarWriter
from udfs.sources.ranged import open_ranged, ranged_stream
from udfs.storage.addresses import join
from udfs.storage.new_file import new_file

_HELD_BYTES = 64 << 20  # of images that a worker reads together, in the order of the download
_ROWS = 1000


class Slice(NamedTuple):
    """Rows of a Parquet file of samples: from `first` on, so many."""

    file: str
    first: int
    rows: int


class TarTask(NamedTuple):
    """A tar to write, by its path in the output folder, and where its samples are, in their order."""

    path: str
    slices: Sequence[Slice]


class WrittenTar(NamedTuple):
    """A tar that was written: its path and size, its samples and their pairs, and how many images were encoded
    again."""

    path: str
    bytes: int
    samples: int
    pairs: int
    encoded_again: int


@dataclass(frozen=True, slots=True)
class TarPlan:
    """What all tars share: the output folder, which also holds the rows of samples, the layout and the encoding."""

    out: str
    layout: Layout
    encoding: Encoding


def write_tar(task: TarTask, plan: TarPlan, images: ImageBytes) -> WrittenTar:
    """Write a tar, which gets its name when it is whole. It holds a bounded part of the images in memory.

    Raises `ImageUnreadable` for an image that is not what was checked, and other `BallastError`s and `OSError`s where a
    storage cannot be used.
    """
    samples = pairs = again = 0
    with new_file(join(plan.out, task.path)) as file:
        tar = TarWriter(file)
        for row, image in _with_images(_rows(task.slices, plan.out), images):
            encoded = _encoded(image, row, plan.encoding)
            sample = _sample(row, encoded, is_changed=encoded.image is not image)
            for name, data in files_of(plan.layout, sample, encoded.image, encoded.format):
                tar.add(name, data)
            samples, pairs, again = samples + 1, pairs + len(sample.pairs), again + encoded.again
        tar.end()
    return WrittenTar(task.path, tar.size, samples, pairs, again)


def _rows(slices: Sequence[Slice], out: str) -> Iterator[dict[str, Any]]:
    """The rows of samples. It reads only the row groups that hold some."""
    for part in slices:
        with closing(open_ranged(join(out, part.file))) as file, pq.ParquetFile(ranged_stream(file)) as parquet:
            start, end = part.first, part.first + part.rows
            for group in range(parquet.num_row_groups):
                length = parquet.metadata.row_group(group).num_rows
                if start < length and end > 0:
                    rows = parquet.read_row_group(group).slice(max(start, 0), min(end, length) - max(start, 0))
                    yield from _as_dicts(rows)
                start, end = start - length, end - length


def _as_dicts(rows: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in rows.to_batches(_ROWS):
        yield from batch.to_pylist()


def _with_images(rows: Iterator[dict[str, Any]], images: ImageBytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Each row with its image. Some rows at a time, their images are read in the order in which they lie, so that
    neighbours are read at once."""
    held: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        if held and size + row["bytes"] > _HELD_BYTES:
            yield from zip(held, _images_of(held, images), strict=True)
            held, size = [], 0
        held.append(row)
        size += row["bytes"]
    yield from zip(held, _images_of(held, images), strict=True)


def _images_of(rows: Sequence[dict[str, Any]], images: ImageBytes) -> list[bytes]:
    places = [Place(row["shard"], row["offset"], row["bytes"]) for row in rows]
    in_order = sorted(set(places))
    read = dict(zip(in_order, images.read(in_order), strict=True))
    for row, place in zip(rows, places, strict=True):
        if hashlib.sha256(read[place]).hexdigest() != row["sha256"]:
            raise ImageUnreadable(
                f"{place.shard}: the image at {place.offset:,} is not what was checked: check the download again"
            )
    return [read[place] for place in places]


def _sample(row: dict[str, Any], encoded: Encoded, *, is_changed: bool) -> Sample:
    position = row["position"]
    key = row["uuid"] if position is None else f"{row['uuid']}-{position}"
    sha256 = hashlib.sha256(encoded.image).hexdigest() if is_changed else row["sha256"]
    facts = {"width": encoded.width, "height": encoded.height, "sha256": sha256, **row["facts"]}
    return Sample(key, row["uuid"], row["url"], row["pairs"][0]["caption"], row["pairs"], facts)


def _encoded(image: bytes, row: dict[str, Any], encoding: Encoding) -> Encoded:
    stored = Stored(row["format"], row["width"], row["height"], row["orientation"], row["orientation_lost"])
    try:
        return encode(image, stored, encoding)
    except Unusable as error:
        where = f"{row['shard']}: the image at {row['offset']:,}"
        raise ImageUnreadable(f"{where} cannot be decoded: {error.reason}; was it checked with this Pillow?") from error
