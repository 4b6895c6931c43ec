"""What clusters are about: the entries that the captions of a cluster's images hold more often than those of others."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.runs.run_folder import RunFolder
from jobs.runs.step_input import Source
from jobs.runs.stopwatch import Stopwatch
from jobs.spark.frames import ddl
from jobs.spark.progress import progress
from jobs.steps.given_counts import GivenCounts, counts_beside, given_counts
from udfs.balancing.entry_counts import Places
from udfs.errors import UsageError
from udfs.image_schemas import CLUSTER_ENTRY
from udfs.image_stages import ClusterEntriesFacts
from udfs.stages import Stage

ENTRIES_PER_CLUSTER = 10
_LARGEST, _SHOWN = 10, 5


def entry_names(pairs: Source, path: str) -> GivenCounts:
    """The names of the entries of pairs, by their place. Raises `UsageError` where their run did not count them."""
    if counts_beside(path) is None:
        raise UsageError(f"--pairs {path}: has no entry counts: name the output folder of curate or count")
    return given_counts(None, None, path, pairs.matched_with)


def frequent_entries(clusters: DataFrame, pairs: DataFrame, places: Places, names: Sequence[str]) -> DataFrame:
    """For each cluster, at most `ENTRIES_PER_CLUSTER` entries that its images have more often than all images
    (`schemas.CLUSTER_ENTRY`), those with the largest G2 first. Images without a pair do not count."""
    images = clusters.select("uuid", "cluster").join(pairs.select("uuid").distinct(), "uuid")
    held = _placed(pairs.join(images, "uuid", "left_semi"), places).distinct().join(images, "uuid")
    of_both = held.groupBy("cluster", "place").agg(F.count("*").alias("both"))
    of_cluster = images.groupBy("cluster").agg(F.count("*").alias("in_cluster"))
    with_entry = of_both.groupBy("place").agg(F.sum("both").alias("with_entry"))
    total = images.agg(F.count("*").alias("total"))
    table = of_both.join(of_cluster, "cluster").join(with_entry, "place").crossJoin(total)
    expected = F.col("in_cluster") * F.col("with_entry") / F.col("total")
    more = table.withColumn("expected", expected).where(F.col("both") > F.col("expected")).withColumn("g2", _g2())
    order = Window.partitionBy("cluster").orderBy(F.desc("g2"), "place")
    first = more.withColumn("rank", F.row_number().over(order)).where(F.col("rank") <= ENTRIES_PER_CLUSTER)

    def name(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            entries = pa.array([names[place] for place in batch["place"].to_pylist()], pa.string())
            columns = [batch["cluster"], entries, batch["both"], batch["expected"], batch["g2"]]
            yield pa.RecordBatch.from_arrays(columns, schema=CLUSTER_ENTRY)

    return (
        first.orderBy("cluster", "rank")
        .select("cluster", "place", "both", "expected", "g2")
        .mapInArrow(name, ddl(CLUSTER_ENTRY))
    )


def _placed(pairs: DataFrame, places: Places) -> DataFrame:
    """An image and a place of an entry, for each entry of each pair."""
    columns = ["uuid", *places.columns]

    def placed(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            with_places = places.placed(batch)
            yield pa.RecordBatch.from_arrays([with_places["uuid"], with_places["entry_ids"]], ["uuid", "places"])

    rows = pairs.select(*columns).mapInArrow(placed, "uuid string, places array<int>")
    return rows.select("uuid", F.explode("places").alias("place"))


def _g2() -> Column:
    """The log-likelihood ratio of the table of images by cluster and entry, 0 if the two are independent (Dunning,
    "Accurate methods for the statistics of surprise and coincidence", 1993)."""
    both, cluster, entry, total = (F.col(name).cast("double") for name in ("both", "in_cluster", "with_entry", "total"))
    cells = (
        (both, cluster, entry),
        (cluster - both, cluster, total - entry),
        (entry - both, total - cluster, entry),
        (total - cluster - entry + both, total - cluster, total - entry),
    )
    terms = [
        F.when(cell > 0, cell * F.log(cell * total / (row * column))).otherwise(0.0) for cell, row, column in cells
    ]
    return 2 * (terms[0] + terms[1] + terms[2] + terms[3])


def cluster_entries_stage(run_folder: RunFolder, pairs: DataFrame, counted: GivenCounts) -> None:
    """Write the entries of each cluster."""
    watch = Stopwatch()
    progress().begin("cluster_entries")
    run_folder.clean(Stage.CLUSTER_ENTRIES)
    spark = pairs.sparkSession
    clusters = spark.read.parquet(*run_folder.paths(Stage.CLUSTERS))
    rows = frequent_entries(clusters, pairs, counted.counts.places, counted.entries or ())
    run_folder.commit(Stage.CLUSTER_ENTRIES, rows.coalesce(1))
    paths = run_folder.paths(Stage.CLUSTER_ENTRIES)
    found = spark.read.parquet(*paths).orderBy("cluster", F.desc("g2"), "entry").collect() if paths else []
    sizes = clusters.groupBy("cluster").count().orderBy(F.desc("count"), "cluster").limit(_LARGEST).collect()
    named = {row["cluster"]: [each["entry"] for each in found if each["cluster"] == row["cluster"]] for row in sizes}
    images = clusters.join(pairs.select("uuid").distinct(), "uuid", "left_semi").count()
    run_folder.finish_stage(
        ClusterEntriesFacts(
            images=images,
            entries=len(found),
            largest={str(number): entries[:_SHOWN] for number, entries in named.items()},
            seconds=watch.seconds,
        )
    )
