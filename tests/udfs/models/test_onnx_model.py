"""onnxruntime's embeddings: alike in batches of any size, from two graphs or from one, and clear about other graphs."""

import shutil
from pathlib import Path
from random import Random

import numpy as np
import pytest
from onnx_bytes import Node, Value, graph, ids
from shapes import TINYCLIP, draw, random_caption, random_shape

from udfs.errors import UsageError
from udfs.models.clip_model import embed_images, normalised
from udfs.models.load_clip import load_clip
from udfs.models.model_folder import open_model
from udfs.models.onnx_model import open_session

RNG = Random(7)
SHAPES = [random_shape(RNG) for _ in range(64)]
PICTURES = [draw(RNG, shape) for shape in SHAPES]
CAPTIONS = [random_caption(RNG, shape) for shape in SHAPES]


@pytest.fixture(scope="module")
def model():
    return load_clip(open_model(str(TINYCLIP)), device="cpu", threads=1)


@pytest.mark.parametrize("size", [1, 7])
def test_embeddings_do_not_depend_on_batches(model, size):
    images, texts = embed_images(model, PICTURES), model.embed_texts(CAPTIONS)
    assert np.allclose(np.linalg.norm(images, axis=1), 1, atol=1e-6)
    cut = range(0, len(PICTURES), size)
    assert np.array_equal(np.concatenate([embed_images(model, PICTURES[i : i + size]) for i in cut]), images)
    assert np.array_equal(np.concatenate([model.embed_texts(CAPTIONS[i : i + size]) for i in cut]), texts)


def with_graph(folder: Path, content: bytes) -> Path:
    shutil.copytree(TINYCLIP, folder, ignore=shutil.ignore_patterns("onnx"))
    (folder / "model.onnx").write_bytes(content)
    return folder


def test_one_graph_of_images_and_texts(tmp_path):
    """Its image embedding is the mean colour, its text embedding a product of the token ids."""
    weights = np.arange(48, dtype=np.float32).reshape(16, 3)
    both = graph(
        [
            ids("input_ids", ["texts", 16]),
            Value("pixel_values", ["images", 3, 64, 64]),
            ids("attention_mask", ["texts", 16]),
        ],
        [Value("text_embeds", ["texts", 3]), Value("image_embeds", ["images", 3])],
        [
            Node("Mul", ["input_ids", "attention_mask"], ["seen"]),
            Node("Cast", ["seen"], ["numbers"], {"to": 1}),
            Node("MatMul", ["numbers", "weights"], ["text_embeds"]),
            Node("ReduceMean", ["pixel_values"], ["image_embeds"], {"axes": [2, 3], "keepdims": 0}),
        ],
        {"weights": weights},
    )
    model = load_clip(open_model(str(with_graph(tmp_path / "both", both))), device="cpu", threads=1)
    pixels = model.preprocessing.batch(PICTURES[:5])
    assert np.allclose(model.embed_pixels(pixels), normalised(pixels.mean(axis=(2, 3))), atol=1e-5)
    assert np.allclose(model.embed_texts(["", "a star"])[0], normalised(weights[1:2])[0])


def test_a_graph_without_a_projection_is_refused(tmp_path):
    pooled = graph(
        [Value("pixel_values", ["n", 3, 64, 64])],
        [Value("pooler_output", ["n", 3])],
        [Node("ReduceMean", ["pixel_values"], ["pooler_output"], {"axes": [2, 3], "keepdims": 0})],
        {},
    )
    with pytest.raises(
        UsageError, match="has no output image_embeds, only pooler_output: export it with its projection"
    ):
        load_clip(open_model(str(with_graph(tmp_path / "pooled", pooled))), device="cpu", threads=1)


def test_files_that_are_no_graphs(tmp_path):
    for name, content in (
        ("empty.onnx", b""),
        ("text.onnx", b"hello"),
        ("cut.onnx", (TINYCLIP / "onnx/text_model.onnx").read_bytes()[:999]),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UsageError, match=f"{name}: onnxruntime cannot read it: [^\n]*$"):
            open_session(tmp_path / name, device="cpu", threads=1)


def test_a_gpu_that_is_not_there():
    with pytest.raises(UsageError, match="--device cuda: this onnxruntime has no CUDA"):
        load_clip(open_model(str(TINYCLIP)), device="cuda:0", threads=1)


def test_vectors_that_have_no_direction():
    made = normalised(np.array([[3, 4], [0, 0], [np.inf, 1], [np.nan, 1], [1e-30, 0]], np.float32))
    assert np.allclose(made[[0, 4]], [[0.6, 0.8], [1, 0]])
    assert np.isnan(made[1:4]).all()
