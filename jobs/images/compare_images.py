"""Comparing all images of a download: copies, near-duplicates, and those of evaluation sets."""

from collections.abc import Sequence

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from jobs.images.evaluation import marked
from jobs.images.evaluation_sets import pictures
from jobs.images.near_duplicates import grouped
from jobs.runs.run_folder import RunFolder
from jobs.runs.stopwatch import Stopwatch
from jobs.settings.images import NearDuplicates
from jobs.spark.frames import TARGET_PARTITION_BYTES, read_files, set_shuffle_partitions
from jobs.spark.progress import progress
from udfs.image_outcomes import ImageOutcome
from udfs.image_schemas import CHECKED, CHECKED_FILE, IMAGE_READ, with_carried
from udfs.image_stages import CheckedFacts
from udfs.schemas import FILE_ID
from udfs.stages import FILES_PART, KIND_IMAGE, Stage

_PLACE = ("shard", "offset", "key")


def compare_stage(
    spark: SparkSession, run_folder: RunFolder, near: NearDuplicates, carried: Sequence[pa.Field]
) -> None:
    """Write `checked/`: the samples as read, with what they are to each other. The frames in between stay in `near/`
    until it is finished, so that a run that is stopped goes on there."""
    if run_folder.record.stages.checked is None:
        _compare(spark, run_folder, near, carried)
    run_folder.drop(Stage.NEAR)


def _compare(spark: SparkSession, run_folder: RunFolder, near: NearDuplicates, carried: Sequence[pa.Field]) -> None:
    watch = Stopwatch()
    progress().begin("compare")
    size_bytes = run_folder.bytes_of(Stage.READ)
    set_shuffle_partitions(spark, size_bytes)
    read = read_files(
        spark,
        run_folder.paths(Stage.READ, f"kind={KIND_IMAGE}"),
        with_carried(IMAGE_READ, carried).append(FILE_ID),
    )

    def save(name: str, frame: DataFrame) -> DataFrame:
        run_folder.commit(Stage.NEAR, frame, unit=name)
        paths = run_folder.paths(Stage.NEAR, unit=name)
        return spark.read.schema(frame.schema).parquet(*paths) if paths else spark.createDataFrame([], frame.schema)

    run_folder.clean(Stage.NEAR)
    copies = save("copies", _copies(read))
    images = read.where(_is_decoded()).join(copies, list(_PLACE), "left_anti")
    groups = grouped(images, near.near, near.near_colour, near.max_group, save)
    found = groups.images
    if near.not_in:
        marks = save("marks", marked(images, pictures(spark, run_folder), near.near, near.near_colour))
        found = found.join(marks, "uuid", "full")
    else:
        found = found.withColumn("in_evaluation", F.lit(None).cast("string"))
    run_folder.clean(Stage.CHECKED)
    rows = _compared(read, copies, found).select(*with_carried(CHECKED, carried).names)
    in_order = rows.repartitionByRange(max(size_bytes // TARGET_PARTITION_BYTES, 1), *_PLACE)
    run_folder.commit(Stage.CHECKED, in_order.sortWithinPartitions(*_PLACE))
    _count_copies(spark, run_folder, copies)
    checked = spark.read.parquet(*run_folder.paths(Stage.CHECKED))
    run_folder.finish_stage(_facts(checked, groups.cut, has_sets=bool(near.not_in), seconds=watch.seconds))


def _is_decoded() -> Column:
    return F.col("status") == ImageOutcome.SUCCESS.value


def _copies(read: DataFrame) -> DataFrame:
    """The places of decoded images whose uuid another image has at a smaller place, with the ids of their files."""
    number = F.row_number().over(Window.partitionBy("uuid").orderBy(*_PLACE))
    numbered = read.where(_is_decoded()).select("uuid", *_PLACE, FILE_ID.name, number.alias("number"))
    return numbered.where("number > 1").select(*_PLACE, FILE_ID.name)


def _compared(read: DataFrame, copies: DataFrame, found: DataFrame) -> DataFrame:
    """The rows with the status of copies, and with what was found of the other decoded images."""
    is_copy = copies.select(*_PLACE, F.lit(True).alias("_is_copy"))
    rows = read.join(is_copy, list(_PLACE), "left")
    rows = rows.withColumn("status", F.when(F.col("_is_copy"), ImageOutcome.COPY.value).otherwise(F.col("status")))
    # rows that find nothing get a key of their own: with null, all would come to one task
    image = F.when(_is_decoded(), F.col("uuid")).otherwise(F.concat_ws("/", "shard", "key"))
    return rows.withColumn("_image", image).join(found.withColumnRenamed("uuid", "_image"), "_image", "left")


def _count_copies(spark: SparkSession, run_folder: RunFolder, copies: DataFrame) -> None:
    """Count the copies in `downloads/`, whose rows were written before all images were compared."""
    if copies.isEmpty():
        return
    per_file = copies.groupBy(FILE_ID.name).agg(F.count("*").alias("_copies"))
    files = spark.read.parquet(*run_folder.paths(Stage.READ, FILES_PART)).select(FILE_ID.name, "file.*")
    files = files.join(F.broadcast(per_file), FILE_ID.name, "left")
    copied = F.coalesce("_copies", F.lit(0))
    success, copy = ImageOutcome.SUCCESS.value, ImageOutcome.COPY.value
    rows = files.withColumns({success: F.col(success) - copied, copy: copied}).select(*CHECKED_FILE.names)
    run_folder.commit(Stage.DOWNLOADS, rows.coalesce(1).sortWithinPartitions("path"), again=True)
    run_folder.clean(Stage.DOWNLOADS)


def _facts(rows: DataFrame, cut_groups: int, *, has_sets: bool, seconds: float) -> CheckedFacts:
    """The facts of `checked/`."""
    by_status = {row["status"]: row["count"] for row in rows.groupBy("status").count().collect()}
    is_kept = F.col("group").isNotNull() & F.col("duplicate_of").isNull()
    [counts] = rows.agg(
        F.count_if(is_kept).alias("groups"),
        F.count("duplicate_of").alias("duplicates"),
        F.count("in_evaluation").alias("in_evaluation"),
        F.count_if(F.col("in_evaluation").isNotNull() & F.col("duplicate_of").isNull()).alias("in_evaluation_kept"),
    ).collect()
    return CheckedFacts(
        samples=sum(by_status.values()),
        outcomes={outcome.value: by_status[outcome] for outcome in ImageOutcome if outcome in by_status},
        groups=counts["groups"],
        cut_groups=cut_groups,
        duplicates=counts["duplicates"],
        in_evaluation=counts["in_evaluation"] if has_sets else None,
        in_evaluation_kept=counts["in_evaluation_kept"] if has_sets else None,
        seconds=seconds,
    )
