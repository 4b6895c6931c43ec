"""The files that INPUT arguments (files, folders, globs, listings) stand for, and the name stored for each."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from glob import glob, has_magic
from os.path import abspath, isdir, join, lexists, realpath
from pathlib import Path
from typing import BinaryIO, NamedTuple

from udfs.archive.formats import WARC, WAT
from udfs.errors import BallastError, UsageError, shortened
from udfs.hashing import sample_hash
from udfs.list_files import list_text, text_lines
from udfs.sources.globs import fixed_folder, glob_matches
from udfs.storage import addresses
from udfs.storage.addresses import HADOOP, HTTP, LOCAL, S3, kind_of, local_path, path_in, redacted
from udfs.storage.local import PathKind, Storage, open_input

COMMON_CRAWL = "https://data.commoncrawl.org/"
_ARCHIVE_NAME = re.compile(r"\.(warc|wat)(\.(gz|zst))?(\.open)?$", re.IGNORECASE)
# With those that Ballast cannot read: their rows say so. Crawlers call a file that they write to .open.
_FOLDER_NAME = re.compile(r"\.((w?arc|wat)(\.(gz|zst|bz2|xz))?(\.open)?|wacz)$", re.IGNORECASE)
_WET_NAME = re.compile(r"\.wet(\.gz)?$", re.IGNORECASE)
_LISTING_NAME = re.compile(r"\.paths(\.gz)?$", re.IGNORECASE)
_CRAWL_ROOT = "crawl-data/"
_COMMENT, _QUOTES = "#", "\"'"


class InputFile(NamedTuple):
    """A file to read: its path, the provenance name stored with its pairs, and its format if the name tells it.

    `path` is stored. If a web address may contain a secret (`addresses.redacted`), `address` is the full one, which is
    never stored. `size_bytes` is None where no listing of a folder tells it.
    """

    path: str
    name: str
    archive_format: str | None
    address: str | None = None
    size_bytes: int | None = None

    @property
    def opened_as(self) -> str:
        """The address to open the file by."""
        return self.address or self.path


class Openers(NamedTuple):
    """How planning opens inputs that are not local: a folder as a storage, a listing as a stream."""

    open_storage: Callable[[str], Storage]
    open_file: Callable[[str], BinaryIO]


def archive_format(path: str) -> str | None:
    """`warc` or `wat` by the file's name (`x.warc.wat.gz` is a WAT), or None."""
    match = _ARCHIVE_NAME.search(path)
    if match is None:
        return None
    return WAT if match[1].lower() == "wat" else WARC


def provenance_name(path: str, input_root: str | None) -> str:
    """The stored name of a file: its path from `crawl-data/` on, else relative to `input_root`, else the file's name.

    It never contains a scheme, a bucket or a host path, so rows do not depend on where the files are stored.
    """
    kind = kind_of(path)
    key = path_in(path)
    crawl_start = f"/{key}".rfind(f"/{_CRAWL_ROOT}")
    if crawl_start >= 0:
        return key[crawl_start:]
    if input_root is not None and kind_of(input_root) == kind:
        if kind == LOCAL:
            try:
                return Path(abspath(key)).relative_to(abspath(local_path(input_root))).as_posix()
            except ValueError:
                pass
        else:
            root = addresses.same_place(input_root).rstrip("/") + "/"
            if addresses.same_place(path).startswith(root):
                return key[len(path_in(input_root).strip("/")) :].lstrip("/")
    return key.rsplit("/", 1)[-1]


def crawl_listing(crawl: str, archive_format: str, input_root: str | None) -> str:
    """The address of a crawl's listing of WARC or WAT files, below `input_root` or on CommonCrawl's server."""
    return addresses.join(input_root or COMMON_CRAWL, f"{_CRAWL_ROOT}{crawl}/{archive_format}.paths.gz")


def sample_files(files: Sequence[InputFile], count: int, seed: int) -> list[InputFile]:
    """The `count` files with the smallest H("sample", seed, name), in their original order; all if there are fewer.

    So a sample is a subset of every larger one with the same seed, and does not depend on where the files are stored.
    """
    ranked = sorted(range(len(files)), key=lambda index: (sample_hash(seed, files[index].name), files[index]))
    return [files[index] for index in sorted(ranked[:count])]


