"""Where a model runs: on the CPU, or on which GPU."""

from udfs.models.model_folder import Engine

CPU, CUDA, AUTO = "cpu", "cuda", "auto"


def choose_device(wanted: str, engine: Engine, gpu: int = 0) -> str:
    """`cpu`, or `cuda:N` for GPU number `gpu`. `auto` takes the GPU if the engine finds one; whether it does for `cuda`
    is seen when the model is loaded."""
    if wanted == CPU or (wanted == AUTO and not _finds_gpu(engine)):
        return CPU
    return f"{CUDA}:{gpu}"


def _finds_gpu(engine: Engine) -> bool:
    if engine == Engine.TORCH:
        import torch

        return bool(torch.cuda.is_available())
    import onnxruntime

    return "CUDAExecutionProvider" in onnxruntime.get_available_providers()
