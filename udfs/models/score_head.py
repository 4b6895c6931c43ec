"""`--score NAME=MODEL.onnx`: one number for an image, from its embedding or from its pixels."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from udfs.errors import UsageError
from udfs.models.clip_model import Vectors
from udfs.models.onnx_model import open_session
from udfs.models.preprocessing import Pixels

_EMBEDDING, _PIXELS = 2, 4  # dimensions of the input


class ScoreHead:
    """A head on the model's embedding (an input of 2 dimensions), such as an aesthetic score, or on the pixels that the
    model gets (4 dimensions: n, 3, height, width)."""

    def __init__(self, name: str, path: Path, *, device: str, threads: int) -> None:
        """Raises `UsageError` for a graph that is neither, and for a file that is no graph."""
        self._where = f"--score {name}"
        self._session = open_session(path, device=device, threads=threads)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        self._input, self._output, self._shape = inputs[0].name, outputs[0].name, inputs[0].shape
        if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(self._shape) not in (_EMBEDDING, _PIXELS):
            raise UsageError(
                f"{self._where}: expected one input of float32, either embeddings (n, dimensions) or pixels "
                f"(n, 3, height, width), found {json.dumps([[each.type, each.shape] for each in inputs])}"
            )

    def scores(self, vectors: Vectors, pixels: Pixels) -> npt.NDArray[np.float64]:
        """A score for each image, by its normalised embedding or its pixels. Raises `UsageError` if they do not fit the
        graph, and if it gives other than one number an image."""
        given = vectors if len(self._shape) == _EMBEDDING else pixels
        wanted = [size if isinstance(size, int) else None for size in self._shape[1:]]
        if any(size not in (None, has) for size, has in zip(wanted, given.shape[1:], strict=True)):
            raise UsageError(
                f"{self._where}: its input is {_shown(self._shape[1:])}, but the model gives {_shown(given.shape[1:])}"
            )
        steps = [given] if self._shape[0] != 1 else np.split(given, len(given))  # a graph for single images
        results = [self._session.run([self._output], {self._input: step})[0] for step in steps]
        values = np.concatenate([np.atleast_1d(result) for result in results])
        if values.size != len(given):
            raise UsageError(f"{self._where}: gives {_shown(values.shape[1:])} numbers an image: expected one")
        return values.reshape(len(given)).astype(np.float64)


def _shown(shape: object) -> str:
    return " × ".join(map(str, shape)) if isinstance(shape, list | tuple) else str(shape)
