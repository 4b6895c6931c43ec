"""Thumbnails of a report: images of the run's pairs, from a download or from the output of `check`."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from jobs.images.checked_images import CheckedImages, is_checked, open_checked
from jobs.images.download import Download, plan_download
from jobs.images.gallery_cards import draw_thumbnails
from jobs.images.rows_by_uuid import images_of
from jobs.runs.step_input import Located
from jobs.steps.pairs import Hashed, Pairs
from udfs.hashing import GALLERY
from udfs.images.image_bytes import ImageBytes
from udfs.images.options import CheckOptions
from udfs.images.shard_files import ShardDamage, ShardFiles
from udfs.images.shard_samples import shard_samples
from udfs.images.shards import ImageShard
from udfs.images.thumbnails import thumbnail_uri
from udfs.report.figures import Thumbnail, Thumbnails
from udfs.sources.opener import SourceOpener
from udfs.sources.options import SourceOptions
from udfs.storage.addresses import join
from udfs.sums import Sums, counted, of_kind

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_MOST_SHOWN = 40
_LOOKED_AT = 400  # images, or pairs of each set
_MOST_SHARDS = 40
_UUID, _CAPTION = "uuid", "caption"


class _Found(NamedTuple):
    """A downloaded image, and what it was downloaded by."""

    uuid: str
    url: str
    caption: str
    image: bytes
    orientation: int | None


class ReportImages(Protocol):
    """Where a report takes its images from."""

    @property
    def located(self) -> list[Located]:
        """The rows that it reads."""
        ...

    def thumbnails(self, spark: "SparkSession | None", pairs: Sequence[Pairs]) -> Thumbnails:
        """Forty images that belong to one of these sets of pairs."""
        ...


def open_images(path: str) -> ReportImages:
    """The images of `--images`: the output of `check`, or a download (`plan_download`)."""
    return _Checked(open_checked(path, None)) if is_checked(path) else _Downloaded(plan_download(path))


class _Checked(NamedTuple):
    """Images of pairs that a hash draws from each set."""

    images: CheckedImages

    @property
    def located(self) -> list[Located]:
        return [self.images.source.located]

    def thumbnails(self, spark: "SparkSession | None", pairs: Sequence[Pairs]) -> Thumbnails:
        columns = [_UUID, "url", _CAPTION]
        drawn = [row for each in pairs for row in each.smallest(Hashed(GALLERY, 0), _LOOKED_AT, columns)]
        drawn.sort(key=lambda row: int(row[GALLERY]))
        pair_of = {row[_UUID]: row for row in reversed(drawn)}
        found = images_of(spark, self.images.source, list(pair_of))
        shown = [uuid for uuid in dict.fromkeys(row[_UUID] for row in drawn) if uuid in found][:_MOST_SHOWN]
        with ImageBytes(self.images.download) as download:
            uris = draw_thumbnails({uuid: found[uuid] for uuid in shown}, download, icc=self.images.icc)
        pictures = [
            Thumbnail(uri, pair_of[uuid][_CAPTION], pair_of[uuid]["url"])
            for uuid in shown
            if (uri := uris[uuid]) is not None
        ]
        return Thumbnails(pictures, len(uris) - len(pictures), 0)


class _Downloaded(NamedTuple):
    """Images of some shards, of which one pass over the uuids of each set tells those that belong to it."""

    download: Download

    @property
    def located(self) -> list[Located]:
        return []

    def thumbnails(self, spark: "SparkSession | None", pairs: Sequence[Pairs]) -> Thumbnails:
        found = list(_some_images(self.download))
        uuids = pa.array({image.uuid for image in found}, pa.string())

        def measure(batch: pa.RecordBatch) -> Sums:
            column = batch.column(_UUID)
            return counted(_UUID, column.filter(pc.is_in(column, uuids)))

        of_run = {uuid for each in pairs for uuid in of_kind(each.sums([_UUID], measure), _UUID)}
        wanted = [image for image in found if image.uuid in of_run]
        shown: list[Thumbnail] = []
        damaged = 0
        for image in _spread(wanted):
            if len(shown) == _MOST_SHOWN:
                break
            uri = thumbnail_uri(image.image, image.orientation)
            if uri is None:
                damaged += 1
            else:
                shown.append(Thumbnail(uri, image.caption, image.url))
        return Thumbnails(shown, damaged, len(found) - len(wanted))


def _some_images(download: Download) -> Iterator[_Found]:
    """The first images of some shards, which are spread evenly over all."""
    many = min(len(download.shards), _MOST_SHARDS)
    for place in range(many):
        images = _images(download.root, download.shards[place * len(download.shards) // many])
        with suppress(ShardDamage, OSError):  # what precedes the damage was taken
            yield from islice(images, _LOOKED_AT // many)


def _images(root: str, shard: ImageShard) -> Iterator[_Found]:
    """The images of a shard whose metadata say which URL they were downloaded by."""
    opener = SourceOpener(SourceOptions())
    files = ShardFiles(lambda path: opener(join(root, path)))
    for sample in shard_samples(shard, files, CheckOptions(carry=((_CAPTION, "string"),))):
        facts = sample.facts
        if sample.image is not None and facts is not None and facts.uuid is not None:
            caption = facts.carried[0] if facts.carried else None
            yield _Found(facts.uuid, facts.url or "", str(caption or ""), sample.image, facts.orientation)


def _spread(images: Sequence[_Found]) -> list[_Found]:
    """The images in an order whose first ones are spread over all: every n-th, then the others."""
    step = max(len(images) // _MOST_SHOWN, 1)
    return [image for first in range(step) for image in images[first::step]]
