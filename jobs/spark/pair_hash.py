"""H computed by the JVM, equal to that of `udfs.hashing`."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def pair_hash_column(tag: str, seed: int) -> Column:
    """H(tag, seed, uuid, caption_hash) of a row's `uuid` and `caption_hash` columns, a long."""
    return F.xxhash64(F.lit(tag), F.lit(seed).cast("long"), F.col("uuid"), F.col("caption_hash"))


def image_hash_column(tag: str, seed: int) -> Column:
    """H(tag, seed, uuid) of a row's `uuid` column, a long."""
    return F.xxhash64(F.lit(tag), F.lit(seed).cast("long"), F.col("uuid"))


def uniform_column(hashed: Column) -> Column:
    """The top 53 bits of H as a double in [0, 1) (`hashing.uniform`)."""
    return F.shiftrightunsigned(hashed, 11).cast("double") * F.lit(2.0**-53)
