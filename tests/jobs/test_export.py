"""Exported files compared with the rows that they were made from, read by libraries other than Spark."""

import csv
import gzip
import json
import random
import shlex
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pools import record_of, rows_of, run, sorted_rows

from jobs.console.command import INTERRUPTED
from jobs.runs.manifests import Manifests
from udfs.schemas import IMAGE
from udfs.stages import Stage
from udfs.storage.local import LocalStorage

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = ['a "dog", a\\b', "'=1+1", "two\nlines", "\\", '""', " spaced ", "#1", "é\u202eكلب\u200b", "<script>", "null"]


def parts(out: Path) -> list[Path]:
    return sorted((out / "export").iterdir())


def bytes_by_shard(out: Path) -> dict[str, bytes]:
    """The contents of the files, keyed by their names."""
    return {path.name: path.read_bytes() for path in parts(out)}


def text_of(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.name.endswith(".gz") else data).decode()


def read_csv(text: str) -> list[dict]:
    return list(csv.DictReader(text.splitlines(keepends=True), strict=True))


@pytest.fixture(scope="module")
def layouts(spark, curated, tmp_path_factory) -> tuple[list[dict], list[Path]]:
    """The subset's rows, some with hostile captions, in one file and in five files, in two different orders."""
    schema = pq.read_schema(next((curated / "subset").glob("*.parquet")))
    rows = rows_of(curated / "subset")
    for place, caption in enumerate(HOSTILE):
        rows[place]["caption"] = caption
    rows[0]["lang"] = None
    rows.append(dict(rows[1]))  # a duplicate, which --dedup none keeps
    folders = []
    for number in (1, 5):
        folder = tmp_path_factory.mktemp(f"in-{number}")
        mixed = random.Random(number).sample(rows, len(rows))
        for place in range(number):
            pq.write_table(pa.Table.from_pylist(mixed[place::number], schema), folder / f"{place}.parquet")
        folders.append(folder)
    return rows, folders


def test_jsonl_has_the_rows_and_the_same_bytes_for_any_layout_of_the_input(layouts, tmp_path):
    rows, (one, five) = layouts
    for name, folder in (("a", one), ("b", five)):
        assert run("export", folder, "--format", "jsonl", "--shards", 3, "--out", tmp_path / name) == 0
    assert bytes_by_shard(tmp_path / "a") == bytes_by_shard(tmp_path / "b")
    shards = [[json.loads(line) for line in text_of(path).splitlines()] for path in parts(tmp_path / "a")]
    exported = [row for shard in shards for row in shard]
    assert sorted_rows([row | {"lang_score": None} for row in exported]) == sorted_rows(
        [row | {"lang_score": None} for row in rows]
    )
    assert list(exported[0]) == list(rows[0])
    uuids = [{row["uuid"] for row in shard} for shard in shards]
    assert [path.name for path in parts(tmp_path / "a")] == [f"0000{n}-of-00003.jsonl.gz" for n in range(3)]
    assert sum(map(len, uuids)) == len(set().union(*uuids)), "an image is in one shard"
    for shard in shards:
        keys = [(row["uuid"], row["caption_hash"]) for row in shard]
        assert keys == sorted(keys)
    facts = record_of(tmp_path / "a")["stages"]["export"]
    assert (facts["rows"], facts["files"], facts["of"]) == (len(rows), 3, None)
    assert facts["bytes"] == sum(map(len, bytes_by_shard(tmp_path / "a").values()))


def test_other_readers_read_csv_and_its_lists_are_json(layouts, tmp_path):
    rows, (one, five) = layouts
    for name, folder in (("a", one), ("b", five)):
        assert run("export", folder, "--format", "csv", "--no-gzip", "--shards", 2, "--out", tmp_path / name) == 0
    assert bytes_by_shard(tmp_path / "a") == bytes_by_shard(tmp_path / "b")
    assert [path.name for path in parts(tmp_path / "a")] == ["00000-of-00002.csv", "00001-of-00002.csv"]
    exported = [row for path in parts(tmp_path / "a") for row in read_csv(text_of(path))]
    numbers = {"caption_hash": int, "warc_offset": int, "duplicates": int, "keep_prob": float}
    for row in exported:
        row |= {name: kind(row[name]) for name, kind in numbers.items()}
        row |= {"entry_ids": json.loads(row["entry_ids"]), "lang": row["lang"] or None, "lang_score": None}
    assert sorted_rows(exported) == sorted_rows([row | {"lang_score": None} for row in rows])


