"""What an image-text model does, whichever engine runs it."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from udfs.models.preprocessing import Pixels, Preprocessing

Vectors = npt.NDArray[np.float32]


class ClipModel(Protocol):
    """Embeds images and texts in one space. Embeddings are float32, (n, dimensions), each of length 1."""

    @property
    def preprocessing(self) -> Preprocessing:
        """How pixels are made of pictures."""
        ...

    def embed_pixels(self, pixels: Pixels) -> Vectors:
        """The embeddings of images by their pixels, float32, (n, 3, height, width)."""
        ...

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """The embeddings of texts."""
        ...


def embed_images(model: ClipModel, pictures: Sequence[Image.Image]) -> Vectors:
    """The embeddings of upright RGB pictures."""
    return model.embed_pixels(model.preprocessing.batch(pictures))


def normalised(vectors: npt.NDArray[np.floating]) -> Vectors:
    """Vectors, (n, dimensions), made 1 long. One that is zero or not finite becomes NaN in all its dimensions."""
    values = vectors.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        unit = values / np.sqrt((values * values).sum(axis=1, keepdims=True))
    unit[~np.isfinite(unit).all(axis=1)] = np.nan
    return unit.astype(np.float32)
