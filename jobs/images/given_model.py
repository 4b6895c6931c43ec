"""The model that a command is given: opened, and compared with that of a run."""

from typing import Any

from udfs.errors import UsageError
from udfs.extras import require
from udfs.models.model_folder import Engine, ModelFolder, open_model
from udfs.record import RunRecord

_MODULES = {Engine.ONNX: ("onnxruntime", "tokenizers"), Engine.TORCH: ("torch", "transformers", "tokenizers")}


def given_model(path: str) -> ModelFolder:
    """The folder of --model. Raises `UsageError` for one that is missing or cannot be used, and `ModuleNotFoundError`
    where the packages that run it are not installed."""
    if not path:
        raise UsageError("--model: missing: name a local folder with a CLIP, MetaCLIP or SigLIP model")
    model = open_model(path)
    for module in _MODULES[model.weights.engine]:
        require(module)
    return model


def model_identity(model: ModelFolder) -> dict[str, Any]:
    """What identifies a model in run.json."""
    return {"files": len(model.files), "sha256": model.fingerprint()}


def same_model(path: str, record: RunRecord | None, scored: str) -> ModelFolder:
    """The folder of --model, which must be the one that made the embeddings of a run of embed."""
    model = given_model(path)
    if record is not None and record.model is not None and record.model.sha256 != model.fingerprint():
        raise UsageError(f"--model {path}: {scored} was embedded with another model: name the folder of that one")
    return model
