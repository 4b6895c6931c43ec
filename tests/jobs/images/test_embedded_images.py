"""search, classify and cluster find in the embeddings what a plain computation finds there."""

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.dataset as ds
import pytest
from shapes import COLOURS, FORMS, TINYCLIP

from jobs.cli import main
from udfs.models.load_clip import load_clip
from udfs.models.model_folder import open_model

MODEL = ["--model", str(TINYCLIP)]


def rows(folder: Path) -> list[dict]:
    return ds.dataset(folder, format="parquet", partitioning=None).to_table().to_pylist()


@pytest.fixture(scope="module")
def vectors(scored) -> dict[str, np.ndarray]:
    made = {
        row["uuid"]: np.frombuffer(row["embedding"], np.float16).astype(float) for row in rows(scored / "embeddings")
    }
    return {uuid: vector / np.linalg.norm(vector) for uuid, vector in made.items()}


def hits(capsys, *command: str) -> list[dict]:
    capsys.readouterr()
    assert main(["search", *command, *MODEL, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["result"]["hits"]


def expected_hits(vectors, query: np.ndarray, how_many: int) -> list[tuple[str, float]]:
    found = sorted((-float(vector @ query), uuid) for uuid, vector in vectors.items())
    return [(uuid, round(-score, 4)) for score, uuid in found[:how_many]]


def test_a_text_finds_its_pictures(scored, shapes, vectors, capsys):
    text = "a large red star at the left on white"
    query = load_clip(open_model(str(TINYCLIP)), device="cpu", threads=1).embed_texts([text])[0].astype(np.float16)
    query = query.astype(float) / np.linalg.norm(query.astype(float))
    found = hits(capsys, str(scored), text, "--top", "10")
    assert [(hit["uuid"], hit["score"]) for hit in found] == expected_hits(vectors, query, 10)
    assert all(hit["url"].startswith("https://example.org/") for hit in found)
    with_spark = hits(capsys, str(scored), text, "--top", "10", "--master", "local[1]", "--pairs", str(shapes.pairs))
    assert [{name: hit[name] for name in ("uuid", "score", "url")} for hit in with_spark] == found
    right = shapes.shapes[found[0]["uuid"]].caption()
    assert right in with_spark[0]["captions"]
    assert hits(capsys, str(scored), text, "--top", "10", "--pairs", str(shapes.pairs)) == with_spark


def test_a_picture_finds_itself(scored, shapes, tmp_path, capsys):
    import tarfile

    with tarfile.open(shapes.downloaded / "00001.tar") as tar:
        member = next(member for member in tar if member.name.endswith(".jpg"))
        picture = tar.extractfile(member).read()
        facts = json.load(tar.extractfile(member.name.replace(".jpg", ".json")))
    (tmp_path / "picture").write_bytes(picture)
    found = hits(capsys, str(scored), "--like", str(tmp_path / "picture"), "--top", "3")
    assert (found[0]["uuid"], found[0]["score"]) == (facts["uuid"], 1.0)
    index = str(tmp_path / "index")
    for _ in range(2):  # built, then used
        by_index = hits(capsys, str(scored), "--like", str(tmp_path / "picture"), "--top", "3", "--index", index)
        assert by_index[0]["uuid"] == facts["uuid"]
        assert by_index[0]["score"] == pytest.approx(1, abs=0.02)
    (tmp_path / "index/embeddings.json").write_text("{}")
    assert main(["search", str(scored), "a star", *MODEL, "--index", index]) == 2
    assert "is of other embeddings" in capsys.readouterr().err


def test_the_text_of_a_search(scored, capsys):
    capsys.readouterr()
    assert main(["search", str(scored), "a star", *MODEL, "--top", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [len(line.split()) for line in lines] == [3, 3]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "either a text in quotation marks, or --like PICTURE"),
        (["a star", "--like", "picture"], "either a text in quotation marks, or --like PICTURE"),
        (["--like", "nowhere.jpg"], "--like nowhere.jpg: No such file or directory"),
        (["--like", __file__], "of no known image format"),
    ],
)
def test_mistaken_searches(scored, capsys, words, message):
    assert main(["search", str(scored), *words, *MODEL]) == 2
    assert message in capsys.readouterr().err


def test_another_model_cannot_search(scored, tmp_path, capsys):
    other = Path(shutil.copytree(TINYCLIP, tmp_path / "model"))
    (other / "tokenizer_config.json").write_text('{"pad_token": "<|startoftext|>"}')
    assert main(["search", str(scored), "a star", "--model", str(other)]) == 2
    assert "was embedded with another model: name the folder of that one" in capsys.readouterr().err


def test_labels_equal_their_definition(spark, scored, shapes, vectors, tmp_path, capsys):
    labels = list(FORMS)
    (tmp_path / "labels.txt").write_text("\n".join([*labels, "", labels[0]]))
    templates = ["a {}", "a red {}", "a photo of a {}"]
    flags = [flag for template in templates for flag in ("--template", template)]
    out = tmp_path / "labels"
    command = ["classify", str(scored), *MODEL, "--labels", str(tmp_path / "labels.txt"), *flags, "--truth", "form"]
    assert main([*command, "--out", str(out)]) == 0
    clip = load_clip(open_model(str(TINYCLIP)), device="cpu", threads=1)
    means = [clip.embed_texts([template.format(label) for template in templates]).mean(axis=0) for label in labels]
    means = [(mean / np.linalg.norm(mean)).astype(np.float16).astype(float) for mean in means]
    found = {row["uuid"]: row for row in rows(out / "labels")}
    assert found.keys() == vectors.keys()
    for uuid, row in found.items():
        scores = [float(vectors[uuid] @ mean / np.linalg.norm(mean)) for mean in means]
        assert row["label"] == labels[int(np.argmax(scores))]
        assert row["label_score"] == pytest.approx(max(scores), abs=1e-4)
        assert row["margin"] == pytest.approx(sorted(scores)[-1] - sorted(scores)[-2], abs=2e-4)
        assert row["truth"] == shapes.shapes[uuid].form
    facts = json.loads((out / "run.json").read_text())["stages"]["labels"]
    right = sum(row["label"] == row["truth"] for row in found.values())
    assert facts["right"] == right > 59 / 2
    assert facts["labels"] == dict(sorted(Counter(row["label"] for row in found.values()).items()))
    confusion = Counter((row["truth"], row["label"]) for row in found.values())
    assert {(truth, label): n for truth, of in facts["confusion"].items() for label, n in of.items()} == confusion
    assert f"{right / 59:.1%} of 59 with a true label" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("labels", "flags", "message"),
    [
        (None, [], "--labels: missing: name a file with one label per line"),
        ("star\nstar\n", [], "holds 1 of at least 2 labels"),
        ("star\nring\n", ["--template", "a star"], "--template 'a star': has no {}"),
        ("star\nring\n", ["--truth", "name"], "lacks the column name"),
    ],
)
def test_mistaken_labels(scored, tmp_path, capsys, labels, flags, message):
    (tmp_path / "labels.txt").write_text(labels or "")
    named = ["--labels", str(tmp_path / "labels.txt")] if labels else []
    assert main(["classify", str(scored), *MODEL, *named, *flags, "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err


def test_clusters_put_like_images_together(spark, scored, shapes, vectors, tmp_path, capsys):
    out = tmp_path / "clusters"
    assert main(["cluster", str(scored), "--clusters", "8", "--seed", "3", "--out", str(out)]) == 0
    found = {row["uuid"]: row for row in rows(out / "clusters")}
    assert found.keys() == vectors.keys()
    sizes = Counter(row["cluster"] for row in found.values())
    facts = json.loads((out / "run.json").read_text())["stages"]["clusters"]
    assert [facts[name] for name in ("images", "clusters", "largest", "smallest")] == [
        *(59, len(sizes)),
        *(max(sizes.values()), min(sizes.values())),
    ]
    inside = [
        float(a @ b)
        for one, a in vectors.items()
        for other, b in vectors.items()
        if one < other and found[one]["cluster"] == found[other]["cluster"]
    ]
    across = [
        float(a @ b)
        for one, a in vectors.items()
        for other, b in vectors.items()
        if found[one]["cluster"] < found[other]["cluster"]
    ]
    assert np.mean(inside) > np.mean(across) + 0.3
    colours = [
        Counter(shapes.shapes[uuid].colour for uuid, row in found.items() if row["cluster"] == number)
        for number in sizes
    ]
    assert sum(most.most_common(1)[0][1] for most in colours) > 2 * 59 / len(COLOURS)
    again = tmp_path / "again"
    assert main(["cluster", str(scored), "--clusters", "8", "--seed", "3", "--out", str(again)]) == 0
    assert {row["uuid"]: row for row in rows(again / "clusters")} == found


def test_more_clusters_than_images(spark, scored, tmp_path, capsys):
    assert main(["cluster", str(scored), "--clusters", "60", "--out", str(tmp_path / "out")]) == 2
    assert "--clusters 60: there are only 59 embeddings" in capsys.readouterr().err
