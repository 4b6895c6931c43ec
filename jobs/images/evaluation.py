"""Images that an evaluation set shows, too: a model that trained on them has seen its test."""

from collections.abc import Iterator

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.images.looks import HASH, with_words
from jobs.images.near_hashes import columns_of, near_hashes
from jobs.images.near_looks import with_similar_colours
from jobs.spark.progress import warn
from udfs.images.bands import SURE_NEAR
from udfs.images.evaluation_hashes import EvaluationHashes

MOST_COMPARED = 1_000_000
"""Up to so many different pictures, each image is compared with each."""

_PICTURE = ("set_number", "picture", "set")  # in this order, the smallest is the first of the first set


def marked(images: DataFrame, pictures: DataFrame, near: int, near_colour: int) -> DataFrame:
    """The images that are near-duplicates of a picture: `uuid`, and `in_evaluation`, which is "SET: PICTURE" of the
    first set that has one, and of its smallest such picture.

    `images` has distinct `uuid`s, `sha256`, `phash` and `chroma` (binary of 32 bytes, or null); `pictures` the same for
    each `picture` (its name) of a `set` with the number `set_number`. An image and a picture are near-duplicates if
    their bytes are equal, or if their hashes differ in at most `near` bits and their colours in no field by more than
    `near_colour`. Without `chroma`, of either, hashes decide alone.

    Finds all: each image is compared with each picture, whose hashes every executor gets. Above `MOST_COMPARED`
    different pictures it warns, and joins bands instead, which miss some (`udfs.images.bands`) unless `near` is at most
    8. Raises `BallastError` for a hash or colours of another length.
    """
    first = F.min(F.struct(*_PICTURE)).alias("first")
    by_bytes = pictures.where("sha256 IS NOT NULL").groupBy("sha256").agg(first)
    by_hash = pictures.where("phash IS NOT NULL").groupBy("phash", "chroma").agg(first)
    found = images.join(by_bytes, "sha256").select("uuid", "first.*")
    number = by_hash.count()
    hashed = images.where("phash IS NOT NULL").select("uuid", "phash", "chroma")
    if number <= MOST_COMPARED:
        near_images = _compared(hashed, by_hash, near, near_colour)
    else:
        if near > SURE_NEAR:
            warn(
                f"--not-in: {number:,} different pictures are too many to compare each image with each: some "
                f"near-duplicates that differ in more than {SURE_NEAR} bits stay unmarked"
            )
        near_images = _banded(hashed, by_hash, near, near_colour)
    firsts = found.union(near_images).groupBy("uuid").agg(first)
    return firsts.select("uuid", F.concat_ws(": ", "first.set", "first.picture").alias("in_evaluation"))


def _compared(hashed: DataFrame, pictures: DataFrame, near: int, near_colour: int) -> DataFrame:
    """The images that are near a picture, with the columns of the first one, by comparing each with each."""
    rows = sorted(pictures.collect(), key=lambda row: row["first"])
    hashes = EvaluationHashes.of(
        pa.array([bytes(row["phash"]) for row in rows], pa.binary()),
        pa.array([row["chroma"] and bytes(row["chroma"]) for row in rows], pa.binary()),
    )
    names = pa.RecordBatch.from_arrays(
        [
            pa.array([row["first"]["set_number"] for row in rows], pa.int32()),
            pa.array([row["first"]["picture"] for row in rows], pa.string()),
            pa.array([row["first"]["set"] for row in rows], pa.string()),
        ],
        list(_PICTURE),
    )
    shipped = hashed.sparkSession.sparkContext.broadcast((hashes, names))

    def near_images(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        hashes, names = shipped.value
        for batch in batches:
            found, first = hashes.first_near(batch["phash"], batch["chroma"], near, near_colour)
            columns = [batch["uuid"].take(pa.array(found)), *names.take(pa.array(first)).columns]
            yield pa.RecordBatch.from_arrays(columns, ["uuid", *_PICTURE])

    return hashed.mapInArrow(near_images, "uuid string, set_number int, picture string, set string")


def _banded(hashed: DataFrame, pictures: DataFrame, near: int, near_colour: int) -> DataFrame:
    """The same by joining bands, with all pictures that are found, not only the first."""
    sides = {"a": with_words(hashed), "b": with_words(pictures)}
    left, right = (rows.select(*HASH).distinct() for rows in sides.values())
    pairs = near_hashes(left, right, near)
    for side, rows in sides.items():
        renamed = {name: f"{side}_{name}" for name in (*HASH, "chroma")}
        pairs = pairs.join(rows.withColumnsRenamed(renamed), columns_of(side))
    pairs = pairs.select("uuid", "first", "a_chroma", "b_chroma")
    return with_similar_colours(pairs, near_colour).select("uuid", "first.*")
