"""Titles of Wikipedia's articles with their views: pageviews files to Parquet."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.entries.partial_counts import files_identity, input_records, partial_counts, scan_stage
from jobs.runs.run_folder import RunFolder
from jobs.runs.stopwatch import Stopwatch
from jobs.settings.groups import Reading
from jobs.spark.frames import read_files
from jobs.spark.progress import progress, warn
from metadata.counting import TITLE, TITLE_VIEWS, count_views
from metadata.pageviews import HOURLY, ViewsFile, plan_files
from udfs.stages import Stage, TitlesFacts

_FILE_DDL = "path string, name string, day string, form string"
_HOURS = 24


def plan_views(arguments: Sequence[str], days: int | None, seed: int) -> list[ViewsFile]:
    """The pageviews files to read: all, or those of a sample of `days`. Warns of days that lack hours."""
    files = plan_files([str(Path(path).absolute()) for path in arguments], days, seed)
    for day in sorted({file.day for file in files if file.form == HOURLY}):
        hours = sum(file.day == day for file in files)
        if hours < _HOURS:
            warn(f"{day}: only {hours} of its 24 hours are among the files")
    return files


def titles_identity(files: Sequence[ViewsFile], min_hour_views: int) -> dict[str, Any]:
    """What determines the views, for run.json."""
    settings = {"min_hour_views": min_hour_views}
    return {"settings": settings, "inputs": files_identity([file.path for file in files])}


def titles_stage(
    spark: SparkSession, run_folder: RunFolder, files: Sequence[ViewsFile], min_hour_views: int, reading: Reading
) -> None:
    """Write `titles/`; the partial counts are deleted at the end."""
    if run_folder.record.stages.titles is None:
        watch = Stopwatch()
        count = partial(count_views, min_hour_views=min_hour_views)
        scanned = scan_stage(spark, run_folder, files, _FILE_DDL, count, reading)
        progress().begin("titles")
        inputs = input_records(spark, [file.path for file in files])
        run_folder.clean(Stage.TITLES)
        run_folder.commit(Stage.TITLES, titles(partial_counts(spark, run_folder, TITLE)))
        distinct = read_files(spark, run_folder.paths(Stage.TITLES), TITLE_VIEWS).count()
        days = sorted({file.day for file in files})
        run_folder.finish_stage(
            TitlesFacts(distinct=distinct, days=days, **scanned._asdict(), inputs=inputs, seconds=watch.seconds)
        )
    run_folder.drop(Stage.SCANNED)


def titles(partial: DataFrame) -> DataFrame:
    """Partial counts to one row per title (`title`, `views`)."""
    return partial.groupBy(F.col("key").alias("title")).agg(F.sum("count").alias("views"))
