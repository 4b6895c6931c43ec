"""The nearest of some labels for each image."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.runs.run_folder import RunFolder
from jobs.runs.stopwatch import Stopwatch
from jobs.spark.frames import ddl
from jobs.spark.progress import progress
from udfs.errors import UsageError
from udfs.image_schemas import LABELLED
from udfs.image_stages import LabelsFacts
from udfs.models.clip_model import ClipModel, normalised
from udfs.models.vectors import Halves, all_cosines, rounded, stored, unpack
from udfs.stages import Stage

TRUTH = "truth"
_TEXTS_AT_ONCE = 64
_MOST_COUNTED = 100_000
"""Pairs of true and found labels that the driver and run.json can hold."""


def embed_labels(model: ClipModel, labels: Sequence[str], templates: Sequence[str]) -> Halves:
    """The embedding of each label, (labels, dimensions): the mean of those of its captions by all templates."""
    texts = [template.replace("{}", label) for label in labels for template in templates]
    vectors = [
        model.embed_texts(texts[start : start + _TEXTS_AT_ONCE]) for start in range(0, len(texts), _TEXTS_AT_ONCE)
    ]
    by_label = np.concatenate(vectors).reshape(len(labels), len(templates), -1)
    return stored(normalised(by_label.mean(axis=1)))


def labelled(embeddings: DataFrame, labels: Sequence[str], vectors: Halves, truth: str | None) -> DataFrame:
    """The images that have an embedding, with their label (`schemas.LABELLED`); with `truth`, also that column, under
    this name."""
    schema = LABELLED if truth is None else LABELLED.append(pa.field(TRUTH, pa.string()))
    kept = [F.col(f"`{truth}`").cast("string").alias(TRUTH)] if truth is not None else []

    def label(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if not len(batch):
                continue
            scores = all_cosines(unpack(batch["embedding"], "embeddings"), vectors)
            best = scores.argmax(axis=1)
            second, first = np.partition(scores, -2, axis=1)[:, -2:].T
            columns = {
                **{name: batch[name] for name in batch.schema.names},
                "label": pa.array([labels[place] for place in best]),
                "label_score": rounded(first),
                "margin": rounded(first - second),
            }
            yield pa.RecordBatch.from_pydict({name: columns[name] for name in schema.names}, schema)

    rows = embeddings.where("embedding IS NOT NULL").select("uuid", "url", "embedding", *kept)
    return rows.mapInArrow(label, ddl(schema))


def labels_stage(
    run_folder: RunFolder, embeddings: DataFrame, labels: Sequence[str], vectors: Halves, truth: str | None
) -> None:
    """Write the label of each image, and count them."""
    watch = Stopwatch()
    progress().begin("labels")
    run_folder.clean(Stage.LABELS)
    run_folder.commit(Stage.LABELS, labelled(embeddings, labels, vectors, truth))
    paths = run_folder.paths(Stage.LABELS)
    if not paths:
        raise UsageError("there are no embeddings to label")
    rows = embeddings.sparkSession.read.parquet(*paths)
    keys = ["label"] if truth is None else [TRUTH, "label"]
    counts = rows.groupBy(*keys).count().orderBy(*keys).limit(_MOST_COUNTED + 1).collect()
    if len(counts) > _MOST_COUNTED:
        raise UsageError(f"--truth {truth}: has too many different values for labels: name another column")
    found: dict[str, int] = {}
    confusion: dict[str, dict[str, int]] = {}
    for row in counts:
        found[row["label"]] = found.get(row["label"], 0) + row["count"]
        if truth is not None and row[TRUTH] is not None:
            confusion.setdefault(row[TRUTH], {})[row["label"]] = row["count"]
    run_folder.finish_stage(
        LabelsFacts(
            images=sum(found.values()),
            labels=dict(sorted(found.items())),
            right=sum(of.get(name, 0) for name, of in confusion.items()) if truth is not None else None,
            confusion=confusion if truth is not None else None,
            seconds=watch.seconds,
        )
    )
