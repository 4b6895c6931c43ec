"""`ballast check` from a real download on loopback: each sample has its row, however the run was made."""

import json
import os
import shutil
import signal
import tarfile
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import loopback_download
import pyarrow as pa
import pytest
from pools import record_of, rows_of, run
from pyspark.sql import DataFrame

from jobs.images.download import plan_download
from jobs.images.read_images import IMAGES_READ, read_guarded, read_images
from jobs.runs.input_batches import read_batches
from jobs.runs.run_folder import RunFolder
from jobs.settings.groups import Reading
from udfs.hashing import image_uuid
from udfs.image_outcomes import ImageOutcome, samples_missed
from udfs.images.options import CheckOptions
from udfs.images.shards import ImageShard
from udfs.storage.s3_client import s3_client

SHARD = 60
OUTCOMES = {
    loopback_download._GONE: ImageOutcome.DOWNLOAD_FAILED,
    loopback_download._PAGE: ImageOutcome.NOT_AN_IMAGE,
    loopback_download._CUT: ImageOutcome.TRUNCATED,
}


def url_of(number: int) -> str:
    """Of three hosts; the pictures of one host may be copies of each other."""
    return f"https://host{'abc'[number % 3]}.example/picture-{number}.jpg"


ROWS = [
    {"url": url_of(number), "uuid": image_uuid(url_of(number)), "caption": f"picture {number}"} for number in range(150)
]


@pytest.fixture(scope="module")
def downloaded(tmp_path_factory) -> Path:
    """Three shards of 60, 60 and 30 samples."""
    folder = tmp_path_factory.mktemp("downloaded") / "downloaded"
    loopback_download.download(ROWS, folder, per_shard=SHARD)
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """An evaluation set: some of the web's pictures as other files."""
    folder = tmp_path_factory.mktemp("pictures") / "shapes-val"
    folder.mkdir()
    for row in ROWS[10:16]:
        (folder / f"{row['uuid']}.jpg").write_bytes(loopback_download.body_of(row["url"]))
    return folder


