"""Check: account for every image of a download, and find near-duplicates among them."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["check", *sys.argv[1:]]))

from functools import partial

from pyspark.sql import SparkSession

from jobs.console.commands.images import CHECK
from jobs.console.run_job import open_run
from jobs.images.compare_images import compare_stage
from jobs.images.download import Download, plan_download
from jobs.images.evaluation_sets import EvaluationSets, evaluation_stage, plan_sets
from jobs.images.read_images import IMAGES_READ, read_guarded, read_images
from jobs.runs.failed_inputs import check_inputs_read
from jobs.runs.input_batches import inputs_identity, read_batches, work_left
from jobs.runs.run_folder import RunFolder
from jobs.settings.settings import Settings
from jobs.spark.session import spark_session
from udfs.errors import UsageError
from udfs.image_schemas import OWN_COLUMNS
from udfs.images.options import CheckOptions, Limits
from udfs.stages import Stage


def check_stages(
    spark: SparkSession,
    run_folder: RunFolder,
    download: Download,
    sets: EvaluationSets,
    options: CheckOptions,
    settings: Settings,
) -> None:
    """Read every shard that no committed batch holds yet, hash the evaluation sets, and compare all images. Raises
    `BallastError` if no shard could be read."""
    read = partial(read_images, spark, download, options=options)
    again = partial(read_guarded, spark, download, options=options)
    read_batches(spark, run_folder, IMAGES_READ, download.shards, read, settings.reading, again=again)
    run_folder.record_facts(inputs=inputs_identity(download.shards), download=download.root)
    check_inputs_read(run_folder, Stage.DOWNLOADS)
    evaluation_stage(spark, run_folder, sets, options)
    compare_stage(spark, run_folder, settings.near, options.carried)


def check_options(settings: Settings) -> CheckOptions:
    """How images are decoded and hashed. Raises `UsageError` for columns of --carry with names that are taken."""
    checking = settings.checking
    taken = next((name for name, _ in checking.carry if name.lower() in OWN_COLUMNS), None)
    if taken is not None:
        raise UsageError(f"--carry {taken}: Ballast has a column of that name: give it another name in the download")
    limits = Limits(
        max_pixels=checking.max_pixels, max_bytes=checking.max_bytes, min_side=checking.min_side, icc=checking.icc
    )
    return CheckOptions(limits=limits, carry=checking.carry)


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    """Check a download into the output folder."""
    options = check_options(settings)
    download, sets = plan_download(inputs[0]), plan_sets(settings.near.not_in)
    run_folder = open_run(CHECK, settings, {"evaluation": sets.identity}, reads=[download.root, *settings.near.not_in])
    is_read = not any(work_left(run_folder, IMAGES_READ, download.shards, settings.reading))
    if is_read:
        check_inputs_read(run_folder, Stage.DOWNLOADS)
    if not (run_folder.finished and is_read):
        paths = settings.spark_paths(*sets.read_by_spark)
        with spark_session(settings.execution, "check", paths) as spark, run_folder.writing():
            check_stages(spark, run_folder, download, sets, options, settings)
    return run_folder
