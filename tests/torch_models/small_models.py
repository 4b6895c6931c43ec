"""Small models of the three kinds with random weights, as folders of transformers and as ONNX files."""

import shutil
import warnings
from pathlib import Path

import torch
from shapes import TINYCLIP
from transformers import (
    CLIPConfig,
    CLIPModel,
    MetaClip2Config,
    MetaClip2Model,
    PreTrainedModel,
    SiglipConfig,
    SiglipModel,
)

_TEXT = {
    "vocab_size": 412,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 16,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 1,
}
_VISION = {
    "image_size": 64,
    "patch_size": 16,
    "hidden_size": 48,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
KINDS = ("clip", "metaclip_2", "siglip")


def make(kind: str) -> PreTrainedModel:
    torch.manual_seed(len(kind))
    if kind == "siglip":
        text = {**_TEXT, "projection_size": 48}
        return SiglipModel(SiglipConfig(text_config=text, vision_config=_VISION)).eval()
    config, model = (CLIPConfig, CLIPModel) if kind == "clip" else (MetaClip2Config, MetaClip2Model)
    return model(config(text_config=_TEXT, vision_config=_VISION, projection_dim=24)).eval()


def save(model: PreTrainedModel, folder: Path) -> None:
    """A folder with safetensors, and the tokenizer and the settings of images of the tiny CLIP."""
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "processor_config.json"):
        shutil.copy(TINYCLIP / name, folder)


class _Images(torch.nn.Module):
    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return features(self.model.get_image_features(pixel_values=pixel_values))


class _Texts(torch.nn.Module):
    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        return features(self.model.get_text_features(input_ids=input_ids))


def features(result: object) -> torch.Tensor:
    """The embedding, which transformers 5 gives in a record."""
    return result if isinstance(result, torch.Tensor) else result.pooler_output  # type: ignore[attr-defined]


def export(model: PreTrainedModel, folder: Path) -> None:
    """Add the ONNX files, whose texts have no mask."""
    (folder / "onnx").mkdir()
    towers = (
        ("vision_model", _Images(model), torch.zeros(2, 3, 64, 64), "pixel_values", "image_embeds"),
        ("text_model", _Texts(model), torch.ones(2, 16, dtype=torch.long), "input_ids", "text_embeds"),
    )
    for name, tower, example, given, made in towers:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of tracing, which fixes the sizes of the example
            torch.onnx.export(
                tower,
                (example,),
                str(folder / "onnx" / f"{name}.onnx"),
                input_names=[given],
                output_names=[made],
                dynamic_axes={given: {0: "n"}, made: {0: "n"}},
                dynamo=False,
            )
