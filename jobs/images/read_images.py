"""Reading the images of a download: its shards to tagged rows, in committed batches."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import pyarrow as pa
from pyspark import SparkFiles
from pyspark.sql import DataFrame, SparkSession

from jobs.images.download import Download
from jobs.runs.input_batches import Reads
from jobs.spark.frames import ddl
from udfs.errors import BallastError
from udfs.image_outcomes import IMAGE_COUNTERS, SAMPLES, ImageOutcome, ImageTrait, samples_missed
from udfs.image_schemas import CHECKED_FILE, IMAGE_READ, tagged_images, with_carried
from udfs.image_stages import DownloadsFacts, ReadFacts
from udfs.images.checker import Checker
from udfs.images.options import CheckOptions
from udfs.images.shards import ImageShard
from udfs.outcomes import FileStatus
from udfs.sources.opener import SourceOpener, choose_witnesses
from udfs.sources.options import SourceOptions
from udfs.stages import KIND_IMAGE, Stage
from udfs.storage.addresses import join


def read_images(
    spark: SparkSession, download: Download, shards: Sequence[ImageShard], options: CheckOptions
) -> DataFrame:
    """Some shards of a download as tagged rows (`image_schemas.tagged_images`); a task for each."""
    root = download.root
    opening = SourceOptions(witnesses=choose_witnesses([join(root, each.path) for each in shards if not each.files]))

    def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        connections = Path(SparkFiles.getRootDirectory(), "ballast-connections")
        open_input = SourceOpener(opening, connections)
        with closing(Checker(options)) as checker:
            for batch in batches:
                for packed in batch.column(0).to_pylist():
                    shard = msgspec.msgpack.decode(packed, type=ImageShard)
                    yield from checker.rows(shard, lambda path: open_input(join(root, path)))

    packed = [(bytearray(msgspec.msgpack.encode(shard)),) for shard in shards]
    tasks = spark.createDataFrame(spark.sparkContext.parallelize(packed, len(packed)), "shard binary")
    rows = tagged_images(with_carried(IMAGE_READ, options.carried))
    return tasks.mapInArrow(read, ddl(rows))


def read_guarded(
    spark: SparkSession, download: Download, shards: Sequence[ImageShard], options: CheckOptions
) -> DataFrame:
    """The same, where an image may kill the process that decodes it: that is another one then."""
    return read_images(spark, download, shards, replace(options, guarded=True))


def _downloads_facts(totals: Mapping[str, int], statuses: dict[FileStatus, int], seconds: float) -> DownloadsFacts:
    """The facts of `downloads/`, once each sample has its outcome."""
    if missed := samples_missed(totals):
        raise BallastError(f"a defect in Ballast: {missed:,} samples have no outcome, or several")
    return DownloadsFacts(
        files=sum(statuses.values()),
        bytes=totals["bytes"],
        samples=totals[SAMPLES],
        traits={trait.value: totals[trait] for trait in ImageTrait if totals[trait]},
        statuses=statuses,
        seconds=seconds,
    )


IMAGES_READ: Reads[ImageShard] = Reads(
    stage=Stage.READ,
    kind=KIND_IMAGE,
    files=Stage.DOWNLOADS,
    row=CHECKED_FILE,
    found={SAMPLES: "samples", ImageOutcome.SUCCESS: "images"},
    summed=(SAMPLES, *IMAGE_COUNTERS, "bytes"),
    batches=lambda batches, seconds: ReadFacts(batches=batches, seconds=seconds),
    facts=_downloads_facts,
    version=lambda shard: shard.described,
)
