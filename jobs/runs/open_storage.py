"""The storage of any folder that a user names."""

import errno
from pathlib import Path

from metadata.entries import PACKAGED, EntryList, load_entries, parse_entries
from metadata.list_folder import read_list_folder
from metadata.lists import EntryLists, one_list
from metadata.published import PUBLISHED
from udfs.captions.block_words import NO_WORDS, BlockWords, parse_block_words
from udfs.errors import UsageError
from udfs.matching.boundaries import Boundaries
from udfs.storage.addresses import HTTP, LOCAL, S3, kind_of, local_path, name_of, parent_of, redacted
from udfs.storage.local import LocalStorage, PathKind, Storage


def open_storage(address: str, *, s3_anonymous: bool = False) -> Storage:
    """The storage of a folder: local, `s3://` through boto3, any other scheme through Hadoop.

    Accesses nothing yet. Hadoop's works only within a session (`early_session.session_for`). Raises `UsageError` for an
    address that cannot be a folder, such as one on a web server.
    """
    kind = kind_of(address)
    if kind == LOCAL:
        return LocalStorage(local_path(address))
    if kind == S3:
        from udfs.storage.s3 import S3Storage  # boto3, which only s3:// needs

        return S3Storage(address, anonymous=s3_anonymous)
    if kind == HTTP:
        raise UsageError(f"{redacted(address)}: is on a web server, which has no folders: name a local or s3:// folder")
    from jobs.spark.hadoop_storage import HadoopStorage  # Spark

    return HadoopStorage(address)


def path_kind(address: str) -> PathKind:
    """What is at an address: a file, a folder or nothing."""
    return open_storage(parent_of(address)).kind(name_of(address))


def read_file(address: str) -> bytes:
    """The bytes of a small file. Raises `FileNotFoundError`."""
    data = open_storage(parent_of(address)).read(name_of(address))
    if data is None:
        raise FileNotFoundError(errno.ENOENT, "no such file", redacted(address))
    return data


def load_metadata(address: str | None) -> EntryList:
    """The list of entries at an address; the packaged one for None (`metadata.entries.load_entries`)."""
    if address is None or kind_of(address) == LOCAL:
        return load_entries(None if address is None else local_path(address))
    try:
        return parse_entries(read_file(address), redacted(address))
    except FileNotFoundError as error:
        raise UsageError(f"{redacted(address)}: no such file") from error


def is_list_folder(address: str) -> bool:
    """Whether an address of a list is that of a folder of lists, and not the name of a packaged or published list. A
    local one may have a name that Spark would read as a glob."""
    if address in PACKAGED or address in PUBLISHED:
        return False
    if kind_of(address) == LOCAL:
        return Path(local_path(address)).is_dir()
    return path_kind(address) is PathKind.FOLDER


def load_lists(address: str | None, boundaries: str | None = None) -> EntryLists:
    """The lists of entries at an address: one for a file or the name of a list (None for the packaged one), or those of
    a folder by language (`metadata.list_folder.read_list_folder`).

    `boundaries` hold for every list. By default, they are spaces for a file, and each list's own for a folder.
    """
    chosen = None if boundaries is None else Boundaries(boundaries)
    if address is None or not is_list_folder(address):
        return one_list(load_metadata(address), chosen or Boundaries.SPACES)
    storage = open_storage(address)
    return read_list_folder(redacted(address).rstrip("/"), storage.list_files(""), storage.read, chosen)


def load_block_words(address: str | None) -> BlockWords:
    """The words of `--block-words`, none without it (`block_words.parse_block_words`)."""
    return parse_block_words(read_file(address), redacted(address)) if address is not None else NO_WORDS
