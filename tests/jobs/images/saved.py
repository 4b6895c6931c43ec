"""Intermediate results in a folder, as a run saves them: what was written is read back, also by a later run."""

from pathlib import Path

from pyspark.sql import DataFrame, SparkSession


class Saved:
    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.spark, self.folder = spark, folder
        self.written: list[str] = []

    def __call__(self, name: str, frame: DataFrame) -> DataFrame:
        path = self.folder / name
        if not path.exists():
            frame.write.parquet(str(path))
            self.written.append(name)
        return self.spark.read.schema(frame.schema).parquet(str(path))
