"""Embeddings of checked images, in committed batches of shards."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.images.checked_images import CheckedImages
from jobs.images.shipped_model import ShippedModel
from jobs.runs.batches import next_number, write_batches
from jobs.runs.manifests import Manifest
from jobs.runs.run_folder import RunFolder
from jobs.runs.stopwatch import Stopwatch
from jobs.settings.groups import Reading
from jobs.spark.frames import ddl, read_files
from jobs.spark.progress import progress, say, warn
from jobs.spark.reported import Read
from udfs.captions.visible import visible
from udfs.image_outcomes import ImageOutcome
from udfs.image_schemas import EMBEDDED
from udfs.image_stages import EmbeddingsFacts
from udfs.images.embedding import CheckedImage, Embedder
from udfs.images.image_bytes import ImageBytes, Place
from udfs.models.vectors import STORED
from udfs.stages import Stage

UNIT = "unit"
_PLACE = ("shard", "offset", "bytes", "sha256")
_ROW_GROUP = {"parquet.block.size": str(8 << 20)}  # a batch reads those of its shards
_ARCHIVES = r"(?i)\.(tar|tgz|tar\.[a-z0-9]+|parquet)$"
_NAMED_ERRORS = 20
_IMAGES_AT_ONCE = 1 << 13  # a folder of image files may have millions


def embedded_schema(checked: CheckedImages, scores: Sequence[str]) -> pa.Schema:
    """The columns of `embeddings/`."""
    carried = [checked.source.schema.field(name) for name in checked.carried]
    return pa.schema([*EMBEDDED, *(pa.field(name, pa.float64()) for name in scores), *carried])


def embeddings_stage(
    spark: SparkSession,
    run_folder: RunFolder,
    checked: CheckedImages,
    model: ShippedModel,
    batch_size: int,
    reading: Reading,
) -> None:
    """Embed the images of every shard that no committed batch holds yet."""
    if run_folder.record.stages.embeddings is not None:
        return
    watch = Stopwatch()
    schema = embedded_schema(checked, [name for name, _ in model.heads])
    shards = _places_stage(run_folder, checked.source.frame(spark), [*schema.names])
    places = spark.read.parquet(*run_folder.paths(Stage.PLACES)) if shards else None
    done = {shard for manifest in run_folder.manifests(Stage.EMBEDDINGS) for shard in manifest.facts["shards"]}
    pending = [shard for shard in shards if shard not in done]
    run_folder.clean(Stage.EMBEDDINGS)
    if done:
        say(f"{len(done):,} of {len(shards):,} shards were committed before")
    read = Read(len(shards) - len(pending), len(shards), "shards")
    progress().begin("embed", read)

    def write(unit: str, batch: Sequence[str]) -> Manifest:
        assert places is not None
        rows = _embedded(places, batch, checked, model, batch_size, schema)
        return run_folder.commit(Stage.EMBEDDINGS, rows, unit=unit, facts={"shards": list(batch)})

    number = next_number(run_folder.manifests(Stage.EMBEDDINGS))
    with closing(write_batches(spark, pending, reading, number, write)) as batches:
        for batch in batches:
            read = read._replace(done=read.done + len(batch.items))
            say(f"embedded {read.done:,} of {read.total:,} shards", done=read.done, total=read.total)
            progress().committed(read, batch.group)
    run_folder.finish_stage(_facts(spark, run_folder, schema, watch.seconds))


def _places_stage(run_folder: RunFolder, checked: DataFrame, kept: Sequence[str]) -> list[str]:
    """Write where the images lie, by shard and place, so that a batch reads only its own; returns the shards. Image
    files of a folder count as one shard."""
    images = checked.where(F.col("status") == ImageOutcome.SUCCESS.value)
    shard = F.col("shard")
    unit = F.when(shard.rlike(_ARCHIVES), shard).otherwise(F.regexp_extract(shard, r"^(.*/)?[^/]*$", 1))
    told = F.when(F.col("orientation_lost"), F.col("orientation")).alias("told_orientation")
    others = [name for name in kept if name in checked.columns and name not in (*EMBEDDED.names[2:], *_PLACE)]
    rows = images.select(unit.alias(UNIT), *_PLACE, told, *others)
    order = [UNIT, "shard", "offset"]
    run_folder.commit(Stage.PLACES, rows.repartitionByRange(*order).sortWithinPartitions(*order), options=_ROW_GROUP)
    paths = run_folder.paths(Stage.PLACES)
    if not paths:
        return []
    spark = checked.sparkSession
    return sorted(row[UNIT] for row in spark.read.parquet(*paths).select(UNIT).distinct().collect())


def _embedded(
    places: DataFrame,
    shards: Sequence[str],
    checked: CheckedImages,
    model: ShippedModel,
    batch_size: int,
    schema: pa.Schema,
) -> DataFrame:
    """The rows of some shards, which are in order; about a task for each."""
    rows = places.where(F.col(UNIT).between(shards[0], shards[-1]) & F.col(UNIT).isin(*shards))
    in_order = rows.repartitionByRange(len(shards), UNIT).sortWithinPartitions(UNIT, "shard", "offset")
    download, icc = checked.download, checked.icc

    def embed(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        loaded = model.load()
        embedder = Embedder(loaded.model, loaded.heads, schema, batch_size, icc)
        with ImageBytes(download) as source:
            for images in _by_shard(batches):
                yield from embedder.rows(images, source)

    return in_order.mapInArrow(embed, ddl(schema))


def _by_shard(batches: Iterator[pa.RecordBatch]) -> Iterator[list[CheckedImage]]:
    """The images of each shard, of a large one some at a time; rows of a shard follow each other."""
    shard: str | None = None
    images: list[CheckedImage] = []
    for batch in batches:
        for row in batch.to_pylist():
            if images and (row[UNIT] != shard or len(images) == _IMAGES_AT_ONCE):
                yield images
                images = []
            shard = row[UNIT]
            images.append(_image(row))
    if images:
        yield images


def _image(row: dict[str, Any]) -> CheckedImage:
    place = Place(row["shard"], row["offset"], row["bytes"])
    return CheckedImage(place, row["sha256"], row["told_orientation"], row)


def _facts(spark: SparkSession, run_folder: RunFolder, schema: pa.Schema, seconds: float) -> EmbeddingsFacts:
    """The facts of all batches; the first images that could not be read are named."""
    rows = read_files(spark, run_folder.paths(Stage.EMBEDDINGS), schema)
    lost = F.col("embedding").isNull()
    figures = rows.agg(F.count("embedding"), F.count_if(lost), F.max(F.length("embedding"))).first()
    images, unreadable, size = figures if figures is not None else (0, 0, None)
    if unreadable:
        for row in rows.where(lost).select("uuid", "error").orderBy("uuid").limit(_NAMED_ERRORS).collect():
            say(f"unreadable image={visible(row['uuid'])} error={row['error']}")
        warn(f"{unreadable:,} checked images could not be read again: embeddings/ has the reasons")
    dimensions = (size or 0) // STORED.itemsize
    return EmbeddingsFacts(images=images, unreadable=unreadable, dimensions=dimensions, seconds=seconds)
