"""Lists that others publish and Ballast may not redistribute: where each is, and the cache that holds a fetched one."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from udfs.errors import UsageError


@dataclass(frozen=True, slots=True)
class Published:
    """A published list: its address at a fixed commit, its licence, and how many entries it has."""

    name: str
    address: str
    licence: str
    entries: int

    @property
    def path(self) -> Path:
        """Where the fetched list lies: below `$XDG_CACHE_HOME/ballast`, or `~/.cache/ballast`."""
        named = Path(os.environ.get("XDG_CACHE_HOME", ""))
        cache = named if named.is_absolute() else Path.home() / ".cache"
        return cache / "ballast" / f"{self.name}.json"

    @property
    def record_path(self) -> Path:
        """Where its address, size and SHA-256 as first seen are recorded."""
        return self.path.with_suffix(".fetched.json")

    @property
    def command(self) -> str:
        """The command that fetches it."""
        return f"ballast metadata fetch {self.name} --accept-license"


PUBLISHED = {
    "metaclip": Published(
        "metaclip",
        "https://raw.githubusercontent.com/facebookresearch/MetaCLIP/"
        "5fa4ac57f9469396abffb0f2f266afb31125aeff/metadata.json",
        "CC-BY-NC 4.0, which excludes commercial use (https://github.com/facebookresearch/MetaCLIP)",
        500_000,
    )
}
"""The names that `--metadata` takes once the list is fetched (a file of that name is `./NAME`)."""


def cached_list(name: str) -> bytes:
    """The bytes of a fetched list. Raises UsageError if it is not fetched, or has changed since."""
    listed = PUBLISHED[name]
    recorded = recorded_sha256(listed)
    try:
        data = listed.path.read_bytes()
    except OSError:
        recorded = None
    if recorded is None:
        raise UsageError(f"{name}: this list is not fetched yet: run `{listed.command}`, or name a file as --metadata")
    if hashlib.sha256(data).hexdigest() != recorded:
        raise UsageError(
            f"{listed.path}: has changed since it was fetched (SHA-256 was {recorded}): run `{listed.command}`"
        )
    return data


def recorded_sha256(listed: Published) -> str | None:
    """The SHA-256 of a list as it was first fetched, None if it never was."""
    try:
        return str(json.loads(listed.record_path.read_bytes())["sha256"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
