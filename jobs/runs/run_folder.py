"""The output folder of a job: opened for a run, written under a lease, read by later jobs."""

import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec.structs import replace

from jobs.runs.card_file import delete_card, write_card
from jobs.runs.identity import differences, library_versions
from jobs.runs.lease import Lease, check_free
from jobs.runs.manifests import MANIFESTS, Manifest, Manifests
from jobs.runs.numbered_files import number_files
from jobs.runs.open_storage import open_storage
from jobs.runs.read_paths import read_paths
from jobs.runs.run_record_file import create_record, read_record, write_record
from jobs.runs.stage_figures import stage_figures, with_figures
from jobs.runs.stop_line import stop_line
from jobs.spark.progress import progress
from jobs.spark.stage_metrics import SparkMeter, session_meter
from udfs.distribution import ballast_version
from udfs.errors import BallastError, UsageError
from udfs.hashing import HASH_VERSION
from udfs.record import COUNTS_FILE, LIST_COUNTS, REPORT_FILE, RUN_FILE, RunRecord, RunState
from udfs.run_json import make_record, record_fields
from udfs.stages import Stage, StageFacts
from udfs.storage.local import FileState, PathKind, Storage

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

OWN_PATHS = (*Stage, *(f"{MANIFESTS}/{stage}" for stage in Stage), COUNTS_FILE, LIST_COUNTS, REPORT_FILE, RUN_FILE)
"""All that Ballast writes to an output folder, except its lease and data card: what `--overwrite` deletes."""

_IN_BATCHES = (Stage.EXTRACTED, Stage.SCANNED, Stage.READ, Stage.EMBEDDINGS, Stage.TEXTS, Stage.SHARDS)
_MADE_BY_SCANS = (Stage.UNIGRAMS, Stage.TITLES)
# Spark gives the files of one write one id; a lost task may still write to a folder _temporary or __magic
_WRITE_ID = re.compile(r"(?!.*/_).*/part-\d+-([0-9a-f-]{36})[^/]*")


