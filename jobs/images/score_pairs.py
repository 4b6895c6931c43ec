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
    written = spark.read.parquet(*run_folder.paths(Stage.SCORES)).count() if run_folder.paths(Stage.SCORES) else 0
    left_out = None if pairs is None else pairs.select(*PAIR_KEY).distinct().count() - written
    run_folder.finish_stage(ScoresFacts(rows=written, without_image=left_out, seconds=watch.seconds))


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
