"""Heads of --score: a number for each image from its embedding or its pixels, and one line for other graphs."""

import numpy as np
import pytest
from onnx_bytes import Node, Value, graph, ids

from udfs.errors import UsageError
from udfs.models.score_head import ScoreHead

RNG = np.random.default_rng(5)
VECTORS = RNG.normal(size=(6, 4)).astype(np.float32)
PIXELS = RNG.normal(size=(6, 3, 8, 8)).astype(np.float32)
WEIGHTS = RNG.normal(size=(4, 1)).astype(np.float32)


ONE = (Value("score", ["n", 1]),)


def head(folder, inputs, node, weights=(), outputs=ONE):
    (folder / "head.onnx").write_bytes(graph(inputs, outputs, [node], dict(weights)))
    return ScoreHead("beauty", folder / "head.onnx", device="cpu", threads=1)


def product(folder, batch, weights=WEIGHTS):
    inputs = [Value("embedding", [batch, 4])]
    outputs = [Value("score", [batch, weights.shape[1]])]
    return head(folder, inputs, Node("MatMul", ["embedding", "w"], ["score"]), {"w": weights}, outputs)


@pytest.mark.parametrize("batch", ["n", 1])
def test_a_head_on_the_embedding(tmp_path, batch):
    scores = product(tmp_path, batch).scores(VECTORS, PIXELS)
    assert np.allclose(scores, (VECTORS @ WEIGHTS)[:, 0], atol=1e-6)
    assert scores.dtype == np.float64


def test_a_head_on_the_pixels(tmp_path):
    mean = Node("ReduceMean", ["pixels"], ["score"], {"axes": [1, 2, 3], "keepdims": 0})
    scores = head(tmp_path, [Value("pixels", ["n", 3, "h", "w"])], mean, (), [Value("score", ["n"])]).scores(
        VECTORS, PIXELS
    )
    assert np.allclose(scores, PIXELS.mean(axis=(1, 2, 3)), atol=1e-6)


def test_a_head_that_does_not_fit(tmp_path):
    with pytest.raises(UsageError, match=r"^--score beauty: its input is 4, but the model gives 5$"):
        product(tmp_path, "n").scores(np.ones((2, 5), np.float32), PIXELS[:2])
    with pytest.raises(UsageError, match="gives 2 numbers an image: expected one"):
        product(tmp_path, "n", np.ones((4, 2), np.float32)).scores(VECTORS, PIXELS)
    mean = Node("ReduceMean", ["pixels"], ["score"], {"axes": [1, 2, 3], "keepdims": 0})
    last = head(tmp_path, [Value("pixels", ["n", 8, 8, 3])], mean, (), [Value("score", ["n"])])
    with pytest.raises(UsageError, match="its input is 8 × 8 × 3, but the model gives 3 × 8 × 8"):
        last.scores(VECTORS, PIXELS)


def test_graphs_that_are_no_heads(tmp_path):
    (tmp_path / "text.onnx").write_text("no graph")
    with pytest.raises(UsageError, match=r"text.onnx: onnxruntime cannot read it"):
        ScoreHead("beauty", tmp_path / "text.onnx", device="cpu", threads=1)
    cast = Node("Cast", ["tokens"], ["score"], {"to": 1})
    with pytest.raises(UsageError, match="expected one input of float32, either embeddings"):
        head(tmp_path, [ids("tokens", ["n", 4])], cast)
    add = Node("Add", ["a", "b"], ["score"])
    with pytest.raises(UsageError, match="expected one input of float32"):
        head(tmp_path, [Value("a", ["n", 1]), Value("b", ["n", 1])], add)