def plan_inputs(arguments: Iterable[str], input_root: str | None, openers: Openers | None = None) -> list[InputFile]:
    """Every file that the INPUT arguments stand for, once each, sorted by path.

    An argument is a local path, an address on S3 or on a file system that Hadoop knows, or a web address. A folder
    stands for all archives below it (`.warc`, `.wat`, `.arc`, each also with `.gz`), links followed; a glob, for what
    each of its matches stands for; a listing (`*.paths`, `*.paths.gz`), for its lines (see `_listed`). A file given by
    its own path may have any name. A web address is a file or a listing, never a glob. Inputs that are not local need
    `openers`.

    Raises `UsageError` for an argument that matches nothing, a folder that cannot be read, a name that is not UTF-8,
    and web addresses that differ only in parts that are never stored. A listed or linked file that does not exist
    raises nothing here: it becomes a row of status `failed`.
    """
    plan = _Plan(input_root, openers)
    spelled = {_spelled(path) for argument in arguments for path in plan.expand(argument)}
    files: dict[str, InputFile] = {}
    for address in sorted(spelled):
        path = redacted(address)
        try:
            path.encode()
        except UnicodeEncodeError as error:
            raise UsageError(f"{path!r}: its name is not UTF-8: rename it") from error
        # a link keeps its own name, which says more than its target's; a link and its target are one file
        is_local = kind_of(path) == LOCAL
        place = realpath(path) if is_local else path
        file = InputFile(
            path,
            provenance_name(path, input_root),
            archive_format(path_in(path)),
            None if address == path else address,
            _local_size(path) if is_local else plan.sizes.get(address),
        )
        known = files.setdefault(place, file)
        if known.address != file.address and known.path == path:
            raise UsageError(
                f"{path}: given twice with different users or queries, which are never stored, as they may be secret: "
                "give it once"
            )
    return list(files.values())


def _local_size(path: str) -> int | None:
    try:
        return Path(path).stat().st_size
    except OSError:  # a listed file that does not exist becomes a row of status `failed`
        return None


def _spelled(address: str) -> str:
    """One spelling for equal addresses: a local path becomes absolute, and S3's scheme `s3`."""
    kind = kind_of(address)
    if kind == LOCAL:
        return abspath(local_path(address))
    return str(addresses.parse_s3(address)) if kind == S3 else address


