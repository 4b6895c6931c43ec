"""Input files, and where the driver's own small files lie: manifests, run.json, entry_counts.json. Local so far."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

from udfs.errors import UsageError

_PATTERN = set("*?[]{}\\")
_TEMPORARY = ".ballast-"  # a file that a killed driver was writing


def open_input(path: str) -> BinaryIO:
    """Open an input file for reading from its start. Unbuffered: its reader asks for large pieces."""
    return Path(path).open("rb", buffering=0)


def refuse_patterns(path: str) -> None:
    """Raise `UsageError` for a path in which Spark would see a pattern."""
    if _PATTERN & set(path):
        raise UsageError(f"{path}: Spark takes * ? [ ] {{ }} and \\ for patterns: use names without them")


class LocalStorage:
    """Files below one folder, by relative POSIX paths. Writes are atomic: a reader sees the old bytes or the new."""

    def __init__(self, root: str) -> None:
        """Raises `UsageError` for a root that Spark would take for a pattern."""
        self.root = Path(root).absolute()
        refuse_patterns(str(self.root))

    def url(self, path: str = "") -> str:
        """The address of a path for Spark, which takes it unescaped."""
        return f"file://{self.root / path}"

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, None when it does not exist."""
        try:
            return (self.root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, path: str, data: bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=_TEMPORARY)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(0o644)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def list_files(self, folder: str) -> list[str]:
        """Every file anywhere below a folder, as paths relative to the root, sorted; empty when there is none."""
        return sorted(
            file.relative_to(self.root).as_posix() for file in (self.root / folder).rglob("*") if file.is_file()
        )

    def size(self, path: str) -> int:
        """The size of a file in bytes."""
        return (self.root / path).stat().st_size

    def describe(self, path: str) -> str:
        """A line that changes when the file does: its path, size and time of change."""
        stat = (self.root / path).stat()
        return f"{path} {stat.st_size} {stat.st_mtime_ns}"

    def is_empty(self) -> bool:
        """Whether the root does not exist or holds nothing but the remains of an interrupted write."""
        return not self.root.exists() or all(path.name.startswith(_TEMPORARY) for path in self.root.iterdir())

    def delete(self, path: str) -> None:
        """Delete a file or a folder with all below it; nothing happens when it does not exist."""
        target = self.root / path
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)

    def delete_empty_folders(self, folder: str) -> None:
        """Delete the folders below a folder that hold no file."""
        below = [path for path in (self.root / folder).rglob("*") if path.is_dir()]
        for path in sorted(below, key=lambda path: len(path.parts), reverse=True):
            if next(path.iterdir(), None) is None:
                path.rmdir()
