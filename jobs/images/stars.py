"""Cutting components that are too large: chains of near pictures, whose ends are not near each other, become stars."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.images.components import Save


def stars(links: DataFrame, images: DataFrame, save: Save) -> DataFrame:
    """Every node (`node`) with the centre of its star (`root`), one row each, also for centres.

    `links` has nodes `a` and `b`; `images` has each `node` and how many `images` it stands for. Nodes are taken in
    order: most images first, then the smallest name. A node without a link to an earlier centre becomes a centre. Every
    other node joins the first centre that it has a link to. So each node is near its centre.

    A round finds the nodes that have no earlier neighbour left; the rounds end when each node is decided. Their
    number grows with the logarithm of the number of nodes if the names are random.
    """
    links = _in_order(links, images)
    nodes = images.select("node", F.lit(None).cast("boolean").alias("is_centre"))
    number = 0
    while number == 0 or not nodes.where("is_centre IS NULL").isEmpty():
        number += 1
        nodes = save(f"cut-{number:02}", _decided(nodes, links))
    centres = nodes.where("is_centre").select("node")
    choice = F.min(F.struct((-F.col("images")).alias("images"), "first"))
    joined = links.join(centres.select(F.col("node").alias("first")), "first", "left_semi").join(
        centres.select(F.col("node").alias("later")), "later", "left_anti"
    )
    joined = joined.groupBy("later").agg(choice.alias("choice"))
    return joined.select(F.col("later").alias("node"), F.col("choice.first").alias("root")).union(
        centres.select("node", F.col("node").alias("root"))
    )


def _in_order(links: DataFrame, images: DataFrame) -> DataFrame:
    """The links with the node that comes `first`, the number of its `images`, and the `later` one."""
    sized = links
    for end in ("a", "b"):
        sized = sized.join(images.select(F.col("node").alias(end), F.col("images").alias(f"{end}_images")), end)
    is_first = (F.col("a_images") > F.col("b_images")) | (
        (F.col("a_images") == F.col("b_images")) & (F.col("a") < F.col("b"))
    )
    first, later = (
        F.when(is_first, F.col("a")).otherwise(F.col("b")),
        F.when(is_first, F.col("b")).otherwise(F.col("a")),
    )
    return sized.select(first.alias("first"), later.alias("later"), F.greatest("a_images", "b_images").alias("images"))


def _decided(nodes: DataFrame, links: DataFrame) -> DataFrame:
    """The nodes after a round: `is_centre` is null for those that are not decided yet."""
    left = nodes.where("is_centre IS NULL").select("node")
    for end in ("first", "later"):
        links = links.join(left.select(F.col("node").alias(end)), end, "left_semi")
    centres = left.join(links.select(F.col("later").alias("node")), "node", "left_anti")
    joining = links.join(centres.select(F.col("node").alias("first")), "first", "left_semi").select("later").distinct()
    decided = centres.select("node", F.lit(True).alias("now")).union(joining.select("later", F.lit(False)))
    return nodes.join(decided, "node", "left").select("node", F.coalesce("is_centre", "now").alias("is_centre"))