class _Plan:
    """Expands INPUT arguments to addresses of files."""

    def __init__(self, input_root: str | None, openers: Openers | None) -> None:
        self._input_root = input_root
        self._openers = openers
        self.sizes: dict[str, int] = {}
        """The bytes of files in listed remote folders, by `_spelled` address."""

    def expand(self, argument: str) -> Iterator[str]:
        """The paths and addresses of the files that an argument stands for."""
        if not argument or "\0" in argument:
            raise UsageError(
                "an INPUT contains a NUL character" if argument else "an INPUT is empty (an unset variable?)"
            )
        kind = kind_of(argument)
        if kind == LOCAL:
            yield from self._expand_local(local_path(argument))
        elif kind == HTTP:
            if path_in(argument).endswith("/") or not path_in(argument):
                raise UsageError(
                    f"{redacted(argument)}: web servers do not list folders: name files, or a listing of them"
                )
            yield from self._file(argument)
        else:
            yield from self._expand_remote(argument)

    def _file(self, address: str) -> Iterator[str]:
        return self._listed(address) if _LISTING_NAME.search(path_in(address)) else iter((address,))

    def _expand_local(self, argument: str) -> Iterator[str]:
        if isdir(argument):
            archives = list(_archives_below(argument))
            if not archives:
                raise _no_archives(argument, sorted(name for _, _, names in os.walk(argument) for name in names))
            yield from archives
        elif lexists(argument):
            yield from self._file(argument)
        elif has_magic(argument):
            matches = sorted(glob(argument, recursive=True))
            files = [
                path
                for match in matches
                for path in (_archives_below(match) if isdir(match) else self._expand_local(match))
            ]
            if not files:
                raise _no_match(argument)
            yield from files
        else:
            raise _no_match(argument)

    def _expand_remote(self, argument: str) -> Iterator[str]:
        """A file, folder or glob on S3 or Hadoop."""
        scheme, _, rest = argument.partition("://")
        authority, _, path = rest.partition("/")
        top = f"{scheme}://{authority}/"
        path = path.rstrip("/")
        folder, _, name = path.rpartition("/")
        is_glob = has_magic(path)
        kind = PathKind.MISSING if has_magic(folder) else self._storage(f"{top}{folder}").kind(name)
        if kind == PathKind.FILE:
            yield from self._file(f"{top}{path}")
            return
        if kind == PathKind.MISSING and not is_glob:
            raise _no_match(argument)
        base = fixed_folder(path) if is_glob else path
        files: list[str] = []
        listed = self._storage(f"{top}{base}").list_files("")
        for name, state in listed.items():
            is_match, is_below = glob_matches(path[len(base) :], name) if is_glob else (False, True)
            address = addresses.join(f"{top}{base}", name)
            if is_match:
                files += self._file(address)
            elif is_below and _FOLDER_NAME.search(name):
                files.append(address)
            self.sizes[_spelled(address)] = state.bytes
        if not files:
            raise _no_match(argument) if is_glob else _no_archives(argument, list(listed))
        yield from files

    def _storage(self, address: str) -> Storage:
        return self._remote().open_storage(address)

    def _remote(self) -> Openers:
        if self._openers is None:
            raise BallastError("a defect in Ballast: only local inputs were expected here")
        return self._openers

    def _listed(self, listing: str) -> Iterator[str]:
        """The addresses in a listing (`udfs.list_files`): its lines, without those that are blank or begin with `#`.

        Lines with a scheme are addresses already; others are relative to `input_root`.

        Without `input_root`, a line that begins with `crawl-data/` is relative to the part of the listing's own address
        before `crawl-data/`, as on CommonCrawl's server; any other line, or where there is no such part, to the
        listing's folder.
        """
        where = redacted(listing)
        try:
            data = self._read(listing)
        except OSError as error:
            raise UsageError(f"{where}: not a listing of paths: {error}") from error
        stripped = enumerate((line.strip(" \t") for line in text_lines(list_text(data, where))), 1)
        lines = [(number, line) for number, line in stripped if line and not line.startswith(_COMMENT)]
        if not lines:
            raise UsageError(f"{where}: the listing is empty")
        folder = addresses.parent_of(listing)
        crawl_parent, crawl_root, _ = f"{folder}/".rpartition(f"/{_CRAWL_ROOT}")
        for number, line in lines:
            if line[0] in _QUOTES or "\t" in line:
                raise UsageError(
                    f"{where}: line {number} is not a path, but {shortened(line)}: write one path a line, without "
                    "quotation marks (a name that begins with one: ./NAME)"
                )
            if kind_of(line) != LOCAL or line.lower().startswith("file://"):
                yield line
                continue
            own_root = crawl_parent if crawl_root and line.startswith(_CRAWL_ROOT) else folder
            root = own_root if self._input_root is None else self._input_root
            yield join(local_path(root), line) if kind_of(root) == LOCAL else addresses.join(root, line.lstrip("/"))

    def _read(self, listing: str) -> bytes:
        """The bytes of a listing."""
        kind = kind_of(listing)
        if kind == LOCAL:
            with open_input(listing) as source:
                return source.readall() if hasattr(source, "readall") else source.read()
        if kind == HADOOP:  # the driver has a JVM, but may lack libhdfs, which the workers use
            data = self._storage(addresses.parent_of(listing)).read(addresses.name_of(listing))
            if data is None:
                raise BallastError(f"{redacted(listing)}: no such file")
            return data
        with self._remote().open_file(listing) as source:
            return source.read()


def _no_match(argument: str) -> UsageError:
    where = redacted(argument)
    is_glob = has_magic(path_in(argument))
    return UsageError(f"{where}: the glob matches no file" if is_glob else f"{where}: no such file or folder")


def _no_archives(folder: str, names: Sequence[str]) -> UsageError:
    """`names` are those of all files in the folder."""
    others = f", but others, such as {names[0]}" if names else ""
    if any(_WET_NAME.search(name) for name in names):
        others += "; a WET has texts but no images"
    return UsageError(f"{redacted(folder)}: no WARC or WAT file in this folder{others}")


def _archives_below(folder: str) -> Iterator[str]:
    def fail(error: OSError) -> None:
        raise UsageError(f"{error.filename}: cannot be read: {error.strerror}") from error

    entered = set()
    for parent, folders, names in os.walk(folder, followlinks=True, onerror=fail):
        entered.add(realpath(parent))
        folders[:] = [name for name in folders if realpath(join(parent, name)) not in entered]  # links may form a cycle
        yield from (join(parent, name) for name in names if _FOLDER_NAME.search(name))
