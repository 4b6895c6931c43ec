"""Which images go into training tars, with their captions and places; and which of a subset's pairs have no image."""

from collections.abc import Sequence

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.spark.pair_hash import image_hash_column, pair_hash_column, uniform_column
from udfs.hashing import PICK, SHARD, SPLIT
from udfs.image_outcomes import ImageOutcome

NOT_DOWNLOADED = "not_downloaded"
FIRST_PART, SECOND_PART = 0, 1
"""The values of `part`: images set apart by --split, and all others."""

_OF_IMAGE = ("uuid", "url")
_LEADING = ("caption", "caption_hash")
_STORED = ("shard", "offset", "bytes", "sha256", "format", "width", "height", "orientation", "orientation_lost")
_FACTS = ("original_width", "original_height")
_USABLE_UUID = r"^[0-9A-Za-z_-]{1,90}$"  # it becomes a file's name, of which webdataset takes what follows a dot
_IMAGE, _PICK, _PLACE = "ballast_image", "ballast_pick", "ballast_place"


def pair_columns(pairs: pa.Schema) -> list[str]:
    """What a tar tells of a pair: its caption and every column of one value but those of the image."""
    kinds = {field.name: field.type for field in pairs}
    rest = [name for name in kinds if name not in (*_OF_IMAGE, *_LEADING) and not pa.types.is_nested(kinds[name])]
    return [*_LEADING, *rest]


def with_images(pairs: DataFrame, checked: DataFrame, carried: Sequence[str]) -> DataFrame:
    """The pairs, each with the `ballast_image` of its uuid: a struct of `is_unusable`, `status`, and what `checked`
    tells of it; null if it was not downloaded. Of several rows of a uuid, the first that is usable counts."""
    is_unusable = (F.col("status") != ImageOutcome.SUCCESS.value) | ~F.col("uuid").rlike(_USABLE_UUID)
    told = F.struct(
        is_unusable.alias("is_unusable"),
        "status",
        *_STORED,
        F.struct(*map(_column, (*_FACTS, *carried))).alias("facts"),
    )
    images = checked.where("uuid IS NOT NULL").groupBy("uuid").agg(F.min(told).alias(_IMAGE))
    return pairs.join(images, "uuid", "left")


def left_out(pairs: DataFrame) -> DataFrame:
    """The pairs without a usable image (`image_schemas.LEFT_OUT`), from `with_images`."""
    status = F.coalesce(F.col(f"{_IMAGE}.status"), F.lit(NOT_DOWNLOADED))
    why = F.when(status == ImageOutcome.SUCCESS.value, ImageOutcome.NO_ID.value).otherwise(status)
    is_left_out = F.coalesce(F.col(f"{_IMAGE}.is_unusable"), F.lit(True))
    return pairs.where(is_left_out).select("uuid", "url", "caption_hash", why.alias("why"))


def sample_rows(pairs: DataFrame, columns: Sequence[str], seed: int, *, share: float | None, each: bool) -> DataFrame:
    """The samples of training tars, from `with_images`, in no order: see `in_order`.

    `pairs` of a sample are those of its image in the order of H("pick", …); with `each`, there is a sample for each,
    and `position` counts them from 1. `share` of the images have the part 0.
    """
    kept = pairs.where(f"NOT {_IMAGE}.is_unusable")
    caption = F.coalesce("caption", F.lit(""))
    fields = [caption.alias("caption"), *map(_column, columns[1:])]
    told = F.struct(pair_hash_column(PICK, seed).alias(_PICK), *fields)
    grouped = kept.groupBy("uuid").agg(
        F.min("url").alias("url"),
        F.sort_array(F.collect_list(told)).alias("told"),
        F.min(_IMAGE).alias(_IMAGE),
    )
    place = image_hash_column(SHARD, seed)
    if each:
        grouped = grouped.select("uuid", "url", _IMAGE, F.posexplode("told").alias("position", "pair"))
        grouped = grouped.withColumn("caption_hash", F.col("pair.caption_hash"))
        place, position, listed = pair_hash_column(SHARD, seed), F.col("position") + 1, F.array("pair")
    else:
        position, listed = F.lit(None).cast("int"), F.col("told")
    in_first = F.lit(False) if share is None else uniform_column(image_hash_column(SPLIT, seed)) < share
    return grouped.select(
        F.when(in_first, FIRST_PART).otherwise(SECOND_PART).alias("part"),
        place.alias(_PLACE),
        "uuid",
        position.alias("position"),
        "url",
        F.transform(listed, lambda pair: F.struct(*(pair[name].alias(name) for name in columns))).alias("pairs"),
        *(F.col(f"{_IMAGE}.{name}").alias(name) for name in (*_STORED, "facts")),
    )


def in_order(samples: DataFrame, partitions: int) -> DataFrame:
    """The samples in the order of the tars, by the part and then by H("shard", …): sorted within each partition, and
    the partitions follow each other."""
    order = ["part", _PLACE, "uuid", "position"]
    return samples.repartitionByRange(partitions, *order).sortWithinPartitions(*order).drop(_PLACE)


def _column(name: str) -> Column:
    return F.col(f"`{name.replace('`', '``')}`").alias(name)
