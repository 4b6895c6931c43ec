"""The proxy: it passes requests on unchanged, names and counts them, and injects its faults."""

import pytest
from botocore.exceptions import ClientError
from s3_proxy import Fault, Request, S3Requests, table_of

from udfs.storage.s3_client import s3_client


def test_every_request_is_counted_once(s3_requests: S3Requests, bucket: str) -> None:
    client = s3_client()
    s3_requests.reset()
    client.put_object(Bucket=bucket, Key="out/_manifests/pool/all.json", Body=b"{}")
    client.put_object(Bucket=bucket, Key="out/run é%20.json", Body=b"x" * 100_000)
    assert client.get_object(Bucket=bucket, Key="out/run é%20.json")["Body"].read() == b"x" * 100_000
    assert client.get_object(Bucket=bucket, Key="out/run é%20.json", Range="bytes=-3")["Body"].read() == b"xxx"
    assert client.head_object(Bucket=bucket, Key="out/run é%20.json")["ContentLength"] == 100_000
    upload = {"Bucket": bucket, "Key": "out/pool/part-0.parquet"}
    upload["UploadId"] = client.create_multipart_upload(**upload)["UploadId"]
    part = {"PartNumber": 1, "ETag": client.upload_part(**upload, PartNumber=1, Body=b"rows")["ETag"]}
    assert len(client.list_multipart_uploads(Bucket=bucket)["Uploads"]) == 1
    client.complete_multipart_upload(**upload, MultipartUpload={"Parts": [part]})
    assert len(client.list_objects_v2(Bucket=bucket, Prefix="out/pool/")["Contents"]) == 1
    client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "out/pool/part-0.parquet"}]})
    assert table_of(s3_requests.seen).splitlines() == [
        "        1  CompleteMultipartUpload  pool",
        "        1  CreateMultipartUpload    pool",
        "        1  DeleteObjects            other",
        "        2  GetObject                other",
        "        1  HeadObject               other",
        "        1  ListMultipartUploads     other",
        "        1  ListObjectsV2            pool",
        "        1  PutObject                manifest",
        "        1  PutObject                other",
        "        1  UploadPart               pool",
        "       11  requests",
    ]


def test_a_refused_request_does_not_reach_the_server_and_one_without_answer_does(
    s3_requests: S3Requests, bucket: str
) -> None:
    faults = [Fault.SLOW_DOWN, Fault.LOSE_ANSWER]
    s3_requests.fault = lambda request: faults.pop(0) if request.operation == "PutObject" and faults else None
    client = s3_client(attempts=1)
    with pytest.raises(ClientError, match="SlowDown"):
        client.put_object(Bucket=bucket, Key="a", Body=b"1")
    assert "Contents" not in client.list_objects_v2(Bucket=bucket)
    with pytest.raises(Exception, match="Connection was closed"):
        client.put_object(Bucket=bucket, Key="b", Body=b"1")
    assert [item["Key"] for item in client.list_objects_v2(Bucket=bucket)["Contents"]] == ["b"]
    assert [request for request, _ in s3_requests.faults] == [
        Request("PutObject", bucket, "a"),
        Request("PutObject", bucket, "b"),
    ]
