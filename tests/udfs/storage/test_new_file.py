"""New files of workers: whole or not there, here and on S3; on other file systems by Arrow."""

import pytest
from pyarrow import fs

from udfs.errors import BallastError
from udfs.storage.new_file import new_file
from udfs.storage.s3 import S3Storage
from udfs.storage.s3_client import s3_client


@pytest.fixture(params=["local", "s3", "arrow"])
def folder(request, tmp_path, monkeypatch) -> str:
    if request.param == "local":
        return str(tmp_path / "made" / "below")
    if request.param == "s3":
        return f"s3://{request.getfixturevalue('bucket')}/made"
    local = fs.LocalFileSystem()
    where = lambda address: (local, address.removeprefix("abfs://x@y"))  # noqa: E731
    monkeypatch.setattr("udfs.storage.arrow_files.file_system_of", where)
    return f"abfs://x@y{tmp_path}/made"


def contents(folder: str, tmp_path) -> dict[str, bytes]:
    if folder.startswith("s3://"):
        storage = S3Storage(folder)
        return {name: storage.read(name) or b"" for name in storage.list_files("")}
    return {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_a_file_is_written_and_replaces_another(folder, tmp_path):
    for data in (b"first", b"second" * 3_000_000):  # S3 gets the second in parts
        with new_file(f"{folder}/ü 1.tar") as file:
            file.write(data)
        assert contents(folder, tmp_path) == {"ü 1.tar": data}


def test_an_error_leaves_what_was_there(folder, tmp_path):
    for name in ("old", "new"):
        with new_file(f"{folder}/old") as file:
            file.write(b"old")
        with pytest.raises(ZeroDivisionError), new_file(f"{folder}/{name}") as file:
            file.write(b"half")
            raise ZeroDivisionError
    assert contents(folder, tmp_path) == {"old": b"old"}


def test_two_writers_of_one_file(folder, tmp_path):
    with new_file(f"{folder}/x") as one, new_file(f"{folder}/x") as other:
        one.write(b"same")
        other.write(b"same")
    assert contents(folder, tmp_path) == {"x": b"same"}


def test_a_bucket_that_is_not_there(s3_server):
    s3_client()
    with pytest.raises(BallastError, match="there is no such bucket"), new_file("s3://no-such-bucket/x.tar") as file:
        file.write(b"x")
