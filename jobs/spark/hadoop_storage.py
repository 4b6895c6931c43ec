"""A folder on HDFS, or on any other file system that Hadoop supports, through the JVM of the running session."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark import SparkContext

from jobs.spark.spark_errors import one_line
from udfs.errors import BallastError, UsageError
from udfs.storage.addresses import join, redacted, without_slash
from udfs.storage.local import TEMPORARY_PREFIX, FileState, PathKind, refuse_patterns

_MISSING = "java.io.FileNotFoundException"
_DENIED = "org.apache.hadoop.security.AccessControlException"
_REMOTE = "org.apache.hadoop.ipc.RemoteException"
_EXISTS = ("org.apache.hadoop.fs.FileAlreadyExistsException", "AlreadyBeingCreatedException")
_UNKNOWN = "org.apache.hadoop.fs.UnsupportedFileSystemException"


class HadoopStorage:
    """Files below one folder, by relative POSIX paths. A write goes to a hidden file that is then renamed.

    Raises `UsageError` for a scheme that this Hadoop does not support, and `BallastError` for any other failure.
    """

    def __init__(self, address: str) -> None:
        """Raises `UsageError` for an address that Spark would read as a glob pattern."""
        self._root = without_slash(address)
        refuse_patterns(redacted(self._root))

    @property
    def root(self) -> str:
        return self._root

    def url(self, path: str = "") -> str:
        return join(self._root, path)

    def read(self, path: str) -> bytes | None:
        with self._errors_at(path):
            try:
                stream = self._files.open(self._path(path))
            except Py4JJavaError as error:
                if _is_missing(error):
                    return None
                raise
            try:
                # py4j sends bytes as one base64 text: only small files are read this way
                return bytes(stream.readAllBytes())
            finally:
                stream.close()

    def read_part(self, path: str, start: int, length: int) -> bytes:
        size = self.stat(path).bytes
        with self._errors_at(path):
            stream = self._files.open(self._path(path))
            try:
                stream.seek(start if start >= 0 else max(0, size + start))
                return bytes(stream.readNBytes(length))
            finally:
                stream.close()

    def write(self, path: str, data: bytes) -> None:
        folder = path.rpartition("/")[0]
        temporary = f"{folder}/{TEMPORARY_PREFIX}{uuid.uuid4().hex[:12]}".lstrip("/")
        with self._errors_at(path):
            self._put(temporary, data, overwrite=True)
        self.rename(temporary, path)

    def rename(self, path: str, target: str) -> None:
        self._status(path)
        hadoop = self._jvm.org.apache.hadoop.fs
        with self._errors_at(target):
            # FileContext's rename replaces an existing file, on HDFS in one step
            context = hadoop.FileContext.getFileContext(self._path("").toUri(), self._configuration)
            options = self._context._gateway.new_array(hadoop.Options.Rename, 1)
            options[0] = hadoop.Options.Rename.OVERWRITE
            context.rename(self._path(path), self._path(target), options)

    def create(self, path: str, data: bytes) -> bool:
        with self._errors_at(path):
            try:
                self._put(path, data, overwrite=False)
            except Py4JJavaError as error:
                if _is(error, *_EXISTS) or "already exists" in str(error.java_exception.getMessage()):
                    return False
                raise
        return True

    def list_files(self, folder: str) -> dict[str, FileState]:
        return dict(sorted((name, state) for name, state in self._walk(folder) if state is not None))

    def stat(self, path: str) -> FileState:
        return _state(self._status(path))

    def kind(self, path: str = "") -> PathKind:
        try:
            return PathKind.FOLDER if self._status(path).isDirectory() else PathKind.FILE
        except FileNotFoundError:
            return PathKind.MISSING

    def is_empty(self) -> bool:
        return all(name.rpartition("/")[2].startswith(TEMPORARY_PREFIX) for name, _ in self._walk(""))

    def delete(self, path: str) -> None:
        with self._errors_at(path):
            self._files.delete(self._path(path), True)

    def delete_remains(self, folder: str) -> None:
        items = list(self._walk(folder))
        files = {name for name, state in items if state is not None}
        with self._errors_at(folder):
            # the deepest first, so that a folder's empty subfolders are gone before it
            for name in sorted((name for name, state in items if state is None), key=len, reverse=True):
                if not any(file.startswith(f"{name}/") for file in files):
                    self._files.delete(self._path(name), True)

    @property
    def _context(self) -> Any:
        context = SparkContext._active_spark_context
        if context is None:
            raise BallastError(f"a defect in Ballast: {redacted(self._root)} was used before Spark was started")
        return context

    @property
    def _jvm(self) -> Any:
        return self._context._jvm

    @property
    def _configuration(self) -> Any:
        return self._context._jsc.hadoopConfiguration()

    @property
    def _files(self) -> Any:
        return self._path("").getFileSystem(self._configuration)

    def _path(self, path: str) -> Any:
        return self._jvm.org.apache.hadoop.fs.Path(self.url(path))

    def _status(self, path: str) -> Any:
        with self._errors_at(path):
            try:
                return self._files.getFileStatus(self._path(path))
            except Py4JJavaError as error:
                if _is_missing(error):
                    raise FileNotFoundError(2, "no such file", redacted(self.url(path))) from error
                raise

    def _put(self, path: str, data: bytes, *, overwrite: bool) -> None:
        stream = self._files.create(self._path(path), overwrite)
        try:
            stream.write(bytearray(data))
            stream.hsync() if stream.hasCapability("hsync") else stream.hflush()
        finally:
            stream.close()

    def _walk(self, folder: str) -> Iterator[tuple[str, FileState | None]]:
        """Yield everything below a folder: the path relative to the root, and a file's state; None for a folder."""
        with self._errors_at(folder):
            try:
                statuses = list(self._files.listStatus(self._path(folder)))
            except Py4JJavaError as error:
                if _is_missing(error):
                    return
                raise
            below = [
                (f"{folder}/{item.getPath().getName()}".lstrip("/"), None if item.isDirectory() else _state(item))
                for item in statuses
            ]
        for name, state in below:
            yield name, state
            if state is None:
                yield from self._walk(name)

    @contextmanager
    def _errors_at(self, path: str) -> Iterator[None]:
        try:
            yield
        except Py4JJavaError as error:
            where = redacted(self.url(path))
            if _is(error, _UNKNOWN):
                message = error.java_exception.getMessage()
                raise UsageError(f"{where}: Hadoop does not support this scheme: {message}") from error
            raise BallastError(f"{where}: {one_line(error)}") from error


def _state(status: Any) -> FileState:
    return FileState(int(status.getLen()), str(status.getModificationTime()))


def _is_missing(error: Py4JJavaError) -> bool:
    """Return whether there is no such file; HDFS has another error for a path below a file."""
    is_below_file = _is(error, _DENIED) and "is not a directory" in str(error.java_exception.getMessage())
    return _is(error, _MISSING) or is_below_file


def _is(error: Py4JJavaError, *names: str) -> bool:
    """Return whether a Java exception is of one of these classes, given by the full name or its last part."""
    name = error.java_exception.getClass().getName()
    if name == _REMOTE:  # a NameNode's, by which the client knows no better
        name = error.java_exception.getClassName()
    return any(name == wanted or name.endswith((f".{wanted}", f"${wanted}")) for wanted in names)
