"""embed: each image and each distinct caption once, whatever stops the run; scores as a plain recount gives them."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from checked_shapes import Checked, write_checked
from onnx_bytes import Node, Value, graph
from PIL import Image
from shapes import TINYCLIP

from jobs.cli import main
from udfs.models.clip_model import embed_images
from udfs.models.load_clip import load_clip
from udfs.models.model_folder import open_model
from udfs.models.vectors import stored

MODEL = ["--model", str(TINYCLIP)]


def rows(folder: Path) -> list[dict]:
    return ds.dataset(folder, format="parquet", partitioning=None).to_table().to_pylist()


def vector(row: dict) -> np.ndarray:
    return np.frombuffer(row["embedding"], np.float16)


def facts(out: Path) -> dict:
    return json.loads((out / "run.json").read_text())["stages"]


@pytest.fixture(scope="module")
def model():
    return load_clip(open_model(str(TINYCLIP)), device="cpu", threads=1)


@pytest.fixture(scope="module")
def expected(shapes, model) -> dict[str, np.ndarray]:
    """The embedding of each image, which another reader reads: one tar member after another."""
    import tarfile

    of_uuid = {}
    for path in sorted(shapes.downloaded.glob("*.tar")):
        with tarfile.open(path) as tar:
            uuids = [json.load(tar.extractfile(member))["uuid"] for member in tar if member.name.endswith(".json")]
            pictures = [
                Image.open(io.BytesIO(tar.extractfile(member).read())) for member in tar if member.name.endswith(".jpg")
            ]
        vectors = stored(embed_images(model, [picture.convert("RGB") for picture in pictures]))
        of_uuid |= dict(zip(uuids, vectors, strict=True))
    return of_uuid


def test_every_image_has_the_embedding_of_its_own_picture(scored, expected):
    found = rows(scored / "embeddings")
    assert {row["uuid"] for row in found} == expected.keys()
    assert len(found) == len(expected) == 59
    assert all(np.array_equal(vector(row), expected[row["uuid"]]) for row in found)
    assert facts(scored)["embeddings"]["images"] == 59
    assert facts(scored)["embeddings"]["dimensions"] == 64


def test_each_distinct_caption_is_embedded_once(scored, shapes, model):
    found = rows(scored / "texts")
    hashes = [row["caption_hash"] for row in found]
    assert len(hashes) == len(set(hashes))
    pairs = pq.read_table(shapes.pairs).to_pylist()
    checked = {row["uuid"] for row in pq.read_table(shapes.checked).to_pylist() if row["status"] == "success"}
    assert set(hashes) == {pair["caption_hash"] for pair in pairs if pair["uuid"] in checked}
    vectors = stored(model.embed_texts([shapes.captions[number] for number in hashes]))
    assert all(np.array_equal(vector(row), one) for row, one in zip(found, vectors, strict=True))


def test_scores_equal_a_plain_recount(scored, shapes):
    images = {row["uuid"]: vector(row).astype(float) for row in rows(scored / "embeddings")}
    texts = {row["caption_hash"]: vector(row).astype(float) for row in rows(scored / "texts")}
    checked = {row["uuid"]: row for row in pq.read_table(shapes.checked).to_pylist()}
    wanted = [pair for pair in pq.read_table(shapes.pairs).to_pylist() if pair["uuid"] in images]
    found = {(row["uuid"], row["caption_hash"]): row for row in rows(scored / "scores")}
    assert found.keys() == {(pair["uuid"], pair["caption_hash"]) for pair in wanted}
    for (uuid, caption), row in found.items():
        one, other = images[uuid], texts[caption]
        cosine = float(one @ other / np.sqrt(one @ one) / np.sqrt(other @ other))
        assert row["clip_score"] == round(cosine, 4)
        assert {name: row[name] for name in checked[uuid]} == checked[uuid]
        is_right = shapes.captions[caption] == shapes.shapes[uuid].caption()
        assert (row["clip_score"] > 0.35) >= is_right
    assert facts(scored)["scores"]["without_image"] == 3


def test_a_stopped_run_goes_on_where_it_was(spark, shapes, scored, tmp_path, monkeypatch, capsys):
    command = [
        "embed",
        str(shapes.checked),
        "--downloaded",
        str(shapes.downloaded),
        *MODEL,
        "--out",
        str(tmp_path / "out"),
    ]
    with monkeypatch.context() as stopped:
        stopped.setattr("jobs.embed.texts_stage", lambda *arguments: 1 / 0)
        assert main([*command, "--pairs", str(shapes.pairs), "--batch-files", "1"]) != 0
    manifests = sorted((tmp_path / "out/_manifests/embeddings").iterdir())
    before = [path.read_bytes() for path in manifests]
    assert len(before) == 3
    changed = Path(shutil.copytree(TINYCLIP, tmp_path / "model"))
    graph_file = changed / "onnx/text_model.onnx"
    graph_file.write_bytes(graph_file.read_bytes() + b" ")
    capsys.readouterr()
    assert main([*command, "--pairs", str(shapes.pairs), "--model", str(changed)]) == 2
    assert "holds another run (model.sha256" in capsys.readouterr().err
    assert main([*command, "--pairs", str(shapes.pairs)]) == 0
    assert [path.read_bytes() for path in manifests] == before
    for stage in ("embeddings", "texts", "scores"):
        assert sorted(map(repr, rows(tmp_path / "out" / stage))) == sorted(map(repr, rows(scored / stage)))
    assert not (tmp_path / "out/places").exists()
    assert not (tmp_path / "out/captions").exists()


def test_image_files_and_heads_and_an_image_that_is_gone(spark, tmp_path, capsys):
    shapes = write_checked(tmp_path, 12, 5, "files")
    gone = sorted(shapes.downloaded.rglob("*.jpg"))[4]
    gone.unlink()
    first = np.eye(64, dtype=np.float32)[:, :1]
    inputs, outputs = [Value("embedding", ["n", 64])], [Value("score", ["n", 1])]
    head = graph(inputs, outputs, [Node("MatMul", ["embedding", "w"], ["score"])], {"w": first})
    (tmp_path / "head.onnx").write_bytes(head)
    command = ["embed", str(shapes.checked), "--downloaded", str(shapes.downloaded), *MODEL]
    score = ["--score", f"first={tmp_path / 'head.onnx'}"]
    assert main([*command, *score, "--out", str(tmp_path / "out")]) == 0
    assert "1 checked images could not be read again" in capsys.readouterr().err
    found = rows(tmp_path / "out/embeddings")
    assert [gone.name in (row["error"] or "") for row in found].count(True) == 1
    assert all((row["embedding"] is None) == (row["error"] is not None) == (row["first"] is None) for row in found)
    scores = rows(tmp_path / "out/scores")
    assert {row["uuid"]: row["first"] for row in scores} == {
        row["uuid"]: row["first"] for row in found if row["error"] is None
    }
    assert all(abs(row["first"] - vector(row)[0]) < 1e-3 for row in found if row["error"] is None)
    assert facts(tmp_path / "out")["embeddings"]["unreadable"] == 1
    assert {row["status"] for row in scores} == {"success"}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "--model: missing: name a local folder"),
        (["--model", "nowhere"], "--model nowhere: no such folder"),
        ([*MODEL, "--score", "width=head.onnx"], "--score width=head.onnx: there is a column width already"),
        ([*MODEL, "--score", "clip_score=head.onnx"], "there is a column clip_score already"),
        ([*MODEL, "--score", "beauty=head.onnx"], "--score beauty=head.onnx: no such file"),
        ([*MODEL, "--score", f"beauty={__file__}"], "test_embed.py: onnxruntime cannot read it"),
        ([*MODEL, "--pairs", "nothing"], "nothing: no such folder"),
        (MODEL, "does not say where the download lies: name its folder with --downloaded"),
    ],
)
def test_mistakes_are_one_line(shapes: Checked, tmp_path, capsys, flags, message):
    downloaded = [] if message.startswith("does not say") else ["--downloaded", str(shapes.downloaded)]
    assert main(["embed", str(shapes.checked), *downloaded, *flags, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_pairs_of_other_images_have_no_scores(spark, shapes, tmp_path):
    pairs = pa.table({"uuid": ["0" * 24, "1" * 24], "caption": ["a star", None], "caption_hash": [1, 2]})
    pq.write_table(pairs, tmp_path / "pairs.parquet")
    one = pq.read_table(shapes.checked).slice(0, 1)
    pq.write_table(one, tmp_path / "checked.parquet")
    command = ["embed", str(tmp_path / "checked.parquet"), "--downloaded", str(shapes.downloaded), *MODEL]
    assert main([*command, "--pairs", str(tmp_path / "pairs.parquet"), "--out", str(tmp_path / "out")]) == 0
    stages = facts(tmp_path / "out")
    assert [stages["embeddings"]["images"], stages["texts"]["texts"]] == [1, 0]
    assert [stages["scores"]["rows"], stages["scores"]["without_image"]] == [0, 2]


def test_a_download_without_images(spark, shapes, tmp_path):
    checked = pq.read_table(shapes.checked)
    pq.write_table(checked.filter(pc.not_equal(checked["status"], "success")), tmp_path / "checked.parquet")
    command = ["embed", str(tmp_path / "checked.parquet"), "--downloaded", str(shapes.downloaded), *MODEL]
    assert main([*command, "--pairs", str(shapes.pairs), "--out", str(tmp_path / "out")]) == 0
    assert facts(tmp_path / "out")["embeddings"]["images"] == 0
