"""An image-text model that transformers and torch run (the extra `torch`)."""

import os
from collections.abc import Sequence
from typing import Any

import torch

from udfs.errors import UsageError
from udfs.models.clip_model import Vectors, normalised
from udfs.models.devices import CUDA
from udfs.models.model_folder import ModelFolder
from udfs.models.preprocessing import Pixels, Preprocessing
from udfs.models.tokenizing import TextTokens


class TorchClip:
    """A model in the format of transformers, from safetensors, in float32."""

    def __init__(self, folder: ModelFolder, *, device: str, threads: int) -> None:
        os.environ["HF_HUB_OFFLINE"] = "1"  # transformers reads it when it is imported
        from safetensors import SafetensorError
        from transformers import AutoModel
        from transformers.utils import logging

        logging.disable_progress_bar()
        if device.startswith(CUDA) and not torch.cuda.is_available():
            raise UsageError("--device cuda: torch finds no GPU: use --device cpu")
        torch.set_num_threads(threads)
        try:
            model = AutoModel.from_pretrained(
                str(folder.path), local_files_only=True, trust_remote_code=False, use_safetensors=True
            )
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise UsageError(f"--model {folder.path}: transformers cannot read it: {_first_line(error)}") from error
        self._model, self._device = model.to(device).eval(), device
        self._tokens, self._sees_padding = TextTokens(folder.tokenizer, folder.text), folder.text.sees_padding
        self._preprocessing = folder.preprocessing

    @property
    def preprocessing(self) -> Preprocessing:
        return self._preprocessing

    def embed_pixels(self, pixels: Pixels) -> Vectors:
        """See `ClipModel`."""
        with torch.inference_mode():
            return self._vectors(self._model.get_image_features(pixel_values=self._on_device(pixels)))

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """See `ClipModel`."""
        ids, mask = self._tokens.tokens(texts)
        feeds = {"input_ids": self._on_device(ids)}
        if not self._sees_padding:
            feeds["attention_mask"] = self._on_device(mask)
        with torch.inference_mode():
            return self._vectors(self._model.get_text_features(**feeds))

    def _on_device(self, array: Any) -> torch.Tensor:
        return torch.from_numpy(array).to(self._device)

    def _vectors(self, features: Any) -> Vectors:
        """From transformers 5 on, features are a record whose `pooler_output` is the embedding."""
        tensor = features if isinstance(features, torch.Tensor) else features.pooler_output
        return normalised(tensor.float().cpu().numpy())


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
