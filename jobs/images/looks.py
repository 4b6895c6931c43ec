"""Looks: what a picture is to near-duplicates, its hash with its colours. Equal pictures have one look, so that a logo
on a million pages is compared once.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StructField, StructType

from udfs.images.hamming import WORDS, hash_words

HASH = [f"h{word}" for word in range(WORDS)]
"""The columns of a hash as four longs, which Spark can compare. All are null for a picture without a hash."""


def key_of_look() -> Column:
    """A binary column, equal for two images iff they have one look: equal `phash` and `chroma`, or without a hash equal
    `sha256`. Null without either."""
    hashed = F.concat(F.col("phash"), F.coalesce(F.col("chroma"), F.lit(b"")))
    # a key of another length than those of hashes
    flat = F.concat(F.lit(b"flat "), F.col("sha256").cast("binary"))
    return F.coalesce(hashed, flat)


def looks_of(images: DataFrame) -> DataFrame:
    """One row per look: `look` (the smallest uuid), `chroma`, `key`, how many `images` have it, the `best` of them
    (most pixels, then the smallest uuid; its `pixels` are negative), and the columns `HASH`."""
    pixels = F.coalesce(F.col("width").cast("long") * F.col("height"), F.lit(0))
    looks = (
        images.withColumn("key", key_of_look())
        .where("key IS NOT NULL")
        .groupBy("key")
        .agg(
            F.first("phash").alias("phash"),
            F.first("chroma").alias("chroma"),
            F.count("*").alias("images"),
            F.min(F.struct((-pixels).alias("pixels"), "uuid")).alias("best"),
            F.min("uuid").alias("look"),
        )
    )
    return with_words(looks)


def links_of_equal_bytes(images: DataFrame, looks: DataFrame) -> DataFrame:
    """Pairs (a, b) of looks that images with equal bytes have, a < b. There are few: a download's record may say of one
    copy only that it is rotated."""
    keyed = images.select("sha256", key_of_look().alias("key")).where("sha256 IS NOT NULL")
    code = F.xxhash64("key")  # Spark aggregates numbers without sorting the rows
    several = keyed.groupBy("sha256").agg(F.min(code).alias("least"), F.max(code).alias("most")).where("least < most")
    named = keyed.join(several, "sha256", "left_semi").distinct().join(looks.select("key", "look"), "key")
    smallest = named.groupBy("sha256").agg(F.min("look").alias("a"))
    return named.join(smallest, "sha256").where("a < look").select("a", F.col("look").alias("b"))


def with_words(rows: DataFrame) -> DataFrame:
    """The rows with their hash in the columns `HASH` instead of `phash`."""
    others = [name for name in rows.columns if name != "phash"]

    def split(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            nulls = np.asarray(batch["phash"].is_null())
            words = hash_words(batch["phash"]).view(np.int64)
            columns = [pa.array(words[:, word], mask=nulls) for word in range(WORDS)]
            yield pa.RecordBatch.from_arrays([*(batch[name] for name in others), *columns], [*others, *HASH])

    schema = [*rows.select(*others).schema, *(StructField(word, LongType()) for word in HASH)]
    return rows.mapInArrow(split, StructType(schema))
