"""What a model's folder must hold: every lack is one line that names it, and nothing of it is run."""

import json
import os
import shutil
from pathlib import Path

import pytest
from shapes import TINYCLIP

from udfs.errors import UsageError
from udfs.models.model_folder import Engine, Precision, open_model


@pytest.fixture
def folder(tmp_path) -> Path:
    return Path(shutil.copytree(TINYCLIP, tmp_path / "model"))


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_an_onnx_folder(folder):
    model = open_model(str(folder))
    assert (model.model_type, model.weights.engine, model.weights.precision) == ("clip", Engine.ONNX, Precision.FULL)
    assert model.weights.files == ("onnx/vision_model.onnx", "onnx/text_model.onnx")
    assert (model.text.length, model.text.pad_id, model.preprocessing.shape) == (16, 1, (64, 64))


@pytest.mark.parametrize(
    ("names", "used", "precision"),
    [
        (["vision_model.onnx", "text_model.onnx", "onnx/vision_model_quantized.onnx"], "vision_model.onnx", "float32"),
        (
            ["onnx/vision_model_quantized.onnx", "onnx/text_model_quantized.onnx"],
            "onnx/vision_model_quantized.onnx",
            "int8",
        ),
        (["model.onnx", "model.safetensors"], "model.onnx", "float32"),
        (["onnx/model_quantized.onnx", "onnx/model.onnx"], "onnx/model.onnx", "float32"),
    ],
)
def test_where_graphs_may_lie(folder, names, used, precision):
    shutil.rmtree(folder / "onnx")
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"")
    model = open_model(str(folder))
    assert (model.weights.files[0], model.weights.precision) == (used, precision)


def test_safetensors_are_for_torch(folder):
    shutil.rmtree(folder / "onnx")
    for name in (
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "model.safetensors.index.json",
    ):
        (folder / name).write_bytes(name.encode())
    (folder / "pytorch_model.bin").write_bytes(b"a pickle that is never read")
    model = open_model(str(folder))
    assert model.weights.engine == Engine.TORCH
    assert len([name for name in model.files if "safetensors" in name]) == 3
    assert "pytorch_model.bin" not in model.files


def test_settings_of_images_may_have_a_file_of_their_own(folder):
    settings = json.loads((folder / "processor_config.json").read_text())["image_processor"]
    (folder / "processor_config.json").unlink()
    (folder / "preprocessor_config.json").write_text(json.dumps({**settings, "crop_size": 32}))
    model = open_model(str(folder))
    assert model.preprocessing.crop == (32, 32)
    assert "preprocessor_config.json" in model.files


def test_the_fingerprint_is_of_what_is_used(folder):
    before = open_model(str(folder)).fingerprint()
    (folder / "README.md").write_text("not used")
    os.utime(folder / "config.json", (0, 0))
    assert open_model(str(folder)).fingerprint() == before == open_model(str(TINYCLIP)).fingerprint()
    (folder / "onnx/text_model.onnx_data").write_bytes(b"numbers of a large graph")
    with_data = open_model(str(folder)).fingerprint()
    graph = folder / "onnx/vision_model.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"x")
    assert len({before, with_data, open_model(str(folder)).fingerprint()}) == 3


@pytest.mark.parametrize(
    ("lacks", "message"),
    [
        ("config.json", "lacks config.json"),
        ("tokenizer.json", "lacks tokenizer.json: save the model's tokenizer there"),
        ("processor_config.json", "lacks preprocessor_config.json"),
        ("onnx/text_model.onnx", "has onnx/vision_model.onnx, but not its text_model: export both"),
        ("onnx/vision_model.onnx", "has onnx/text_model.onnx, but not its vision_model: export both"),
    ],
)
def test_each_lack_is_named(folder, lacks, message):
    (folder / lacks).unlink()
    with pytest.raises(UsageError, match=f"^--model [^\n]*{message}[^\n]*$"):
        open_model(str(folder))


def test_pickles_are_refused_with_the_way_out(folder):
    shutil.rmtree(folder / "onnx")
    with pytest.raises(UsageError, match="holds no weights: neither"):
        open_model(str(folder))
    (folder / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(UsageError, match=r"only pickled weights \(pytorch_model.bin\).*save_pretrained"):
        open_model(str(folder))


@pytest.mark.parametrize(
    ("change_to", "message"),
    [
        ({"model_type": "bert"}, "its model_type is 'bert': Ballast reads clip, metaclip_2, siglip"),
        ({"text_config": {"max_position_embeddings": 10**9}}, "max_position_embeddings 1000000000"),
        ({"text_config": {"max_position_embeddings": "77"}}, "max_position_embeddings '77'"),
    ],
)
def test_other_models_are_refused(folder, change_to, message):
    change(folder / "config.json", **change_to)
    with pytest.raises(UsageError, match=message):
        open_model(str(folder))


def test_folders_that_are_none(folder):
    with pytest.raises(UsageError, match="nowhere: no such folder"):
        open_model("nowhere")
    with pytest.raises(UsageError, match="is a file: name a model's folder"):
        open_model(str(folder / "config.json"))
    (folder / "config.json").write_text("[]")
    with pytest.raises(UsageError, match=r"config\.json holds no JSON object"):
        open_model(str(folder))
    (folder / "config.json").write_text("{")
    with pytest.raises(UsageError, match=r"config\.json is not JSON"):
        open_model(str(folder))


def test_the_text_lengths_that_configurations_leave_out(folder):
    for model_type, length, sees_padding in (("clip", 77, False), ("metaclip_2", 77, False), ("siglip", 64, True)):
        change(folder / "config.json", model_type=model_type, text_config={})
        text = open_model(str(folder)).text
        assert (text.length, text.sees_padding) == (length, sees_padding)
