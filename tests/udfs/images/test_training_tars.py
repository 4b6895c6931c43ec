"""Training tars written from rows of samples, in both layouts, without Spark."""

import json
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from checked_rows import download_tars, encoded, picture
from img2dataset_output import Download

from udfs.images import training_tars
from udfs.images.encoding import Encoding
from udfs.images.image_bytes import ImageBytes, ImageUnreadable
from udfs.images.layouts import Layout, tar_path
from udfs.images.training_tars import Slice, TarPlan, TarTask, WrittenTar, write_tar

FORMATS = ["JPEG", "PNG", "WEBP", "GIF"]


@pytest.fixture
def rows(tmp_path: Path) -> list[dict]:
    """The rows of twenty samples, in a Parquet file of several row groups in the output folder."""
    downloads = [
        Download(f"http://a.example/{number}", encoded(picture(number), FORMATS[number % 4]), f"{number:024x}")
        for number in range(20)
    ]
    rows = download_tars(tmp_path / "down", downloads, 8)
    names = ["uuid", "url", "shard", "offset", "bytes", "sha256", "format", "width", "height", "orientation"]
    samples = []
    for number, row in enumerate(rows):
        pairs = [
            {"caption": f"ü {number} {text}", "text_key": text} for text in ("alt", None, "title")[: number % 3 + 1]
        ]
        told = {
            "position": None,
            "orientation_lost": False,
            "pairs": pairs,
            "facts": {"punsafe": number / 8, "null": None},
        }
        samples.append({name: row[name] for name in names} | told)
    rows = samples[::-7] + [row for row in samples if row not in samples[::-7]]
    (tmp_path / "out" / "samples").mkdir(parents=True)
    table = pa.Table.from_pylist(rows)
    pq.write_table(table.slice(0, 13), tmp_path / "out" / "samples" / "0.parquet", row_group_size=4)
    pq.write_table(table.slice(13), tmp_path / "out" / "samples" / "1.parquet", row_group_size=4)
    return rows


def write(tmp_path: Path, slices: list[Slice], layout: Layout = Layout.OPEN_CLIP) -> WrittenTar:
    plan = TarPlan(str(tmp_path / "out"), layout, Encoding(layout.formats))
    with ImageBytes(str(tmp_path / "down")) as images:
        return write_tar(TarTask("shards/x.tar", slices), plan, images)


def files(tmp_path: Path) -> list[tuple[str, bytes]]:
    with tarfile.open(tmp_path / "out" / "shards" / "x.tar", "r:") as tar:
        return [(member.name, tar.extractfile(member).read()) for member in tar]


def image_of(tmp_path: Path, row: dict) -> bytes:
    return (tmp_path / "down" / row["shard"]).read_bytes()[row["offset"] : row["offset"] + row["bytes"]]


@pytest.mark.parametrize("held", [1, 3000, 1 << 30])
def test_the_rows_of_its_slices_in_their_order(tmp_path, rows, monkeypatch, held):
    monkeypatch.setattr(training_tars, "_HELD_BYTES", held)
    written = write(tmp_path, [Slice("samples/0.parquet", 3, 10), Slice("samples/1.parquet", 0, 2)])
    chosen = rows[3:15]
    found = files(tmp_path)
    again = sum(row["format"] == "GIF" for row in chosen)
    tar = (tmp_path / "out" / "shards" / "x.tar").read_bytes()
    assert tar.endswith(bytes(1024)), "it has its end"
    size = len(tar)
    assert written == WrittenTar("shards/x.tar", size, 12, sum(len(row["pairs"]) for row in chosen), again)
    for row, place in zip(chosen, range(0, len(found), 3), strict=True):
        (image_name, image), (json_name, told), (text_name, text) = found[place : place + 3]
        ending = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "jpg"}[row["format"]]
        assert [image_name, json_name, text_name] == [f"{row['uuid']}.{each}" for each in (ending, "json", "txt")]
        if row["format"] != "GIF":
            assert image == image_of(tmp_path, row)
        assert text.decode() == row["pairs"][0]["caption"]
        known = {"punsafe": row["facts"]["punsafe"], "width": 48, "height": 32, "url": row["url"]}
        assert json.loads(told).items() >= known.items() and "null" not in json.loads(told)


def test_the_layout_of_metaclip(tmp_path, rows):
    """Read as MetaCLIP's loader does: JSON, then JPEG, by turns; the captions are `texts`."""
    write(tmp_path, [Slice("samples/0.parquet", 0, 13)], Layout.METACLIP)
    found = files(tmp_path)
    assert len(found) == 26
    for row, place in zip(rows, range(0, 26, 2), strict=False):
        (json_name, told), (image_name, image) = found[place : place + 2]
        assert (json_name, image_name) == (f"{row['uuid']}.json", f"{row['uuid']}.jpeg")
        texts = [[pair["text_key"] or "alt", pair["caption"]] for pair in row["pairs"]]
        assert json.loads(told) == {"uuid": row["uuid"], "url": row["url"], "texts": texts}
        assert image == image_of(tmp_path, row) if row["format"] == "JPEG" else image[:3] == b"\xff\xd8\xff"


def test_where_tars_lie():
    assert tar_path(Layout.OPEN_CLIP, "shards", 7, 20) == "shards/00007.tar"
    assert tar_path(Layout.OPEN_CLIP, "shards/val", 7, 100_001) == "shards/val/000007.tar"
    assert tar_path(Layout.METACLIP, "shards", 1234, 20_000) == "shards/34/1234.tar"


def test_an_image_that_changed_stops_the_tar(tmp_path, rows):
    path = tmp_path / "down" / rows[2]["shard"]
    data = bytearray(path.read_bytes())
    data[rows[2]["offset"] + 20] ^= 1
    path.write_bytes(data)
    with pytest.raises(ImageUnreadable, match="is not what was checked: check the download again"):
        write(tmp_path, [Slice("samples/0.parquet", 0, 13)])
    assert not list((tmp_path / "out" / "shards").iterdir()), "nothing is left of it"