class RunFolder:
    """An output folder opened for one job. Its `record` is that of run.json."""

    def __init__(
        self,
        storage: Storage,
        record: RunRecord,
        *,
        is_new: bool = False,
        replaces: RunRecord | None = None,
        break_lock: bool = False,
        overwrites: bool = False,
    ) -> None:
        self.storage = storage
        self.record = record
        self.was_finished = self.finished
        self._is_new, self._replaces, self._break_lock = is_new, replaces, break_lock
        self._overwrites = overwrites
        self._lease: Lease | None = None
        self._meter: SparkMeter | None = None
        self._manifests = Manifests(storage, ignores_present=replaces is not None)

    @classmethod
    def open(
        cls, out: str, identity: dict[str, Any], execution: dict[str, Any], *, overwrite: bool, break_lock: bool = False
    ) -> "RunFolder":
        """Open `out` for a run: a new one, the resumption of an unfinished one, or a finished one to report.

        `identity` determines the rows, by keys of run.json: a run is resumed only with an equal one. A key that is None
        must be absent from the resumed run.

        Writes and deletes nothing yet: `writing` does. Raises `UsageError` when the folder holds anything else, and
        `BallastError` while another run is writing there.
        """
        storage = open_storage(out)
        if storage.kind() == PathKind.FILE:
            raise UsageError(f"--out {out}: is a file: name a folder")
        identity = {"ballast": ballast_version(), **identity}
        before = read_record(storage)
        if before is None and not storage.is_empty():
            raise UsageError(
                f"--out {out}: holds files that are not Ballast's; nothing was written: name a new or empty folder"
            )
        is_new = before is None or overwrite or before.state == RunState.DELETING
        if before is not None and not is_new:
            changes = differences(record_fields(before), json.loads(json.dumps(identity)))
            if changes:
                raise UsageError(
                    f"--out {out}: holds another run ({'; '.join(changes)}): "
                    "name another folder, or replace it with --overwrite"
                )
            if before.is_finished:
                return cls(storage, before.evolve(execution=execution), break_lock=break_lock)
        check_free(storage, break_lock=break_lock)  # `writing` takes the lease, but only once Spark has started
        if before is None or is_new:
            record = _new_record(identity, execution)
            return cls(
                storage, record, is_new=before is None, replaces=before, break_lock=break_lock, overwrites=overwrite
            )
        return cls(storage, before.evolve(execution=execution), break_lock=break_lock)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The context of all writing to the folder. It takes the lease and deletes what an overwritten run left. At the
        end, when nothing failed, it writes the data card and records the run as finished.

        Raises `BallastError` while another run is writing there.
        """
        if self._is_new and not create_record(self.storage, self.record):
            raise BallastError(f"{self.storage.root}: another run has just begun to write to it")
        self._lease = Lease.acquire(self.storage, break_lock=self._break_lock)
        try:
            self._meter = session_meter()
            if self._meter is not None:
                self._meter.count_thread()
            if self._replaces is not None:
                _delete_own(self.storage, self._replaces)
            elif not self._is_new:
                # another run may have continued it since it was opened
                self._manifests.forget()
                now = read_record(self.storage) or self.record
                self.record = now.evolve(execution=self.record.execution)
            self.record = self.record.evolve(state=RunState.RUNNING)
            self._discard_stale()
            self._save()
            yield
            write_card(self.storage, self.record)
            self.record_facts(state=RunState.FINISHED, finished=_now())
        except KeyboardInterrupt as stop:
            raise KeyboardInterrupt(str(stop) or self._stop_line()) from stop
        finally:
            self._lease.release()
            if self._meter is not None:
                self._meter.stop_thread()

    def _stop_line(self) -> str:
        finished = [facts.stage for facts in self.record.stages.finished()]
        batches = [manifest.facts for stage in _IN_BATCHES for manifest in self.manifests(stage)]
        in_manifests = sum(len(facts.get("inputs") or facts.get("items") or ()) for facts in batches)
        now = progress().snapshot()
        return stop_line(
            now,
            committed=max(now.committed, in_manifests),  # a batch may be committed, and not yet reported
            finished=finished,
            parts={stage: len(self.manifests(stage)) for stage in Stage if stage not in finished},
            command="the same command without --overwrite" if self._overwrites else "the same command",
        )

    def discard(self, stages: Iterable[Stage]) -> None:
        """Invalidate stages whose input has changed; each is rebuilt when its turn comes."""
        invalid = {*stages, *(self.record.stale or ())}
        self.record_facts(stale=[stage for stage in Stage if stage in invalid])
        self._discard_stale()

    def _discard_stale(self) -> None:
        """Delete stale stages. In this order a run that is killed here repeats it, and never uses a stale stage."""
        stages = self.record.stale or []
        for stage in stages:
            self._manifests.delete(stage)
        if stages:
            self.record_facts(stages=self.record.stages.without(stages), stale=None)

    @property
    def finished(self) -> bool:
        return self.record.is_finished

    @property
    def resumed(self) -> bool:
        """Whether something was committed here before this run began."""
        return any(self.record.stages.finished()) or any(self.manifests(stage) for stage in Stage)

    def manifests(self, stage: Stage) -> list[Manifest]:
        """The committed units of a stage, in order of their names."""
        return self._manifests.of_stage(stage)

    def files(self, stage: Stage, part: str = "", unit: str | None = None) -> dict[str, FileState]:
        """The committed files of a stage (`Manifests.files`)."""
        return self._manifests.files(stage, part, unit)

    def paths(self, stage: Stage, part: str = "", unit: str | None = None) -> list[str]:
        """The same for Spark to read: addresses of files, or of whole folders of them (`read_paths`)."""
        return read_paths(self.storage, self.files(stage, part, unit))

    def bytes_of(self, stage: Stage) -> int:
        """The size of a stage's committed files."""
        return sum(state.bytes for state in self.files(stage).values())

    def commit(
        self,
        stage: Stage,
        rows: "DataFrame | Iterator[pa.Table]",
        *,
        unit: str = "all",
        partition_by: str | None = None,
        facts: dict[str, Any] | None = None,
        again: bool = False,
        form: str = "parquet",
        options: Mapping[str, str] = MappingProxyType({}),
        ending: str | None = None,
    ) -> Manifest:
        """Write a unit's rows and, when every file is there, its manifest. A committed unit is left alone,
        except with `again`: then the new manifest replaces the old one.

        Each batch is written to an attempt folder of its own, `extracted/<unit>/attempt=<id>`, since several are
        written at once, and in few files (`frames.in_few_files`); units of other stages are written straight to the
        stage's folder, where readers expect the files. `form`, `options` and `partition_by` are for Spark's writer;
        tables become one Parquet file. With an `ending`, such as `jsonl.gz`, the files are then renamed:
        `00000-of-00016.jsonl.gz`. A run that is killed before its manifest is written does this unit again. Raises
        `BallastError` when another run is writing to the folder.
        """
        committed = self._manifests.unit(stage, unit)
        if committed is not None and not again:
            return committed
        if self._meter is not None:
            self._meter.count_thread()
        attempt = uuid.uuid4().hex[:12]
        is_batch = stage in _IN_BATCHES
        folder = f"{stage}/{unit}/attempt={attempt}" if is_batch else stage
        before = {} if is_batch else self.storage.list_files(folder)
        if isinstance(rows, Iterator):
            self.storage.write(f"{folder}/part-00000-{uuid.uuid4()}.zstd.parquet", _parquet(rows))
        else:
            from jobs.spark.frames import in_few_files  # pyspark, which reading a folder does without

            writer = (in_few_files(rows) if is_batch else rows).write.mode("append").format(form).options(**options)
            if partition_by is not None:
                writer = writer.partitionBy(partition_by)
            writer.save(self.storage.url(folder))
        written = {
            name: state.bytes
            for name, state in self.storage.list_files(folder).items()
            if name not in before and _WRITE_ID.fullmatch(name)
        }
        if len({match[1] for name in written if (match := _WRITE_ID.fullmatch(name))}) > 1:
            raise BallastError(f"{self.storage.root}: another run is writing to it: let one end, then rerun this")
        self._check_lease()
        if ending is not None:
            written = dict(zip(number_files(self.storage, list(written), ending), written.values(), strict=True))
        return self._write_manifest(stage, unit, attempt, written, facts)

    def commit_files(
        self, stage: Stage, files: Mapping[str, int], *, unit: str, facts: dict[str, Any] | None = None
    ) -> Manifest:
        """Commit a unit whose files the tasks of a Spark job wrote themselves, each under its final name and at once:
        their sizes in bytes by their paths relative to the folder."""
        return self._write_manifest(stage, unit, uuid.uuid4().hex[:12], dict(files), facts)

    def _write_manifest(
        self, stage: Stage, unit: str, attempt: str, files: dict[str, int], facts: dict[str, Any] | None
    ) -> Manifest:
        manifest = Manifest(stage, unit, attempt, files, with_figures(facts or {}, self._meter))
        self._check_lease()
        self._manifests.write(manifest)
        return manifest

    def clean(self, stage: Stage) -> None:
        """Delete the uncommitted files in a stage's folder, and other remains of interrupted writes."""
        self._check_lease()
        committed = self.files(stage)
        for name in self.storage.list_files(stage):
            if name not in committed:
                self.storage.delete(name)
        self.storage.delete_remains(stage)

    def drop(self, stage: Stage) -> None:
        """Delete all files of a stage that later stages no longer need."""
        self._manifests.delete(stage)
        self.storage.delete(stage)

    def finish_stage(self, facts: StageFacts) -> None:
        """Record a stage as finished, with its facts."""
        self._check_lease()
        self.clean(facts.stage)
        stages = (facts.stage, Stage.SCANNED) if facts.stage in _MADE_BY_SCANS else (facts.stage,)
        figures = stage_figures([unit for stage in stages for unit in self.manifests(stage)], self._meter)
        self.record_facts(stages=self.record.stages.with_facts(replace(facts, spark=figures)))

    def record_facts(self, **facts: Any) -> None:
        """Set fields of the record, such as `t`, and write run.json."""
        self.record = self.record.evolve(**facts)
        self._save()

    def _check_lease(self) -> None:
        if self._lease is not None:
            self._lease.check()

    def _save(self) -> None:
        write_record(self.storage, self.record)


