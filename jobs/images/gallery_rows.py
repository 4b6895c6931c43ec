"""Which images a gallery shows, and their rows: chosen by Spark, or by pyarrow where the rows are small."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from jobs.images.rows_by_uuid import Rows, rows_by_uuid
from jobs.runs.step_input import Source
from jobs.steps.local_pairs import open_local
from udfs.errors import UsageError
from udfs.hashing import GALLERY, image_hash
from udfs.image_outcomes import ImageOutcome

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MOST_GROUPS = 30
_MOST_ROWS = 20  # of an image
_SEED = 0


class Choice(NamedTuple):
    """Which images to show: at most `most` of all, or of each group of `group_by`. Those with the highest value of `by`
    (or the lowest), otherwise those with the smallest H("gallery", …). `where` is SQL, which only Spark knows."""

    most: int
    by: str | None = None
    lowest: bool = False
    where: str | None = None
    group_by: str | None = None


class Group(NamedTuple):
    """Images of one value of `group_by`, which is None for those without a value and where there are no groups: those
    shown, in order, and how many there are."""

    value: str | None
    uuids: Sequence[str]
    images: int


class Chosen(NamedTuple):
    """The groups to show, of how many, and how many images they were chosen from."""

    groups: Sequence[Group]
    values: int
    images: int


def choose(spark: "SparkSession | None", source: Source, checked: Source, choice: Choice) -> Chosen:
    """The groups with the most images, at most thirty, and the images to show of each. Only images with the status
    success in `checked` count. Both forms give the same answer.

    Raises `UsageError` for columns that are not there or do not fit.
    """
    for name in filter(None, (choice.by, choice.group_by)):
        if name not in source.columns:
            raise UsageError(f"no column {name} in the rows, which have {', '.join(source.columns)}")
    if choice.by is not None and not _is_number(source.schema.field(choice.by).type):
        raise UsageError(f"--by {choice.by}: is {source.schema.field(choice.by).type}, not a number")
    return _by_arrow(source, checked, choice) if spark is None else _by_spark(spark, source, checked, choice)


def rows_of(spark: "SparkSession | None", source: Source, uuids: Sequence[str], choice: Choice) -> Rows:
    """The rows of some images by uuid, at most twenty of each: the best by the choice's column, otherwise those with
    the smallest caption hashes."""
    order = choice.by or ("caption_hash" if "caption_hash" in source.columns else None)
    is_falling = choice.by is not None and not choice.lowest
    columns = [field.name for field in source.schema if field.name == "entry_ids" or not pa.types.is_nested(field.type)]
    sorting = None
    if spark is not None and order is not None:
        from pyspark.sql import functions as F

        column = F.col(f"`{order}`")
        sorting = column.desc_nulls_last() if is_falling else column.asc_nulls_last()
    found = rows_by_uuid(spark, source, uuids, columns, order=sorting, most=_MOST_ROWS, where=choice.where)
    if order is not None:
        for rows in found.values():
            rows.sort(key=lambda row: (row[order] is None or row[order] != row[order], _sign(row[order], is_falling)))
    return {uuid: rows[:_MOST_ROWS] for uuid, rows in found.items()}


def _by_arrow(source: Source, checked: Source, choice: Choice) -> Chosen:
    states = open_local(checked).table(["uuid", "status"])
    usable = states.filter(pc.equal(states.column("status"), ImageOutcome.SUCCESS.value)).column("uuid")
    columns = [name for name in ("uuid", choice.by, choice.group_by) if name is not None]
    rows = open_local(source).table(list(dict.fromkeys(columns)))
    rows = rows.filter(pc.is_in(rows.column("uuid"), usable.combine_chunks().unique()))
    uuids = rows.column("uuid").to_pylist()
    scores = rows.column(choice.by).cast(pa.float64()).to_pylist() if choice.by else [0.0] * len(rows)
    values = rows.column(choice.group_by).to_pylist() if choice.group_by else [None] * len(rows)
    best: dict[str, tuple[float, str | None]] = {}
    for uuid, score, value in zip(uuids, scores, values, strict=True):
        if score is None or score != score:
            continue
        order, text = score if choice.lowest else -score, _text(value)
        if uuid in best:
            order, text = min(order, best[uuid][0]), min(filter(None, (text, best[uuid][1])), default=None)
        best[uuid] = order, text
    groups: defaultdict[str | None, list[tuple[float, int, str]]] = defaultdict(list)
    for uuid, (order, text) in best.items():
        groups[text].append((order, image_hash(GALLERY, _SEED, uuid), uuid))
    sizes = Counter({value: len(images) for value, images in groups.items()})
    shown = {value: [uuid for *_, uuid in sorted(groups[value])[: choice.most]] for value, _ in _largest(sizes)}
    return Chosen([Group(value, of_group, sizes[value]) for value, of_group in shown.items()], len(sizes), len(best))


def _by_spark(spark: "SparkSession", source: Source, checked: Source, choice: Choice) -> Chosen:
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    from jobs.spark.pair_hash import image_hash_column

    rows = _where(source.frame(spark), choice.where)
    usable = checked.frame(spark).where(F.col("status") == ImageOutcome.SUCCESS.value).select("uuid")
    score = F.col(f"`{choice.by}`").cast("double") if choice.by else F.lit(0.0)
    text = F.lit(None).cast("string")
    if choice.group_by:
        text = F.nullif(F.col(f"`{choice.group_by}`").cast("string"), F.lit(""))
    found = rows.select("uuid", (score if choice.lowest else -score).alias("score"), text.alias("value"))
    found = found.where("score IS NOT NULL AND NOT isnan(score)").join(usable, "uuid", "left_semi")
    images = found.groupBy("uuid").agg(F.min("score").alias("score"), F.min("value").alias("value"))
    images = images.withColumn("hash", image_hash_column(GALLERY, _SEED)).persist()
    counts = images.groupBy("value").count().persist()
    [(values, total)] = counts.agg(F.count("*"), F.coalesce(F.sum("count"), F.lit(0))).collect()
    largest = counts.orderBy(F.col("value").isNull(), F.desc("count"), "value").limit(MOST_GROUPS).collect()
    sizes = {row["value"]: int(row["count"]) for row in largest}
    window = Window.partitionBy("value").orderBy("score", "hash", "uuid")
    is_shown = F.col("value").isin([value for value in sizes if value is not None])
    ranked = images.where(is_shown | F.col("value").isNull() if None in sizes else is_shown)
    ranked = ranked.withColumn("place", F.row_number().over(window)).where(F.col("place") <= choice.most)
    uuids: defaultdict[str | None, list[str]] = defaultdict(list)
    for row in ranked.orderBy("value", "place").collect():
        uuids[row["value"]].append(row["uuid"])
    for held in (counts, images):
        held.unpersist()
    return Chosen([Group(value, uuids[value], size) for value, size in sizes.items()], int(values), int(total))


def _where(rows: "DataFrame", where: str | None) -> "DataFrame":
    if where is None:
        return rows
    from pyspark.errors import AnalysisException, ParseException

    from jobs.spark.spark_errors import one_line

    try:
        kept = rows.where(where)
        _ = kept.schema  # some versions analyse only now
    except (AnalysisException, ParseException) as error:
        raise UsageError(f"--where {where}: {one_line(error)}") from error
    return kept


def _largest(sizes: Counter[str | None]) -> list[tuple[str | None, int]]:
    """The groups with the most images, of equal ones the smallest values; images without a value come last."""
    return sorted(sizes.items(), key=lambda item: (item[0] is None, -item[1], item[0] or ""))[:MOST_GROUPS]


def _sign(value: Any, is_falling: bool) -> Any:
    if value is None or value != value:
        return 0
    return -value if is_falling else value


def _text(value: Any) -> str | None:
    """A value as Spark casts it to a string; an empty one counts as none."""
    if value is None or value == "":
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
