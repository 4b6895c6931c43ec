"""Numbered files: what Spark wrote gets names such as `00000-of-00016.parquet`, in the order of its parts."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from udfs.storage.local import Storage

_AT_ONCE = 8  # an object store copies a file that is renamed


def number_files(storage: Storage, names: Sequence[str], ending: str) -> list[str]:
    """Rename the files of one write; returns the new names, relative to the root, in order.

    Parts without rows have no file. The files that there are get the numbers from 0 on without a gap, so that a reader
    that finds `-of-00016` finds 16 files.
    """
    targets = numbered(names, ending)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(storage.rename, sorted(names), targets))
    return targets


def numbered(names: Sequence[str], ending: str) -> list[str]:
    """The new names of these files, in the order of their old ones: `export/00003-of-00016.…` for
    `export/part-00003-…`."""
    folders = [name.rpartition("/")[0] for name in sorted(names)]
    return [f"{folder}/{place:05}-of-{len(names):05}.{ending}" for place, folder in enumerate(folders)]
