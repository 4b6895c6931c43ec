"""Folders that jobs read and write: manifests, run.json and lists of files, wherever they lie."""

import errno
import os
import shutil
import tempfile
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol

from udfs.errors import UsageError

_PATTERN = set("*?[]{}\\")
_TEMPORARY = ".ballast-"  # a file that a killed driver was writing

_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)  # of file systems without hard links


class PathKind(StrEnum):
    """What a path is. Object stores have folders only as far as there are objects below them."""

    MISSING = "missing"
    FILE = "file"
    FOLDER = "folder"


class Storage(Protocol):
    """Files below one folder, by relative POSIX paths. Writes are atomic: a reader sees the old bytes or the new."""

    @property
    def root(self) -> str:
        """The folder's address, without a slash at its end."""
        ...

    def url(self, path: str = "") -> str:
        """The address of a path for Spark, which takes it unescaped."""
        ...

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, None when it does not exist."""
        ...

    def write(self, path: str, data: bytes) -> None:
        """Write a file, in place of the one that may be there; folders are made."""
        ...

    def create(self, path: str, data: bytes) -> bool:
        """Write a file where there is none, atomically: of several that try at once, one succeeds. Gives whether this
        one did."""
        ...

    def list_files(self, folder: str) -> list[str]:
        """Every file anywhere below a folder, as paths relative to the root, sorted; empty when there is none."""
        ...

    def size(self, path: str) -> int:
        """The size of a file in bytes. Raises `FileNotFoundError`."""
        ...

    def describe(self, path: str) -> str:
        """A line that changes when the file does: its path, its size, and when or what was written. Raises
        `FileNotFoundError`."""
        ...

    def kind(self, path: str = "") -> PathKind:
        """What there is at a path."""
        ...

    def is_empty(self) -> bool:
        """Whether the root does not exist or holds nothing but the remains of an interrupted write."""
        ...

    def delete(self, path: str) -> None:
        """Delete a file or a folder with all below it; nothing happens when it does not exist."""
        ...

    def delete_empty_folders(self, folder: str) -> None:
        """Delete the folders below a folder that hold no file."""
        ...


def open_input(path: str) -> BinaryIO:
    """Open a local file for reading from its start. Unbuffered: its reader asks for large pieces."""
    return Path(path).open("rb", buffering=0)


def refuse_patterns(path: str) -> None:
    """Raise `UsageError` for a path in which Spark would see a pattern."""
    if _PATTERN & set(path):
        raise UsageError(f"{path}: Spark takes * ? [ ] {{ }} and \\ for patterns: use names without them")


class LocalStorage:
    """A folder of this machine, or of a network file system that is mounted here."""

    def __init__(self, root: str) -> None:
        """Raises `UsageError` for a root that Spark would take for a pattern."""
        self.folder = Path(root).absolute()
        refuse_patterns(str(self.folder))

    @property
    def root(self) -> str:
        return str(self.folder)

    def url(self, path: str = "") -> str:
        return f"file://{self.folder / path}"

    def read(self, path: str) -> bytes | None:
        try:
            return (self.folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, path: str, data: bytes) -> None:
        target = self.folder / path
        temporary = self._write_aside(target, data)
        try:
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def create(self, path: str, data: bytes) -> bool:
        target = self.folder / path
        temporary = self._write_aside(target, data)
        try:
            target.hardlink_to(temporary)  # unlike a rename, it fails where something is
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            return _write_exclusively(target, data)
        finally:
            temporary.unlink(missing_ok=True)
        return True

    @staticmethod
    def _write_aside(target: Path, data: bytes) -> Path:
        """Write the bytes to a file beside the target, and to the disk."""
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=_TEMPORARY)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(0o644)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return temporary

    def list_files(self, folder: str) -> list[str]:
        return sorted(
            file.relative_to(self.folder).as_posix() for file in (self.folder / folder).rglob("*") if file.is_file()
        )

    def size(self, path: str) -> int:
        return (self.folder / path).stat().st_size

    def describe(self, path: str) -> str:
        stat = (self.folder / path).stat()
        return f"{path} {stat.st_size} {stat.st_mtime_ns}"

    def kind(self, path: str = "") -> PathKind:
        target = self.folder / path
        if target.is_dir():
            return PathKind.FOLDER
        return PathKind.FILE if target.exists() else PathKind.MISSING

    def is_empty(self) -> bool:
        return not self.folder.exists() or all(path.name.startswith(_TEMPORARY) for path in self.folder.iterdir())

    def delete(self, path: str) -> None:
        target = self.folder / path
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        else:
            with suppress(NotADirectoryError):
                target.unlink(missing_ok=True)

    def delete_empty_folders(self, folder: str) -> None:
        below = [path for path in (self.folder / folder).rglob("*") if path.is_dir()]
        for path in sorted(below, key=lambda path: len(path.parts), reverse=True):
            if next(path.iterdir(), None) is None:
                path.rmdir()


def _write_exclusively(target: Path, data: bytes) -> bool:
    """Write a file that is not there, seen by others from its first byte on; gives whether it was not there."""
    try:
        with target.open("xb") as file:
            file.write(data)
    except FileExistsError:
        return False
    return True
