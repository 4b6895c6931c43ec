"""Embeds checked images: their bytes are read and decoded in a thread while the model works on earlier ones."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from udfs.errors import BallastError
from udfs.images.ahead import ahead
from udfs.images.decoding import Unusable, decode
from udfs.images.image_bytes import ImageBytes, Place
from udfs.images.options import Limits
from udfs.models.clip_model import ClipModel
from udfs.models.preprocessing import Pixels, Preprocessing
from udfs.models.vectors import pack

if TYPE_CHECKING:
    from udfs.models.score_head import ScoreHead

_BATCHES_AHEAD = 4
_NO_LIMIT = 1 << 62  # the bytes are those that were checked, so limits were compared before
_NO_DIRECTION = "the model's embedding has no direction"


class CheckedImage(NamedTuple):
    """An image that was checked. `told_orientation` is its EXIF orientation where its bytes do not tell it;
    `others` are the values that its row keeps."""

    place: Place
    sha256: str
    told_orientation: int | None
    others: dict[str, Any]


class _Prepared(NamedTuple):
    """Some images in their order: `errors` has a reason for each that cannot be used, `pixels` has the others."""

    images: list[CheckedImage]
    errors: list[str | None]
    pixels: list[Pixels]


@dataclass(frozen=True, slots=True)
class Embedder:
    """Embeds images in batches. `heads` give further scores, by their columns. `schema` is that of the rows:
    `embedding`, `error`, the columns of the heads, and those of `CheckedImage.others`."""

    model: ClipModel
    heads: "dict[str, ScoreHead]"
    schema: pa.Schema
    batch_size: int
    icc: bool = False

    def rows(self, images: Sequence[CheckedImage], source: ImageBytes) -> Iterator[pa.RecordBatch]:
        """A row for each image, in their order. One that cannot be read or decoded has an error and no embedding.

        The model gets `batch_size` images at once, the last time fewer: which ones, depends on these images alone.
        """
        limits = Limits(_NO_LIMIT, _NO_LIMIT, 1, self.icc)
        made = _prepared(images, source, self.model.preprocessing, limits, self.batch_size)
        for prepared in ahead(made, _BATCHES_AHEAD):
            yield self._embedded(prepared)

    def _embedded(self, prepared: _Prepared) -> pa.RecordBatch:
        is_usable = np.array([error is None for error in prepared.errors])
        embeddings = pa.nulls(len(is_usable), pa.binary())
        scores = {name: np.full(len(is_usable), np.nan) for name in self.heads}
        if prepared.pixels:
            pixels = np.stack(prepared.pixels)
            vectors = self.model.embed_pixels(pixels)
            embeddings = pack(vectors).take(pa.array(np.cumsum(is_usable) - 1, mask=~is_usable))
            for name, head in self.heads.items():
                scores[name][is_usable] = head.scores(vectors, pixels)
        is_lost = embeddings.is_null().to_pylist()
        columns: dict[str, Any] = {name: pa.array(values, from_pandas=True) for name, values in scores.items()}
        columns["embedding"] = embeddings
        columns["error"] = [
            error or (_NO_DIRECTION if lost else None) for error, lost in zip(prepared.errors, is_lost, strict=True)
        ]
        others = [name for name in self.schema.names if name not in columns]
        columns |= {name: [image.others[name] for image in prepared.images] for name in others}
        return pa.RecordBatch.from_pydict({name: columns[name] for name in self.schema.names}, self.schema)


def _prepared(
    images: Sequence[CheckedImage], source: ImageBytes, preprocessing: Preprocessing, limits: Limits, batch_size: int
) -> Iterator[_Prepared]:
    batch = _Prepared([], [], [])
    for image, data in zip(images, source.try_read([image.place for image in images]), strict=True):
        pixels = _pixels(image, data, preprocessing, limits) if isinstance(data, bytes) else str(data)
        batch.images.append(image)
        batch.errors.append(pixels if isinstance(pixels, str) else None)
        if not isinstance(pixels, str):
            batch.pixels.append(pixels)
        if len(batch.pixels) == batch_size:
            yield batch
            batch = _Prepared([], [], [])
    if batch.images:
        yield batch


def _pixels(image: CheckedImage, data: bytes, preprocessing: Preprocessing, limits: Limits) -> Pixels | str:
    """The pixels, or why there are none."""
    if hashlib.sha256(data).hexdigest() != image.sha256:
        return "its bytes are not those that were checked"
    try:
        return preprocessing.pixels(decode(data, limits, image.told_orientation).pixels)
    except Unusable as error:
        return error.reason
    except MemoryError as error:
        raise BallastError(f"{image.place.shard}: too little memory for an image of {len(data):,} bytes") from error
