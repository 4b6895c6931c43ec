"""Embeddings of distinct captions, in committed batches of ranges of their hashes."""

from collections.abc import Iterator, Sequence
from contextlib import closing

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.images.shipped_model import ShippedModel
from jobs.runs.batches import next_number, write_batches
from jobs.runs.manifests import Manifest
from jobs.runs.run_folder import RunFolder
from jobs.runs.stopwatch import Stopwatch
from jobs.settings.groups import Reading
from jobs.spark.frames import ddl, read_files
from jobs.spark.progress import progress, say
from jobs.spark.reported import Read
from udfs.image_schemas import TEXT_EMBEDDED
from udfs.image_stages import TextsFacts
from udfs.models.vectors import pack
from udfs.stages import Stage

TEXTS_PER_RANGE = 1 << 14
RANGE = "range"
_HASH_BITS = 64
_CAPTIONS = pa.schema([pa.field("caption_hash", pa.int64()), pa.field("caption", pa.string())])


def texts_stage(
    spark: SparkSession,
    run_folder: RunFolder,
    pairs: DataFrame,
    model: ShippedModel,
    batch_size: int,
    reading: Reading,
) -> None:
    """Embed the captions of pairs, each distinct one once, as far as no committed batch holds them yet."""
    if run_folder.record.stages.texts is not None:
        return
    watch = Stopwatch()
    known = pairs.where("caption_hash IS NOT NULL AND caption IS NOT NULL")
    distinct = known.groupBy("caption_hash").agg(F.min("caption").alias("caption"))
    run_folder.commit(Stage.CAPTIONS, distinct.repartitionByRange("caption_hash").sortWithinPartitions("caption_hash"))
    captions = read_files(spark, run_folder.paths(Stage.CAPTIONS), _CAPTIONS)
    bits = range_bits(captions.count())
    done = {number for manifest in run_folder.manifests(Stage.TEXTS) for number in manifest.facts["ranges"]}
    pending = [number for number in range(1 << bits) if number not in done]
    run_folder.clean(Stage.TEXTS)
    read = Read((1 << bits) - len(pending), 1 << bits, "ranges of captions")
    progress().begin("texts", read)

    def write(unit: str, batch: Sequence[int]) -> Manifest:
        rows = _embedded(captions, batch, bits, model, batch_size)
        return run_folder.commit(Stage.TEXTS, rows, unit=unit, facts={"ranges": list(batch)})

    with closing(
        write_batches(spark, pending, reading, next_number(run_folder.manifests(Stage.TEXTS)), write)
    ) as batches:
        for batch in batches:
            read = read._replace(done=read.done + len(batch.items))
            say(f"embedded {read.done:,} of {read.total:,} ranges of captions", done=read.done, total=read.total)
            progress().committed(read, batch.group)
    texts = read_files(spark, run_folder.paths(Stage.TEXTS), TEXT_EMBEDDED).count()
    run_folder.finish_stage(TextsFacts(texts=texts, seconds=watch.seconds))


def range_bits(captions: int) -> int:
    """The logarithm of the number of ranges into which so many captions are cut."""
    return max(0, -(-captions // TEXTS_PER_RANGE) - 1).bit_length()


def _range(bits: int) -> Column:
    """The number of a hash's range, from 0; ranges ascend with the hashes, and are equally wide."""
    if not bits:
        return F.lit(0).cast("long")
    return F.shiftright("caption_hash", _HASH_BITS - bits) + F.lit(1 << (bits - 1))


def _bounds(numbers: Sequence[int], bits: int) -> tuple[int, int]:
    """The smallest and the largest hash in some ranges, which are in order."""
    width = 1 << (_HASH_BITS - bits)
    lowest = -(1 << (_HASH_BITS - 1))
    return lowest + numbers[0] * width, lowest + (numbers[-1] + 1) * width - 1


def _embedded(
    captions: DataFrame, numbers: Sequence[int], bits: int, model: ShippedModel, batch_size: int
) -> DataFrame:
    """The rows (`schemas.TEXT_EMBEDDED`) of some ranges; about a task for each."""
    rows = captions.where(F.col("caption_hash").between(*_bounds(numbers, bits)))
    rows = rows.withColumn(RANGE, _range(bits)).where(F.col(RANGE).isin(*numbers))
    in_order = rows.repartitionByRange(len(numbers), RANGE).sortWithinPartitions(RANGE, "caption_hash")

    def embed(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        clip = model.load().model
        for hashes, texts in _by_range(batches, batch_size):
            vectors = pack(clip.embed_texts(texts))
            yield pa.RecordBatch.from_pydict({"caption_hash": hashes, "embedding": vectors}, TEXT_EMBEDDED)

    return in_order.mapInArrow(embed, ddl(TEXT_EMBEDDED))


def _by_range(batches: Iterator[pa.RecordBatch], batch_size: int) -> Iterator[tuple[list[int], list[str]]]:
    """Hashes and captions, `batch_size` at once and never of two ranges, so that they do not depend on partitions."""
    hashes: list[int] = []
    texts: list[str] = []
    number = None
    for batch in batches:
        for row in batch.to_pylist():
            if hashes and (row[RANGE] != number or len(hashes) == batch_size):
                yield hashes, texts
                hashes, texts = [], []
            number = row[RANGE]
            hashes.append(row["caption_hash"])
            texts.append(row["caption"])
    if hashes:
        yield hashes, texts
