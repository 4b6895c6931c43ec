"""Helpers of the tests of udfs.images: files in memory as a downloaded folder, and the rows that a checker makes."""

import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

from udfs.images.checker import Checker
from udfs.images.options import CheckOptions
from udfs.images.shards import ImageShard, plan_shards
from udfs.storage.local import FileState

OPTIONS = CheckOptions()


class Stream(io.BytesIO):
    """A stream as from an object store: it cannot seek."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation("seek")


class Folder(dict[str, bytes]):
    """A downloaded folder: bytes by path."""

    def open(self, path: str) -> BinaryIO:
        if path not in self:
            raise FileNotFoundError(2, "No such file or directory", path)
        return Stream(self[path])

    def shards(self) -> list[ImageShard]:
        return plan_shards({path: FileState(len(data), "1") for path, data in sorted(self.items())})


def make_tar(members: Iterable[tuple[str, bytes]]) -> bytes:
    """A tar of these files."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as written:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            written.addfile(member, io.BytesIO(content))
    return data.getvalue()


def told(number: int, **more: Any) -> bytes:
    """The JSON of a sample."""
    return json.dumps({"uuid": f"u{number}", "url": f"https://a.example/{number}", **more}).encode()


def checked(
    folder: Mapping[str, bytes], options: CheckOptions = OPTIONS
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of images and those of shards of a whole folder."""
    images, files = [], []
    checker = Checker(options)
    downloaded = Folder(folder)
    for shard in downloaded.shards():
        for batch in checker.rows(shard, downloaded.open):
            assert batch.schema == checker.schema
            for row in batch.to_pylist():
                file = row.pop("file")
                if row.pop("kind") == "file":
                    files.append(file)
                else:
                    images.append(row)
    checker.close()
    return images, files