@pytest.fixture(scope="module")
def checked(spark, downloaded, pictures, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("checked") / "out"
    assert run("check", downloaded, "--out", out, "--not-in", pictures, "--near", 10) == 0
    return out


def by_uuid(out: Path) -> dict[str, dict]:
    return {row["uuid"]: row for row in rows_of(out / "checked")}


def same_rows(out: Path, other: Path) -> None:
    assert sorted(map(repr, rows_of(out / "checked"))) == sorted(map(repr, rows_of(other / "checked")))


def test_each_sample_has_its_outcome_and_the_sums_hold(checked, downloaded):
    rows = by_uuid(checked)
    expected = {
        row["uuid"]: OUTCOMES.get(loopback_download.picture_of(row["url"]).kind, ImageOutcome.SUCCESS).value
        for row in ROWS
    }
    assert {uuid: row["status"] for uuid, row in rows.items()} == expected
    assert len(set(expected.values())) == 4, "the web of this test should have every kind"
    files = rows_of(checked / "downloads")
    assert [(row["path"], row["samples"], row["status"]) for row in files] == [
        ("00000.tar", 60, "ok"), ("00001.tar", 60, "ok"), ("00002.tar", 30, "ok")
    ]  # fmt: skip
    assert not any(map(samples_missed, files))
    assert Counter(expected.values()) == {
        outcome.value: total for outcome in ImageOutcome if (total := sum(row[outcome] for row in files))
    }
    facts = record_of(checked)["stages"]
    assert facts["checked"]["outcomes"] == dict(Counter(expected.values()))
    assert facts["downloads"]["traits"]["rotation_lost"] == sum(row["orientation_lost"] or 0 for row in rows.values())


def test_the_place_of_each_image_holds_its_bytes(checked, downloaded):
    for row in rows_of(checked / "checked"):
        if row["status"] == "success":
            stored = (downloaded / row["shard"]).read_bytes()[row["offset"] : row["offset"] + row["bytes"]]
            assert stored == loopback_download.body_of(row["url"])


def test_near_duplicates_are_grouped_and_evaluation_pictures_are_marked(checked, pictures):
    rows = by_uuid(checked)
    copies = Counter(
        loopback_download.picture_of(row["url"]).draws
        for row in ROWS
        if loopback_download.picture_of(row["url"]).kind == loopback_download._COPY
    )
    assert max(copies.values()) >= 3, "the web of this test should have copies"
    for draws, number in copies.items():
        group = [rows[row["uuid"]] for row in ROWS if loopback_download.picture_of(row["url"]).draws == draws]
        if number > 1:
            assert {row["group"] for row in group} == {min(row["uuid"] for row in group)}
            assert [row["duplicate_of"] is None for row in group].count(True) == 1
    shown = {path.stem for path in pictures.iterdir() if rows[path.stem]["status"] == "success"}
    assert shown <= {uuid for uuid, row in rows.items() if row["in_evaluation"]}
    assert all(rows[uuid]["in_evaluation"].startswith("shapes-val: ") for uuid in shown)


@pytest.mark.processes
def test_added_repaired_and_repeated_shards(checked, downloaded, pictures, tmp_path, capsys):
    """The same rows as of a run that read all at once; an image that was downloaded twice counts once."""
    moved, out = tmp_path / "downloaded", tmp_path / "out"
    shutil.copytree(downloaded, moved)
    whole = (moved / "00001.tar").read_bytes()
    (moved / "00001.tar").write_bytes(whole[: len(whole) // 1024 * 512])
    (moved / "00002.tar").rename(tmp_path / "00002.tar")
    (moved / "00002.parquet").rename(tmp_path / "00002.parquet")
    arguments = ("check", moved, "--out", out, "--not-in", pictures, "--near", 10)
    assert run(*arguments) == 0
    assert [row["status"] for row in rows_of(out / "downloads")] == ["ok", "partial"]
    missing = [row for row in rows_of(out / "checked") if row["status"] == "no_image"]
    assert missing and all(row["shard"] == "00001.tar" for row in missing)
    (moved / "00001.tar").write_bytes(whole)
    for name in ("00002.tar", "00002.parquet"):
        (tmp_path / name).rename(moved / name)
    assert run(*arguments) == 0
    told = capsys.readouterr().err
    assert "2 of 3 files were committed before" in told and "1 file changed since the last run" in told
    same_rows(out, checked)

    with tarfile.open(moved / "again.tar", "w") as tar, tarfile.open(moved / "00000.tar") as first:
        for member in list(first)[:9]:
            tar.addfile(member, first.extractfile(member))
    assert run(*arguments) == 0
    again = [row for row in rows_of(out / "checked") if row["shard"] == "again.tar"]
    assert {row["status"] for row in again if row["width"]} == {"copy"}
    assert all(row["group"] is None for row in again)
    files = {row["path"]: row for row in rows_of(out / "downloads")}
    assert files["again.tar"]["copy"] == sum(row["status"] == "copy" for row in again) > 0
    assert not any(map(samples_missed, files.values()))
    assert not (out / "near").exists()
    committed = {
        name for path in (out / "_manifests").rglob("*.json") for name in json.loads(path.read_text())["files"]
    }
    assert {str(path.relative_to(out)) for path in out.rglob("*.parquet")} == committed


@pytest.mark.processes
def test_a_download_on_s3_gives_the_same_rows(spark, checked, downloaded, pictures, bucket, tmp_path):
    for path in sorted(downloaded.iterdir()):
        s3_client().upload_file(str(path), bucket, f"down/{path.name}")
    for path in pictures.iterdir():
        s3_client().upload_file(str(path), bucket, f"shapes-val/{path.name}")
    flags = ("--not-in", f"s3://{bucket}/shapes-val", "--near", 10)
    assert run("check", f"s3://{bucket}/down/*.tar", "--out", tmp_path / "out", *flags) == 0
    same_rows(tmp_path / "out", checked)


def test_an_input_that_kills_its_worker_is_read_apart(spark, downloaded, tmp_path):
    """Workers end by SIGKILL, as after a crash in a decoder; then each image is decoded in a process of its own."""
    download, options = plan_download(str(downloaded)), CheckOptions()
    run_folder = RunFolder.open(str(tmp_path / "out"), {"job": "check"}, {}, overwrite=False)

    def deadly(shards: Sequence[ImageShard]) -> DataFrame:
        rows = read_images(spark, download, shards, options)

        def die(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            next(batches)
            os.kill(os.getpid(), signal.SIGKILL)
            yield from batches

        return rows.mapInArrow(die, rows.schema)

    again = partial(read_guarded, spark, download, options=options)
    with run_folder.writing():
        read_batches(spark, run_folder, IMAGES_READ, download.shards, deadly, Reading(), again=again)
    by_path = {row["path"]: row["success"] for row in rows_of(tmp_path / "out" / "downloads")}
    success = Counter(row["shard"] for row in rows_of(tmp_path / "out" / "read") if row["status"] == "success")
    assert by_path == dict(success) and len(by_path) == 3


def test_what_is_refused(tmp_path, capsys, spark):
    for argument, message in (
        (tmp_path / "nowhere", "no such file or folder"),
        (tmp_path, "holds no tars, Parquet files or image files"),
    ):
        assert run("check", argument, "--out", tmp_path / "out") == 2
        assert message in capsys.readouterr().err
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / "a.tar").write_bytes(b"no tar at all" * 100)
    assert run("check", tmp_path / "only", "--out", tmp_path / "out") == 1
    assert "a.tar" in capsys.readouterr().err


def test_the_columns_of_files_are_those_of_the_reads():
    assert {*IMAGES_READ.found, *IMAGES_READ.summed} <= set(IMAGES_READ.row.names)
