"""Group: write one row per image with its captions, for a downloader."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["group", *sys.argv[1:]]))


from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.console.commands.curation import GROUP
from jobs.console.run_job import open_run
from jobs.runs.run_folder import RunFolder
from jobs.runs.step_input import Source, open_source
from jobs.runs.stopwatch import Stopwatch
from jobs.settings.settings import Settings
from jobs.spark.frames import set_shuffle_partitions
from jobs.spark.pair_hash import pair_hash_column
from jobs.spark.progress import progress
from jobs.spark.session import spark_session
from udfs.hashing import PICK
from udfs.schemas import IMAGE
from udfs.stages import ImagesFacts, Stage


def run(pairs: DataFrame, seed: int, max_captions: int) -> DataFrame:
    """Group pairs into one row per image (`schemas.IMAGE`), sorted by `uuid`: neighbours are on different hosts.

    `captions` has the distinct captions, ordered by H("pick", …) as a signed 64-bit integer and then by text, at most
    `max_captions` of them. The first is the one that `--dedup url` and `--per-image one` pick. Of several spellings of
    the URL (`uuid` ignores tabs and spaces), the smallest is kept.
    """
    ranked = pairs.select(
        "uuid", "url", F.struct(pair_hash_column(PICK, seed).alias("pick"), "caption").alias("ranked")
    )
    images = ranked.groupBy("uuid").agg(
        F.min("url").alias("url"), F.array_sort(F.collect_set("ranked")).alias("ranked")
    )
    captions = F.slice(F.col("ranked.caption"), 1, max_captions)
    return (
        images.select(
            "uuid",
            "url",
            F.col("ranked.caption")[0].alias("caption"),
            captions.alias("captions"),
            F.size("ranked").cast("long").alias("captions_total"),
        )
        .select(*IMAGE.names)
        .orderBy("uuid")
    )


def group_stage(spark: SparkSession, run_folder: RunFolder, source: Source, seed: int, max_captions: int) -> None:
    """Write the images of these pairs."""
    watch = Stopwatch()
    progress().begin("group")
    run_folder.clean(Stage.IMAGES)
    set_shuffle_partitions(spark, source.size_bytes)
    run_folder.commit(Stage.IMAGES, run(source.frame, seed, max_captions))
    written = spark.read.parquet(*run_folder.files(Stage.IMAGES))
    listed = F.sum(F.size("captions")).cast("long")
    row = written.agg(
        F.count("*").alias("images"), F.sum("captions_total").alias("captions"), listed.alias("listed")
    ).first()
    counts = {name: value or 0 for name, value in (row.asDict() if row is not None else {}).items()}
    run_folder.finish_stage(ImagesFacts(**counts, of=source.stage, seconds=watch.seconds))


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    with spark_session(settings.execution, "group", settings.spark_paths(*inputs)) as spark:
        source = open_source(
            spark, inputs[0], (Stage.SUBSET, Stage.POOL, Stage.MATCHED), ("uuid", "url", "caption", "caption_hash")
        )
        run_folder = open_run(GROUP, settings, {"source": source.identity}, reads=inputs)
        if not run_folder.finished:
            with run_folder.writing():
                group_stage(spark, run_folder, source, settings.draws.seed, settings.listing.max_captions)
    return run_folder
