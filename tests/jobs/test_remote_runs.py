"""Whole runs with inputs on real servers on loopback: the rows are those of local files; problems are reported."""

import gzip
import json
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from naughty_server import naughty_server, serve, status

from jobs.cli import main
from jobs.runs import open_storage
from jobs.spark.hadoop_storage import HadoopStorage
from udfs.hashing import sample_hash
from udfs.storage.s3 import S3Storage
from udfs.storage.s3_client import s3_client

CRAWL = "CC-MAIN-2024-10"
FOLDER = f"crawl-data/{CRAWL}/segments/1/warc"


def rows(folder: Path) -> list[dict]:
    table = pq.read_table(folder)
    return table.sort_by([(name, "ascending") for name in ("uuid", "caption_hash")]).to_pylist()


def file_rows(out: Path) -> list[dict]:
    return sorted(pq.read_table(out / "files").to_pylist(), key=lambda row: row["path"])


def written_text(out: Path) -> str:
    """All text that a run wrote: its JSON files, and the strings in its file rows."""
    texts = [path.read_text(encoding="utf-8") for path in out.rglob("*.json")]
    return "\n".join([*texts, str(file_rows(out))])


@pytest.fixture(scope="module")
def files(crawl) -> dict[str, bytes]:
    """The sample crawl as on a web server, with the listing of a crawl."""
    archives = {f"/{FOLDER}/{path.name}": path.read_bytes() for path in sorted(crawl.folder.iterdir())}
    listing = "".join(f"{path[1:]}\n" for path in archives)
    return {**archives, f"/crawl-data/{CRAWL}/warc.paths.gz": gzip.compress(listing.encode())}


