"""Folders of a bucket on a real server on loopback, and the errors for bad buckets and credentials."""

import os

import pytest
from naughty_server import closed_port
from s3_proxy import Fault, S3Requests
from storage_contract import StorageContract

from udfs.errors import BallastError, UsageError
from udfs.storage.local import PathKind
from udfs.storage.s3 import S3Storage
from udfs.storage.s3_client import s3_client
from udfs.storage.spark_scheme import spark_scheme


class TestS3Storage(StorageContract):
    @pytest.fixture
    def storage(self, bucket: str) -> S3Storage:
        return S3Storage(f"s3://{bucket}/runs/one/")

    def test_a_whole_bucket(self, bucket: str) -> None:
        storage = S3Storage(f"s3://{bucket}")
        assert storage.kind() == PathKind.FOLDER
        assert storage.is_empty()
        storage.write("run.json", b"{}")
        assert list(storage.list_files("")) == ["run.json"]
        assert storage.url("pool") == f"s3a://{bucket}/pool"

    def test_folder_marks_of_other_programs_are_not_files(self, bucket: str) -> None:
        storage = S3Storage(f"s3://{bucket}/out")
        for key in ("out/", "out/pool/", "out/files_$folder$", "out/pool/part-0"):
            s3_client().put_object(Bucket=bucket, Key=key, Body=b"")
        assert list(storage.list_files("")) == ["pool/part-0"]
        storage.delete("pool/part-0")
        assert storage.is_empty()
        storage.delete_remains("")
        left = s3_client().list_objects_v2(Bucket=bucket)["Contents"]
        assert [item["Key"] for item in left] == ["out/"]

    def test_delete_of_more_objects_than_one_request_takes(self, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("udfs.storage.s3._DELETED_AT_ONCE", 2)
        storage = S3Storage(f"s3://{bucket}/out")
        for number in range(5):
            storage.write(f"many/{number}", b"")
        storage.delete("many")
        assert list(storage.list_files("")) == []


def test_a_created_file_is_ours_although_the_answer_was_lost(s3_requests: S3Requests, bucket: str) -> None:
    """boto3 sends the request again; then S3 says that the file is there."""
    storage = S3Storage(f"s3://{bucket}/out")
    faults = [Fault.LOSE_ANSWER] * 2
    s3_requests.fault = lambda request: faults.pop() if request.key == "out/lease" and faults else None
    assert storage.create("lease", b"mine")
    assert s3_requests.count("PutObject") == 3
    faults.append(Fault.SLOW_DOWN)
    assert not storage.create("lease", b"another's")
    assert not storage.create("lease", b"mine"), "without a retry, the present bytes are another writer's"
    assert storage.read("lease") == b"mine"


def test_uploads_that_a_killed_writer_left_are_aborted(bucket: str) -> None:
    client = s3_client()

    def uploads() -> list[str]:
        return [upload["Key"] for upload in client.list_multipart_uploads(Bucket=bucket).get("Uploads", ())]

    keys = ["out/pool/a.parquet", "out/pool/t=1/b.parquet", "out/pool2/c.parquet", "pool/d.parquet"]
    for key in keys:
        upload = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        client.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"rows")
    S3Storage(f"s3://{bucket}/out").delete_remains("pool")
    assert sorted(uploads()) == keys[2:]
    S3Storage(f"s3://{bucket}").delete_remains("")
    assert uploads() == []


@pytest.mark.parametrize("address", ["s3:///x", "s3://", "s3://what is this?/x", "s3://b!/x"])
def test_an_address_without_a_bucket(address: str) -> None:
    with pytest.raises(UsageError, match="has no valid bucket"):
        S3Storage(address)


def test_a_missing_bucket_is_one_line(s3_server: str) -> None:
    storage = S3Storage("s3://no-such-bucket-here/out")
    for ask in (storage.kind, lambda: storage.read("x"), lambda: storage.write("x", b""), storage.is_empty):
        with pytest.raises(UsageError, match=r"s3://no-such-bucket-here/out.*no such bucket") as raised:
            ask()
        assert "\n" not in str(raised.value)


def test_no_credentials_are_one_line(s3_server: str, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    s3_client.cache_clear()
    with pytest.raises(UsageError, match="no AWS credentials were found: set AWS_ACCESS_KEY_ID"):
        S3Storage(f"s3://{bucket}/out").kind()
    assert S3Storage(f"s3://{bucket}/out", anonymous=True).kind() == PathKind.MISSING
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    s3_client.cache_clear()
    with pytest.raises(UsageError, match=r"\(nobody\) could not be found: check AWS_PROFILE"):
        S3Storage(f"s3://{bucket}/out").kind()
    s3_client.cache_clear()


def test_a_wrong_endpoint_is_one_line(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with closed_port() as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        s3_client.cache_clear()
        with pytest.raises(BallastError, match=f"cannot be reached at http://127.0.0.1:{port}: check AWS_ENDPOINT_URL"):
            S3Storage("s3://bucket/out").kind()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost")
    s3_client.cache_clear()
    with pytest.raises(BallastError, match=r"Invalid endpoint: localhost: AWS_ENDPOINT_URL must begin with http"):
        S3Storage("s3://bucket/out").kind()
    s3_client.cache_clear()


def test_the_scheme_for_spark(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.delenv("BALLAST_S3_SCHEME", raising=False)
    monkeypatch.setattr("udfs.storage.spark_scheme._EMR_FOLDER", tmp_path / "missing")
    assert spark_scheme() == "s3a"
    monkeypatch.setattr("udfs.storage.spark_scheme._EMR_FOLDER", tmp_path)
    assert spark_scheme() == "s3"
    monkeypatch.setenv("BALLAST_S3_SCHEME", "s3a")
    assert spark_scheme() == "s3a"
    assert S3Storage("s3n://b/x/").url("y") == "s3a://b/x/y"
    monkeypatch.setenv("BALLAST_S3_SCHEME", "s4")
    with pytest.raises(UsageError, match="BALLAST_S3_SCHEME=s4"):
        spark_scheme()
    assert os.environ["BALLAST_S3_SCHEME"] == "s4"
