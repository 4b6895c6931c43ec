"""Loading a model by the engine that its weights are for."""

from udfs.models.clip_model import ClipModel
from udfs.models.model_folder import Engine, ModelFolder


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
