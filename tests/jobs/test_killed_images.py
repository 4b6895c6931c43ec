"""Drivers of check and shards that are killed once something is committed: the same commands end with the same rows,
and tars with the same bytes. Of embed, see images/test_embed.py."""

import signal
from hashlib import sha256
from pathlib import Path

import loopback_download
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pools import rows_of, run
from stopped_driver import stopped_driver

from udfs.hashing import caption_hash, image_uuid

pytestmark = pytest.mark.processes

URLS = [f"https://host{'abc'[number % 3]}.example/picture-{number}.jpg" for number in range(120)]
CAPTIONS = [f"a picture, {number}" for number in range(len(URLS))]
PAIRS = [
    {"uuid": image_uuid(url), "url": url, "caption": caption, "caption_hash": caption_hash(caption)}
    for url, caption in zip(URLS, CAPTIONS, strict=True)
]


def kill_when(out: Path, committed: str, *arguments: object) -> None:
    """Run a command in a process of its own, and SIGKILL it once it has committed such a unit."""
    words = [*map(str, arguments), "--out", str(out), "--batch-files", "1"]
    scratch = out.with_name("scratch")  # a killed JVM leaves files behind
    scratch.mkdir(exist_ok=True)
    conf = [f"spark.local.dir={scratch}", f"spark.driver.extraJavaOptions=-Djava.io.tmpdir={scratch}"]
    flags = ["--master", "local[1]", *(word for each in conf for word in ("--spark-conf", each))]
    stopped_driver(signal.SIGKILL, committed, [*words, *flags], {"TMPDIR": str(scratch)})


def tars(out: Path) -> dict[str, str]:
    return {str(path.relative_to(out)): sha256(path.read_bytes()).hexdigest() for path in out.rglob("*.tar")}


def sorted_rows(folder: Path) -> list[str]:
    return sorted(map(repr, rows_of(folder)))


def test_killed_drivers_end_with_the_same_rows_and_bytes(spark, tmp_path):
    pool, downloaded = tmp_path / "pool.parquet", tmp_path / "downloaded"
    pq.write_table(pa.Table.from_pylist(PAIRS), pool)
    loopback_download.download(PAIRS, downloaded, per_shard=40)

    check, checked, once = ("check", downloaded, "--near", "0"), tmp_path / "checked", tmp_path / "once"
    assert run(*check, "--out", once) == 0
    kill_when(checked, "near/links", *check)
    assert run(*check, "--out", checked) == 0
    for folder in ("checked", "downloads"):
        told = [{key: value for key, value in row.items() if key != "seconds"} for row in rows_of(once / folder)]
        again = [{key: value for key, value in row.items() if key != "seconds"} for row in rows_of(checked / folder)]
        assert sorted(map(repr, again)) == sorted(map(repr, told))

    shards, train, train_once = ("shards", pool, "--images", once, "--size", "20"), tmp_path / "train", tmp_path / "t"
    assert run(*shards, "--out", train_once) == 0
    kill_when(train, "shards/*", *shards)
    assert run(*shards, "--out", train) == 0
    assert len(tars(train_once)) > 3 and tars(train) == tars(train_once)
    assert sorted_rows(train / "left_out") == sorted_rows(train_once / "left_out")
    assert not [path for path in train.rglob("*") if path.name.startswith(".")]
