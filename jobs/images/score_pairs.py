"""Scores of pairs: the cosine of the embeddings of image and caption, with the columns of `check`."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.runs.run_folder import RunFolder
from jobs.runs.stopwatch import Stopwatch
from jobs.spark.frames import read_files
from jobs.spark.progress import progress
from udfs.image_schemas import TEXT_EMBEDDED
from udfs.image_stages import ScoresFacts
from udfs.models.vectors import cosines, rounded, unpack
from udfs.stages import Stage

PAIR_KEY = ("uuid", "caption_hash")
CAPTION, SCORE = "caption", "clip_score"
_BIN = 500
"""The width of a bin of the histogram, in units of 0.0001, to which scores are rounded."""


def embedded_pairs(pairs: DataFrame, embeddings: DataFrame) -> DataFrame:
    """The distinct pairs whose image has an embedding, with their captions."""
    embedded = embeddings.where("embedding IS NOT NULL").select("uuid")
    distinct = pairs.groupBy(*PAIR_KEY).agg(F.min(CAPTION).alias(CAPTION))
    return distinct.join(embedded, "uuid", "left_semi")


def scores_stage(
    spark: SparkSession,
    run_folder: RunFolder,
    pairs: DataFrame | None,
    checked: DataFrame,
    scores: Sequence[str],
) -> None:
    """Write the scores of each pair or, without pairs, of each image: `clip_score` and the columns of --score, and all
    of `checked`."""
    if run_folder.record.stages.scores is not None:
        return
    watch = Stopwatch()
    progress().begin("scores")
    run_folder.clean(Stage.SCORES)
    embeddings = spark.read.parquet(*run_folder.paths(Stage.EMBEDDINGS)).select("uuid", "embedding", *scores)
    rows, key = embeddings.where("embedding IS NOT NULL"), ["uuid"]
    if pairs is not None:
        texts = read_files(spark, run_folder.paths(Stage.TEXTS), TEXT_EMBEDDED)
        rows, key = scored_pairs(embedded_pairs(pairs, embeddings), rows, texts), [*PAIR_KEY, CAPTION, SCORE]
    others = [name for name in checked.columns if name not in ("uuid", CAPTION, *scores)]
    run_folder.commit(Stage.SCORES, rows.select(*key, *scores).join(checked.select("uuid", *others), "uuid"))
    paths = run_folder.paths(Stage.SCORES)
    written = spark.read.parquet(*paths) if paths else None
    number = written.count() if written is not None else 0
    facts = ScoresFacts(
        rows=number,
        without_image=None if pairs is None else pairs.select(*PAIR_KEY).distinct().count() - number,
        histogram=None if pairs is None or written is None else _histogram(written),
        seconds=watch.seconds,
    )
    run_folder.finish_stage(facts)


def _histogram(scores: DataFrame) -> dict[str, int]:
    """The number of pairs in each bin that has any, by the smallest score of the bin."""
    in_bin = F.floor(F.round(F.col(SCORE) * 10_000) / _BIN).alias("bin")
    counts = scores.where(F.col(SCORE).isNotNull()).groupBy(in_bin).count().orderBy("bin").collect()
    return {f"{row['bin'] * _BIN / 10_000:.2f}": row["count"] for row in counts}


def scored_pairs(pairs: DataFrame, images: DataFrame, texts: DataFrame) -> DataFrame:
    """Pairs (`uuid`, `caption_hash`, `caption`) with `clip_score` from the embeddings of `images` and `texts`, and the
    other columns of `images`. The score is null where one of the embeddings is."""
    joined = (
        pairs.select(*PAIR_KEY, CAPTION)
        .join(images, "uuid")
        .join(texts.withColumnRenamed("embedding", "of_text"), "caption_hash", "left")
    )
    others = [CAPTION, *(name for name in images.columns if name not in ("uuid", "embedding"))]

    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            kept = [batch[name] for name in (*PAIR_KEY, *others)]
            made = pa.array(_scores(batch["embedding"], batch["of_text"]), pa.float64(), from_pandas=True)
            yield pa.RecordBatch.from_arrays([*kept, made], [*PAIR_KEY, *others, SCORE])

    schema = joined.select(*PAIR_KEY, *others).schema.add(SCORE, "double")
    return joined.select(*PAIR_KEY, *others, "embedding", "of_text").mapInArrow(score, schema)


def _scores(images: pa.Array, texts: pa.Array) -> "np.ndarray":
    """The rounded cosines, NaN where one of the embeddings is null."""
    has_both = np.asarray(images.is_valid()) & np.asarray(texts.is_valid())
    scores = np.full(len(images), np.nan)
    mask = pa.array(has_both)
    if has_both.any():
        scores[has_both] = rounded(cosines(unpack(images.filter(mask), "images"), unpack(texts.filter(mask), "texts")))
    return scores
