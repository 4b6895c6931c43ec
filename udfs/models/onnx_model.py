"""An image-text model that onnxruntime runs (the extra `models`)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from udfs.errors import UsageError
from udfs.models.clip_model import Vectors, normalised
from udfs.models.devices import CUDA
from udfs.models.model_folder import ModelFolder
from udfs.models.preprocessing import Pixels, Preprocessing
from udfs.models.tokenizing import TextTokens

_IMAGE, _IDS, _MASK, _POSITIONS = "pixel_values", "input_ids", "attention_mask", "position_ids"
_IMAGE_OUTPUTS, _TEXT_OUTPUTS = ["image_embeds"], ["text_embeds"]
_POOLED = {"siglip": ["pooler_output"]}  # that of CLIP has no projection
_DTYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
}
_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


def open_session(path: Path, *, device: str, threads: int) -> onnxruntime.InferenceSession:
    """Load a graph. Raises `UsageError` for a file that is no ONNX graph, and for a device that onnxruntime lacks."""
    kind, _, gpu = device.partition(":")
    if kind == CUDA and _CUDA not in onnxruntime.get_available_providers():
        raise UsageError("--device cuda: this onnxruntime has no CUDA: install onnxruntime-gpu, or use --device cpu")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors; warnings about graphs would fill the logs of workers
    providers = [(_CUDA, {"device_id": int(gpu)}), _CPU] if kind == CUDA else [_CPU]
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # the package's exceptions share no base
        raise UsageError(f"{path}: onnxruntime cannot read it: {str(error).splitlines()[0]}") from error


class OnnxClip:
    """A model of two graphs, or of one that takes an image and a text."""

    def __init__(self, folder: ModelFolder, *, device: str, threads: int) -> None:
        image, text = (folder.path / name for name in folder.weights.files)
        self._images = open_session(image, device=device, threads=threads)
        self._texts = self._images if text == image else open_session(text, device=device, threads=threads)
        pooled = _POOLED.get(folder.model_type, [])
        self._image_output = _output(self._images, _IMAGE_OUTPUTS + pooled, image)
        self._text_output = _output(self._texts, _TEXT_OUTPUTS + pooled, text)
        self._tokens = TextTokens(folder.tokenizer, folder.text)
        self._preprocessing = folder.preprocessing
        if _IMAGE not in _inputs(self._images) or _IDS not in _inputs(self._texts):
            raise UsageError(f"{image}: expected the inputs {_IMAGE} and {_IDS}")

    @property
    def preprocessing(self) -> Preprocessing:
        return self._preprocessing

    def embed_pixels(self, pixels: Pixels) -> Vectors:
        """See `ClipModel`."""
        feeds = {_IMAGE: pixels, **(self._text_feeds([""]) if self._texts is self._images else {})}
        return normalised(_run(self._images, self._image_output, feeds))

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """See `ClipModel`."""
        feeds = self._text_feeds(texts)
        if self._texts is self._images:
            feeds[_IMAGE] = np.zeros((1, 3, *self._preprocessing.shape), np.float32)
        return normalised(_run(self._texts, self._text_output, feeds))

    def _text_feeds(self, texts: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
        tokens = self._tokens.tokens(texts)
        positions = np.broadcast_to(np.arange(tokens.ids.shape[1]), tokens.ids.shape)
        return {_IDS: tokens.ids, _MASK: tokens.mask, _POSITIONS: positions}


def _inputs(session: onnxruntime.InferenceSession) -> dict[str, str]:
    return {each.name: each.type for each in session.get_inputs()}


def _output(session: onnxruntime.InferenceSession, names: Sequence[str], path: Path) -> str:
    has = [each.name for each in session.get_outputs()]
    name = next((name for name in names if name in has), None)
    if name is None:
        raise UsageError(f"{path}: has no output {names[0]}, only {', '.join(has)}: export it with its projection")
    return name


def _run(session: onnxruntime.InferenceSession, output: str, feeds: dict[str, Any]) -> npt.NDArray[np.floating]:
    """One output of a graph, which gets those of the values that it takes."""
    given = {name: feeds[name].astype(_DTYPES[kind], copy=False) for name, kind in _inputs(session).items()}
    result: npt.NDArray[np.floating] = session.run([output], given)[0]
    return result
