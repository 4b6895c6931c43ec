"""Embedding checked images: the model sees upright pixels, and each image that is lost is a row with its reason."""

import hashlib
import io
from collections.abc import Iterable, Iterator
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from shapes import draw, random_shape

from udfs.image_schemas import EMBEDDED
from udfs.images.embedding import CheckedImage, Embedder
from udfs.images.image_bytes import ImageBytes, ImageUnreadable, Place
from udfs.models.clip_model import normalised
from udfs.models.preprocessing import read_preprocessing
from udfs.models.vectors import stored, unpack

SCHEMA = pa.schema([*EMBEDDED, pa.field("mean", pa.float64()), pa.field("form", pa.string())])
RNG = Random(8)
SHAPES = [random_shape(RNG) for _ in range(12)]


class MeanColours:
    """A model whose embedding of an image is the mean of its four quarters; it remembers how many it got at once."""

    preprocessing = read_preprocessing({"size": 16, "crop_size": 16, "do_normalize": False}, "x")

    def __init__(self) -> None:
        self.batches: list[int] = []

    def embed_pixels(self, pixels):
        self.batches.append(len(pixels))
        return normalised(pixels.reshape(len(pixels), 3, 2, 8, 2, 8).mean(axis=(3, 5)).reshape(len(pixels), 12))


class Mean:
    """A head: the mean of an embedding."""

    def scores(self, vectors, pixels):
        assert len(vectors) == len(pixels)
        return vectors.mean(axis=1).astype(np.float64)


class Memory(ImageBytes):
    """Images in memory. As from a server, neighbours are read together, and fail together."""

    def __init__(self, images: dict[Place, bytes | None]) -> None:
        self.images = images

    def read(self, places: Iterable[Place]) -> Iterator[bytes]:
        rest = list(places)
        while rest:
            some, rest = rest[:3], rest[3:]
            if any(self.images[place] is None for place in some):
                raise ImageUnreadable("a shard that is gone")
            yield from (self.images[place] or b"" for place in some)


def encoded(picture: Image.Image, form: str = "PNG", **options) -> bytes:
    drawn = io.BytesIO()
    picture.save(drawn, form, **options)
    return drawn.getvalue()


def checked(images: list[bytes], orientation: int | None = None) -> tuple[list[CheckedImage], Memory]:
    places = [Place("a.tar", 1000 * number, len(data)) for number, data in enumerate(images)]
    rows = [
        CheckedImage(
            place, hashlib.sha256(data).hexdigest(), orientation, {"uuid": f"u{number}", "url": "x", "form": "f"}
        )
        for number, (place, data) in enumerate(zip(places, images, strict=True))
    ]
    return rows, Memory(dict(zip(places, images, strict=True)))


def embedded(rows, source, batch_size=4) -> tuple[pa.Table, MeanColours]:
    model = MeanColours()
    embedder = Embedder(model, {"mean": Mean()}, SCHEMA, batch_size)
    return pa.Table.from_batches(embedder.rows(rows, source), SCHEMA), model


def vectors(table: pa.Table) -> np.ndarray:
    return unpack(table["embedding"].drop_null().combine_chunks(), "x")


PICTURES = [draw(RNG, shape) for shape in SHAPES]
EXPECTED = stored(MeanColours().embed_pixels(MeanColours.preprocessing.batch(PICTURES)))


@pytest.mark.parametrize("batch_size", [1, 5, 100])
def test_embeddings_scores_and_columns_belong_together(batch_size):
    table, model = embedded(*checked([encoded(picture) for picture in PICTURES]), batch_size)
    assert table.schema.equals(SCHEMA)
    assert np.array_equal(vectors(table), EXPECTED)
    assert table["uuid"].to_pylist() == [f"u{number}" for number in range(12)]
    assert np.allclose(table["mean"].to_pylist(), EXPECTED.mean(axis=1), atol=1e-3)
    assert table["error"].null_count == 12
    assert sum(model.batches) == 12
    assert max(model.batches) == min(batch_size, 12)


def test_images_that_are_lost_are_rows_with_a_reason():
    images = [encoded(picture) for picture in PICTURES]
    rows, source = checked(images)
    source.images[rows[1].place] = None  # read together with 0 and 2, which are there
    source.images[rows[5].place] = images[6]
    cut = images[7][:200]
    source.images[rows[7].place] = cut
    rows[7] = rows[7]._replace(sha256=hashlib.sha256(cut).hexdigest())
    black = encoded(Image.new("RGB", (20, 20)))
    source.images[rows[9].place] = black
    rows[9] = rows[9]._replace(sha256=hashlib.sha256(black).hexdigest())
    table, model = embedded(rows, source)
    errors = table["error"].to_pylist()
    assert [number for number, error in enumerate(errors) if error] == [1, 5, 7, 9]
    assert errors[1] == "a shard that is gone"
    assert errors[5] == "its bytes are not those that were checked"
    assert "truncated" in errors[7]
    assert errors[9] == "the model's embedding has no direction"
    left = [0, 2, 3, 4, 6, 8, 10, 11]
    assert np.array_equal(vectors(table), EXPECTED[left])
    assert table["embedding"].is_valid().to_pylist() == [number in left for number in range(12)]
    assert [value is None for value in table["mean"].to_pylist()][:8] == [number in (1, 5, 7) for number in range(8)]
    assert model.batches == [4, 4, 1]  # batches are filled with images that can be used


def test_a_shard_without_any_image_left():
    rows, source = checked([b"x", b"y"])
    table, model = embedded(rows, source)
    assert table["embedding"].null_count == 2
    assert table["error"].null_count == 0
    assert not model.batches


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_model_sees_the_upright_picture(orientation):
    """The bytes tell the orientation, or only the metadata do."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow's transpositions
    upright = PICTURES[0]
    lying = upright if orientation == 1 else upright.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    for data, told in ((encoded(lying, exif=exif), None), (encoded(lying), orientation)):
        table, _ = embedded(*checked([data], told))
        assert np.array_equal(vectors(table)[0], EXPECTED[0])
