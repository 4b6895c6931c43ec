"""A run as an object: its record, its rows as pyarrow or Spark data, its report."""

import html
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, overload

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from jobs.api.arguments import StrPath, paths_of
from jobs.console.summary import summarize
from jobs.runs.run_folder import RunFolder, stored_run
from jobs.runs.step_input import footer_schema
from udfs import schemas
from udfs.errors import UsageError
from udfs.record import REPORT_FILE, RunRecord
from udfs.stages import Stage
from udfs.storage.local import LocalStorage

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class Run:
    """An output folder of `ballast curate` or of a step, for reading; also of a run that is not finished.

    Rows may be more than memory holds, so `pool` and `subset` return a `pyarrow.dataset.Dataset`, which is read only
    when asked (`.to_table()`, `.to_batches()`, `.count_rows()`); given a session as `spark`, they return a Spark
    DataFrame. `counts` and `files` have a row per entry and per input file, and return a `pyarrow.Table`. The columns
    are those of the reference. A Dataset needs a local folder; a DataFrame can be on any storage.
    """

    def __init__(self, folder: StrPath) -> None:
        """Open a folder. Raises `UsageError` where there is no run. On Hadoop's storage a session must be active."""
        [self.folder] = paths_of(folder)
        self._run: RunFolder = stored_run(self.folder)

    @property
    def record(self) -> RunRecord:
        """What run.json holds: settings, versions, and the facts of each stage (`record.stages.pool.pairs`)."""
        return self._run.record

    @property
    def t(self) -> tuple[int | None, ...]:
        """The threshold of each subset, ascending. With a list for each language it is that of the anchor, None without
        one; `record.subsets[i].facts.lists` has those of all."""
        return tuple(subset.t for subset in self.record.subsets)

    @overload
    def pool(self, *, spark: None = None) -> ds.Dataset: ...
    @overload
    def pool(self, *, spark: "SparkSession") -> "DataFrame": ...
    def pool(self, *, spark: "SparkSession | None" = None) -> Any:
        """The deduplicated pairs. Raises `UsageError` where the run has none."""
        self._check(Stage.POOL)
        schema = schemas.POOL
        if self.record.stages.pool is not None and self.record.stages.pool.matched is False:
            schema = schema.remove(schema.get_field_index("entry_ids"))
        return self._rows(Stage.POOL, "", schema, spark)

    @overload
    def subset(self, t: int | None = None, *, spark: None = None) -> ds.Dataset: ...
    @overload
    def subset(self, t: int | None = None, *, spark: "SparkSession") -> "DataFrame": ...
    def subset(self, t: int | None = None, *, spark: "SparkSession | None" = None) -> Any:
        """The balanced pairs, with `keep_prob`; of several subsets that of `t`. Raises `UsageError` where there are
        several and no `t`, and where there is none."""
        self._check(Stage.SUBSET)
        subsets = {subset.t: subset for subset in self.record.subsets}
        if t is None and len(subsets) > 1:
            raise UsageError(f"{self.folder}: holds several subsets: name one of t={', '.join(map(str, subsets))}")
        chosen = subsets.get(next(iter(subsets)) if t is None else t)
        if chosen is None:
            raise UsageError(f"{self.folder}: holds no subset of t={t}, only of t={', '.join(map(str, subsets))}")
        return self._rows(Stage.SUBSET, chosen.part, schemas.SUBSET, spark)

    def counts(self) -> pa.Table:
        """The matches of every entry (`entry_id`, `entry`, `count`), zeros included, by ascending id; with a list for
        each language also `list`, by which they are sorted first. Raises `UsageError` where the run counted nothing."""
        self._check(Stage.ENTRY_COUNTS)
        table = self._table(self._run.files(Stage.ENTRY_COUNTS))
        return table.sort_by([(name, "ascending") for name in ("list", "entry_id") if name in table.column_names])

    def files(self) -> pa.Table:
        """What became of each input file: `status`, a counter per outcome, `bytes`, `seconds`, `error`; by path. Raises
        `UsageError` where the run read no archives."""
        self._check(Stage.FILES)
        return self._table(self._run.files(Stage.FILES)).sort_by("path")

    def report(self) -> str:
        """The path of report.html. Raises `UsageError` where none was drawn."""
        if self.record.report is None:
            raise UsageError(f"{self.folder}: holds no {REPORT_FILE}: `ballast report {self.folder}` draws it")
        return f"{self.folder.rstrip('/')}/{self.record.report}"

    def __repr__(self) -> str:
        return f"Run({self.folder!r})"

    def __str__(self) -> str:
        """The summary that the command prints."""
        last = [facts.stage for facts in self.record.stages.finished()]
        return "\n".join(summarize(self.record, self.folder, last[-1] if last else Stage.EXTRACTED))

    def _repr_html_(self) -> str:
        """The summary, as a notebook shows it."""
        return f"<pre>{html.escape(str(self))}</pre>"

    def _check(self, stage: Stage) -> None:
        if self.record.stages.facts(stage) is None:
            record = self.record
            raise UsageError(f"{self.folder}: holds no finished {stage} (its {record.job} run is {record.state})")

    def _rows(self, stage: Stage, part: str, schema: pa.Schema, spark: "SparkSession | None") -> Any:
        names = self._run.files(stage, part)
        if self._by_language(names):
            schema = schemas.with_list(schema)
        if spark is not None:
            from jobs.spark.frames import read_files  # imports pyspark, which the other ways do without

            return read_files(spark, self._run.paths(stage, part), schema)
        storage = self._run.storage
        if not isinstance(storage, LocalStorage):
            raise UsageError(f"{self.folder}: is not local: give a session, {stage}(spark=…), to read it")
        if not names:
            return ds.dataset(schema.empty_table())
        return ds.dataset([str(storage.folder / name) for name in names], format="parquet")

    def _by_language(self, names: Collection[str]) -> bool:
        """Whether these files of rows have the column `list`; without files, whether they would."""
        if names:
            return "list" in footer_schema(self._run.storage, min(names)).names
        return self.record.metadata is not None and self.record.metadata.lists is not None

    def _table(self, names: Iterable[str]) -> pa.Table:
        parts = [pq.read_table(pa.BufferReader(self._run.storage.read(name) or b"")) for name in names]
        return pa.concat_tables(parts, promote_options="default")
