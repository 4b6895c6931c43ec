"""Survivors: the images and pairs that a download or filter left, as other tools report them."""

import re
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException, ParseException, PySparkException
from pyspark.sql import Column, DataFrame, Row, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.types import NumericType

from jobs.runs.step_input import Located
from jobs.settings.download import Survivors
from jobs.spark.pair_hash import pair_hash_column
from jobs.spark.progress import warn
from jobs.spark.spark_errors import one_line
from jobs.steps.survivor_files import refusal
from jobs.steps.survivor_rows import HAS_STATUS, INVALID_HASH, RAGGED, UUID_PATTERN, read_rows
from udfs.errors import BallastError, UsageError, shortened
from udfs.hashing import TOP
from udfs.stages import SurvivorCounts

_ROWS_PER_PARTITION = 1 << 19


class _Fate(StrEnum):
    """What becomes of a row, in the order in which it is decided."""

    RAGGED = "ragged"
    NOT_SUCCESS = "not_success"
    NO_ID = "no_id"
    NOT_WHERE = "not_where"
    INVALID_HASH = "invalid_hash"
    USABLE = "usable"


_KEYED = (_Fate.USABLE.value, _Fate.NOT_WHERE.value)
"""The fates of rows that survived; a filter may leave them out."""


class Survived(NamedTuple):
    """The distinct images and pairs that survived: `uuid`, and `caption_hash`, which is null for an image with all its
    captions; and what the files held. `unfiltered` are those before --where and --keep-top. `cached` is to be
    unpersisted when neither is needed any more."""

    keys: DataFrame
    counts: SurvivorCounts
    unfiltered: DataFrame
    cached: DataFrame


def uuid_column(url: str) -> Column:
    """The image id of a URL column, equal to `hashing.image_uuid`."""
    return F.substring(F.sha2(F.translate(F.col(url), " \t", "").cast("binary"), 224), 1, 24)


def read_survivors(spark: SparkSession, located: Located, asked: Survivors, seed: int, pool: DataFrame) -> Survived:
    """The survivors that the files name, counted row by row.

    A row is usable if its `status` is success in any case (a file without that column has only successes), if it has an
    id (its `uuid`, else the id of its `url`), and if --where is true for it. With a `caption_hash` it names a pair,
    without one an image. --keep-top keeps a share of the distinct images and pairs, rounded up: those with the highest
    --by (each has its highest), and of equal ones those with the smallest H("top", seed, uuid, caption_hash).

    Raises `UsageError` if no row is usable, if the `pool` has none of the images and pairs, for invalid SQL, and for
    files and columns that do not fit (see `survivor_files` and `survivor_rows`).
    """
    path = asked.survivors or ""
    rows = _fates(read_rows(spark, path, located, _mentioned(asked)), asked)
    cached = _keys(rows).persist()
    totals = _totals(path, located, cached)
    if _Fate.RAGGED in totals:
        ragged = _example(rows, _Fate.RAGGED)[RAGGED]
        file, row = ragged["file"], shortened(ragged["value"].strip())
        raise refusal(path, f"{file} has a row with other columns than its header, {row}: put its values in quotes")
    if _Fate.INVALID_HASH in totals:
        invalid = _example(rows, _Fate.INVALID_HASH)[INVALID_HASH]
        raise refusal(path, f"the caption_hash {invalid['value']!r} in {invalid['file']} is not a 64-bit integer")
    usable = totals.get(_Fate.USABLE)
    if usable is None:
        raise refusal(path, _why_none(totals, rows))
    kept = keys = cached.where(F.col("fate") == _Fate.USABLE)
    scores: dict[str, Any] = {}
    if asked.keep_top is not None:
        scores["no_score"] = usable["keys"] - usable["scored"]
        scores["kept"] = _share(path, asked, usable["keys"], usable["scored"])
        kept, scores["lowest_kept"] = _top(keys, scores["kept"], usable["scored"], seed)
    counts = SurvivorCounts(
        files=len(located.files),
        rows=sum(total["rows"] for total in totals.values()),
        not_success=_rows(totals, _Fate.NOT_SUCCESS),
        no_id=_rows(totals, _Fate.NO_ID),
        not_where=None if asked.where is None else _rows(totals, _Fate.NOT_WHERE),
        usable=usable["rows"],
        images=usable["keys"] - usable["pairs"],
        pairs=usable["pairs"],
        found=_found(path, keys, kept, pool),
        **scores,
    )
    return Survived(kept, counts, cached.where(F.col("fate").isin(*_KEYED)), cached)