@pytest.fixture(scope="module")
def local(spark, crawl, files, tmp_path_factory) -> Path:
    """The run over local files."""
    root = tmp_path_factory.mktemp("mirror")
    for path, data in files.items():
        (root / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        (root / path[1:]).write_bytes(data)
    assert main(curate(crawl, root / "out", str(root / FOLDER))) == 0
    return root / "out"


def curate(crawl, out: Path, *arguments: str) -> list[str]:
    return ["curate", "--out", str(out), "--metadata", str(crawl.metadata), "--t", "5", "--no-report", *arguments]


def test_s3_and_http_inputs_give_the_rows_of_local_files(spark, crawl, files, local, bucket, tmp_path):
    """One file on S3, one at a presigned address of a web server that drops the connection; entries on S3."""
    one, two = (f"{FOLDER}/{name}" for name in ("one.warc.gz", "two.warc.gz"))
    S3Storage(f"s3://{bucket}").write(one, files[f"/{one}"])
    S3Storage(f"s3://{bucket}").write("entries.json", crawl.metadata.read_bytes())
    with naughty_server() as server:
        server.files = files
        server.script = [serve(until=len(files[f"/{two}"]) // 2), status(503), serve()]
        address = server.address.replace("http://", "http://me:password@") + f"/{two}?X-Amz-Signature=secret"
        arguments = [f"s3://{bucket}/{one}", address, "--metadata", f"s3://{bucket}/entries.json"]
        assert main(curate(crawl, tmp_path / "out", *arguments)) == 0
        assert any("If-Range" in headers for _, headers in server.asked), "the download was resumed"
    assert rows(tmp_path / "out/pool") == rows(local / "pool")
    assert rows(tmp_path / "out/subset") == rows(local / "subset")
    files_read = file_rows(tmp_path / "out")
    assert [row["path"] for row in files_read] == [f"{server.address}/{two}", f"s3://{bucket}/{one}"]
    assert [row["status"] for row in files_read] == ["ok", "ok"]
    assert "secret" not in written_text(tmp_path / "out")
    assert "password" not in written_text(tmp_path / "out")


def test_a_crawl_is_sampled_from_its_listing(spark, crawl, files, local, tmp_path, capsys):
    with naughty_server() as server:
        server.files = files
        flags = ["--crawl", CRAWL, "--input-root", server.address, "--seed", "3"]
        assert main(curate(crawl, tmp_path / "all", *flags)) == 0
        assert main(["extract", "--out", str(tmp_path / "one"), *flags, "--sample", "1"]) == 0
        assert main(curate(crawl, tmp_path / "x", "--crawl", "CC-MAIN-2024-99", "--input-root", server.address)) == 2
    assert "crawl-data/CC-MAIN-2024-99/warc.paths.gz: not a listing of paths: 404 Not Found" in capsys.readouterr().err
    assert rows(tmp_path / "all/pool") == rows(local / "pool")
    names = [path[1:] for path in files if path.endswith(".warc.gz")]
    expected = min(names, key=lambda name: sample_hash(3, name))
    assert [row["path"] for row in file_rows(tmp_path / "one")] == [f"{server.address}/{expected}"]
    execution = json.loads((tmp_path / "one/run.json").read_text())["execution"]
    assert (execution["crawl"], execution["sample"]) == (CRAWL, 1)


def test_spark_computes_the_same_sample_hash(spark):
    for seed in (0, 7):
        row = spark.sql(f"SELECT xxhash64('sample', {seed}L, 'crawl-data/x.warc.gz') AS h").first()
        assert row["h"] == sample_hash(seed, "crawl-data/x.warc.gz")


def test_a_missing_file_becomes_a_row_and_the_run_continues(spark, crawl, files, tmp_path):
    with naughty_server() as server:
        server.files = files
        server.script = [lambda handler: (time.sleep(0.3), serve()(handler))]
        inputs = [f"{server.address}/{FOLDER}/{name}" for name in ("one.warc.gz", "gone.warc.gz")]
        assert main(["extract", "--out", str(tmp_path / "out"), *inputs, "--max-connections", "1"]) == 0
        assert server.most_active == 1, "two tasks at once, but one connection"
    gone, one = file_rows(tmp_path / "out")
    assert (gone["status"], gone["error"]) == ("failed", "404 Not Found")
    assert one["status"] == "ok"


def test_a_throttling_server_stops_the_run_which_resumes_later(spark, crawl, files, local, tmp_path, capsys):
    out = tmp_path / "out"
    with naughty_server() as server:
        server.files = files
        inputs = [f"{server.address}/{FOLDER}/{name}" for name in ("one.warc.gz", "two.warc.gz")]
        command = curate(crawl, out, *inputs, "--batch-files", "1", "--patience", "1")

        def refuse_the_second(handler) -> None:
            (status(429) if "two" in handler.path else serve())(handler)

        server.script = [refuse_the_second]
        assert main(command) == 1
        lines = capsys.readouterr().err.splitlines()
        (line,) = [line for line in lines if "cannot be read" in line]
        assert line.startswith(f"ballast: {server.address} cannot be read: 429 Too Many Requests (")
        assert "rerun the same command later to resume" in line
        assert not any("Traceback" in text or text.startswith("\tat ") for text in lines)
        assert len(list((out / "_manifests/extracted").iterdir())) == 1, "the first batch is there, the second is not"
        assert json.loads((out / "run.json").read_text())["state"] == "running"
        server.script = []
        assert main(command) == 0
    assert "1 of 2 files were committed before" in capsys.readouterr().err
    assert rows(out / "subset") == rows(local / "subset")
    assert [row["status"] for row in file_rows(out)] == ["ok", "ok"]


@pytest.mark.parametrize(
    ("arguments", "exit_status", "message"),
    [
        (["extract", "s3://no-such-bucket/x.warc.gz", "--out", "{tmp}"], 2, "there is no such bucket"),
        (["extract", "{warc}", "--out", "s3://no-such-bucket/out"], 2, "there is no such bucket"),
        (["count", "s3://no-such-bucket/pool", "--out", "{tmp}"], 2, "there is no such bucket"),
        (["plan", "s3a://no-such-bucket/pool"], 2, "there is no such bucket"),
        (["extract", "{warc}", "--out", "ipfs://host/out"], 2, "Hadoop does not support this scheme"),
        (["count", "hdfs://127.0.0.1:1/pool", "--out", "{tmp}"], 1, "hdfs://127.0.0.1:1/pool"),
    ],
)
def test_wrong_addresses_are_one_line(
    spark, s3_server, crawl, tmp_path, capsys, monkeypatch, arguments, exit_status, message
):
    spark.sparkContext._jsc.hadoopConfiguration().set("ipc.client.connect.max.retries", "0")
    named = [text.format(tmp=tmp_path / "o", warc=crawl.folder / "one.warc.gz") for text in arguments]
    assert main(named) == exit_status
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_reading_from_s3_without_the_jars_names_those_to_add(spark, bucket, tmp_path, capsys):
    if spark.sparkContext._jsc.hadoopConfiguration().getClassByNameOrNull("org.apache.hadoop.fs.s3a.S3AFileSystem"):
        pytest.skip("this Spark has S3A")
    pq.write_table(pa.table({"entry_ids": pa.array([[1]], pa.list_(pa.int32()))}), tmp_path / "one.parquet")
    s3_client().upload_file(str(tmp_path / "one.parquet"), bucket, "pool/one.parquet")
    assert main(["count", f"s3://{bucket}/pool", "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "this Spark has no S3A" in error and error.count("\n") == 1


def test_writing_to_s3_without_the_jars_names_those_to_add(spark, crawl, bucket, capsys):
    if spark.sparkContext._jsc.hadoopConfiguration().getClassByNameOrNull("org.apache.hadoop.fs.s3a.S3AFileSystem"):
        pytest.skip("this Spark has S3A")
    assert main(["extract", str(crawl.folder), "--out", f"s3://{bucket}/out"]) == 2
    error = capsys.readouterr().err
    assert "add --spark-conf spark.jars.packages=org.apache.spark:spark-hadoop-cloud_2.1" in error
    assert error.count("\n") == 1
    assert "Contents" not in s3_client().list_objects_v2(Bucket=bucket), "nothing was written"


def test_a_run_through_hadoops_file_system(spark, crawl, tmp_path, monkeypatch):
    """With `file://`, otherwise a local path: run.json, manifests and clean-up go through the JVM."""
    monkeypatch.setattr(open_storage, "LocalStorage", lambda path: HadoopStorage(f"file://{Path(path).absolute()}"))
    command = ["extract", str(crawl.folder / "one.warc.gz"), "--out", str(tmp_path / "out")]
    assert main(command) == 0
    assert main(command) == 0, "a finished run is reported"
    record = json.loads((tmp_path / "out/run.json").read_text())
    assert (record["state"], record["stages"]["files"]["ok"]) == ("finished", 1)
    assert [row["status"] for row in file_rows(tmp_path / "out")] == ["ok"]
