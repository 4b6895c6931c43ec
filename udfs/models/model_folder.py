"""What a local folder with an image-text model holds. Nothing is downloaded, and no pickle and no code is loaded.

Two forms are read. ONNX, as `optimum-cli export onnx` and Hugging Face repositories hold it: `vision_model.onnx` and
`text_model.onnx`, or one `model.onnx`, at the top or in `onnx/`. And Hugging Face folders with `*.safetensors`. Both
come with `config.json`, `tokenizer.json` and the settings of the images.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from udfs.errors import UsageError
from udfs.models.preprocessing import Preprocessing, read_preprocessing
from udfs.models.text_settings import TextSettings, read_text_settings

MODEL_TYPES = ("clip", "metaclip_2", "siglip")
"""The `model_type` of the models that are known to work: CLIP and MetaCLIP, MetaCLIP 2, SigLIP and SigLIP 2."""

_ONNX_FOLDERS = ("onnx", ".")
_BOTH = "model"
_TOWERS = ("vision_model", "text_model")
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_MAX_JSON_BYTES = 64 << 20  # the tokenizer of MetaCLIP 2 takes 20 MB
_HASHED_BYTES = 4 << 20
_PROCESSORS = ("preprocessor_config.json", "processor_config.json")


class Engine(StrEnum):
    """What runs the model."""

    ONNX = "onnxruntime"
    TORCH = "torch"


class Precision(StrEnum):
    """Which weights are used."""

    FULL = "float32"
    INT8 = "int8"


_ENDINGS = {Precision.FULL: "", Precision.INT8: "_quantized"}


class Weights(NamedTuple):
    """The files of weights, relative to the model's folder: the ONNX graphs of the images and of the texts (one may
    be both), or the safetensors."""

    engine: Engine
    precision: Precision
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model. `files` are all that its results depend on, relative to `path`."""

    path: Path
    model_type: str
    weights: Weights
    files: tuple[str, ...]
    preprocessing: Preprocessing
    text: TextSettings

    @property
    def tokenizer(self) -> Path:
        return self.path / "tokenizer.json"

    def fingerprint(self) -> str:
        """The SHA-256, in hex, of the names, sizes and contents of `files`."""
        whole = sha256()
        for name in self.files:
            path = self.path / name
            whole.update(f"{name}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as file:
                while piece := file.read(_HASHED_BYTES):
                    whole.update(piece)
        return whole.hexdigest()


def open_model(path: str) -> ModelFolder:
    """Look at a model's folder; nothing is loaded yet.

    ONNX is taken before safetensors, and full precision before int8. Raises `UsageError`, in one line, for what is
    missing or is not supported.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise UsageError(
            f"--model {path}: {'is a file' if folder.exists() else 'no such folder'}: name a model's folder"
        )
    config = _read_json(folder, "config.json")
    if config is None:
        raise UsageError(f"--model {path}: lacks config.json: name a folder in the format of Hugging Face transformers")
    model_type = config.get("model_type")
    if model_type not in MODEL_TYPES:
        raise UsageError(f"--model {path}: its model_type is {model_type!r}: Ballast reads {', '.join(MODEL_TYPES)}")
    weights = _find_weights(folder)
    if not (folder / "tokenizer.json").is_file():
        raise UsageError(
            f"--model {path}: lacks tokenizer.json: save the model's tokenizer there with "
            "transformers.AutoTokenizer.from_pretrained(MODEL).save_pretrained(FOLDER)"
        )
    processor, settings = _processor(folder)
    tokenizer_config = _read_json(folder, "tokenizer_config.json") or {}
    used = {processor, "config.json", "tokenizer.json", *_with_data(folder, weights.files)}
    used |= {"tokenizer_config.json"} if tokenizer_config else set()
    return ModelFolder(
        folder,
        model_type,
        weights,
        tuple(sorted(used)),
        read_preprocessing(settings, f"--model {path}: {processor}"),
        read_text_settings(config, tokenizer_config, f"--model {path}"),
    )


def _find_weights(folder: Path) -> Weights:
    """The weights to use."""
    choices = list(_onnx_choices())
    for weights in choices:
        if all((folder / graph).is_file() for graph in weights.files):
            return weights
    if halves := [graph for weights in choices for graph in weights.files if (folder / graph).is_file()]:
        other = next(tower for tower in _TOWERS if not Path(halves[0]).name.startswith(tower))
        raise UsageError(f"--model {folder}: has {halves[0]}, but not its {other}: export both")
    if tensors := sorted(path.name for path in folder.glob("*.safetensors")):
        index = sorted(path.name for path in folder.glob("*.safetensors.index.json"))
        return Weights(Engine.TORCH, Precision.FULL, (*tensors, *index))
    if pickles := sorted(path.name for ending in _PICKLES for path in folder.glob(ending)):
        raise UsageError(
            f"--model {folder}: holds only pickled weights ({pickles[0]}), which can run code: where you trust them, "
            "convert them with transformers: AutoModel.from_pretrained(FOLDER).save_pretrained(FOLDER)"
        )
    raise UsageError(f"--model {folder}: holds no weights: neither onnx/vision_model.onnx nor *.safetensors")


def _onnx_choices() -> Iterator[Weights]:
    """The names that graphs may have, the first to be taken first: two towers before one graph of both."""
    for precision, ending in _ENDINGS.items():
        for names in (_TOWERS, (_BOTH, _BOTH)):
            for folder in _ONNX_FOLDERS:
                files = tuple((Path(folder) / f"{name}{ending}.onnx").as_posix() for name in names)
                yield Weights(Engine.ONNX, precision, files)


def _with_data(folder: Path, weights: tuple[str, ...]) -> Iterator[str]:
    """The files of weights and, of graphs above 2 GB, those beside them that hold the numbers."""
    for name in weights:
        for path in (folder / name).parent.glob(f"{Path(name).name}*"):
            yield path.relative_to(folder).as_posix()


def _processor(folder: Path) -> tuple[str, dict[str, Any]]:
    """The file that tells how images are prepared, and its settings."""
    for name in _PROCESSORS:
        config = _read_json(folder, name)
        # transformers 5 puts those of images and texts in one file
        settings = config.get("image_processor", config) if config is not None else {}
        if "image_mean" in settings or "size" in settings:
            return name, settings
    raise UsageError(
        f"--model {folder}: lacks {_PROCESSORS[0]}: save it with "
        "transformers.AutoImageProcessor.from_pretrained(MODEL).save_pretrained(FOLDER)"
    )


def _read_json(folder: Path, name: str) -> dict[str, Any] | None:
    path = folder / name
    if not path.is_file():
        return None
    try:
        if path.stat().st_size > _MAX_JSON_BYTES:
            raise ValueError(f"larger than {_MAX_JSON_BYTES >> 20} MiB")
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"--model {folder}: {name} is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise UsageError(f"--model {folder}: {name} holds no JSON object")
    return values
