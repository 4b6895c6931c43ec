"""The tasks of a batch, as Spark's status tracker reports them."""

from pathlib import Path

from jobs.spark.frames import in_few_files
from jobs.spark.spark_jobs import Tasks, tasks_of_group


def test_the_tasks_of_a_batch_are_those_of_its_work(spark, tmp_path: Path) -> None:
    """The second job, which writes the rows, lists the first one's stage again."""
    context = spark.sparkContext
    context.setJobGroup("one batch", "")
    try:
        in_few_files(spark.range(100, numPartitions=7)).write.parquet(str(tmp_path / "out"))
    finally:
        context.setLocalProperty("spark.jobGroup.id", None)
    assert len(context.statusTracker().getJobIdsForGroup("one batch")) == 2
    assert tasks_of_group(context.statusTracker(), "one batch") == Tasks(done=7, total=7)
    assert tasks_of_group(context.statusTracker(), "one batch").waiting == 0
    assert len(list((tmp_path / "out").glob("*.parquet"))) == 1
