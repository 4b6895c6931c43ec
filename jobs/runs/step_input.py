"""The input of a step job: the Parquet files of a stage or of any folder, and what identifies them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.runs.identity import digest
from jobs.runs.open_storage import open_storage
from jobs.runs.run_folder import RunFolder
from jobs.runs.run_record_file import read_record
from jobs.spark.frames import read_files
from udfs.errors import UsageError
from udfs.schemas import SUBSET
from udfs.stages import FILES_PART, PAIRS_PART, Stage
from udfs.storage.addresses import name_of, parent_of
from udfs.storage.local import PathKind, Storage, refuse_patterns


class Located(NamedTuple):
    """The Parquet files of a step job's input, relative to `storage`, and their stage, or None.

    `alike` are other files with the same columns: an extraction without pairs has no file of pairs.
    """

    storage: Storage
    names: list[str]
    stage: Stage | None = None
    alike: Sequence[str] = ()

    @property
    def identity(self) -> dict[str, Any]:
        """What identifies them in run.json."""
        return {"files": len(self.names), "sha256": digest(self.storage.describe(name) for name in self.names)}

    def read_first(self) -> bytes:
        """The bytes of the first file."""
        return self.storage.read(self.names[0]) or b""


class Source(NamedTuple):
    """The rows that a step job starts from, and what identifies them in run.json."""

    frame: DataFrame
    identity: dict[str, Any]
    size_bytes: int
    stage: Stage | None


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
            return Located(storage, [], Stage.SUBSET)
        raise UsageError(f"{path}: no such folder")
    if kind == PathKind.FILE:
        if not path.endswith(".parquet"):
            raise UsageError(f"{path}: is a file: name a folder or a .parquet file")
        return Located(open_storage(parent), [name])
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
            return Located(folder, run.names(stage, PAIRS_PART), stage, run.names(stage, FILES_PART))
        return Located(folder, run.names(stage), stage)
    return Located(storage, [name for name in storage.list_files("") if _is_read_by_spark(name)])


def open_source(spark: SparkSession, path: str, stages: Sequence[Stage], required: Sequence[str]) -> Source:
    """Open the input of a step job (see `locate`). `required` are the columns that the job needs.

    Raises `UsageError` where there are no rows to read, and for missing columns.
    """
    located = locate(path, stages)
    names = located.names or located.alike
    if not names and located.stage != Stage.SUBSET:
        raise UsageError(f"{path}: holds no rows: no Parquet file, or none with pairs")
    for name in names:
        refuse_patterns(name)
    frame = spark.read.parquet(*map(located.storage.url, names)) if names else read_files(spark, [], SUBSET)
    if not located.names:
        frame = frame.where(F.lit(False))
    missing = [name for name in required if name not in frame.columns]
    if missing:
        raise UsageError(f"{path}: lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}")
    return Source(frame, located.identity, sum(map(located.storage.size, located.names)), located.stage)


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
