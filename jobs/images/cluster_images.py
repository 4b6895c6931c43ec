"""Clusters of images: the driver finds the centres on a sample, and Spark the nearest one of each image."""

from collections.abc import Iterator

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.runs.run_folder import RunFolder
from jobs.runs.stopwatch import Stopwatch
from jobs.spark.frames import ddl
from jobs.spark.progress import progress
from udfs.hashing import SAMPLE
from udfs.image_schemas import CLUSTERED
from udfs.image_stages import ClustersFacts
from udfs.models.kmeans import POINTS_PER_CLUSTER, assign, find_centroids
from udfs.models.vectors import Halves, rounded, unpack
from udfs.stages import Stage

_FEW, _MARGIN = 4, 2
"""Of more images than `_FEW` times the sample, those with the smallest H are sorted: `_MARGIN` times the sample."""
MOST_SAMPLED = 1 << 18
"""The driver holds at most so many embeddings."""


def draw_sample(embeddings: DataFrame, clusters: int, seed: int) -> Halves:
    """Some embeddings, (n, dimensions), drawn by H("sample", seed, uuid) and in this order: `POINTS_PER_CLUSTER` for a
    cluster, or all."""
    wanted = min(clusters * POINTS_PER_CLUSTER, MOST_SAMPLED)
    drawn = F.xxhash64(F.lit(SAMPLE), F.lit(seed).cast("long"), "uuid")
    total = embeddings.count()
    if total > _FEW * wanted:  # a sort with a limit takes so many rows of each partition to the driver
        share = _MARGIN * wanted / total
        embeddings = embeddings.where(drawn < F.lit(int((2 * share - 1) * (1 << 63))))
    rows = embeddings.orderBy(drawn, "uuid").select("embedding").limit(wanted).collect()
    return unpack(pa.array([bytes(row["embedding"]) for row in rows], pa.binary()), "embeddings")


def clustered(embeddings: DataFrame, centroids: Halves) -> DataFrame:
    """The images with the nearest centre (`schemas.CLUSTERED`)."""

    def cluster(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if len(batch):
                found = assign(unpack(batch["embedding"], "embeddings"), centroids)
                columns = [batch["uuid"], batch["url"], pa.array(found.cluster), pa.array(rounded(found.distance))]
                yield pa.RecordBatch.from_arrays(columns, schema=CLUSTERED)

    return embeddings.select("uuid", "url", "embedding").mapInArrow(cluster, ddl(CLUSTERED))


def clusters_stage(run_folder: RunFolder, embeddings: DataFrame, clusters: int, seed: int) -> None:
    """Write the cluster of each image that has an embedding."""
    if run_folder.record.stages.clusters is not None:
        return
    watch = Stopwatch()
    progress().begin("clusters")
    run_folder.clean(Stage.CLUSTERS)
    images = embeddings.where("embedding IS NOT NULL")
    centroids = find_centroids(draw_sample(images, clusters, seed), clusters, seed)
    run_folder.commit(Stage.CLUSTERS, clustered(images, centroids))
    rows = images.sparkSession.read.parquet(*run_folder.paths(Stage.CLUSTERS))
    sizes = [row["count"] for row in rows.groupBy("cluster").count().collect()]
    run_folder.finish_stage(
        ClustersFacts(
            images=sum(sizes), clusters=len(sizes), largest=max(sizes), smallest=min(sizes), seconds=watch.seconds
        )
    )
