"""Storage and input files on a real HDFS; runs are killed, resumed, repeated, and outlive a NameNode's restart."""

import getpass
import tarfile
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import hdfs_native
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from daemons import NAMENODE, Hadoop
from hdfs_runs import CLIENT, DRIVER, INPUT, HdfsRun
from loopback_download import download
from runs import BALLAST, FILES, Crawl, Rows
from standalone import ROOT
from storage_contract import StorageContract

from jobs.cli import main
from jobs.spark.hadoop_storage import HadoopStorage
from udfs.hashing import caption_hash, image_uuid
from udfs.sources.opener import SourceOpener
from udfs.sources.options import SourceOptions
from udfs.sources.ranged import open_ranged
from udfs.storage.hdfs_client import hdfs_client
from udfs.storage.new_file import new_file

FIRST_BATCH = "_manifests/extracted/batch=00000.json"


class TestHdfsStorage(StorageContract):
    @pytest.fixture
    def storage(self, spark, hadoop: Hadoop) -> HadoopStorage:
        return HadoopStorage(f"{hadoop.url}/contract/{uuid.uuid4().hex}/")


@pytest.fixture
def user(hadoop: Hadoop, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Reads as a user without rights."""
    monkeypatch.setenv("SPARK_USER", "somebody")
    monkeypatch.delenv("HADOOP_USER_NAME", raising=False)
    hdfs_client.cache_clear()
    yield
    hdfs_client.cache_clear()


def test_the_workers_reader_gives_the_bytes_and_the_errors_of_a_file(
    hadoop: Hadoop, crawl: Crawl, user: None, tmp_path: Path
) -> None:
    data = bytes(range(256)) * 20_000  # several buffers
    (tmp_path / "file").write_bytes(data)
    hadoop.shell("-put", tmp_path / "file", crawl.folder / "0.warc.gz", "/")
    hadoop.shell("-chmod", "400", "/0.warc.gz")
    hdfs_native.Client(hadoop.url).rename("/file", "/ä b%20c.warc.gz")
    open_file = SourceOpener(SourceOptions())
    with open_file(f"{hadoop.url}/ä b%20c.warc.gz") as file:
        assert file.read(3) == data[:3]
        assert file.read() == data[3:]
    with closing(open_ranged(f"{hadoop.url}/ä b%20c.warc.gz")) as ranged:
        assert ranged.read(1_000_001, 3_000_000) == data[1_000_001:4_000_001]
        assert ranged.read(len(data) - 5, 10) == data[-5:]
        assert ranged.read(len(data) + 5, 10) == b""
    with pytest.raises(FileNotFoundError, match="No such file or directory"):
        open_file(f"{hadoop.url}/missing")
    with pytest.raises(PermissionError, match="Permission denied"):
        open_file(f"{hadoop.url}/0.warc.gz")


def test_a_new_file_of_a_worker_replaces_another(hadoop: Hadoop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HADOOP_USER_NAME", getpass.getuser())  # who started it, and may write
    hdfs_client.cache_clear()
    address = f"{hadoop.url}/new/ä b%20c/1.tar"
    for data in (b"old", bytes(range(256)) * 100_000):
        with new_file(address) as file:
            file.write(data)
        with closing(open_ranged(address)) as ranged:
            assert ranged.read(0, 1 << 30) == data
    assert [status.path for status in hdfs_native.Client(hadoop.url).list_status("/new", recursive=True)] == [
        "/new/ä b%20c",
        "/new/ä b%20c/1.tar",
    ]


def test_a_killed_driver_is_resumed_and_a_finished_run_overwritten(run: HdfsRun, expected: Rows) -> None:
    run.start("--batch-files", "1")
    run.await_true(lambda: run.glob(FIRST_BATCH))
    run.hadoop.processes.kill(DRIVER)
    committed = set(run.glob("extracted/batch=00000/*/*/*.parquet"))
    run.start()
    assert run.finish() == expected
    assert f"of {FILES} files were committed before" in run.hadoop.processes.text(DRIVER)
    resumed = set(run.glob("extracted/*/*/*/*.parquet"))
    assert committed and committed < resumed, "nothing was read again"
    run.start("--overwrite")
    assert run.finish() == expected
    assert not resumed & set(run.glob("extracted/*/*/*/*.parquet"))


def test_a_missing_file_is_a_failed_row_until_it_is_there(run: HdfsRun, crawl: Crawl, expected: Rows) -> None:
    folder = f"{INPUT}-of-{run.name}"
    paths = sorted(crawl.folder.iterdir())
    (run.folder / "warc.paths").write_text("".join(f"{path.name}\n" for path in paths))
    run.hadoop.shell("-mkdir", "-p", folder)
    run.hadoop.shell("-put", run.folder / "warc.paths", *paths[1:], folder)
    run.start(inputs=f"{folder}/warc.paths")
    columns, *files = run.finish()["files"]
    (failed,) = (row for row in files if row[columns.index("status")] == "failed")
    assert "No such file or directory" in failed[columns.index("error")]
    run.hadoop.shell("-put", paths[0], folder)
    run.start("--retry-failed", inputs=f"{folder}/warc.paths")
    assert run.finish() == expected


def test_a_run_outlives_a_restart_of_the_namenode(run: HdfsRun, expected: Rows) -> None:
    run.submit(CLIENT, None, "--batch-files", "1")
    run.await_true(lambda: run.glob(FIRST_BATCH))
    run.hadoop.processes.kill(NAMENODE)
    run.hadoop.start_daemons(NAMENODE)
    assert run.finish() == expected


def test_a_download_on_hdfs_is_checked_and_becomes_tars(run: HdfsRun) -> None:
    """From HDFS to HDFS, and the rows that the same download has on this machine."""
    rows = [
        {"url": url, "uuid": image_uuid(url), "caption": "a picture", "caption_hash": caption_hash("a picture")}
        for url in (f"https://host.example/picture-{number}.jpg" for number in range(40))
    ]
    download(rows, run.folder / "downloaded", per_shard=20)
    pq.write_table(pa.Table.from_pylist(rows), run.folder / "pairs.parquet")
    hadoop, url = run.hadoop, run.hadoop.url
    hadoop.shell("-mkdir", "-p", run.path)
    hadoop.shell("-put", run.folder / "downloaded", run.folder / "pairs.parquet", run.path)
    for words in (
        ["check", f"{run.out}/downloaded", "--out", f"{run.out}/checked"],
        ["shards", f"{run.out}/pairs.parquet", "--images", f"{url}{run.path}/checked", "--out", f"{run.out}/train"],
    ):
        hadoop.start_program(DRIVER, *BALLAST, *words, "--master", "local[2]", folder=ROOT)
        hadoop.processes.finish(DRIVER)
    assert main(["check", str(run.folder / "downloaded"), "--out", str(run.folder / "here")]) == 0
    copied = hadoop.copy(run.path, run.folder / "copy")
    there, here = (
        pq.read_table(folder / "checked").to_pylist() for folder in (copied / "checked", run.folder / "here")
    )
    assert sorted(map(repr, there)) == sorted(map(repr, here))
    with tarfile.open(copied / "train/shards/00000.tar") as tar:
        names = [name.partition(".")[0] for name in tar.getnames() if name.endswith(".txt")]
    assert sorted(names) == sorted(row["uuid"] for row in here if row["status"] == "success")
