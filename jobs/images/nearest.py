"""The embeddings nearest to a query: by Spark, or for small local folders by pyarrow."""

import heapq
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from jobs.runs.step_input import Source
from jobs.steps.local_pairs import open_local
from udfs.models.vectors import Halves, Hit, best_hits, top_hits, unpack

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_HIT = pa.schema([pa.field("score", pa.float64()), pa.field("uuid", pa.string())])


def nearest(spark: "SparkSession | None", embeddings: Source, query: Halves, how_many: int) -> list[Hit]:
    """The images nearest to a query, exactly. Without a session pyarrow reads the embeddings."""
    if spark is None:
        batches = open_local(embeddings).dataset.to_batches(columns=["uuid", "embedding"])
        return _top_of(batches, query, how_many)
    from jobs.spark.frames import ddl

    def top(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        hits = _top_of(batches, query, how_many)
        yield pa.RecordBatch.from_pylist([hit._asdict() for hit in hits], _HIT)

    rows = embeddings.frame(spark).select("uuid", "embedding").mapInArrow(top, ddl(_HIT)).collect()
    return best_hits((Hit(row["score"], row["uuid"]) for row in rows), how_many)


def _top_of(batches: Iterable[pa.RecordBatch], query: Halves, how_many: int) -> list[Hit]:
    hits: list[Hit] = []
    for batch in batches:
        batch = batch.filter(batch["embedding"].is_valid())
        vectors = unpack(batch["embedding"], "embeddings")
        if len(vectors):
            found = top_hits(query, batch["uuid"], vectors, how_many)
            hits = list(heapq.merge(hits, found, key=lambda hit: hit.order))[:how_many]
    return hits
