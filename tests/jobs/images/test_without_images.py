"""What each command after a download does where there is no image: it ends well, or says why not in one line."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from img2dataset_output import Download, write_downloaded
from pools import record_of, rows_of, run
from shapes import TINYCLIP

from udfs.hashing import caption_hash, image_uuid

URLS = ("http://a.example/1.jpg", "http://a.example/2.jpg")


@pytest.mark.processes
def test_a_download_of_nothing_usable(spark, tmp_path: Path, capsys):
    uuids = list(map(image_uuid, URLS))
    page, gone = (
        Download(url, body, uuid, "c") for url, body, uuid in zip(URLS, (b"<html>", None), uuids, strict=True)
    )
    write_downloaded(tmp_path / "downloaded", [page, gone])
    pairs = {"uuid": uuids, "url": URLS, "caption": ["c", "d"], "caption_hash": [caption_hash(text) for text in "cd"]}
    pq.write_table(pa.table(pairs), tmp_path / "pool.parquet")
    (tmp_path / "labels.txt").write_text("a\nb\n")

    def ballast(name: str, *words: object, out: str, status: int = 0) -> str:
        capsys.readouterr()
        assert run(name, *words, "--out", tmp_path / out) == status
        return capsys.readouterr().err.splitlines()[-1] if status or out not in ("look.html",) else ""

    checked, scored = tmp_path / "checked", tmp_path / "scored"
    said = ballast("check", tmp_path / "downloaded", out="checked")
    assert "0 images: 1 of 2 samples are download_failed: img2dataset's metadata says that it could not be" in said
    assert sorted(row["status"] for row in rows_of(checked / "checked")) == ["download_failed", "not_an_image"]
    model = ("--model", TINYCLIP)
    assert "0 embeddings" in ballast("embed", checked, *model, "--pairs", tmp_path / "pool.parquet", out="scored")
    assert "0 samples" in ballast("shards", tmp_path / "pool.parquet", "--images", checked, out="train")
    assert record_of(tmp_path / "train")["stages"]["left_out"]["reasons"] == {"download_failed": 1, "not_an_image": 1}
    labels = ("--labels", tmp_path / "labels.txt")
    assert "holds no rows" in ballast("classify", scored, *labels, *model, out="labelled", status=2)
    assert "holds no rows" in ballast("cluster", scored, out="clustered", status=2)
    ballast("gallery", checked, out="look.html")
    assert "<img" not in (tmp_path / "look.html").read_text()
    assert run("search", scored, "a dog", *model) == 2
    assert "holds no rows" in capsys.readouterr().err
