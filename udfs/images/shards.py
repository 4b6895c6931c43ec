"""Which files of a downloaded folder belong together: a shard is what is read, counted and resumed as one."""

import re
from collections import defaultdict
from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from udfs.errors import UsageError
from udfs.storage.local import FileState

IMAGE_ENDINGS = frozenset(
    "apng avif bmp cur dib eps gif heic heif ico j2k jfif jp2 jpe jpeg jpg jxl pbm pcx pgm png pnm ppm psd qoi svg tga "
    "tif tiff webp".split()
)
"""What a file's name ends in if it is meant to be an image; its bytes tell whether it is one that can be used."""

_TAR = re.compile(r"\.(tar|tgz|tar\.[a-z0-9]+)$", re.IGNORECASE)
_PARQUET = re.compile(r"\.parquet$", re.IGNORECASE)


class ShardKind(StrEnum):
    """How the samples of a shard are stored."""

    TAR = "tar"
    PARQUET = "parquet"
    FILES = "files"


class ListedFile(NamedTuple):
    """A file of a folder: its name there, and its size."""

    name: str
    bytes: int


class ImageShard(NamedTuple):
    """A shard of a downloaded folder, by paths relative to that folder.

    `path` is the tar, the Parquet file (of images, or img2dataset's metadata without its images), or the folder of
    image files, which is empty for the downloaded folder itself. `metadata` is img2dataset's Parquet file beside a tar
    or folder. `files` are the files of the folder. `described` is a line that changes with any of its files.
    """

    path: str
    kind: ShardKind
    bytes: int
    described: str
    metadata: str | None = None
    files: tuple[ListedFile, ...] = ()


def split_name(name: str) -> tuple[str, str]:
    """A sample's key and the ending of one of its files, in lower case: `a/000001` and `jpg` of `./a/000001.JPG`."""
    folder, slash, last = name.removeprefix("./").rpartition("/")
    key, _, ending = last.rpartition(".")
    return f"{folder}{slash}{key or ending}", ending.lower() if key else ""


def plan_shards(listing: Mapping[str, FileState]) -> list[ImageShard]:
    """The shards of a folder, in the order of their paths.

    `listing` has every file below the folder by its relative path, at any depth. A tar is a shard; so is a folder that
    holds image files, and so is a Parquet file, unless a tar or such a folder has the same name without ending: then it
    is that one's metadata. Hidden files, and img2dataset's statistics and temporary files, are left out, as are files
    of other kinds.

    Raises `UsageError` for a name that is not UTF-8.
    """
    tars: list[str] = []
    tables: dict[str, str] = {}
    folders: defaultdict[str, list[ListedFile]] = defaultdict(list)
    with_images: set[str] = set()
    for path, state in listing.items():
        if _is_left_out(path):
            continue
        if not _is_utf8(path):
            raise UsageError(f"{path!r}: its name is not UTF-8: rename it")
        if _TAR.search(path):
            tars.append(path)
        elif _PARQUET.search(path):
            tables[_PARQUET.sub("", path)] = path
        else:
            folder, _, name = path.rpartition("/")
            folders[folder].append(ListedFile(name, state.bytes))
            if split_name(name)[1] in IMAGE_ENDINGS:
                with_images.add(folder)
    shards = []
    for path in tars:
        shards.append(_shard(path, ShardKind.TAR, tables.pop(_TAR.sub("", path), None), listing))
    for folder in with_images:
        files = tuple(sorted(folders[folder]))
        shards.append(_shard(folder, ShardKind.FILES, tables.pop(folder, None), listing, files))
    shards += [_shard(path, ShardKind.PARQUET, None, listing) for path in tables.values()]
    return sorted(shards)


def _shard(
    path: str,
    kind: ShardKind,
    metadata: str | None,
    listing: Mapping[str, FileState],
    files: tuple[ListedFile, ...] = (),
) -> ImageShard:
    folder = f"{path}/" if path else ""
    paths = [f"{folder}{file.name}" for file in files] or [path]
    paths += [metadata] if metadata else []
    lines = "\n".join(listing[each].described(each) for each in paths)
    size = sum(listing[each].bytes for each in paths)
    return ImageShard(path, kind, size, f"{path} {sha256(lines.encode()).hexdigest()}", metadata, files)


def _is_utf8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_left_out(path: str) -> bool:
    parts = path.split("/")
    return any(part.startswith((".", "_")) for part in parts) or parts[-1].endswith(("_stats.json", "_tmp"))
