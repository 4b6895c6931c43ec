"""The evaluation sets of --not-in: which pictures they hold, and the hashes of these."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.images.download import Download, plan_download
from jobs.images.read_images import read_images
from jobs.runs.identity import digest
from jobs.runs.open_storage import open_storage, path_kind
from jobs.runs.run_folder import RunFolder
from jobs.runs.run_record_file import read_record
from jobs.runs.step_input import Source, locate, open_source
from jobs.runs.stopwatch import Stopwatch
from jobs.spark.frames import read_files
from jobs.spark.progress import progress, say, warn
from udfs.errors import UsageError
from udfs.image_outcomes import ImageOutcome
from udfs.image_schemas import PICTURE
from udfs.image_stages import EvaluationFacts
from udfs.images.options import CheckOptions
from udfs.images.shards import ImageShard
from udfs.stages import KIND_IMAGE, Stage
from udfs.storage.addresses import name_of, redacted
from udfs.storage.local import PathKind

_FILES_PER_TASK = 500
_NAMES = ("key", "uuid", "picture", "name")
"""Columns that may name a picture in a list of hashes."""


class EvaluationSet(NamedTuple):
    """A set, where it is, and what it is made from: images to hash, or rows that have the hashes."""

    name: str
    path: str
    pictures: Download | Source


class EvaluationSets(NamedTuple):
    """All sets, in the order of --not-in."""

    sets: Sequence[EvaluationSet]

    @property
    def read_by_spark(self) -> list[str]:
        """Where the sets are whose rows Spark reads."""
        return [each.path for each in self.sets if isinstance(each.pictures, Source)]

    @property
    def identity(self) -> dict[str, Any] | None:
        """What identifies them in run.json."""
        if not self.sets:
            return None
        lines = [f"{each.name} {_described(each.pictures)}" for each in self.sets]
        return {"files": len(lines), "sha256": digest(lines)}


def _described(pictures: Download | Source) -> str:
    return digest(pictures.described) if isinstance(pictures, Download) else str(pictures.identity["sha256"])


def plan_sets(paths: Sequence[str]) -> EvaluationSets:
    """The sets of --not-in. Raises `UsageError` for one that holds no pictures."""
    names = [name_of(path.rstrip("/")) for path in paths]
    named = (name if names.count(name) == 1 else path for name, path in zip(names, map(redacted, paths), strict=True))
    return EvaluationSets([EvaluationSet(name, path, _pictures(path)) for name, path in zip(named, paths, strict=True)])


def _pictures(path: str) -> Download | Source:
    try:
        rows = _rows_with_hashes(path)
        return plan_download(path) if rows is None else rows
    except UsageError as error:
        raise UsageError(f"--not-in {redacted(path)}: {error}") from error


def _rows_with_hashes(path: str) -> Source | None:
    """The rows at a path that have a `phash`: the output of another check, or a list; None for anything else."""
    if read_record(open_storage(path)) is not None:
        return open_source(path, (Stage.CHECKED,), ("phash",))
    if not path.endswith(".parquet") and path_kind(path) is not PathKind.FOLDER:
        return None
    located = locate(path, (Stage.CHECKED,))
    if not located.files or "phash" not in located.read_schema().names:
        return None
    return open_source(path, (Stage.CHECKED,), ("phash",))


def evaluation_stage(spark: SparkSession, run_folder: RunFolder, sets: EvaluationSets, options: CheckOptions) -> None:
    """Write `evaluation/`: the hashes of all pictures, a unit for each set."""
    if not sets.sets or run_folder.record.stages.evaluation is not None:
        return
    watch = Stopwatch()
    progress().begin("evaluation")
    run_folder.clean(Stage.EVALUATION)
    for number, each in enumerate(sets.sets):
        rows = _hashed(spark, each, options)
        named = rows.select(F.lit(number).alias("set_number"), F.lit(each.name).alias("set"), *PICTURE.names[2:])
        run_folder.commit(Stage.EVALUATION, named, unit=f"set={number:03}")
    by_set = (
        _rows(spark, run_folder)
        .groupBy("set_number", "set")
        .agg(F.count("*").alias("pictures"), F.count("sha256").alias("read"), F.count("phash").alias("hashed"))
    )
    found = {row["set_number"]: row for row in by_set.collect()}
    pictures = hashed = 0
    for number, each in enumerate(sets.sets):
        row = found.get(number)
        of_set, usable = (row["pictures"], max(row["read"], row["hashed"])) if row is not None else (0, 0)
        say(f"--not-in {each.name}: {usable:,} of {of_set:,} pictures can be compared")
        pictures, hashed = pictures + of_set, hashed + usable
        if not usable:
            warn(f"--not-in {each.name}: none of its {of_set:,} pictures could be read, so it marks no image")
    facts = EvaluationFacts(sets=len(sets.sets), pictures=hashed, not_hashed=pictures - hashed, seconds=watch.seconds)
    run_folder.finish_stage(facts)


def pictures(spark: SparkSession, run_folder: RunFolder) -> DataFrame:
    """The pictures that can be compared (`PICTURE`)."""
    return _rows(spark, run_folder).where("sha256 IS NOT NULL OR phash IS NOT NULL")


def _rows(spark: SparkSession, run_folder: RunFolder) -> DataFrame:
    return read_files(spark, run_folder.paths(Stage.EVALUATION), PICTURE)


def _hashed(spark: SparkSession, each: EvaluationSet, options: CheckOptions) -> DataFrame:
    """`picture`, `sha256`, `phash` and `chroma` of every picture of a set; nulls for one that cannot be decoded."""
    if isinstance(each.pictures, Source):
        return _given(spark, each.pictures)
    pieces = [piece for shard in each.pictures.shards for piece in _pieces(shard)]
    rows = read_images(spark, each.pictures, pieces, options).where(F.col("kind") == KIND_IMAGE)
    is_decoded = F.col("width").isNotNull()
    hashes = [F.when(is_decoded, F.col(name)).alias(name) for name in ("sha256", "phash", "chroma")]
    name = F.when(F.lower("shard").rlike(r"\.(tar|parquet)$"), F.col("key")).otherwise(F.col("shard"))
    return rows.where(F.col("status") != ImageOutcome.NO_IMAGE.value).select(name.alias("picture"), *hashes)


def _pieces(shard: ImageShard) -> list[ImageShard]:
    """A folder of image files in parts, so that several tasks read it."""
    if not shard.files:
        return [shard]
    starts = range(0, len(shard.files), _FILES_PER_TASK)
    return [shard._replace(files=shard.files[start : start + _FILES_PER_TASK]) for start in starts]


def _given(spark: SparkSession, source: Source) -> DataFrame:
    """The same of rows that have hashes already: those of `check`, or a list."""
    name = next((name for name in _NAMES if name in source.columns), None)
    hashes = [
        (F.col(column) if column in source.columns else F.lit(None)).cast(kind).alias(column)
        for column, kind in (("sha256", "string"), ("phash", "binary"), ("chroma", "binary"))
    ]
    return source.frame(spark).select((F.col(name) if name else F.lit("?")).cast("string").alias("picture"), *hashes)
