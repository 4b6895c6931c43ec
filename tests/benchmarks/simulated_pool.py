"""Matched pairs with the distribution of the paper's pool, in any size, for the curation benchmarks.

The paper's Pool 1 (arXiv 2309.16671, section 3): 500,000 entries, 3.5 matches a text, 114,000 entries without a match,
3.2 % of entries above t=20,000 and these with 94.5 % of all counts at 1.6 billion pairs. Entry counts follow two power
laws that meet at t: rank^-1.09 above it, rank^-2 below, which gives those figures; t scales with the pool.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

ENTRIES, MATCHED_ENTRIES, HEAD_ENTRIES = 500_000, 386_000, 16_000
MATCHES_A_TEXT, HEAD_SHARE = 3.5, 0.945
_HEAD_POWER, _TAIL_POWER = 1.09, 2.0
_MOST_MATCHES = 16
PAPER_PAIRS, PAPER_T = 1_600_000_000, 20_000

_GOLDEN, _MIX_1, _MIX_2 = (np.uint64(x) for x in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def scaled_t(pairs: int) -> int:
    """The paper's t for a pool of this many pairs."""
    return max(round(PAPER_T * pairs / PAPER_PAIRS), 1)


def entry_shares() -> npt.NDArray[np.float64]:
    """The share of all matches of each entry. Entry ids are shuffled, because lists are not sorted by count."""
    rank = np.arange(1, MATCHED_ENTRIES + 1, dtype=np.float64)
    shares = np.where(rank <= HEAD_ENTRIES, rank**-_HEAD_POWER, HEAD_ENTRIES**_TAIL_POWER * rank**-_TAIL_POWER)
    head = rank <= HEAD_ENTRIES
    shares[head] *= HEAD_SHARE / shares[head].sum()
    shares[~head] *= (1 - HEAD_SHARE) / shares[~head].sum()
    placed = np.zeros(ENTRIES)
    placed[np.random.default_rng(0).permutation(ENTRIES)[:MATCHED_ENTRIES]] = shares
    return placed


def _uniforms(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
    """SplitMix64 of each key as a number in [0, 1), the same on any partition."""
    with np.errstate(over="ignore"):
        mixed = keys * _GOLDEN
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX_1
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX_2
    return ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def entry_lists(keys: npt.NDArray[np.int64], cumulative: npt.NDArray[np.float64]) -> pa.ListArray:
    """The sorted, distinct entry ids of each key's text, at least one, about `MATCHES_A_TEXT` on average."""
    base = keys.astype(np.uint64) * np.uint64(_MOST_MATCHES + 1)
    # one plus a geometric number; slightly above 3.5, because an entry drawn twice counts once
    more = np.log1p(-_uniforms(base)) / np.log(1 - 1 / (MATCHES_A_TEXT * 1.12))
    lengths = 1 + np.minimum(more.astype(np.int64), _MOST_MATCHES - 1)
    rows = np.repeat(np.arange(len(keys)), lengths)
    place = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    ids = np.searchsorted(cumulative, _uniforms(base[rows] + np.uint64(1) + place.astype(np.uint64)), side="right")
    combined = np.unique(rows * np.int64(ENTRIES) + np.minimum(ids, ENTRIES - 1))
    counts = np.bincount(combined // ENTRIES, minlength=len(keys))
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array((combined % ENTRIES).astype(np.int32)))


def simulated_pairs(spark: SparkSession, rows: int, distinct: int, partitions: int) -> DataFrame:
    """`rows` matched pairs (`schemas.MATCHED_PAIR`), about `distinct` of them different, with columns as wide as real
    ones; the same on any number of partitions."""
    cumulative = np.cumsum(entry_shares())
    cumulative /= cumulative[-1]
    broadcast = spark.sparkContext.broadcast(cumulative)

    def add_entries(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            keys = batch.column("key").to_numpy()
            yield pa.RecordBatch.from_arrays(
                [batch.column("id"), batch.column("key"), entry_lists(keys, broadcast.value)],
                names=["id", "key", "entry_ids"],
            )

    keys = spark.range(0, rows, 1, partitions).select(
        "id", F.pmod(F.xxhash64(F.lit("key"), "id"), F.lit(distinct)).alias("key")
    )
    filled = keys.mapInArrow(add_entries, "id long, key long, entry_ids array<int>")
    name = F.md5(F.col("key").cast("string"))
    page = F.sha1(F.col("id").cast("string"))
    return filled.select(
        F.substring(F.sha2(F.col("key").cast("string"), 224), 1, 24).alias("uuid"),
        F.concat(
            F.lit("https://images."), F.substring(name, 1, 9), F.lit(".example/photos/2024/"), name, F.lit(".jpg")
        ).alias("url"),
        F.concat(
            F.lit("A photo of "),
            F.substring(name, 1, 12),
            F.lit(" in the "),
            F.substring(name, 12, 18),
            F.lit(" of a "),
            F.substring(name, 3, 9),
        ).alias("caption"),
        F.lit("alt").alias("text_key"),
        F.lit("en").alias("lang"),
        (F.pmod("id", F.lit(1000)) / 1000).cast("float").alias("lang_score"),
        F.xxhash64(F.lit("caption"), "key").alias("caption_hash"),
        "entry_ids",
        F.concat(
            F.lit("https://www."), F.substring(page, 1, 10), F.lit(".example/articles/2024/05/"), page, F.lit("/")
        ).alias("page_url"),
        F.concat(
            F.lit("crawl-data/CC-MAIN-2024-22/segments/1715971057216.39/warc/CC-MAIN-20240517233122-20240518023122-"),
            F.lpad(F.pmod(F.xxhash64("id"), F.lit(90_000)).cast("string"), 5, "0"),  # format_string takes a third more
            F.lit(".warc.gz"),
        ).alias("warc_file"),
        F.pmod(F.xxhash64(F.lit("offset"), "id"), F.lit(1_000_000_000)).alias("warc_offset"),
    )
