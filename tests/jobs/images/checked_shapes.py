"""A small download of drawn shapes, the rows of check about it, and pairs with right and wrong captions."""

import io
from pathlib import Path
from random import Random
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from img2dataset_output import Download, write_downloaded
from shapes import Shape, draw, random_shape

from udfs.hashing import caption_hash, image_uuid
from udfs.image_schemas import CHECKED
from udfs.images.checker import Checker
from udfs.images.options import CheckOptions
from udfs.images.shards import plan_shards
from udfs.storage.local import LocalStorage


class Checked(NamedTuple):
    """`downloaded` has tars; `checked` is a Parquet file as `check` writes it, with the carried column `form`; `pairs`
    is one with a right and a wrong caption for each image, and a caption without an image."""

    downloaded: Path
    checked: Path
    pairs: Path
    shapes: dict[str, Shape]
    captions: dict[int, str]


def url_of(number: int) -> str:
    return f"https://example.org/{number}.png"


def write_checked(folder: Path, count: int, per_shard: int, layout: str = "webdataset") -> Checked:
    rng = Random(count)
    shapes = [random_shape(rng) for _ in range(count)]
    downloads = [
        Download(url_of(number), _png(rng, shape), image_uuid(url_of(number)), told={"form": shape.form})
        for number, shape in enumerate(shapes)
    ]
    downloads[1] = Download(url_of(1), None, image_uuid(url_of(1)))
    write_downloaded(folder / "downloaded", downloads, layout, per_shard)
    rows = list(_rows(folder / "downloaded"))
    table = pa.Table.from_batches(rows)
    for name in ("group", "duplicate_of", "in_evaluation"):
        table = table.append_column(CHECKED.field(name), pa.nulls(len(table), pa.string()))
    pq.write_table(table, folder / "checked.parquet")
    named = {image_uuid(url_of(number)): shape for number, shape in enumerate(shapes)}
    pairs = [*_pairs(list(named.items()))]
    pq.write_table(pa.Table.from_pylist(pairs), folder / "pairs.parquet")
    captions = {pair["caption_hash"]: pair["caption"] for pair in pairs}
    return Checked(folder / "downloaded", folder / "checked.parquet", folder / "pairs.parquet", named, captions)


def _png(rng: Random, shape: Shape) -> bytes:
    drawn = io.BytesIO()
    draw(rng, shape).save(drawn, "PNG")
    return drawn.getvalue()


def _rows(folder: Path):
    checker = Checker(CheckOptions(carry=(("form", "string"),)))
    for shard in plan_shards(LocalStorage(str(folder)).list_files("")):
        for batch in checker.rows(shard, lambda path: (folder / path).open("rb")):
            table = pa.Table.from_batches([batch])
            kept = table.filter(pa.compute.equal(table["kind"], "image")).drop_columns(["kind", "file", "file_id"])
            yield from kept.to_batches()


def _pairs(named: list[tuple[str, Shape]]):
    for place, (uuid, shape) in enumerate(named):
        wrong = named[(place + len(named) // 2) % len(named)][1]
        for caption in dict.fromkeys((shape.caption(), wrong.caption())):
            yield {"uuid": uuid, "caption": caption, "caption_hash": caption_hash(caption)}
    yield {
        "uuid": image_uuid("https://example.org/none"),
        "caption": "not here",
        "caption_hash": caption_hash("not here"),
    }
