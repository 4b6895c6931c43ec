"""Links between looks: near hashes with similar colours."""

from collections.abc import Iterator

import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import BinaryType, StructField, StructType

from jobs.images.looks import HASH
from jobs.images.near_hashes import columns_of, is_ordered, near_hashes
from udfs.images.colours import colour_cells, similar_colours

MANY_COLOURS = 1_000
"""Up to so many looks of one hash are compared each with each."""


def near_looks(looks: DataFrame, near: int, near_colour: int) -> DataFrame:
    """Pairs (a, b) of looks, a < b, whose hashes differ in at most `near` bits and whose colours in no field by more
    than `near_colour`. `looks` are rows of `looks_of`.

    Hashes are joined by bands, then the looks of both by colour, so that a hash with many colours is in no band twice.
    Of a hash with more than `MANY_COLOURS` looks, those in a cell of colours (`colours.colour_cells`) are linked to the
    smallest of them. Only these smallest ones are compared, and at most `MANY_COLOURS` of them. So links of such a hash
    may be missing, but none is false.
    """
    hashed = looks.where(f"{HASH[0]} IS NOT NULL").select(*HASH, "look", "chroma")
    hashes = hashed.groupBy(*HASH).count()
    compared, of_cells = _compared(hashed, hashes.where(F.col("count") > MANY_COLOURS), near_colour)
    same = hashes.where("count > 1").select(*(F.col(word).alias(f"{side}_{word}") for side in "ab" for word in HASH))
    pairs = near_hashes(hashes, hashes, near).where(is_ordered()).union(same) if near else same
    for side in "ab":
        named = compared.select(
            *(F.col(word).alias(f"{side}_{word}") for word in HASH),
            F.col("look").alias(f"{side}_look"),
            F.col("chroma").alias(f"{side}_chroma"),
        )
        pairs = pairs.join(named, columns_of(side))
    is_same = F.lit(True)
    for a, b in zip(columns_of("a"), columns_of("b"), strict=True):
        is_same &= F.col(a) == F.col(b)
    candidates = pairs.where(~is_same | (F.col("a_look") < F.col("b_look")))
    links = with_similar_colours(candidates.select("a_look", "b_look", "a_chroma", "b_chroma"), near_colour)
    links = links.select(F.least("a_look", "b_look").alias("a"), F.greatest("a_look", "b_look").alias("b"))
    return links if of_cells is None else links.union(of_cells)


def with_similar_colours(pairs: DataFrame, near_colour: int) -> DataFrame:
    """The rows whose `a_chroma` and `b_chroma` are similar, without these two columns."""

    def similar(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            keep = similar_colours(batch["a_chroma"], batch["b_chroma"], near_colour)
            yield batch.select(kept.names).filter(pa.array(keep))

    kept = pairs.drop("a_chroma", "b_chroma").schema
    return pairs.mapInArrow(similar, kept)


def _compared(hashed: DataFrame, many: DataFrame, near_colour: int) -> tuple[DataFrame, DataFrame | None]:
    """The looks to compare, and the links of the others, None where there are none."""
    if many.isEmpty():
        return hashed, None

    def celled(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            cells = colour_cells(batch["chroma"], near_colour)
            yield batch.append_column("cell", cells)

    words = many.select(*HASH)
    rows = hashed.join(words, HASH, "left_semi").select(*HASH, "look", "chroma")
    cells = rows.mapInArrow(celled, StructType([*rows.schema, StructField("cell", BinaryType())]))
    cells = cells.withColumn("first", F.min("look").over(Window.partitionBy(*HASH, "cell")))
    few = (
        cells.where("look = first")
        .withColumn("place", F.row_number().over(Window.partitionBy(*HASH).orderBy("look")))
        .where(F.col("place") <= MANY_COLOURS)
    )
    compared = hashed.join(words, HASH, "left_anti").unionByName(few.select(*hashed.columns))
    return compared, cells.where("first < look").select(F.col("first").alias("a"), F.col("look").alias("b"))
