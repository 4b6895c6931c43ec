"""What an INPUT argument stands for: files, folders, globs and listings; the name under which a file is recorded."""

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from glob import has_magic
from os.path import abspath
from pathlib import Path
from typing import NamedTuple

from udfs.errors import UsageError
from udfs.pages import WARC, WAT

_ARCHIVE_NAME = re.compile(r"\.(warc|wat)(\.gz)?$", re.IGNORECASE)
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

    A folder gives the archives anywhere below it (`.warc`, `.warc.gz`, `.wat`, `.wat.gz`); a glob, what it matches; a
    listing (`*.paths`, `*.paths.gz`), its lines, relative to `input_root` or else to the listing's own folder. A file
    named directly may have any name.

    Raises `UsageError` for an argument that stands for nothing. A file that a listing names and that is not there is
    no error here: it becomes a row of status `failed`.
    """
    named = {abspath(path) for argument in arguments for path in _expand(argument, input_root)}
    files: dict[Path, InputFile] = {}
    for path in sorted(named):
        # a link keeps its own name, which says more than what it points to; both of them given are one file
        files.setdefault(Path(path).resolve(), InputFile(path, provenance_name(path, input_root), archive_format(path)))
    return list(files.values())


def _expand(argument: str, input_root: str | None) -> Iterator[str]:
    if not argument:
        raise UsageError("an INPUT is empty (an unset variable?)")
    if "://" in argument:
        raise UsageError(f"{argument}: only local files are read so far; fetch it first or mount it")
    path = Path(argument)
    if path.is_dir():
        archives = sorted(str(file) for file in path.rglob("*") if file.is_file() and _ARCHIVE_NAME.search(file.name))
        if not archives:
            raise UsageError(f"{argument}: no .warc, .warc.gz, .wat or .wat.gz file in this folder")
        yield from archives
    elif path.is_file():
        if _LISTING_NAME.search(path.name):
            yield from _listed(path, input_root)
        else:
            yield argument
    elif has_magic(argument):
        anchor = Path(path.anchor)
        matches = sorted(str(file) for file in anchor.glob(str(path.relative_to(anchor))) if file.is_file())
        if not matches:
            raise UsageError(f"{argument}: the glob matches no file")
        yield from matches
    else:
        raise UsageError(f"{argument}: no such file or folder")


def _listed(listing: Path, input_root: str | None) -> Iterator[str]:
    data = listing.read_bytes()
    try:
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise UsageError(f"{listing}: not a listing of paths: {error}") from error
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise UsageError(f"{listing}: the listing is empty")
    root = Path(input_root) if input_root is not None else listing.parent
    for line in lines:
        if "://" in line:
            raise UsageError(f"{listing}: only local files are read so far, not {line}")
        yield str(root / line)
