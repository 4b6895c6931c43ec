"""What an image-text model does, whichever engine runs it."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from udfs.models.model_folder import Engine, ModelFolder
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


def load_clip(folder: ModelFolder, *, device: str, threads: int) -> ClipModel:
    """Load a model. `device` is as `choose_device` gives it; on a CPU, it uses so many threads.

    Raises `ModuleNotFoundError` where the engine's extra is not installed, and `UsageError` for weights that the engine
    cannot read.
    """
    if folder.weights.engine == Engine.ONNX:
        from udfs.models.onnx_model import OnnxClip

        return OnnxClip(folder, device=device, threads=threads)
    from udfs.models.torch_model import TorchClip

    return TorchClip(folder, device=device, threads=threads)


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
