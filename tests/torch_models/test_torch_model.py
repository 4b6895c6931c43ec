"""Models of transformers: equal to what transformers itself computes, and to onnxruntime on the same weights."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from golden_pixels import CASES, GOLDEN, picture
from shapes import draw, random_caption, random_shape
from small_models import KINDS, export, features, make, save
from transformers import AutoTokenizer
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from udfs.errors import UsageError
from udfs.models.clip_model import embed_images
from udfs.models.load_clip import load_clip
from udfs.models.model_folder import Engine, open_model
from udfs.models.preprocessing import read_preprocessing

TOLERANCE = 1e-5
RNG = Random(12)
SHAPES = [random_shape(RNG) for _ in range(20)]
PICTURES = [draw(RNG, shape, 40 + 7 * number) for number, shape in enumerate(SHAPES)]
CAPTIONS = [*(random_caption(RNG, shape) for shape in SHAPES), "", "star " * 40, "\u65e5\u672c\u8a9e \U0001f642"]


@pytest.fixture(scope="module", params=KINDS)
def folder(request, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models") / request.param
    save(make(request.param), folder)
    return folder


def test_embeddings_equal_those_of_transformers(folder):
    theirs = type(make(folder.name)).from_pretrained(folder).eval()
    ours = load_clip(open_model(str(folder)), device="cpu", threads=1)
    pixels = CLIPImageProcessorPil.from_pretrained(folder)(images=PICTURES, return_tensors="pt")["pixel_values"]
    tokens = AutoTokenizer.from_pretrained(folder)(
        CAPTIONS, padding="max_length", truncation=True, max_length=16, return_tensors="pt"
    )
    if theirs.config.model_type == "siglip":
        del tokens["attention_mask"]  # trained without one
    with torch.no_grad():
        images = torch.nn.functional.normalize(features(theirs.get_image_features(pixel_values=pixels)), dim=-1)
        texts = torch.nn.functional.normalize(features(theirs.get_text_features(**tokens)), dim=-1)
    assert np.abs(embed_images(ours, PICTURES) - images.numpy()).max() < TOLERANCE
    assert np.abs(ours.embed_texts(CAPTIONS) - texts.numpy()).max() < TOLERANCE


def test_onnxruntime_gives_the_same_embeddings(folder):
    of_torch = open_model(str(folder))
    export(make(folder.name), folder)
    of_onnx = open_model(str(folder))
    assert (of_torch.weights.engine, of_onnx.weights.engine) == (Engine.TORCH, Engine.ONNX)
    one, other = (load_clip(each, device="cpu", threads=1) for each in (of_torch, of_onnx))
    assert np.abs(embed_images(one, PICTURES) - embed_images(other, PICTURES)).max() < TOLERANCE
    assert np.abs(one.embed_texts(CAPTIONS) - other.embed_texts(CAPTIONS)).max() < TOLERANCE
    assert np.abs(one.embed_texts(CAPTIONS)[:1] - one.embed_texts(CAPTIONS[:1])).max() < TOLERANCE


def test_weights_that_are_cut_are_one_line(tmp_path):
    save(make("clip"), tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(UsageError, match=r"^--model .*: transformers cannot read it: [^\n]+$"):
        load_clip(open_model(str(tmp_path)), device="cpu", threads=1)


def test_the_golden_pixels_are_those_of_this_transformers():
    processors = {"CLIPImageProcessor": CLIPImageProcessorPil, "SiglipImageProcessor": SiglipImageProcessorPil}
    with np.load(GOLDEN) as golden:
        for name, case in CASES.items():
            made = processors[case.processor](**case.settings)(images=picture(case.height, case.width))
            assert np.array_equal(np.asarray(made["pixel_values"][0]), golden[name]), name


@pytest.mark.parametrize("shape", [(1, 1), (224, 224), (223, 225), (5, 900), (900, 5), (640, 480), (224, 1000)])
def test_pixels_of_many_shapes(shape):
    for name, processor in (
        ("CLIPImageProcessor", CLIPImageProcessorPil()),
        ("SiglipImageProcessor", SiglipImageProcessorPil()),
    ):
        theirs = processor(images=picture(*shape), return_tensors="np")["pixel_values"][0]
        assert np.array_equal(read_preprocessing({"image_processor_type": name}, "x").pixels(picture(*shape)), theirs)
