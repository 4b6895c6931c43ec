"""Shards: write the images and captions of a subset as tars for training."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["shards", *sys.argv[1:]]))

from pyspark.sql import DataFrame, SparkSession

from jobs.console.commands.images import SHARDS
from jobs.console.run_job import open_run
from jobs.images.checked_images import CheckedImages, open_checked
from jobs.images.shard_rows import in_order, left_out, pair_columns, sample_rows, with_images
from jobs.images.tar_batches import write_tars
from jobs.runs.run_folder import RunFolder
from jobs.runs.step_input import Source, open_source
from jobs.runs.stopwatch import Stopwatch
from jobs.settings.images import Sharding
from jobs.settings.settings import Settings
from jobs.spark.frames import read_files, set_shuffle_partitions
from jobs.spark.progress import progress
from jobs.spark.session import spark_session
from udfs.errors import UsageError
from udfs.image_schemas import LEFT_OUT
from udfs.image_stages import LeftOutFacts
from udfs.images.encoding import Encoding
from udfs.images.layouts import TRAIN, Layout
from udfs.images.training_tars import TarPlan
from udfs.stages import Stage

_PARTITIONS = "spark.sql.shuffle.partitions"
_NEEDED = ("uuid", "url", "caption", "caption_hash")
_ROW_GROUP = {"parquet.block.size": str(8 << 20)}  # a task reads those of one tar


def left_out_stage(run_folder: RunFolder, pairs: DataFrame) -> None:
    """Write the pairs whose image cannot be used, and why."""
    if run_folder.record.stages.left_out is not None:
        return
    watch = Stopwatch()
    progress().begin("left_out")
    run_folder.clean(Stage.LEFT_OUT)
    run_folder.commit(Stage.LEFT_OUT, left_out(pairs))
    rows = read_files(pairs.sparkSession, run_folder.paths(Stage.LEFT_OUT), LEFT_OUT)
    reasons = {row["why"]: row["count"] for row in rows.groupBy("why").count().orderBy("why").collect()}
    facts = LeftOutFacts(pairs=sum(reasons.values()), reasons=reasons, seconds=watch.seconds)
    run_folder.finish_stage(facts)


def samples_stage(run_folder: RunFolder, pairs: DataFrame, columns: list[str], sharding: Sharding, seed: int) -> None:
    """Write the samples in the order of the tars."""
    progress().begin("samples")
    share = None if sharding.split is None else sharding.split[1]
    samples = sample_rows(pairs, columns, seed, share=share, each=sharding.captions == "all")
    partitions = int(pairs.sparkSession.conf.get(_PARTITIONS) or 1)
    run_folder.commit(Stage.SAMPLES, in_order(samples, partitions), options=_ROW_GROUP)


def shards_stage(
    spark: SparkSession, run_folder: RunFolder, source: Source, checked: CheckedImages, settings: Settings
) -> None:
    """Write `left_out/`, then the tars, then delete the rows that they were made from."""
    sharding = settings.sharding
    set_shuffle_partitions(spark, source.size_bytes + checked.source.size_bytes)
    pairs = with_images(source.frame(spark), checked.source.frame(spark), checked.carried)
    left_out_stage(run_folder, pairs)
    if run_folder.record.stages.shards is None:
        run_folder.clean(Stage.SAMPLES)
        samples_stage(run_folder, pairs, pair_columns(source.schema), sharding, settings.draws.seed)
        layout = Layout(sharding.layout)
        encoding = Encoding(layout.formats, sharding.upright, sharding.max_side, sharding.strip_exif)
        plan = TarPlan(run_folder.storage.root, layout, encoding)
        apart = None if sharding.split is None else sharding.split[0]
        write_tars(spark, run_folder, plan, checked.download, sharding.tar_size, apart, settings.reading)
    run_folder.drop(Stage.SAMPLES)


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    sharding, images = settings.sharding, settings.images.images
    if sharding.layout == Layout.METACLIP and sharding.captions == "all":
        raise UsageError("--captions all: a sample of --layout metaclip has all captions already: leave it out")
    if sharding.split is not None and sharding.split[0] == TRAIN:
        raise UsageError(f"--split {TRAIN}: is the name of the other folder: choose another, such as val")
    source = open_source(inputs[0], (Stage.SUBSET, Stage.POOL, Stage.MATCHED), _NEEDED)
    checked = open_checked(images, settings.download.downloaded)
    identity = {"source": source.identity, "checked": checked.source.identity}
    run_folder = open_run(SHARDS, settings, identity, reads=[*inputs, images, checked.download])
    if not run_folder.finished:
        paths = settings.spark_paths(*inputs)
        with spark_session(settings.execution, "shards", paths) as spark, run_folder.writing():
            shards_stage(spark, run_folder, source, checked, settings)
    return run_folder
