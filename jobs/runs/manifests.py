"""Manifests: which units of a stage are committed, and which files hold their rows.

A stage writes units (a batch of files, or its whole output). A unit exists once the driver has written its manifest,
one small object that lists the unit's files with their sizes, so that nothing asks the store for them again. No folder
is ever renamed, and only the files of an export are, before their manifest is written. Files that no manifest lists are
deleted when the stage begins again and when it ends, so that any Parquet reader can read a finished stage's folder as
it is.
"""

import json
import threading
from posixpath import commonpath, dirname
from typing import Any, NamedTuple

from udfs.stages import Stage
from udfs.storage.local import FileState, Storage

MANIFESTS = "_manifests"
"""The folder of the manifests, with one subfolder per stage."""


class Manifest(NamedTuple):
    """A committed unit: the files that hold its rows, by their paths relative to the output folder, with their sizes in
    bytes; and facts about it."""

    stage: str
    unit: str
    attempt: str
    files: dict[str, int]
    facts: dict[str, Any]


class Manifests:
    """The manifests of an output folder. Those of a stage are read once, on first use. Several threads may write."""

    def __init__(self, storage: Storage, *, ignores_present: bool = False) -> None:
        """`ignores_present`: ignore the manifests that are in the folder, since they are about to be deleted."""
        self._storage = storage
        self._lock = threading.Lock()
        self._by_unit: dict[Stage, dict[str, Manifest]] = {stage: {} for stage in Stage} if ignores_present else {}

    def of_stage(self, stage: Stage) -> list[Manifest]:
        """The committed units of a stage, in order of their names."""
        if stage not in self._by_unit:
            by_unit = {}
            for path in self._storage.list_files(f"{MANIFESTS}/{stage}"):
                data = self._storage.read(path)
                if path.endswith(".json") and data is not None:
                    manifest = self._with_sizes(Manifest(**json.loads(data)))
                    by_unit[manifest.unit] = manifest
            self._by_unit[stage] = by_unit
        return [manifest for _, manifest in sorted(self._by_unit[stage].items())]

    def _with_sizes(self, manifest: Manifest) -> Manifest:
        """A manifest of a Ballast that stored only the files' names, with their sizes; 0 for a file that is gone."""
        if isinstance(manifest.files, dict) or not manifest.files:
            return manifest._replace(files=dict(manifest.files))
        listed = self._storage.list_files(commonpath(map(dirname, manifest.files)))
        return manifest._replace(files={name: listed.get(name, FileState(0)).bytes for name in manifest.files})

    def unit(self, stage: Stage, unit: str) -> Manifest | None:
        """A committed unit, None where it is not committed."""
        return next((manifest for manifest in self.of_stage(stage) if manifest.unit == unit), None)

    def files(self, stage: Stage, part: str = "", unit: str | None = None) -> dict[str, FileState]:
        """The committed files of a stage, or of one of its units, by their paths relative to the output folder. `part`
        selects those in folders of this name. Their names tell two versions apart: each write has an id of its own."""
        manifests = [manifest for manifest in self.of_stage(stage) if unit in (None, manifest.unit)]
        files = [item for manifest in manifests for item in manifest.files.items()]
        return {name: FileState(size) for name, size in files if not part or f"/{part}/" in name}

    def write(self, manifest: Manifest) -> None:
        """Commit a unit, replacing an earlier attempt."""
        stage = Stage(manifest.stage)
        data = json.dumps(manifest._asdict(), indent=2, ensure_ascii=False) + "\n"
        self._storage.write(f"{MANIFESTS}/{stage}/{manifest.unit}.json", data.encode())
        self.of_stage(stage)
        with self._lock:  # other threads may iterate over the present dictionary
            self._by_unit[stage] = {**self._by_unit[stage], manifest.unit: manifest}

    def delete(self, stage: Stage) -> None:
        """Delete the manifests of a stage: its units are no longer committed."""
        self._storage.delete(f"{MANIFESTS}/{stage}")
        self._by_unit.pop(stage, None)

    def forget(self) -> None:
        """Read the manifests again on next use, since another run may have written some."""
        self._by_unit.clear()