def stored_run(path: str) -> RunFolder:
    """The run in a folder, for reading, finished or not. Raises `UsageError` where there is none."""
    storage = open_storage(path)
    record = read_record(storage)
    if record is None:
        raise UsageError(f"{path}: not the output folder of a Ballast job: name one that holds run.json")
    return RunFolder(storage, record)


def _new_record(identity: dict[str, Any], execution: dict[str, Any]) -> RunRecord:
    """The record of a run that begins now."""
    return make_record(
        {
            **{name: value for name, value in identity.items() if value is not None},
            "state": RunState.RUNNING,
            "started": _now(),
            "hash_version": HASH_VERSION,
            "execution": execution,
            "versions": library_versions(),
            "stages": {},
        }
    )


def _delete_own(storage: Storage, record: RunRecord) -> None:
    """Delete Ballast's own paths. run.json stays until it is rewritten, so that a kill in between is detected."""
    write_record(storage, record.evolve(state=RunState.DELETING))
    for path in OWN_PATHS:
        if path != RUN_FILE:
            storage.delete(path)
    delete_card(storage)


def _parquet(tables: Iterator[pa.Table]) -> bytes:
    """Tables of one schema as a Parquet file like those that Spark writes, with the metadata of the schema in the
    footer; a row group for each."""
    sink = pa.BufferOutputStream()
    first = next(tables)
    with pq.ParquetWriter(sink, first.schema, compression="zstd", store_schema=False) as writer:
        for table in chain([first], tables):
            writer.write_table(table)
        writer.add_key_value_metadata(first.schema.metadata or {})
    return bytes(sink.getvalue())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
