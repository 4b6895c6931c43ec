"""A folder of a bucket as a `Storage`, by boto3."""

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from udfs.errors import BallastError
from udfs.storage.addresses import parse_s3
from udfs.storage.local import FileState, PathKind, refuse_patterns
from udfs.storage.s3_client import MISSING_KEY, error_code, s3_client, user_errors
from udfs.storage.spark_scheme import spark_scheme

_CONFLICT = ("ConditionalRequestConflict", "OperationAborted")
_CONFLICT_WAIT_S = 0.2
_FOLDER_MARKS = ("/", "_$folder$")  # ends of the objects that S3A and EMRFS write for a folder
_DELETED_AT_ONCE = 1000
_COPYING = TransferConfig(multipart_threshold=256 << 20, multipart_chunksize=256 << 20, use_threads=False)


class S3Storage:
    """A folder of a bucket, by boto3. S3 is consistent: a read or listing after a write sees that write.

    Raises `UsageError` for errors that the user can fix (a missing bucket, no credentials, no permission), and
    `BallastError` for all others.
    """

    def __init__(self, address: str, *, anonymous: bool = False) -> None:
        """Raises `UsageError` for an address without a bucket, and for one that Spark would read as a glob."""
        self._address = parse_s3(address)
        refuse_patterns(self.root)
        self._anonymous = anonymous

    @property
    def root(self) -> str:
        return str(self._address)

    def url(self, path: str = "") -> str:
        bucket, key = self._address
        return f"{spark_scheme()}://{bucket}/{_below(key, path)}"

    def read(self, path: str) -> bytes | None:
        with self._errors_at(path):
            try:
                data: bytes = self._client.get_object(**self._of(path))["Body"].read()
            except ClientError as error:
                if error_code(error) in MISSING_KEY:
                    return None
                raise
        return data

    def read_part(self, path: str, start: int, length: int) -> bytes:
        bounds = f"{start}-{start + length - 1}" if start >= 0 else f"{start}"
        with self._errors_at(path):
            try:
                data: bytes = self._client.get_object(**self._of(path), Range=f"bytes={bounds}")["Body"].read(length)
            except ClientError as error:
                if error_code(error) in MISSING_KEY:
                    raise FileNotFoundError(2, "no such object", f"{self.root}/{path}") from error
                raise
        return data

    def write(self, path: str, data: bytes) -> None:
        with self._errors_at(path):
            self._client.put_object(**self._of(path), Body=data)

    def create(self, path: str, data: bytes) -> bool:
        is_repeated = False
        while True:
            with self._errors_at(path):
                try:
                    self._client.put_object(**self._of(path), Body=data, IfNoneMatch="*")
                except ClientError as error:
                    if error_code(error) == "PreconditionFailed":
                        # boto3 sends a request again if its answer is lost; then the present bytes may be its own
                        is_repeated = is_repeated or error.response["ResponseMetadata"]["RetryAttempts"] > 0
                        return is_repeated and self.read(path) == data
                    if error_code(error) not in _CONFLICT:
                        raise
                    is_repeated = True
                    time.sleep(_CONFLICT_WAIT_S)  # another writer is at work; S3 asks to retry
                    continue
            return True

    def rename(self, path: str, target: str) -> None:
        """The server copies the object: in pieces if it is large, since one copy takes at most 5 GB."""
        with self._errors_at(path):
            try:
                self._client.copy(self._of(path), **self._of(target), Config=_COPYING)
            except ClientError as error:
                if error_code(error) in MISSING_KEY:
                    raise FileNotFoundError(2, "no such object", f"{self.root}/{path}") from error
                raise
        self._delete_all([path])

    def list_files(self, folder: str) -> dict[str, FileState]:
        return dict(sorted((name, state) for name, state in self._list(folder) if not name.endswith(_FOLDER_MARKS)))

    def stat(self, path: str) -> FileState:
        with self._errors_at(path):
            try:
                head = self._client.head_object(**self._of(path))
            except ClientError as error:
                if error_code(error) in MISSING_KEY:
                    raise FileNotFoundError(2, "no such object", f"{self.root}/{path}") from error
                raise
        return FileState(head["ContentLength"], head["ETag"].strip('"'))

    def kind(self, path: str = "") -> PathKind:
        key = _below(self._address.key, path)
        with self._errors_at(path):
            prefix = f"{key}/" if key else ""
            page = self._client.list_objects_v2(Bucket=self._address.bucket, Prefix=prefix, MaxKeys=1)
            if page.get("KeyCount", 0) or not key:  # an empty bucket is a folder
                return PathKind.FOLDER
            try:
                self._client.head_object(**self._of(path))
            except ClientError as error:
                if error_code(error) in MISSING_KEY:
                    return PathKind.MISSING
                raise
        return PathKind.FILE

    def is_empty(self) -> bool:
        return next((False for name, _ in self._list("") if not name.endswith(_FOLDER_MARKS)), True)

    def delete(self, path: str) -> None:
        names = [name for name, _ in self._list(path)]
        if path:
            names.append(path.strip("/"))
        self._delete_all(names)

    def delete_remains(self, folder: str) -> None:
        """Delete the objects that stand for folders, because S3 itself has none, and abort uploads: no listing of
        objects shows their parts, but they are paid for. They stay if that fails, as without the permission for it."""
        self._delete_all([name for name, _ in self._list(folder) if name.endswith(_FOLDER_MARKS)])
        with suppress(BallastError), self._errors_at(folder):
            self._abort_uploads(f"{_below(self._address.key, folder)}/".lstrip("/"))

    @property
    def _client(self) -> Any:
        return s3_client(anonymous=self._anonymous)

    def _of(self, path: str) -> dict[str, str]:
        return {"Bucket": self._address.bucket, "Key": _below(self._address.key, path)}

    def _errors_at(self, path: str) -> Any:
        return user_errors(str(self._address._replace(key=_below(self._address.key, path))))

    def _list(self, folder: str) -> Iterator[tuple[str, FileState]]:
        """Every object below a folder by its path relative to the root, those that stand for folders included."""
        key = _below(self._address.key, folder)
        start = len(self._address.key) + 1 if self._address.key else 0
        with self._errors_at(folder):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._address.bucket, Prefix=f"{key}/" if key else ""
            )
            for page in pages:
                for item in page.get("Contents", ()):
                    if item["Key"][start:]:  # else it stands for the root itself
                        yield item["Key"][start:], FileState(item["Size"], item["ETag"].strip('"'))

    def _abort_uploads(self, prefix: str) -> None:
        bucket = self._address.bucket
        for page in self._client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix):
            for upload in page.get("Uploads", ()):
                try:
                    self._client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
                except ClientError as error:
                    if error_code(error) != "NoSuchUpload":  # it has ended meanwhile
                        raise

    def _delete_all(self, names: list[str]) -> None:
        prefix = f"{self._address.key}/" if self._address.key else ""
        for start in range(0, len(names), _DELETED_AT_ONCE):
            some = names[start : start + _DELETED_AT_ONCE]
            keys = [{"Key": f"{prefix}{name}"} for name in some]
            with self._errors_at(""):
                done = self._client.delete_objects(Bucket=self._address.bucket, Delete={"Objects": keys, "Quiet": True})
            for error in done.get("Errors", ()):
                raise BallastError(f"s3://{self._address.bucket}/{error['Key']}: cannot be deleted: {error['Code']}")


def _below(key: str, path: str) -> str:
    return "/".join(part for part in (key, path.strip("/")) if part)
