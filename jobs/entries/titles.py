"""Titles of Wikipedia's articles with their views: pageviews files to Parquet."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.entries.partial_counts import files_identity, input_records, partial_counts, scan_stage
from jobs.runs.run_folder import RunFolder
from jobs.runs.stopwatch import Stopwatch
from jobs.settings.groups import Reading
from jobs.spark.frames import read_files
from jobs.spark.progress import progress, warn
from metadata.counting import TITLE, TITLE_VIEWS, WIKI, count_views
from metadata.pageviews import HOURLY, ViewsFile, in_namespace, plan_files
from metadata.wikis import ALL, ENGLISH
from udfs.errors import UsageError
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


def titles_identity(files: Sequence[ViewsFile], min_hour_views: int, wiki: str) -> dict[str, Any]:
    """What determines the views, for run.json."""
    settings: dict[str, Any] = {"min_hour_views": min_hour_views}
    if wiki != ENGLISH:
        settings["language"] = wiki
    return {"settings": settings, "inputs": files_identity([file.path for file in files])}


def titles_stage(
    spark: SparkSession,
    run_folder: RunFolder,
    files: Sequence[ViewsFile],
    min_hour_views: int,
    wiki: str,
    reading: Reading,
) -> None:
    """Write `titles/`, of `wikis.ALL` a folder per wiki in it; the partial counts are deleted at the end."""
    if run_folder.record.stages.titles is None:
        watch = Stopwatch()
        count = partial(count_views, min_hour_views=min_hour_views, wiki=wiki)
        scanned = scan_stage(spark, run_folder, files, _FILE_DDL, count, reading)
        progress().begin("titles")
        inputs = input_records(spark, [file.path for file in files])
        run_folder.clean(Stage.TITLES)
        counted = partial_counts(spark, run_folder, TITLE)
        if wiki == ALL:
            run_folder.commit(Stage.TITLES, titles_by_wiki(counted), partition_by=WIKI)
        else:
            run_folder.commit(Stage.TITLES, titles(counted))
        distinct = read_files(spark, run_folder.paths(Stage.TITLES), TITLE_VIEWS).count()
        days = sorted({file.day for file in files})
        run_folder.finish_stage(
            TitlesFacts(distinct=distinct, days=days, **scanned._asdict(), inputs=inputs, seconds=watch.seconds)
        )
    run_folder.drop(Stage.SCANNED)


def titles(counted: DataFrame) -> DataFrame:
    """Partial counts to one row per title (`title`, `views`)."""
    return counted.groupBy(F.col("key").alias("title")).agg(F.sum("count").alias("views"))


def titles_by_wiki(counted: DataFrame) -> DataFrame:
    """Partial counts of all wikis to one row per wiki and title (`title`, `views`, `wiki`), the rows of a wiki in one
    task, and so in one file."""
    by_title = counted.groupBy(F.col("key").alias("title"), F.col("second").alias(WIKI))
    summed = by_title.agg(F.sum("count").alias("views"))
    return summed.select("title", "views", WIKI).repartition(WIKI)


def titles_of(spark: SparkSession, run_folder: RunFolder, wiki: str) -> DataFrame:
    """The titles of a wiki with their views (`TITLE_VIEWS`).

    Raises `UsageError` for counts of another wiki.
    """
    counted = run_folder.record.setting("language", ENGLISH)
    if counted not in (wiki, ALL):
        raise UsageError(
            f"{run_folder.storage.root}: has the titles of {counted}, not of {wiki}: give --language {counted}"
        )
    part = f"{WIKI}={wiki}" if counted == ALL else ""
    return read_files(spark, run_folder.paths(Stage.TITLES, part), TITLE_VIEWS)


def in_articles(titles: DataFrame, namespaces: frozenset[str]) -> DataFrame:
    """The titles without those of these namespaces, which counting did not know (`pageviews.in_namespace`)."""
    if not namespaces:
        return titles

    def keep(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield batch.filter(pa.array([not in_namespace(title, namespaces) for title in batch["title"].to_pylist()]))

    return titles.mapInArrow(keep, titles.schema)
