"""Which files a download consists of: those of a folder, of a glob or of a listing."""

from collections.abc import Callable, Iterator, Mapping
from glob import has_magic
from os.path import abspath
from typing import NamedTuple

from jobs.runs.open_storage import open_storage
from udfs.errors import UsageError
from udfs.extras import require
from udfs.images.shards import ImageShard, plan_shards
from udfs.list_files import list_text, text_lines
from udfs.sources.globs import fixed_folder, glob_matches
from udfs.storage.addresses import LOCAL, S3, is_hdfs, kind_of, local_path, name_of, parent_of, redacted
from udfs.storage.local import FileState, PathKind

_LISTING_ENDINGS = (".paths", ".paths.gz")


class Download(NamedTuple):
    """A download: its folder, and the shards in it that are to be read."""

    root: str
    shards: list[ImageShard]

    @property
    def described(self) -> Iterator[str]:
        """Lines that change with the files."""
        return (shard.described for shard in self.shards)


def plan_download(argument: str) -> Download:
    """The download that an argument names: a folder, a glob, a listing of tars or Parquet files (*.paths, *.paths.gz,
    its lines relative to its own folder), or one such file.

    Raises `UsageError` where there is nothing to read. A listed file that does not exist becomes a row of status
    `failed`.
    """
    if kind_of(argument) == LOCAL:
        argument = abspath(local_path(argument))
    root, wanted = _files(argument)
    shards = plan_shards(wanted)
    if not shards:
        others = f", but others, such as {next(iter(wanted))}" if wanted else ""
        raise UsageError(f"{redacted(argument)}: holds no tars, Parquet files or image files{others}")
    _require_packages(root)
    return Download(root, shards)


def _files(argument: str) -> tuple[str, Mapping[str, FileState]]:
    """The folder of the download, and the files in it that the argument names."""
    if has_magic(argument):
        root = fixed_folder(argument)
        pattern = argument[len(root) :].strip("/")
        return _chosen(argument, root, lambda name: any(glob_matches(pattern, name)))
    parent, name = parent_of(argument), name_of(argument)
    kind = open_storage(parent).kind(name)
    if kind == PathKind.MISSING:
        raise UsageError(f"{redacted(argument)}: no such file or folder")
    if kind == PathKind.FOLDER:
        return argument, open_storage(argument).list_files("")
    if not name.endswith(_LISTING_ENDINGS):
        return _chosen(argument, parent, lambda each: each == name)
    data = open_storage(parent).read(name) or b""
    lines = {line.strip() for line in text_lines(list_text(data, redacted(argument)))}
    listed = {line for line in lines if line and not line.startswith("#")}
    if not listed:
        raise UsageError(f"{redacted(argument)}: the listing is empty")
    elsewhere = next((line for line in sorted(listed) if kind_of(line) != LOCAL or line.startswith(("/", "../"))), None)
    if elsewhere is not None:
        raise UsageError(f"{redacted(argument)}: {elsewhere} is not relative to the listing's folder: write it so")
    _, files = _chosen(argument, parent, listed.__contains__)
    return parent, {**dict.fromkeys(sorted(listed), FileState(0)), **files}


def _chosen(argument: str, root: str, is_wanted: Callable[[str], bool]) -> tuple[str, Mapping[str, FileState]]:
    """The files below a folder that are wanted, with the metadata that lies beside them."""
    listing = open_storage(root).list_files("")
    wanted = {name for name in listing if is_wanted(name)}
    if not wanted:
        raise UsageError(f"{redacted(argument)}: matches no file")
    wanted |= {metadata for name in wanted if (metadata := f"{name.removesuffix('.tar')}.parquet") in listing}
    return root, {name: state for name, state in listing.items() if name in wanted}


def _require_packages(root: str) -> None:
    """Import what the workers need and an installation may lack."""
    if kind_of(root) == S3:
        require("boto3")
    if is_hdfs(root):
        require("hdfs_native")
