"""H computed by the JVM, equal to `udfs.hashing.pair_hash`."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def pair_hash_column(tag: str, seed: int) -> Column:
    """H(tag, seed, uuid, caption_hash) of a row's `uuid` and `caption_hash` columns, a long."""
    return F.xxhash64(F.lit(tag), F.lit(seed).cast("long"), F.col("uuid"), F.col("caption_hash"))
