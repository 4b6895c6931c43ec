"""Trains the tiny CLIP of the tests (tests/data/tinyclip) on drawn shapes. How good it must be, says
tests/udfs/models/test_quality.py.

It needs torch, transformers and onnx: `make test-torch` installs them. On one core it takes about two minutes:
`PYTHONPATH=.:tests:tests/torch_models .venv-torch/bin/python tests/benchmarks/train_tinyclip.py FOLDER`.
Another machine or version of torch gives other weights, which are as good.
"""

import json
import sys
from pathlib import Path
from random import Random

import numpy as np
import torch
from shapes import draw, random_caption, random_shape
from small_models import export
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer

PICTURES, STEPS, BATCH = 8000, 700, 128
SIDE, TOKENS = 64, 16
MARKS = ("<|startoftext|>", "<|endoftext|>")
END_OF_WORD = "</w>"


def train_tokenizer(captions: list[str]) -> CLIPTokenizer:
    """Byte pairs of the captions, in the form of CLIP's tokenizer."""
    pairs = Tokenizer(models.BPE(end_of_word_suffix=END_OF_WORD, unk_token=MARKS[1]))
    pairs.normalizer = normalizers.Lowercase()
    pairs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=1200,
        special_tokens=list(MARKS),
        end_of_word_suffix=END_OF_WORD,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    pairs.train_from_iterator([*captions, "a photo of a thing the one"], trainer)
    model = json.loads(pairs.to_str())["model"]
    merges = [tuple(merge) if isinstance(merge, list) else tuple(merge.split(" ")) for merge in model["merges"]]
    tokenizer = CLIPTokenizer(vocab=model["vocab"], merges=merges)
    tokenizer.model_max_length = TOKENS
    return tokenizer


def make_model(tokenizer: CLIPTokenizer) -> CLIPModel:
    """A CLIP of 0.6 million parameters."""
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 96,
        "intermediate_size": 192,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": TOKENS,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.eos_token_id,
    }
    vision = {
        "image_size": SIDE,
        "patch_size": 16,
        "hidden_size": 128,
        "intermediate_size": 256,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
    }
    return CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=64))


def train(model: CLIPModel, pixels: torch.Tensor, tokens: dict[str, torch.Tensor]) -> None:
    """Contrastive training on random batches."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=STEPS, pct_start=0.1)
    model.train()
    for step in range(STEPS):
        chosen = torch.randint(0, len(pixels), (BATCH,))
        batch = {name: values[chosen] for name, values in tokens.items()}
        loss = model(**batch, pixel_values=pixels[chosen], return_loss=True).loss
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, 4.6)  # e**4.6 is about 100, as CLIP limits it
        if step % 100 == 0 or step == STEPS - 1:
            print(f"step {step}: loss {loss.item():.3f}", flush=True)
    model.eval()


def main(folder: Path) -> None:
    torch.manual_seed(0)
    rng = Random(0)
    shapes = [random_shape(rng) for _ in range(PICTURES)]
    pictures = [draw(rng, shape, SIDE) for shape in shapes]
    captions = [random_caption(rng, shape) for shape in shapes]
    tokenizer = train_tokenizer(captions)
    images = CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    tokens = tokenizer(captions, padding="max_length", max_length=TOKENS, truncation=True, return_tensors="pt")
    pixels = torch.from_numpy(np.stack([np.asarray(picture) for picture in pictures])).permute(0, 3, 1, 2)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (images.image_mean, images.image_std))
    model = make_model(tokenizer)
    train(model, (pixels / 255 - mean) / std, dict(tokens))
    model.save_pretrained(folder)
    CLIPProcessor(image_processor=images, tokenizer=tokenizer).save_pretrained(folder)
    export(model, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
