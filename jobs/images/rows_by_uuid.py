"""Rows of some images, by their uuid: read by Spark, or by pyarrow where the rows are small."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from jobs.runs.step_input import Source
from jobs.steps.local_pairs import open_local
from udfs.image_outcomes import ImageOutcome

if TYPE_CHECKING:
    from pyspark.sql import Column, SparkSession

Rows = dict[str, list[dict[str, Any]]]


def rows_by_uuid(
    spark: "SparkSession | None",
    source: Source,
    uuids: Sequence[str],
    columns: Sequence[str],
    *,
    order: "Column | None" = None,
    most: int | None = None,
    where: str | None = None,
) -> Rows:
    """The rows with these uuids, in no order. With a session, only those that meet `where`, which is valid SQL, and of
    each uuid at most `most`, the first in `order`: an image may have a million captions."""
    names = list(dict.fromkeys(["uuid", *columns]))
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    if spark is None:
        is_asked = pc.field("uuid").isin(list(uuids))
        rows = open_local(source).dataset.to_table(columns=names, filter=is_asked).to_pylist()
    else:
        rows = _by_spark(spark, source, uuids, names, order, most, where)
    for row in rows:
        found[row["uuid"]].append(row)
    return dict(found)


def _by_spark(
    spark: "SparkSession",
    source: Source,
    uuids: Sequence[str],
    names: Sequence[str],
    order: "Column | None",
    most: int | None,
    where: str | None,
) -> list[dict[str, Any]]:
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    frame = source.frame(spark)
    frame = (frame if where is None else frame.where(where)).where(F.col("uuid").isin(list(uuids)))
    if order is not None and most is not None:
        place = F.row_number().over(Window.partitionBy("uuid").orderBy(order))
        frame = frame.withColumn("ballast_place", place).where(F.col("ballast_place") <= most)
    return [row.asDict() for row in frame.select(*[f"`{name}`" for name in names]).collect()]


def images_of(spark: "SparkSession | None", checked: Source, uuids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The row of `checked/` of some images, by uuid: that with the status success."""
    rows = rows_by_uuid(spark, checked, uuids, checked.columns)
    return {row["uuid"]: row for of_uuid in rows.values() for row in of_uuid if row["status"] == ImageOutcome.SUCCESS}
