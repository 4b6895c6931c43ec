"""A sample of a shard: an image with what is known of it, or a sample without image."""

from typing import NamedTuple

from udfs.image_outcomes import ImageOutcome
from udfs.images.facts import Facts


class Sample(NamedTuple):
    """`shard` is the file that holds the image's bytes. They begin at `offset` of a tar, stand in row `offset` of a
    Parquet file, or are a file (0).

    `outcome` is set if there is no image to look at, and `error` may say why. `facts` is None if the shard's own files
    do not tell them.
    """

    key: str
    shard: str
    facts: Facts | None
    offset: int | None = None
    size: int | None = None
    image: bytes | None = None
    outcome: ImageOutcome | None = None
    error: str | None = None


def too_many_bytes(key: str, shard: str, facts: Facts | None, offset: int, size: int) -> Sample:
    """A sample whose image is too large to be read."""
    return Sample(key, shard, facts, offset, size, outcome=ImageOutcome.TOO_MANY_BYTES, error=f"{size:,} bytes")


def without_image(key: str, shard: str, facts: Facts | None, error: str) -> Sample:
    """A sample that has no image."""
    return Sample(key, shard, facts, outcome=ImageOutcome.NO_IMAGE, error=error)
