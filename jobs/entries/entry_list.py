"""A list of entries as a file, with a manifest beside it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metadata.entries import EntryList
from metadata.spacing import can_match
from udfs.distribution import ballast_version
from udfs.errors import UsageError
from udfs.matching.boundaries import Boundaries
from udfs.storage.local import LocalStorage

SUFFIX = ".json"


def check_out(out: str) -> None:
    """Raise `UsageError` for a path where no list can be written."""
    if not out.endswith(SUFFIX):
        raise UsageError(f"--out {out}: the name of a list must end in {SUFFIX}")
    if Path(out).is_dir() or not Path(out).absolute().parent.is_dir():
        raise UsageError(f"--out {out}: is a folder" if Path(out).is_dir() else f"--out {out}: its folder is missing")


def manifest_path(path: str) -> Path:
    """Where the manifest of a list lies."""
    return Path(f"{path.removesuffix('.gz').removesuffix(SUFFIX)}.manifest.json")


def manifest_of(
    entries: EntryList, about: dict[str, Any], boundaries: Boundaries = Boundaries.SPACES
) -> dict[str, Any]:
    """What the manifest of a list says."""
    return {
        "ballast": ballast_version(),
        **entries.fingerprint,
        "cannot_match": sum(not can_match(entry, boundaries) for entry in entries.entries),
        **about,
    }


def write_list(entries: EntryList, about: dict[str, Any], boundaries: Boundaries = Boundaries.SPACES) -> dict[str, Any]:
    """Write a list to its `source` as JSON, one entry per line, and the manifest beside it; returns that.

    The manifest holds nothing of the machine or the time: equal inputs and settings give equal bytes.
    """
    manifest = manifest_of(entries, about, boundaries)
    folder = LocalStorage(str(Path(entries.source).absolute().parent))
    folder.write(Path(entries.source).name, _json(list(entries.entries), 0))
    folder.write(manifest_path(entries.source).name, _json(manifest, 2))
    return manifest


def _json(value: Sequence[str] | dict[str, Any], indent: int) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=indent) + "\n").encode()