def test_a_list_of_images_keeps_its_captions(curated, tmp_path):
    assert run("group", curated / "pool", "--out", tmp_path / "g") == 0
    rows = rows_of(tmp_path / "g/images")
    assert any(len(row["captions"]) > 1 for row in rows)
    assert run("export", tmp_path / "g", "--format", "csv", "--out", tmp_path / "csv", "--shards", 999) == 0
    names, total = [path.name for path in parts(tmp_path / "csv")], len(parts(tmp_path / "csv"))
    assert 1 < total < 999, "some shards hold no image"
    assert names == [f"{number:05}-of-{total:05}.csv.gz" for number in range(total)]
    exported = [row for path in parts(tmp_path / "csv") for row in read_csv(text_of(path))]
    for row in exported:
        row |= {"captions": json.loads(row["captions"]), "captions_total": int(row["captions_total"])}
    assert sorted(exported, key=lambda row: row["uuid"]) == rows
    assert run("export", tmp_path / "g/images", "--shards", 1, "--out", tmp_path / "parquet") == 0
    assert rows_of(tmp_path / "parquet/export/00000-of-00001.parquet") == rows


def test_an_export_that_is_stopped_between_its_renames_begins_again(layouts, tmp_path, monkeypatch):
    rows, (one, _) = layouts
    arguments = [
        "export",
        one,
        "--format",
        "jsonl",
        "--shards",
        3,
        "--spark-conf",
        "spark.sql.files.maxRecordsPerFile=9",
    ]
    renamed = []

    def stop_at_second(storage: LocalStorage, path: str, target: str) -> None:
        renamed.append(target)
        if len(renamed) == 2:
            raise KeyboardInterrupt
        (storage.folder / path).replace(storage.folder / target)

    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    for place, method, stopped in ((LocalStorage, "rename", stop_at_second), (Manifests, "write", stop)):
        with monkeypatch.context() as patched:
            patched.setattr(place, method, stopped)
            assert run(*arguments, "--out", tmp_path / "o") == INTERRUPTED
        assert (
            list((tmp_path / "o/export").glob("*-of-00003.jsonl.gz"))
            and not (tmp_path / "o/_manifests/export").exists()
        )
    assert run(*arguments, "--out", tmp_path / "o") == 0
    assert [path.name for path in parts(tmp_path / "o")] == [f"0000{n}-of-00003.jsonl.gz" for n in range(3)]
    exported = [json.loads(line) for path in parts(tmp_path / "o") for line in text_of(path).splitlines()]
    assert sorted(row["caption"] for row in exported) == sorted(row["caption"] for row in rows)


def test_the_documented_command_for_img2dataset_names_the_columns_of_images():
    guide = (ROOT / "jobs/docs/GUIDE.md").read_text(encoding="utf-8").replace("\\\n", "")
    (command,) = [line.removeprefix("$ ") for line in guide.splitlines() if line.startswith("$ img2dataset ")]
    words = shlex.split(command)[1:]
    flags = dict(zip(words[::2], words[1::2], strict=True))
    named = [flags["--url_col"], flags["--caption_col"], *json.loads(flags["--save_additional_columns"])]
    assert set(named) <= set(IMAGE.names) and "uuid" in named
    assert flags["--url_list"].endswith(f"/{Stage.IMAGES}") and flags["--input_format"] == "parquet"
    assert f"check {flags['--output_folder']} " in guide


def test_invalid_exports_are_refused_and_a_finished_one_is_left_alone(layouts, tmp_path, capsys):
    _, (one, _) = layouts
    assert run("export", one, "--no-gzip", "--out", tmp_path / "o") == 2
    assert "--no-gzip: Parquet is not gzipped" in capsys.readouterr().err
    pq.write_table(pa.table({"uuid": ["a"], "url": ["u"]}), tmp_path / "no-caption.parquet")
    assert run("export", tmp_path / "no-caption.parquet", "--out", tmp_path / "o") == 2
    assert "lacks the column caption" in capsys.readouterr().err
    rows = {"uuid": ["a"], "url": ["u"], "caption": ["c"], "m": pa.array([[("k", 1)]], pa.map_("string", "int64"))}
    pq.write_table(pa.table(rows), tmp_path / "map.parquet")
    assert run("export", tmp_path / "map.parquet", "--out", tmp_path / "o") == 2
    assert "rows cannot be sorted by a map: drop the column m" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()
    assert run("export", one, "--shards", 1, "--out", tmp_path / "o") == 0
    before = parts(tmp_path / "o")
    assert run("export", one, "--shards", 1, "--out", tmp_path / "o") == 0
    assert "nothing to do" in capsys.readouterr().err
    assert run("export", one, "--shards", 2, "--out", tmp_path / "o") == 2
    assert "settings.shards: 1 there, 2 now" in capsys.readouterr().err
    assert parts(tmp_path / "o") == before
