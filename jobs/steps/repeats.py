"""Repeats: captions that too many images have, and images that have too many captions.

"Click to enlarge" is the caption of millions of images and describes none of them; a spacer image has a caption on each
page. Both are detected by counting over all pairs, before dedup picks any. They are written to a small table
(`schemas.REPEAT`), and dedup leaves out the pairs that it names.
"""

from collections.abc import Callable
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_type

from jobs.settings.groups import Dedup
from udfs.schemas import REPEAT
from udfs.stages import RepeatsFacts

_MOST_BROADCAST_ROWS = 1 << 21
"""Up to so many keys (about 200 MB) are sent to every executor; more are shuffled, together with the pairs."""


class Limit(NamedTuple):
    """At most `most` distinct values of column `counted` for each `key`, of which column `readable` is the text."""

    key: str
    readable: str
    counted: str
    most: int


def limits(dedup: Dedup) -> list[Limit]:
    """The limits that the settings set."""
    both = [
        Limit("caption_hash", "caption", "uuid", dedup.max_caption_repeats or 0),
        Limit("uuid", "url", "caption_hash", dedup.max_captions_per_image or 0),
    ]
    return [limit for limit in both if limit.most]


def find_repeats(pairs: DataFrame, limit: Limit, rows: int, leave_out: Callable[[DataFrame], DataFrame]) -> DataFrame:
    """The keys that exceed a limit (`schemas.REPEAT`), counted exactly over the pairs that `leave_out` keeps.

    `rows` is about the number of pairs. Only a key with more rows than the limit can exceed it, and few do. So rows are
    counted first, which shuffles one number per key; then distinct values, only among the rows of those few keys.
    """
    many = pairs.groupBy(limit.key).count().where(F.col("count") > limit.most).select(limit.key)
    suspects = leave_out(pairs.join(_broadcast_if_few(many, rows // limit.most), limit.key, "left_semi"))
    counted = suspects.groupBy(limit.key).agg(
        F.count_distinct(limit.counted).alias("repeats"), F.min(limit.readable).alias(limit.readable)
    )
    columns = [
        F.col(field.name)
        if field.name in counted.columns
        else F.lit(None)
        .cast(from_arrow_type(field.type))
        .alias(field.name)  # Spark 3.5 writes no column without a type
        for field in REPEAT
    ]
    return counted.where(F.col("repeats") > limit.most).select(*columns)


def without_repeats(pairs: DataFrame, repeats: DataFrame, facts: RepeatsFacts | None) -> DataFrame:
    """The pairs whose caption and image `repeats` does not name; `facts` are its stage's, None without limits."""
    for key, number in (("caption_hash", facts.captions), ("uuid", facts.images)) if facts is not None else ():
        if number:
            keys = repeats.where(F.col(key).isNotNull()).select(key)
            pairs = pairs.join(_broadcast_if_few(keys, number), key, "left_anti")
    return pairs


def repeats_facts(repeats: DataFrame, slices: int, seconds: float) -> RepeatsFacts:
    """How many captions and images exceed their limits, and the distinct pairs of each; a pair may count for both."""
    by_caption = F.col("caption_hash").isNotNull()
    row = repeats.agg(
        F.count_if(by_caption).alias("captions"),
        F.coalesce(F.sum(F.when(by_caption, F.col("repeats"))), F.lit(0)).alias("caption_pairs"),
        F.count_if(~by_caption).alias("images"),
        F.coalesce(F.sum(F.when(~by_caption, F.col("repeats"))), F.lit(0)).alias("image_pairs"),
    ).first()
    totals = row.asDict() if row is not None else {}
    return RepeatsFacts(**totals, slices=slices, seconds=seconds)


def _broadcast_if_few(keys: DataFrame, rows: int) -> DataFrame:
    return F.broadcast(keys) if rows <= _MOST_BROADCAST_ROWS else keys
