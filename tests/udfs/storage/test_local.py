"""The driver's own files: each is written whole or not at all, and only named paths are deleted."""

import errno
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from storage_contract import StorageContract

from udfs.errors import UsageError
from udfs.storage.local import LocalStorage, open_input


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(str(tmp_path / "out"))


class TestLocalStorage(StorageContract):
    @pytest.fixture
    def storage(self, tmp_path: Path) -> LocalStorage:
        return LocalStorage(str(tmp_path / "out"))

    @pytest.mark.parametrize("reason", [errno.EPERM, errno.EOPNOTSUPP])
    def test_create_without_hard_links(
        self, storage: LocalStorage, monkeypatch: pytest.MonkeyPatch, reason: int
    ) -> None:
        def fail(*_: object) -> None:
            raise OSError(reason, "no links here")

        monkeypatch.setattr(Path, "hardlink_to", fail)
        assert storage.create("lease", b"first")
        assert not storage.create("lease", b"second")
        assert tree(storage) == {"lease": b"first"}


def tree(storage: LocalStorage) -> dict[str, bytes]:
    """The files that exist, read through the operating system."""
    files = {}
    for folder, _, names in os.walk(storage.folder):
        for name in names:
            path = Path(folder) / name
            files[path.relative_to(storage.folder).as_posix()] = path.read_bytes()
    return files


def test_write_and_read(storage: LocalStorage) -> None:
    assert storage.read("a/b/run.json") is None
    storage.write("a/b/run.json", b"one")
    assert storage.read("a/b/run.json") == b"one"
    storage.write("a/b/run.json", b"two, longer")
    storage.write("empty", b"")
    assert tree(storage) == {"a/b/run.json": b"two, longer", "empty": b""}
    assert storage.stat("a/b/run.json").bytes == len(b"two, longer")
    assert storage.stat("empty").bytes == 0
    mode = stat.S_IMODE((storage.folder / "empty").stat().st_mode)
    assert mode == 0o644  # mkstemp would let only the owner read it


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failed_write_keeps_the_old_bytes(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    storage.write("run.json", b"old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(*((os, "fsync") if failing == "fsync" else (Path, "replace")), fail)
        with pytest.raises(OSError, match="disk full"):
            storage.write("run.json", b"new")
        with pytest.raises(OSError, match="disk full"):
            storage.write("other.json", b"new")
    assert tree(storage) == {"run.json": b"old"}


def test_a_reader_never_sees_a_partial_write(storage: LocalStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Just before the rename, the temporary file has all new bytes, and the target all old ones."""
    storage.write("run.json", b"old")
    seen = []
    replace = Path.replace

    def watch(source: Path, target: Path) -> Path:
        seen.append((source.read_bytes(), Path(target).read_bytes(), source.parent == Path(target).parent))
        return replace(source, target)

    monkeypatch.setattr(Path, "replace", watch)
    storage.write("run.json", b"new" * 10_000)
    assert seen == [(b"new" * 10_000, b"old", True)]


def test_list_files(storage: LocalStorage) -> None:
    assert list(storage.list_files("pool")) == []
    for path in ("pool/t=2/b", "pool/t=10/a", "pool/c", "pool2/d", "e"):
        storage.write(path, b"")
    (storage.folder / "pool" / "empty").mkdir()
    assert list(storage.list_files("pool")) == ["pool/c", "pool/t=10/a", "pool/t=2/b"]
    assert list(storage.list_files("pool/t=2")) == ["pool/t=2/b"]
    assert list(storage.list_files("")) == ["e", "pool/c", "pool/t=10/a", "pool/t=2/b", "pool2/d"]
    assert list(storage.list_files("po")) == []


def test_delete_removes_only_the_named_path(storage: LocalStorage) -> None:
    for path in ("pool/a", "pool/b/c", "pool2/d", "pool.json", "pool/b2"):
        storage.write(path, b"x")
    storage.delete("pool/b")
    assert sorted(tree(storage)) == ["pool.json", "pool/a", "pool/b2", "pool2/d"]
    storage.delete("pool")
    assert sorted(tree(storage)) == ["pool.json", "pool2/d"]
    storage.delete("pool.json")
    storage.delete("pool.json")
    storage.delete("never/there")
    assert sorted(tree(storage)) == ["pool2/d"]


def test_delete_does_not_follow_links(storage: LocalStorage, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_bytes(b"x")
    storage.write("pool/a", b"")
    (storage.folder / "link").symlink_to(elsewhere)
    (storage.folder / "pool" / "link").symlink_to(elsewhere)
    storage.delete("link")
    storage.delete("pool")
    assert (elsewhere / "precious").read_bytes() == b"x"
    assert tree(storage) == {}


def test_is_empty(storage: LocalStorage) -> None:
    assert storage.is_empty()
    storage.folder.mkdir()
    assert storage.is_empty()
    (storage.folder / ".ballast-abc123").write_bytes(b"half")  # left by a killed driver
    assert storage.is_empty()
    (storage.folder / ".hidden").write_bytes(b"")
    assert not storage.is_empty()
    (storage.folder / ".hidden").unlink()
    (storage.folder / "folder").mkdir()
    assert not storage.is_empty()


def test_delete_remains(storage: LocalStorage) -> None:
    for path in ("pool/a/file", "pool/b/c/file", "other/x/file"):
        storage.write(path, b"")
    for path in ("pool/a/e1/e2/e3", "pool/e4", "pool/b/c/e5", "other/e6"):
        (storage.folder / path).mkdir(parents=True)
    storage.delete_remains("pool")
    folders = sorted(path.relative_to(storage.folder).as_posix() for path in storage.folder.rglob("*") if path.is_dir())
    assert folders == ["other", "other/e6", "other/x", "pool", "pool/a", "pool/b", "pool/b/c"]
    assert sorted(tree(storage)) == ["other/x/file", "pool/a/file", "pool/b/c/file"]
    storage.delete_remains("missing")


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b/c", "b/d/e", "f"]), st.binary(max_size=20) | st.none()), max_size=12)
)
def test_equals_a_dictionary(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, bytes | None]]) -> None:
    """Any writes and deletes (None) of files, against a plain dict."""
    storage = LocalStorage(str(tmp_path_factory.mktemp("model")))
    model: dict[str, bytes] = {}
    for path, data in steps:
        if data is None:
            storage.delete(path)
            model.pop(path, None)
        else:
            storage.write(path, data)
            model[path] = data
    assert tree(storage) == model
    assert list(storage.list_files("")) == sorted(model)
    assert all(storage.read(path) == data and storage.stat(path).bytes == len(data) for path, data in model.items())


def test_urls_as_spark_reads_them(storage: LocalStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert storage.url("pool/a b%20c") == f"file://{storage.folder}/pool/a b%20c"
    assert storage.url() == f"file://{storage.folder}"
    monkeypatch.chdir(tmp_path)
    assert LocalStorage("out").folder == storage.folder


def test_open_input(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    with open_input(str(tmp_path / "x")) as source:
        assert source.read(2) == b"ab"
        assert source.read() == b"c"
    with pytest.raises(FileNotFoundError):
        open_input(str(tmp_path / "missing"))
    with pytest.raises(IsADirectoryError):
        open_input(str(tmp_path))


@pytest.mark.parametrize("name", ["a*", "t=?", "x[1]", "{a}", "a\\b"])
def test_a_root_that_spark_reads_as_a_glob_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="pattern"):
        LocalStorage(str(tmp_path / name))
    assert list(tmp_path.iterdir()) == []