def left_of(pool: DataFrame, keys: DataFrame) -> DataFrame:
    """The pairs of the pool that the keys name: all captions of an image, or one pair."""
    named = keys.select(F.col("uuid").alias("_uuid"), F.col("caption_hash").alias("_hash"))
    is_named = F.col("_hash").isNull() | (F.col("_hash") == F.col("caption_hash"))
    return pool.join(named, (F.col("uuid") == F.col("_uuid")) & is_named, "left_semi")


def _mentioned(asked: Survivors) -> set[str]:
    """The names in --where and --by, in lower case; they may be more than columns."""
    sql = (asked.where or "").lower()
    return {*re.findall(r"\w+", sql), *re.findall("`([^`]+)`", sql), *filter(None, [(asked.by or "").lower()])}


def _fates(rows: DataFrame, asked: Survivors) -> DataFrame:
    """The rows with their `fate`, `uuid`, `caption_hash` and `score`. A row that is no survivor has no ids."""
    uuid = F.lower(F.trim("uuid"))
    image_id = F.when(uuid.rlike(UUID_PATTERN), uuid).when(F.trim("url") != "", uuid_column("url"))
    is_success = F.coalesce(F.col("status").rlike(r"(?i)^\s*success\s*$"), ~F.col(HAS_STATUS))
    fate = F.when(F.col(RAGGED).isNotNull(), _Fate.RAGGED).when(~is_success, _Fate.NOT_SUCCESS)
    fate = fate.when(image_id.isNull(), _Fate.NO_ID)
    if asked.where is not None:
        _check_where(rows, asked.where)
        fate = fate.when(~F.coalesce(F.expr(asked.where), F.lit(False)), _Fate.NOT_WHERE)
    fate = fate.when(F.col(INVALID_HASH).isNotNull(), _Fate.INVALID_HASH).otherwise(_Fate.USABLE)
    fated = rows.select(
        fate.alias("fate"),
        image_id.alias("uuid"),
        "caption_hash",
        _score(rows, asked).alias("score"),
        "status",
        INVALID_HASH,
        RAGGED,
    )
    has_key = F.col("fate").isin(*_KEYED)
    return fated.withColumns({name: F.when(has_key, F.col(name)) for name in ("uuid", "caption_hash")})


def _keys(rows: DataFrame) -> DataFrame:
    """The distinct images and pairs, with the number of their `rows` and their highest `score`. All rows of a fate
    without keys are one."""
    # no text among the aggregates: it would make Spark sort the rows
    return rows.groupBy("fate", "uuid", "caption_hash").agg(F.count("*").alias("rows"), F.max("score").alias("score"))


def _check_where(rows: DataFrame, where: str) -> None:
    try:
        _ = rows.where(where).schema  # Spark Connect and some versions analyse only now
    except (AnalysisException, ParseException) as error:
        raise UsageError(f"--where {where}: {one_line(error)}") from error


def _score(rows: DataFrame, asked: Survivors) -> Column:
    """The number in --by, null for NaN."""
    if asked.by is None:
        return F.lit(None).cast("double")
    name = asked.by.lower()
    if name not in rows.columns:
        raise refusal(asked.survivors or "", f"no file has the column {asked.by} of --by")
    kind = rows.schema[name].dataType
    if not isinstance(kind, NumericType):
        raise refusal(asked.survivors or "", f"the column {asked.by} of --by is {kind.simpleString()}, not a number")
    score = F.col(f"`{name}`").cast("double") + F.lit(0.0)  # the sum turns -0.0 into 0.0
    return F.when(~F.isnan(score), score)


def _totals(path: str, located: Located, keys: DataFrame) -> dict[str, Row]:
    """The numbers of rows and keys by fate."""
    by_fate = keys.groupBy("fate").agg(
        F.sum("rows").alias("rows"),
        F.count("*").alias("keys"),
        F.count("caption_hash").alias("pairs"),
        F.count("score").alias("scored"),
    )
    try:
        return {row["fate"]: row for row in by_fate.collect()}
    except (PySparkException, Py4JJavaError) as error:
        text = str(error)
        where = next((f"{name}: " for name in located.files if name in text), "")
        raise BallastError(f"--survivors {path}: {where}{one_line(error)}") from error


def _rows(totals: dict[str, Row], fate: _Fate) -> int:
    return int(totals[fate]["rows"]) if fate in totals else 0


