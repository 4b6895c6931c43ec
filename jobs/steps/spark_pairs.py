"""Pairs that Spark reads (`pairs.Pairs`)."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.spark.frames import ddl, fingerprint_of
from jobs.spark.pair_hash import pair_hash_column
from jobs.spark.spark_errors import RAISED_IN_SQL
from jobs.steps.pairs import TIES, Hashed
from udfs.balancing.entry_counts import Places, unknown_list
from udfs.balancing.probabilities import Counts
from udfs.extraction.block_lists import Blocker, BlockList
from udfs.fingerprint import Fingerprint
from udfs.hashing import PICK
from udfs.sums import Key, Measure

_SUMS = pa.schema([("kind", pa.string()), ("number", pa.int64()), ("text", pa.string()), ("value", pa.int64())])
LIST_START, LIST_SIZE = "ballast_list_start", "ballast_list_size"
_MOST_HELD = 100_000  # sums that a task holds before it hands them on
_FIRST_LOOK = 200  # the smallest rows are first looked for among about so many, or twice as many as are asked for


class SparkPairs:
    """The rows of a data frame; with `places`, their entries by place where they are read."""

    def __init__(self, frame: DataFrame, places: Places | None = None) -> None:
        self.frame = frame
        self._places = places

    @property
    def columns(self) -> Sequence[str]:
        return self.frame.columns

    @property
    def matched_with(self) -> Fingerprint | None:
        return fingerprint_of(self.frame, "entry_ids")

    def count(self) -> int:
        return self.frame.count()

    def sums(
        self,
        columns: Sequence[str],
        measure: Measure,
        *,
        hashed: Hashed | None = None,
        largest: Mapping[str, int] | None = None,
    ) -> dict[tuple[str, Key], int]:
        places = self._places if "entry_ids" in columns else None

        def summed(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            held: Counter[tuple[str, Key]] = Counter()
            for batch in batches:
                held.update(measure(batch if places is None else places.placed(batch)))
                if len(held) > _MOST_HELD:
                    yield _packed(held)
                    held.clear()
            yield _packed(held)

        read = dict.fromkeys([*columns, *(places.columns if places is not None else [])])
        rows = self.frame.select(*read, *_hash_columns(hashed)).mapInArrow(summed, ddl(_SUMS))
        sums = rows.groupBy("kind", "number", "text").agg(F.sum("value").alias("value"))
        for kind, how_many in (largest or {}).items():
            place = F.row_number().over(Window.partitionBy("kind").orderBy(F.desc("value"), "number", "text"))
            sums = sums.withColumn("place", place).where((F.col("kind") != kind) | (F.col("place") <= how_many))
        return {
            (row["kind"], row["text"] if row["number"] is None else row["number"]): row["value"]
            for row in sums.collect()
        }

    def smallest(self, hashed: Hashed, how_many: int, columns: Sequence[str]) -> list[dict[str, Any]]:
        named = {*columns, *TIES, *(self._places.columns if self._places is not None else ())}
        wanted = [name for name in self.columns if name in named]
        rows = self.frame.select(*_hash_columns(hashed), *wanted)
        share = max(_FIRST_LOOK, 2 * how_many) / max(self.count(), 1)
        found = []
        if share < 1:  # so that few rows are sorted, and the captions of the others not copied
            found = _first(rows.where(F.col(hashed.tag) < int(-(2**63) + share * 2**64)), hashed, how_many)
        return self._placed(found if len(found) == how_many else _first(rows, hashed, how_many))

    def matches(self, places: Places) -> Counts:
        held = self.frame.select(*places.columns[:-1], F.explode("entry_ids").alias("entry_id"))
        found: Any = placed_counts(held.groupBy(*held.columns).count(), places).toPandas()
        return np.bincount(found["place"], found["count"], places.size).astype(np.int64)

    def of_image(self, uuid: str) -> list[dict[str, Any]]:
        """One pass over `uuid` finds the files with rows; only these are read whole."""
        of_image = F.col("uuid") == uuid
        files = self.frame.where(of_image).select("_metadata.file_path").distinct().collect()
        if not files:
            return []
        spark = self.frame.sparkSession
        paths = [unquote(row["file_path"]) for row in files]
        rows = spark.read.schema(self.frame.schema).parquet(*paths).where(of_image).collect()
        return self._placed([row.asDict() for row in rows])

    def _placed(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return rows if self._places is None else self._places.placed_rows(rows)

    def with_places(self, places: Places) -> "SparkPairs":
        return SparkPairs(self.frame, places)

    def one_per_image(self, seed: int) -> "SparkPairs":
        best = F.min(F.struct(pair_hash_column(PICK, seed).alias("pick"), "caption_hash")).alias("best")
        picked = self.frame.groupBy("uuid").agg(best).select("uuid", F.col("best.caption_hash").alias("caption_hash"))
        return SparkPairs(self.frame.join(picked, ["uuid", "caption_hash"], "left_semi"), self._places)

    def without_blocked(self, blocks: BlockList | None) -> "SparkPairs":
        return SparkPairs(without_blocked(self.frame, blocks), self._places)


def _first(rows: DataFrame, hashed: Hashed, how_many: int) -> list[dict[str, Any]]:
    order = [hashed.tag, *(name for name in TIES if name in rows.columns)]
    return [row.asDict() for row in rows.orderBy(*order).limit(how_many).collect()]


def _hash_columns(hashed: Hashed | None) -> list[Column]:
    return [] if hashed is None else [pair_hash_column(hashed.tag, hashed.seed).alias(hashed.tag)]


def _packed(sums: Mapping[tuple[str, Key], int]) -> pa.RecordBatch:
    """The sums that a task hands on, without zeros."""
    items = [(kind, key, value) for (kind, key), value in sums.items() if value]
    columns = [
        [kind for kind, _, _ in items],
        [None if isinstance(key, str) else key for _, key, _ in items],
        [key if isinstance(key, str) else None for _, key, _ in items],
        [value for _, _, value in items],
    ]
    arrays = [pa.array(column, kind) for column, kind in zip(columns, _SUMS.types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=_SUMS)


def with_lists(pairs: DataFrame, places: Places) -> DataFrame:
    """The pairs with `LIST_START`, the place of the first entry of their list, and `LIST_SIZE`, how many it has."""
    if not places.by_language:
        return pairs.select("*", F.lit(0).alias(LIST_START), F.lit(places.size).cast("int").alias(LIST_SIZE))
    rows = zip(places.codes, places.starts.tolist(), places.sizes.tolist(), strict=False)
    known = pairs.sparkSession.createDataFrame(list(rows), f"list string, {LIST_START} int, {LIST_SIZE} int")
    listed = pairs.join(F.broadcast(known), "list", "left")
    before, after = unknown_list("\0").split("\0")
    unknown = F.raise_error(F.concat(F.lit(RAISED_IN_SQL + before), "list", F.lit(after)))
    return listed.withColumns({name: F.coalesce(name, unknown) for name in (LIST_START, LIST_SIZE)})


def placed_counts(counted: DataFrame, places: Places) -> DataFrame:
    """Counts by `entry_id`, and with a list for each language by `list`, as counts by `place`. An id that its list does
    not have ends the job."""
    listed = with_lists(counted, places)
    held, fix = "the pool holds entry id ", " entries: give the list it was matched with as --metadata FILE"
    of_list = F.concat(F.lit(", but the list has only "), F.format_number(LIST_SIZE, 0), F.lit(fix))
    problem = F.concat(F.lit(RAISED_IN_SQL + held), F.col("entry_id").cast("string"), of_list)
    is_known = (F.col("entry_id") >= 0) & (F.col("entry_id") < F.col(LIST_SIZE))
    place = F.when(is_known, F.col(LIST_START) + F.col("entry_id")).otherwise(F.raise_error(problem).cast("int"))
    return listed.select(place.alias("place"), "count")


def without_blocked(pairs: DataFrame, blocks: BlockList | None) -> DataFrame:
    """`Pairs.without_blocked` of a data frame."""
    if blocks is None:
        return pairs
    shared = pairs.sparkSession.sparkContext.broadcast(blocks)
    blockers: list[Blocker] = []  # one per task

    def is_kept(url: str | None, page_url: str | None) -> bool:
        if not blockers:
            blockers.append(Blocker(shared.value))
        return not blockers[0].blocks_pair(url, page_url)

    return pairs.where(F.udf(is_kept, "boolean", useArrow=True)("url", "page_url"))
