"""Groups of near-duplicate images, and the image of each group to keep."""

from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.images.components import Save, components
from jobs.images.looks import key_of_look, links_of_equal_bytes, looks_of
from jobs.images.near_looks import near_looks
from jobs.images.stars import stars


class Grouped(NamedTuple):
    """The images in groups, and the number of components that were cut.

    `images` has `uuid`, `group` (the smallest uuid of the group) and `duplicate_of` (the uuid of the image to keep,
    null for that image itself), for images in groups of at least two.
    """

    images: DataFrame
    cut: int


def grouped(images: DataFrame, near: int, near_colour: int, max_group: int, save: Save) -> Grouped:
    """Group near-duplicates.

    `images` has distinct `uuid`s, `sha256`, `phash` and `chroma` (binary of 32 bytes, or null), `width` and `height`.
    Two images are linked if their bytes are equal, or if their hashes differ in at most `near` bits and their colours
    in no field by more than `near_colour` (see `near_looks` for the links that may be missing). A group is a connected
    component. A component of more than `max_group` different looks (hash with colours) is cut into stars, whose
    images are near the centre (see `stars`). The image to keep has most pixels, and of equal ones the smallest uuid.

    Nothing depends on the order or the partitions of the images. Saves `looks`, `links`, and a frame a round.
    """
    looks = save("looks", looks_of(images))
    links = near_looks(looks, near, near_colour).union(links_of_equal_bytes(images, looks))
    links = save("links", links.distinct())
    roots = save("components", components(links, save))
    large = roots.groupBy("root").count().where(F.col("count") > max_group).select("root")
    cut = large.count()
    if cut:
        roots = save("stars", _with_stars(roots, large, links, looks, save))
    return Grouped(_groups(images, looks, roots), cut)


def _with_stars(roots: DataFrame, large: DataFrame, links: DataFrame, looks: DataFrame, save: Save) -> DataFrame:
    """The roots of all nodes, after cutting the `large` components."""
    nodes = roots.join(large, "root", "left_semi").select("node")
    sizes = looks.select(F.col("look").alias("node"), "images").join(nodes, "node", "left_semi")
    inner = links.join(nodes.select(F.col("node").alias("a")), "a", "left_semi")
    return roots.join(large, "root", "left_anti").select("node", "root").union(stars(inner, sizes, save))


def _groups(images: DataFrame, looks: DataFrame, roots: DataFrame) -> DataFrame:
    """The rows of `Grouped.images`. A look without a link is its own root."""
    rooted = looks.join(roots.select(F.col("node").alias("look"), "root"), "look", "left")
    rooted = rooted.where("root IS NOT NULL OR images > 1")
    rooted = rooted.select("look", "key", "images", "best", F.coalesce("root", "look").alias("root"))
    groups = rooted.groupBy("root").agg(
        F.sum("images").alias("images"), F.min("best").alias("best"), F.min("look").alias("group")
    )
    groups = groups.where("images > 1").select("root", "group", F.col("best.uuid").alias("kept"))
    rows = images.select("uuid", key_of_look().alias("key")).join(
        rooted.select("key", "root").join(groups, "root").select("key", "group", "kept"), "key"
    )
    return rows.select("uuid", "group", F.when(F.col("uuid") != F.col("kept"), F.col("kept")).alias("duplicate_of"))
