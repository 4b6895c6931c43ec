"""The protocol of folders that jobs read and write (manifests, run.json, lists of files), and its local form."""

import errno
import os
import shutil
import tempfile
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from udfs.errors import UsageError

_PATTERN = set("*?[]{}\\")
TEMPORARY_PREFIX = ".ballast-"
"""Begins the names of files that are being written. One may remain when a driver is killed."""

_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)  # on file systems without hard links


class PathKind(StrEnum):
    """What a path is. In an object store, a folder exists only while there are objects below it."""

    MISSING = "missing"
    FILE = "file"
    FOLDER = "folder"


class FileState(NamedTuple):
    """The size of a file in bytes, and what changes with its content: its time or content tag."""

    bytes: int
    version: str = ""

    def described(self, name: str) -> str:
        """A line that changes with the file."""
        return f"{name} {self.bytes} {self.version}".rstrip()


class Storage(Protocol):
    """Files below one folder, by relative POSIX paths. Writes are atomic: a reader sees the old or the new bytes."""

    @property
    def root(self) -> str:
        """The folder's address, without a slash at its end."""
        ...

    def url(self, path: str = "") -> str:
        """The address of a path in the form that Spark reads, without escapes."""
        ...

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, None when it does not exist."""
        ...

    def read_part(self, path: str, start: int, length: int) -> bytes:
        """At most `length` bytes of a file, which is not empty, from `start` on; a negative start counts from the end.
        Raises `FileNotFoundError`."""
        ...

    def write(self, path: str, data: bytes) -> None:
        """Write or replace a file; creates the folders above it."""
        ...

    def create(self, path: str, data: bytes) -> bool:
        """Write a file if there is none, atomically: of several concurrent calls, one succeeds. Returns whether this
        one did."""
        ...

    def rename(self, path: str, target: str) -> None:
        """Give a file another name, replacing a file of that name. Not atomic in an object store: it copies the file,
        then deletes it, so that a kill in between leaves both. Raises `FileNotFoundError`."""
        ...

    def list_files(self, folder: str) -> dict[str, FileState]:
        """Every file below a folder at any depth, by its path relative to the root, in the order of the paths. An
        object store is asked once for a thousand files."""
        ...

    def stat(self, path: str) -> FileState:
        """The state of one file. Raises `FileNotFoundError`."""
        ...

    def kind(self, path: str = "") -> PathKind:
        """Whether a path is a file, a folder or missing."""
        ...

    def is_empty(self) -> bool:
        """Whether the root is missing, or contains only temporary files of interrupted writes."""
        ...

    def delete(self, path: str) -> None:
        """Delete a file, or a folder with everything below it; does nothing if it is missing."""
        ...

    def delete_remains(self, folder: str) -> None:
        """Delete what interrupted writes left below a folder besides files: the folders that contain no file, and on S3
        the uploads that were begun and not completed."""
        ...


def open_input(path: str) -> BinaryIO:
    """Open a local file for reading, unbuffered, because its reader asks for large pieces."""
    return Path(path).open("rb", buffering=0)


def refuse_patterns(path: str) -> None:
    """Raise `UsageError` for a path that Spark would read as a glob."""
    if _PATTERN & set(path):
        raise UsageError(f"{path}: Spark reads * ? [ ] {{ }} and \\ as glob patterns: use a name without them")


class LocalStorage:
    """A folder on this machine, or on a network file system mounted here."""

    def __init__(self, root: str) -> None:
        """Raises `UsageError` for a root that Spark would read as a glob."""
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

    def read_part(self, path: str, start: int, length: int) -> bytes:
        with (self.folder / path).open("rb") as file:
            file.seek(start if start >= 0 else max(0, self.stat(path).bytes + start))
            return file.read(length)

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
            target.hardlink_to(temporary)  # unlike a rename, it fails if the target exists
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
        """Write the bytes to a temporary file beside the target, and flush it to disk."""
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=TEMPORARY_PREFIX)
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

    def rename(self, path: str, target: str) -> None:
        place = self.folder / target
        place.parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).replace(place)

    def list_files(self, folder: str) -> dict[str, FileState]:
        files = {}
        for path in (self.folder / folder).rglob("*"):
            if path.is_file():
                with suppress(FileNotFoundError):  # deleted meanwhile
                    name = path.relative_to(self.folder).as_posix()
                    files[name] = self.stat(name)
        return dict(sorted(files.items()))

    def stat(self, path: str) -> FileState:
        stat = (self.folder / path).stat()
        return FileState(stat.st_size, str(stat.st_mtime_ns))

    def kind(self, path: str = "") -> PathKind:
        target = self.folder / path
        if target.is_dir():
            return PathKind.FOLDER
        return PathKind.FILE if target.exists() else PathKind.MISSING

    def is_empty(self) -> bool:
        return not self.folder.exists() or all(path.name.startswith(TEMPORARY_PREFIX) for path in self.folder.iterdir())

    def delete(self, path: str) -> None:
        target = self.folder / path
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        else:
            with suppress(NotADirectoryError):
                target.unlink(missing_ok=True)

    def delete_remains(self, folder: str) -> None:
        below = [path for path in (self.folder / folder).rglob("*") if path.is_dir()]
        for path in sorted(below, key=lambda path: len(path.parts), reverse=True):
            if next(path.iterdir(), None) is None:
                path.rmdir()


def _write_exclusively(target: Path, data: bytes) -> bool:
    """Create a file without a hard link: readers may see a part of it. Returns whether it was missing."""
    try:
        with target.open("xb") as file:
            file.write(data)
    except FileExistsError:
        return False
    return True