def _example(rows: DataFrame, fate: _Fate) -> Row:
    [row] = rows.where(F.col("fate") == fate).take(1)
    return row


def _why_none(totals: dict[str, Row], rows: DataFrame) -> str:
    """What to say where no row is usable."""
    if not totals:
        return "holds no rows"
    why = []
    if failed := _rows(totals, _Fate.NOT_SUCCESS):
        status = _example(rows, _Fate.NOT_SUCCESS)["status"]
        why.append(f"{failed:,} have another status than success, such as {'null' if status is None else repr(status)}")
    if nameless := _rows(totals, _Fate.NO_ID):
        why.append(f"{nameless:,} have neither a uuid nor a url")
    if left_out := _rows(totals, _Fate.NOT_WHERE):
        why.append(f"{left_out:,} do not meet --where")
    return f"none of its {sum(total['rows'] for total in totals.values()):,} rows is usable: {'; '.join(why)}"


def _share(path: str, asked: Survivors, keys: int, scored: int) -> int:
    """How many keys --keep-top keeps. Warns where fewer than asked for have a score."""
    if not scored:
        raise refusal(path, f"no usable row has a number in the column {asked.by} of --by")
    wanted = int((Decimal(str(asked.keep_top)) * keys).to_integral_value(ROUND_CEILING))
    if scored < wanted:
        warn(
            f"--keep-top {asked.keep_top} asks for {wanted:,} survivors, but only {scored:,} have a "
            f"number as {asked.by}"
        )
    return min(wanted, scored)


def _top(keys: DataFrame, wanted: int, scored: int, seed: int) -> tuple[DataFrame, float]:
    """The `wanted` keys with the highest scores, and the lowest score among them.

    Sorts the keys into ranges, so that the last one to keep is found by ranking the range that holds it: no task sees
    more than a share of the keys, and the driver only the size of each range.
    """
    ranked = keys.where("score IS NOT NULL").withColumn("tie", pair_hash_column(TOP, seed))
    order = [F.desc("score"), F.asc("tie"), F.asc("uuid"), F.asc("caption_hash")]
    ranges = ranked.select("score", "tie", "uuid", "caption_hash").repartitionByRange(
        scored // _ROWS_PER_PARTITION + 1, *order
    )
    ranges = ranges.withColumn("range", F.spark_partition_id()).persist()
    rest = wanted
    for row in sorted(ranges.groupBy("range").count().collect()):
        if rest <= row["count"]:
            break
        rest -= row["count"]
    place = F.row_number().over(Window.orderBy(*order))
    [last] = (
        ranges.where(F.col("range") == row["range"]).withColumn("place", place).where(F.col("place") == rest).collect()
    )
    ranges.unpersist()
    tied = ranked.schema["tie"], ranked.schema["uuid"], ranked.schema["caption_hash"]
    # Spark 3.5 compares structs only if their fields have the same names
    limit = F.struct(*(F.lit(last[field.name]).cast(field.dataType).alias(field.name) for field in tied))
    is_before = F.struct(*(field.name for field in tied)) <= limit
    is_top = (F.col("score") > last["score"]) | ((F.col("score") == last["score"]) & is_before)
    return ranked.where(is_top), last["score"]


def _found(path: str, keys: DataFrame, kept: DataFrame, pool: DataFrame) -> int:
    """The rows of the keys that the pool has. Raises `UsageError` where it has none of those kept."""
    pairs = pool.select(F.col("uuid").alias("_uuid"), F.col("caption_hash").alias("_hash"))
    is_named = F.col("caption_hash").isNull() | (F.col("caption_hash") == F.col("_hash"))

    def in_pool(some: DataFrame) -> DataFrame:
        return some.join(pairs, (F.col("uuid") == F.col("_uuid")) & is_named, "left_semi")

    [total] = in_pool(keys).agg(F.sum("rows").alias("rows")).collect()
    if total["rows"] is None or (kept is not keys and in_pool(kept).isEmpty()):
        [first] = kept.agg(F.count("*").alias("keys"), F.min(F.struct("uuid", "caption_hash")).alias("key")).collect()
        uuid, caption_hash = first["key"]
        example = f"first id {uuid}" if caption_hash is None else f"first pair {uuid} with caption_hash {caption_hash}"
        ids = "ids" if caption_hash is None else "ids and pairs"
        raise refusal(
            path, f"none of its {first['keys']:,} {ids} is in the pool ({example}): were they of another pool?"
        )
    return int(total["rows"])
