"""The page of what `search` found: small pictures of the images, the nearest first."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jobs.images.checked_images import CheckedImages
from jobs.images.gallery_cards import cards, draw_thumbnails
from jobs.images.rows_by_uuid import images_of
from udfs.images.image_bytes import ImageBytes
from udfs.report.gallery import Gallery, Section
from udfs.report.words import counted_noun as many

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_SCORE = "score"


def found_page(
    spark: "SparkSession | None", hits: Sequence[Mapping[str, Any]], checked: CheckedImages, sought: str
) -> Gallery:
    """The page about the hits of `search.search`. `sought` is the text or the picture's file."""
    uuids = [hit["uuid"] for hit in hits]
    images = images_of(spark, checked.source, uuids)
    with ImageBytes(checked.download) as download:
        thumbnails = draw_thumbnails(images, download, icc=checked.icc)
    told = {hit["uuid"]: {**images[hit["uuid"]], _SCORE: hit[_SCORE]} for hit in hits if hit["uuid"] in images}
    rows = {hit["uuid"]: [{"caption": caption} for caption in hit.get("captions", ())] for hit in hits}
    shown = cards(uuids, rows, told, thumbnails, chosen_by=_SCORE)
    left_out = [f"{many(len(hits) - len(shown), 'image')} not in --images."] if len(shown) < len(hits) else []
    shows = f"The {many(len(shown), 'image')} nearest to it, the nearest first."
    return Gallery(sought, shows, [Section("", len(shown), shown)], left_out, _SCORE)
