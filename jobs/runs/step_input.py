"""The input of a step job: the Parquet files of a stage or of any folder, and what identifies them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.runs.identity import digest
from jobs.runs.open_storage import open_storage
from jobs.runs.read_paths import read_paths
from jobs.runs.run_folder import RunFolder
from jobs.runs.run_record_file import read_record
from udfs.errors import UsageError
from udfs.fingerprint import Fingerprint, footer_fingerprint
from udfs.schemas import SUBSET
from udfs.stages import FILES_PART, PAIRS_PART, Stage
from udfs.storage.addresses import name_of, parent_of
from udfs.storage.local import FileState, PathKind, Storage, refuse_patterns

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_FOOTER_END = 8  # a Parquet file ends with its footer, the footer's length in 4 bytes, and PAR1


class Located(NamedTuple):
    """The Parquet files of a step job's input, by their paths relative to `storage`, and their stage, or None.

    `alike` are other files with the same columns: an extraction without pairs has no file of pairs.
    """

    storage: Storage
    files: Mapping[str, FileState]
    stage: Stage | None = None
    alike: Mapping[str, FileState] = MappingProxyType({})

    @property
    def names(self) -> list[str]:
        """The paths."""
        return list(self.files)

    @property
    def identity(self) -> dict[str, Any]:
        """What identifies them in run.json."""
        lines = (state.described(name) for name, state in self.files.items())
        return {"files": len(self.files), "sha256": digest(lines)}

    @property
    def size_bytes(self) -> int:
        """The size of the files."""
        return sum(state.bytes for state in self.files.values())

    def read_first(self) -> bytes:
        """The bytes of the first file."""
        return self.storage.read(self.names[0]) or b""

    def read_schema(self) -> pa.Schema:
        """The schema of the rows: that of the first file, as Spark takes it. Raises `UsageError` for other files than
        Parquet."""
        names = self.names or self.alike
        return footer_schema(self.storage, min(names)) if names else SUBSET


class Source(NamedTuple):
    """The rows that a step job starts from: where they are, and their schema."""

    located: Located
    schema: pa.Schema

    @property
    def identity(self) -> dict[str, Any]:
        """What identifies them in run.json."""
        return self.located.identity

    @property
    def size_bytes(self) -> int:
        return self.located.size_bytes

    @property
    def stage(self) -> Stage | None:
        return self.located.stage

    @property
    def columns(self) -> list[str]:
        return list(self.schema.names)

    @property
    def matched_with(self) -> Fingerprint | None:
        """The fingerprint of the list of entries that the rows were matched with, where they carry one."""
        return footer_fingerprint(self.schema, "entry_ids")

    def frame(self, spark: "SparkSession") -> "DataFrame":
        """The rows as Spark reads them."""
        from jobs.spark.frames import read_files

        located = self.located
        files = located.files or located.alike
        if not files:
            return read_files(spark, [], SUBSET)
        frame = spark.read.parquet(*read_paths(located.storage, files))
        return frame if located.files else frame.where("false")


def locate(path: str, stages: Sequence[Stage]) -> Located:
    """Find the input of a step job: a Ballast output folder, one of its stage folders, any folder of Parquet files, or
    one such file.

    In an output folder, the manifests give the files of the first of `stages` there is. Raises `UsageError` for a path
    that is none of these, for an unfinished stage, and for an output folder with several subsets.
    """
    storage = open_storage(path)
    kind = storage.kind()
    name, parent = name_of(path), parent_of(path)
    if kind == PathKind.MISSING:
        if _is_empty_subset(name, parent):
            return Located(storage, {}, Stage.SUBSET)
        raise UsageError(f"{path}: no such folder")
    if kind == PathKind.FILE:
        if not path.endswith(".parquet"):
            raise UsageError(f"{path}: is a file: name a folder or a .parquet file")
        folder = open_storage(parent)
        return Located(folder, {name: folder.stat(name)})
    candidates = [(storage, list(stages))]
    if name in stages:
        candidates.append((open_storage(parent), [Stage(name)]))
    for folder, names in candidates:
        record = read_record(folder)
        if record is None:
            continue
        stage = next((stage for stage in names if record.stages.facts(stage) is not None), None)
        if stage is None:
            raise UsageError(f"{path}: holds no finished {' or '.join(names)} (its {record.job} run is {record.state})")
        if stage == Stage.SUBSET and len(record.subsets) > 1:
            raise UsageError(
                f"{path}: holds several subsets: name one ({', '.join(subset.folder for subset in record.subsets)})"
            )
        run = RunFolder(folder, record)
        if stage == Stage.EXTRACTED:
            return Located(folder, run.files(stage, PAIRS_PART), stage, run.files(stage, FILES_PART))
        return Located(folder, run.files(stage), stage)
    listed = storage.list_files("")
    return Located(storage, {name: state for name, state in listed.items() if _is_read_by_spark(name)})


def open_source(path: str, stages: Sequence[Stage], required: Sequence[str]) -> Source:
    """Open the input of a step job (see `locate`). `required` are the columns that the job needs.

    Needs no session. Raises `UsageError` where there are no rows to read, and for missing columns.
    """
    located = locate(path, stages)
    names = located.names or located.alike
    if not names and located.stage != Stage.SUBSET:
        raise UsageError(f"{path}: holds no rows: no Parquet file, or none with pairs")
    for name in names:
        refuse_patterns(name)
    schema = located.read_schema()
    missing = [name for name in required if name not in schema.names]
    if missing:
        raise UsageError(f"{path}: lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}")
    return Source(located, schema)


def stage_source(run: RunFolder, stage: Stage, part: str = "") -> Source | None:
    """The committed rows of a stage (`RunFolder.files`), None where it has no file."""
    located = Located(run.storage, run.files(stage, part), stage)
    return Source(located, located.read_schema()) if located.files else None


def footer_schema(storage: Storage, name: str) -> pa.Schema:
    """The schema in the footer of a Parquet file, of which it reads nothing else. Raises `UsageError` for another
    file."""
    length = int.from_bytes(storage.read_part(name, -_FOOTER_END, 4), "little")
    footer = storage.read_part(name, -_FOOTER_END - length, length + _FOOTER_END)
    try:
        return pq.read_schema(pa.BufferReader(footer))
    except (pa.ArrowException, OSError) as error:
        raise UsageError(f"{storage.root}/{name}: is not Parquet: {error}") from error


def _is_empty_subset(name: str, parent: str) -> bool:
    """Whether `parent` is the folder of a run's subsets, and the one of this name holds no pair: Spark writes no folder
    for it."""
    record = read_record(open_storage(parent_of(parent)))
    subsets = record.subsets if record is not None and name_of(parent) == Stage.SUBSET else []
    return any(subset.part == name and not subset.facts.pairs for subset in subsets)


def _is_read_by_spark(name: str) -> bool:
    """Whether a file is Parquet, not hidden in any part of its path, and not one of extraction's file rows."""
    parts = name.split("/")
    return name.endswith(".parquet") and not any(part.startswith(("_", ".")) or part == FILES_PART for part in parts)
