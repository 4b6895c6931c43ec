"""The storage contract through the JVM's file systems, by `file://`, which Hadoop supports too."""

import pytest
from storage_contract import StorageContract

from jobs.runs.open_storage import open_storage
from jobs.spark.hadoop_storage import HadoopStorage
from udfs.errors import UsageError
from udfs.storage.local import LocalStorage
from udfs.storage.s3 import S3Storage


class TestHadoopStorage(StorageContract):
    # Hadoop's local file system looks for the file and then creates it; `make test-hadoop` tests this on a real HDFS
    test_one_of_many_concurrent_creates_succeeds = None  # type: ignore[assignment]

    @pytest.fixture
    def storage(self, spark, tmp_path) -> HadoopStorage:
        return HadoopStorage(f"file://{tmp_path}/out/")


def test_which_storage_an_address_gets():
    assert isinstance(open_storage("out"), LocalStorage)
    assert isinstance(open_storage("file:///out"), LocalStorage)
    assert isinstance(open_storage("s3a://bucket/out"), S3Storage)
    hdfs = open_storage("hdfs:///out/")
    assert isinstance(hdfs, HadoopStorage)
    assert (hdfs.root, hdfs.url("pool")) == ("hdfs:///out", "hdfs:///out/pool")
    assert open_storage("hdfs:///").url("pool") == "hdfs:///pool"
    with pytest.raises(UsageError, match="web server"):
        open_storage("https://host/out?key=secret")


def test_an_unsupported_scheme_is_one_line(spark):
    with pytest.raises(UsageError, match=r"ipfs://host/out: Hadoop does not support this scheme: No FileSystem"):
        open_storage("ipfs://host/out").kind()
