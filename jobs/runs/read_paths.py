"""What Spark is given to read: whole folders instead of their files, where that is the same."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from posixpath import commonpath, dirname

from udfs.storage.local import LocalStorage, Storage

_FEW = 8  # so many files cost less than a listing


def read_paths(storage: Storage, names: Collection[str]) -> list[str]:
    """Addresses that Spark reads as exactly these files.

    Spark asks the store about each address, and lists a folder at once. So a folder stands for its files if it holds
    these and nothing else that Spark would read. One listing tells. Local files cost no request, and Spark would follow
    links to other folders: they are named.
    """
    if len(names) <= _FEW or isinstance(storage, LocalStorage):
        return [storage.url(name) for name in names]
    wanted = _by_folder(names)
    present = _by_folder(name for name in storage.list_files(commonpath(wanted)) if not _is_ignored(name))
    parents = {parent for folder in present for parent in _folders_above(folder)}
    paths = []
    for folder, files in sorted(wanted.items()):
        is_whole = files == present.get(folder) and folder not in parents  # Spark reads what lies deeper, too
        paths += [folder] if is_whole else sorted(files)
    return [storage.url(path) for path in paths]


def _by_folder(names: Iterable[str]) -> dict[str, set[str]]:
    by_folder = defaultdict(set)
    for name in names:
        by_folder[dirname(name)].add(name)
    return dict(by_folder)


def _folders_above(folder: str) -> list[str]:
    parts = folder.split("/") if folder else []
    return ["/".join(parts[:depth]) for depth in range(len(parts))]


def _is_ignored(name: str) -> bool:
    """Whether Spark reads nothing of a file in a folder, as of `_SUCCESS`. It does read `_metadata` and `_x=1`."""
    file = name.rpartition("/")[2]
    is_hidden = file.startswith("_") and "=" not in file and not file.startswith(("_metadata", "_common_metadata"))
    return is_hidden or file.startswith(".")
