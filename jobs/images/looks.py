"""Looks: what a picture is to near-duplicates, its hash with its colours. Equal pictures have one look, so that a logo
on a million pages is compared once.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from udfs.images.hamming import WORDS, hash_words

HASH = [f"h{word}" for word in range(WORDS)]
"""The columns of a hash as four longs, which Spark can compare. All are null for a picture without a hash."""

_LOOKS = f"look string, {', '.join(f'{word} bigint' for word in HASH)}, chroma binary, key binary, images bigint, " + (
    "best struct<pixels: bigint, uuid: string>"
)


def key_of_look() -> Column:
    """A binary column, equal for two images iff they have one look: equal `phash` and `chroma`, or without a hash equal
    `sha256`. Null without either."""
    hashed = F.concat(F.col("phash"), F.coalesce(F.col("chroma"), F.lit(b"")))
    # a key of another length than those of hashes
    flat = F.concat(F.lit(b"flat "), F.col("sha256").cast("binary"))
    return F.coalesce(hashed, flat)


def looks_of(images: DataFrame) -> DataFrame:
    """One row per look: `look` (the smallest uuid), the words of `HASH`, `chroma`, `key`, how many `images` have it, and
    the `best` of them: the one with most pixels, then with the smallest uuid (its `pixels` are negative)."""
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
    return looks.select("look", "phash", "chroma", "key", "images", "best").mapInArrow(_with_words, _LOOKS)


def links_of_equal_bytes(images: DataFrame, looks: DataFrame) -> DataFrame:
    """Pairs (a, b) of looks that images with equal bytes have, a < b. There are few: a download's record may say of one
    copy only that it is rotated."""
    keyed = images.select("sha256", key_of_look().alias("key")).where("sha256 IS NOT NULL")
    code = F.xxhash64("key")  # Spark aggregates numbers without sorting the rows
    several = keyed.groupBy("sha256").agg(F.min(code).alias("least"), F.max(code).alias("most")).where("least < most")
    named = keyed.join(several, "sha256", "left_semi").distinct().join(looks.select("key", "look"), "key")
    smallest = named.groupBy("sha256").agg(F.min("look").alias("a"))
    return named.join(smallest, "sha256").where("a < look").select("a", F.col("look").alias("b"))


def words_and_nulls(hashes: pa.Array) -> list[pa.Array]:
    """The columns of `HASH` for hashes of 32 bytes."""
    words, nulls = hash_words(hashes).view(np.int64), np.asarray(hashes.is_null())
    return [pa.array(words[:, word], mask=nulls) for word in range(WORDS)]


def _with_words(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        columns = [batch["look"], *words_and_nulls(batch["phash"]), *batch.columns[2:]]
        names = ["look", *HASH, *batch.schema.names[2:]]
        yield pa.RecordBatch.from_arrays(columns, names)
