"""What an INPUT argument stands for: files, folders, globs and listings; the name under which a file is recorded."""

import gzip
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from glob import glob, has_magic
from os.path import abspath, isdir, join, lexists, realpath
from pathlib import Path
from typing import NamedTuple

from udfs.errors import UsageError
from udfs.pages import WARC, WAT

_ARCHIVE_NAME = re.compile(r"\.(warc|wat)(\.gz)?$", re.IGNORECASE)
_FOLDER_NAME = re.compile(r"\.(w?arc|wat)(\.gz)?$", re.IGNORECASE)  # an ARC is not read, but its row says so
_LISTING_NAME = re.compile(r"\.paths(\.gz)?$", re.IGNORECASE)
_CRAWL_ROOT = "crawl-data/"


class InputFile(NamedTuple):
    """A file to read: where it is, the provenance name stored with its pairs, and its format if its name says so."""

    path: str
    name: str
    archive_format: str | None


def archive_format(path: str) -> str | None:
    """`warc` or `wat` by name (`x.warc.wat.gz` is a WAT), None when the name does not say."""
    found = _ARCHIVE_NAME.search(path)
    if found is None:
        return None
    return WAT if found[1].lower() == "wat" else WARC


def provenance_name(path: str, input_root: str | None) -> str:
    """The stored name of a file: from `crawl-data/` on, else relative to `input_root`, else the file's name.

    Never holds a scheme, a bucket or a host path, so that rows do not depend on where the files lie.
    """
    at = f"/{path}".rfind(f"/{_CRAWL_ROOT}")
    if at >= 0:
        return path[at:]
    if input_root is not None:
        try:
            return Path(abspath(path)).relative_to(abspath(input_root)).as_posix()
        except ValueError:
            pass
    return path.rsplit("/", 1)[-1]


def plan_inputs(arguments: Iterable[str], input_root: str | None) -> list[InputFile]:
    """Every file that the INPUT arguments stand for, once each, sorted by path.

    A folder gives the archives anywhere below it (`.warc`, `.wat`, `.arc`, also with `.gz`), links followed; a glob,
    what each of its matches gives; a listing (`*.paths`, `*.paths.gz`), its lines, relative to `input_root` or else to
    the listing's own folder. A file named directly may have any name.

    Raises `UsageError` for an argument that stands for nothing, a folder that cannot be read and a name that is not
    UTF-8. A file that is listed, or linked to, and is not there is no error here: it becomes a row of status `failed`.
    """
    named = {abspath(path) for argument in arguments for path in _expand(argument, input_root)}
    files: dict[str, InputFile] = {}
    for path in sorted(named):
        try:
            path.encode()
        except UnicodeEncodeError as error:
            raise UsageError(f"{path!r}: its name is not UTF-8: rename it") from error
        # a link keeps its own name, which says more than what it points to; both of them given are one file
        files.setdefault(realpath(path), InputFile(path, provenance_name(path, input_root), archive_format(path)))
    return list(files.values())


def _expand(argument: str, input_root: str | None) -> Iterator[str]:
    if not argument or "\0" in argument:
        raise UsageError("an INPUT is empty (an unset variable?)" if not argument else "an INPUT holds a NUL character")
    if "://" in argument:
        raise UsageError(f"{argument}: only local files are read so far; fetch it first or mount it")
    if isdir(argument):
        archives = list(_archives_below(argument))
        if not archives:
            raise UsageError(f"{argument}: no .warc, .warc.gz, .wat or .wat.gz file in this folder")
        yield from archives
    elif lexists(argument):
        if _LISTING_NAME.search(argument):
            yield from _listed(Path(argument), input_root)
        else:
            yield argument
    elif has_magic(argument):
        matches = sorted(glob(argument, recursive=True))
        found = [
            path
            for match in matches
            for path in (_archives_below(match) if isdir(match) else _expand(match, input_root))
        ]
        if not found:
            raise UsageError(f"{argument}: the glob matches no file")
        yield from found
    else:
        raise UsageError(f"{argument}: no such file or folder")


def _archives_below(folder: str) -> Iterator[str]:
    def fail(error: OSError) -> None:
        raise UsageError(f"{error.filename}: cannot be read: {error.strerror}") from error

    entered = set()
    for parent, folders, names in os.walk(folder, followlinks=True, onerror=fail):
        entered.add(realpath(parent))
        folders[:] = [name for name in folders if realpath(join(parent, name)) not in entered]  # links may go round
        yield from (join(parent, name) for name in names if _FOLDER_NAME.search(name))


def _listed(listing: Path, input_root: str | None) -> Iterator[str]:
    try:
        data = listing.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise UsageError(f"{listing}: not a listing of paths: {error}") from error
    lines = [line.strip(" \t\r") for line in text.split("\n")]
    if not any(lines):
        raise UsageError(f"{listing}: the listing is empty")
    root = Path(input_root) if input_root is not None else listing.parent
    for number, line in enumerate(lines, 1):
        if "://" in line:
            raise UsageError(f"{listing}, line {number}: only local files are read so far, not {line}")
        if "\0" in line:
            raise UsageError(f"{listing}, line {number}: holds a NUL character")
        if line:
            yield str(root / line)
