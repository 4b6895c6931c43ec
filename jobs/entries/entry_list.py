"""Build: one list of entries from the counts of the sources, with a manifest beside it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jobs.entries.sources import ranked_sources
from jobs.settings.settings import Settings
from jobs.spark.session import spark_session
from metadata.entries import EntryList
from metadata.merge import Account, RankedSource, merge, numbers
from metadata.spacing import can_match
from udfs.distribution import ballast_version
from udfs.errors import UsageError
from udfs.storage.local import LocalStorage

_SUFFIX = ".json"


def build_list(settings: Settings) -> tuple[EntryList, dict[str, Any]]:
    """Build a list, write it with its manifest, and return both.

    Raises `UsageError` where no source is named, and for sources that cannot be read.
    """
    out, build = settings.output.out, settings.build
    if not (build.wordnet or build.wikipedia or build.pageviews):
        raise UsageError("name at least one source: --wordnet, --wikipedia or --pageviews")
    check_out(out)
    with spark_session(settings.execution, "metadata build") as spark:
        sources = ranked_sources(spark, settings, build.sources or f"{out.removesuffix(_SUFFIX)}.sources")
        sources.insert(1 if build.wordnet else 0, numbers())
        entries, accounts = merge(sources, build.size, normalize=build.normalize_entries)
    built = EntryList(tuple(entries), out)
    about = {
        "size": build.size,
        "normalized": build.normalize_entries,
        "sources": [_source_json(source, account) for source, account in zip(sources, accounts, strict=True)],
    }
    return built, write_list(built, about)


def _source_json(source: RankedSource, account: Account) -> dict[str, Any]:
    return {**account.as_json(), "candidates": source.candidates, **source.about}


def check_out(out: str) -> None:
    """Raise `UsageError` for a path where no list can be written."""
    if not out.endswith(_SUFFIX):
        raise UsageError(f"--out {out}: the name of a list must end in {_SUFFIX}")
    if Path(out).is_dir() or not Path(out).absolute().parent.is_dir():
        raise UsageError(f"--out {out}: is a folder" if Path(out).is_dir() else f"--out {out}: its folder is missing")


def manifest_path(path: str) -> Path:
    """Where the manifest of a list lies."""
    return Path(f"{path.removesuffix('.gz').removesuffix(_SUFFIX)}.manifest.json")


def manifest_of(entries: EntryList, about: dict[str, Any]) -> dict[str, Any]:
    """What the manifest of a list says."""
    return {
        "ballast": ballast_version(),
        **entries.fingerprint,
        "cannot_match": sum(not can_match(entry) for entry in entries.entries),
        **about,
    }


def write_list(entries: EntryList, about: dict[str, Any]) -> dict[str, Any]:
    """Write a list to its `source` as JSON, one entry per line, and the manifest beside it; returns that.

    The manifest holds nothing of the machine or the time: equal inputs and settings give equal bytes.
    """
    manifest = manifest_of(entries, about)
    folder = LocalStorage(str(Path(entries.source).absolute().parent))
    folder.write(Path(entries.source).name, _json(list(entries.entries), 0))
    folder.write(manifest_path(entries.source).name, _json(manifest, 2))
    return manifest


def _json(value: Sequence[str] | dict[str, Any], indent: int) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=indent) + "\n").encode()
