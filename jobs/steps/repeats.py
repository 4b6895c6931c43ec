"""Repeats: captions that stand on too many images, and images that have too many captions.

"Click to enlarge" stands on millions of images and says nothing of them; a spacer has a caption from every page. Both
are told by counting over all pairs, before dedup picks any. What is found is written as a table of its own
(`schemas.REPEAT`), which is small, and dedup leaves out what it names.
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
"""More keys than this are not sent to every executor (at most some 200 MB of them) but shuffled, pairs and all."""


class Limit(NamedTuple):
    """At most `most` distinct values of `counted` for one of `key`, of which `shown` is the readable form."""

    key: str
    shown: str
    counted: str
    most: int


def limits(dedup: Dedup) -> list[Limit]:
    """The limits that the settings set."""
    found = [
        Limit("caption_hash", "caption", "uuid", dedup.max_caption_repeats or 0),
        Limit("uuid", "url", "caption_hash", dedup.max_captions_per_image or 0),
    ]
    return [limit for limit in found if limit.most]


def run(pairs: DataFrame, limit: Limit, rows: int, leave_out: Callable[[DataFrame], DataFrame]) -> DataFrame:
    """The keys of pairs that exceed a limit (`schemas.REPEAT`), counted exactly, without what `leave_out` takes away.

    `rows` is the number of pairs, about. Few keys have more rows than the limit allows values: these are counted first,
    for which a shuffle of one number a key does, and distinct values among their rows alone.
    """
    many = pairs.groupBy(limit.key).count().where(F.col("count") > limit.most).select(limit.key)
    suspects = leave_out(pairs.join(_sent(many, rows // limit.most), limit.key, "left_semi"))
    counted = suspects.groupBy(limit.key).agg(
        F.count_distinct(limit.counted).alias("repeats"), F.min(limit.shown).alias(limit.shown)
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
    """The pairs whose caption and image `repeats` does not name; `facts` are those of its stage, None without it."""
    for key, found in (("caption_hash", facts.captions), ("uuid", facts.images)) if facts is not None else ():
        if found:
            named = repeats.where(F.col(key).isNotNull()).select(key)
            pairs = pairs.join(_sent(named, found), key, "left_anti")
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


def _sent(keys: DataFrame, rows: int) -> DataFrame:
    return F.broadcast(keys) if rows <= _MOST_BROADCAST_ROWS else keys
