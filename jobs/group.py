"""Group: write one row per image with its captions, for a downloader."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["group", *sys.argv[1:]]))

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.console.commands.curation import GROUP
from jobs.console.run_job import open_run
from jobs.runs.run_folder import RunFolder
from jobs.runs.step_input import Located, Source, open_source, stage_source
from jobs.runs.stopwatch import Stopwatch
from jobs.settings.settings import Settings
from jobs.spark.frames import set_shuffle_partitions
from jobs.spark.pair_hash import pair_hash_column
from jobs.spark.progress import progress
from jobs.steps.local_images import images_of
from jobs.steps.local_pairs import open_local
from jobs.steps.pairs import pairs_of, session_unless_small
from udfs.hashing import PICK
from udfs.schemas import IMAGE
from udfs.stages import ImagesFacts, Stage
from udfs.sums import Sums


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


def group_stage(
    spark: SparkSession | None, run_folder: RunFolder, source: Source, seed: int, max_captions: int
) -> None:
    """Write the images of these pairs. Without a session, pyarrow reads and writes them."""
    watch = Stopwatch()
    progress().begin("group")
    run_folder.clean(Stage.IMAGES)
    if spark is None:
        run_folder.commit(Stage.IMAGES, iter([images_of(open_local(source), seed, max_captions)]))
    else:
        set_shuffle_partitions(spark, source.size_bytes)
        run_folder.commit(Stage.IMAGES, run(source.frame(spark), seed, max_captions))
    written = stage_source(run_folder, Stage.IMAGES)
    sums = pairs_of(spark, written).sums(["captions", "captions_total"], _sizes) if written is not None else {}
    images, captions, listed = (sums.get((name, None), 0) for name in ("images", "captions", "listed"))
    facts = ImagesFacts(images=images, captions=captions, listed=listed, of=source.stage, seconds=watch.seconds)
    run_folder.finish_stage(facts)


def _sizes(batch: pa.RecordBatch) -> Sums:
    total, listed = batch.column("captions_total"), pc.list_value_length(batch.column("captions"))
    return {
        ("images", None): batch.num_rows,
        ("captions", None): pc.sum(total).as_py() or 0,
        ("listed", None): pc.sum(listed).as_py() or 0,
    }


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    stages = (Stage.SUBSET, Stage.POOL, Stage.MATCHED)
    source = open_source(inputs[0], stages, ("uuid", "url", "caption", "caption_hash"))
    run_folder = open_run(GROUP, settings, {"source": source.identity}, reads=inputs)
    if not run_folder.finished:
        located, paths = [source.located, Located(run_folder.storage, {})], settings.spark_paths(*inputs)
        with (
            session_unless_small(settings.execution, "group", located, paths) as spark,
            run_folder.writing(),
        ):
            group_stage(spark, run_folder, source, settings.draws.seed, settings.listing.max_captions)
    return run_folder
