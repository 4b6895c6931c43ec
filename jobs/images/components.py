"""Connected components of links, by Spark: the algorithm of large stars and small stars.

Source: Kiveris, Lattanzi, Mirrokni, Rastogi and Vassilvitskii, "Connected Components in MapReduce and Beyond", 2014.
"""

from collections.abc import Callable

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

Save = Callable[[str, DataFrame], DataFrame]
"""Writes an intermediate result under its name, unless it was written already, and reads it back."""


def components(links: DataFrame, save: Save) -> DataFrame:
    """Every node (`node`) with the smallest node of its component (`root`), one row each, also for roots.

    `links` has nodes `a` and `b`, strings with a < b. Each round is saved, so that no plan grows with the rounds. The
    rounds end when each node is linked to its root and to nothing else. Their number grows with the logarithm of the
    longest path: a chain of 1,000 takes 8 to 10 by the order of its names, one of 100,000 13 to 17.
    """
    stars, number = links.select(F.col("a").alias("root"), F.col("b").alias("node")), 0
    while number == 0 or not _are_stars(stars):
        number += 1
        stars = save(f"round-{number:02}", _small_stars(_large_stars(stars)))
    roots = stars.select("root").distinct()
    return stars.select("node", "root").union(roots.select(F.col("root").alias("node"), "root"))


def _large_stars(links: DataFrame) -> DataFrame:
    """Link each larger neighbour of a node to the smallest of the node and its neighbours."""
    both = links.select("node", F.col("root").alias("other")).union(
        links.select(F.col("root").alias("node"), F.col("node").alias("other"))
    )
    smallest = F.least("node", F.min("other").over(Window.partitionBy("node")))
    return (
        both.select(smallest.alias("root"), "other", "node")
        .where("other > node")
        .select("root", F.col("other").alias("node"))
    )


def _small_stars(links: DataFrame) -> DataFrame:
    """Link a node and its smaller neighbours to the smallest of these."""
    smallest = F.min("root").over(Window.partitionBy("node"))
    linked = links.select(smallest.alias("least"), "root", "node")
    nodes = linked.select(F.col("least").alias("root"), F.explode(F.array("root", "node")).alias("node"))
    return nodes.where("node > root").distinct()


def _are_stars(links: DataFrame) -> bool:
    """Whether each node has one root, and no root has another."""
    ends = links.select(F.explode(F.array("node", "root")).alias("end"), "node")
    is_node = F.count_if(F.col("end") == F.col("node"))
    is_root = F.max((F.col("end") != F.col("node")).cast("int"))
    return ends.groupBy("end").agg((is_node + is_root).alias("roles")).where("roles > 1").isEmpty()
