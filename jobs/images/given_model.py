"""The model that a command is given: opened, and compared with that of a run."""

from typing import Any

from jobs.runs.run_record_file import record_of
from udfs.errors import UsageError
from udfs.extras import require
from udfs.models.model_folder import Engine, ModelFolder, open_model

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


def check_same_model(model: ModelFolder, scored: str) -> None:
    """Raise `UsageError` if another model made the embeddings in the output folder `scored` of embed."""
    record = record_of(scored)
    if record is not None and record.model is not None and record.model.sha256 != model.fingerprint():
        raise UsageError(f"--model {model.path}: {scored} was embedded with another model: name the folder of that one")
