"""Pairs of near hashes by a join of their bands (`udfs.images.bands`)."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.images.looks import HASH
from jobs.spark.progress import warn
from udfs.images.bands import band_keys

MOST_IN_BAND = 10_000
"""How many hashes are compared with each other for agreeing in a band."""


def near_hashes(left: DataFrame, right: DataFrame, near: int) -> DataFrame:
    """The distinct pairs of hashes that share a band and differ in at most `near` bits.

    `left` and `right` hold distinct hashes in the columns `HASH`, without nulls. The result has those of the left hash
    as `a_h0` …, those of the right one as `b_h0` …. No pair is false; how many are found says `udfs.images.bands`.

    Bands that more than `MOST_IN_BAND` hashes of a side have find no pairs, or their number would grow with its square:
    those of stripes, bars and single lines of text, whose hashes are mostly zeros. A warning tells how many.
    """
    a, b = _banded(left, "a"), _banded(right, "b")
    crowded = _crowded(a, "a") | (set() if right is left else _crowded(b, "b"))
    if crowded:
        warn(
            f"{len(crowded):,} bands of hashes are those of more than {MOST_IN_BAND:,} different pictures, mostly "
            "empty ones: near-duplicates that share no other band are not found"
        )
        a, b = _without(a, "a", crowded), _without(b, "b", crowded)
    pairs = a.join(b, F.col("a_band") == F.col("b_band"))
    return pairs.where(_distance() <= near).select(*columns_of("a"), *columns_of("b")).distinct()


def _crowded(banded: DataFrame, side: str) -> set[int]:
    """The bands that too many hashes have."""
    counts = banded.groupBy(F.col(f"{side}_band").alias("band")).count()
    return {row["band"] for row in counts.where(F.col("count") > MOST_IN_BAND).select("band").collect()}


def _without(banded: DataFrame, side: str, crowded: set[int]) -> DataFrame:
    keys = banded.sparkSession.createDataFrame([(key,) for key in sorted(crowded)], f"{side}_band bigint")
    return banded.join(F.broadcast(keys), f"{side}_band", "left_anti")


def columns_of(side: str) -> list[str]:
    """The names of a hash's columns in a pair: of side `a` or `b`."""
    return [f"{side}_{word}" for word in HASH]


def is_ordered() -> Column:
    """Whether the first hash of a pair is smaller."""
    # Spark 3.5 compares structs only if their fields have the same names
    first, second = (F.struct(*(F.col(f"{side}_{word}").alias(word) for word in HASH)) for side in "ab")
    return first < second


def _distance() -> Column:
    differing = (F.bit_count(F.col(f"a_{word}").bitwiseXOR(F.col(f"b_{word}"))) for word in HASH)
    return sum(differing, F.lit(0))


def _banded(hashes: DataFrame, side: str) -> DataFrame:
    schema = f"{', '.join(f'{word} bigint' for word in HASH)}, bands array<bigint>"
    rows = hashes.select(*HASH).mapInArrow(_with_bands, schema)
    return rows.select(
        *(F.col(word).alias(f"{side}_{word}") for word in HASH), F.explode("bands").alias(f"{side}_band")
    )


def _with_bands(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        words = np.stack([np.asarray(batch[word]) for word in HASH], axis=1)
        keys = band_keys(words.view(np.uint64))
        offsets = np.arange(len(keys) + 1, dtype=np.int32) * keys.shape[1]
        bands = pa.ListArray.from_arrays(pa.array(offsets), pa.array(keys.ravel()))
        yield pa.RecordBatch.from_arrays([*batch.columns, bands], [*HASH, "bands"])
