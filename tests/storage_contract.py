"""Tests that every storage must pass. The test class of each storage inherits them."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from udfs.storage.local import PathKind, Storage


class StorageContract:
    """Subclasses define the fixture `storage`, for a folder that does not exist yet."""

    def test_write_and_read(self, storage: Storage) -> None:
        assert storage.read("a/b/run.json") is None
        storage.write("a/b/run.json", b"one")
        assert storage.read("a/b/run.json") == b"one"
        storage.write("a/b/run.json", b"two, longer")
        storage.write("empty", b"")
        storage.write("bytes", bytes(range(256)))
        assert storage.read("a/b/run.json") == b"two, longer"
        assert storage.read("empty") == b""
        assert storage.read("bytes") == bytes(range(256))
        assert storage.read("empty/below") is None

    def test_read_part(self, storage: Storage) -> None:
        data = bytes(range(256))
        storage.write("a/bytes", data)
        assert storage.read_part("a/bytes", 0, 4) == data[:4]
        assert storage.read_part("a/bytes", 250, 100) == data[250:]
        assert storage.read_part("a/bytes", -8, 8) == data[-8:]
        assert storage.read_part("a/bytes", -8, 3) == data[-8:-5]
        assert storage.read_part("a/bytes", -1000, 1000) == data
        with pytest.raises(FileNotFoundError):
            storage.read_part("a/missing", 0, 4)

    def test_create_never_replaces_a_file(self, storage: Storage) -> None:
        assert storage.create("_lock/lease.json", b"first")
        assert not storage.create("_lock/lease.json", b"second")
        assert storage.read("_lock/lease.json") == b"first"
        storage.delete("_lock/lease.json")
        assert storage.create("_lock/lease.json", b"third")
        assert storage.read("_lock/lease.json") == b"third"
        assert list(storage.list_files("")) == ["_lock/lease.json"]

    def test_one_of_many_concurrent_creates_succeeds(self, storage: Storage) -> None:
        with ThreadPoolExecutor(8) as pool:
            created = list(pool.map(lambda n: storage.create("lease", b"%d" % n), range(8)))
        assert sum(created) == 1
        assert storage.read("lease") == b"%d" % created.index(True)
        assert list(storage.list_files("")) == ["lease"]

    def test_rename_replaces_a_file(self, storage: Storage) -> None:
        for path, data in (("export/part-0 ä%20", b"new"), ("export/0", b"old, longer"), ("export/1", b"other")):
            storage.write(path, data)
        assert list(storage.list_files("export")) == ["export/0", "export/1", "export/part-0 ä%20"]
        assert storage.stat("export/0").bytes == 11
        storage.rename("export/part-0 ä%20", "export/0")
        assert list(storage.list_files("")) == ["export/0", "export/1"]
        assert storage.read("export/0") == b"new" and storage.stat("export/0").bytes == 3
        with pytest.raises(FileNotFoundError):
            storage.rename("export/missing", "export/1")
        assert storage.read("export/1") == b"other"

    def test_list_files(self, storage: Storage) -> None:
        assert list(storage.list_files("pool")) == []
        for path in ("pool/t=2/b", "pool/t=10/a", "pool/c", "pool2/d", "e", "pool/ä b%20c"):
            storage.write(path, b"x")
        assert list(storage.list_files("pool")) == ["pool/c", "pool/t=10/a", "pool/t=2/b", "pool/ä b%20c"]
        assert list(storage.list_files("pool/t=2")) == ["pool/t=2/b"]
        assert list(storage.list_files("po")) == []
        assert len(storage.list_files("")) == 6
        assert storage.read("pool/ä b%20c") == b"x"

    def test_size_and_version(self, storage: Storage) -> None:
        storage.write("pool/a", b"12345")
        storage.write("pool/b", b"")
        before = storage.stat("pool/a")
        assert (before.bytes, storage.stat("pool/b").bytes) == (5, 0)
        assert storage.list_files("pool") == {"pool/a": before, "pool/b": storage.stat("pool/b")}
        storage.write("pool/a", b"123456")
        after = storage.stat("pool/a")
        assert after.bytes == 6
        assert after.version != before.version
        with pytest.raises(FileNotFoundError):
            storage.stat("pool/missing")

    def test_kinds(self, storage: Storage) -> None:
        assert storage.kind() == PathKind.MISSING
        storage.write("a/b", b"")
        assert storage.kind() == PathKind.FOLDER
        assert storage.kind("a") == PathKind.FOLDER
        assert storage.kind("a/b") == PathKind.FILE
        assert storage.kind("a/") == PathKind.FOLDER
        assert storage.kind("a/c") == PathKind.MISSING
        assert storage.kind("aa") == PathKind.MISSING

    def test_delete_removes_only_the_named_path(self, storage: Storage) -> None:
        for path in ("pool/a", "pool/b/c", "pool2/d", "pool.json", "pool/b2"):
            storage.write(path, b"x")
        storage.delete("pool/b")
        assert list(storage.list_files("")) == ["pool.json", "pool/a", "pool/b2", "pool2/d"]
        storage.delete("pool")
        assert list(storage.list_files("")) == ["pool.json", "pool2/d"]
        storage.delete("pool.json")
        storage.delete("pool.json")
        storage.delete("never/there")
        assert list(storage.list_files("")) == ["pool2/d"]

    def test_is_empty(self, storage: Storage) -> None:
        assert storage.is_empty()
        storage.write("a/b", b"")
        assert not storage.is_empty()
        storage.delete("a")
        assert storage.is_empty()

    def test_delete_remains_keeps_files(self, storage: Storage) -> None:
        for path in ("pool/a/file", "pool/b/c/file", "other/x/file"):
            storage.write(path, b"x")
        storage.delete("pool/b/c/file")
        storage.delete_remains("pool")
        assert list(storage.list_files("")) == ["other/x/file", "pool/a/file"]
        assert storage.kind("pool/b") == PathKind.MISSING
        storage.delete_remains("missing")
