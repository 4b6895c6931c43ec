"""What became of every sample of a downloaded shard, so that no image is dropped silently.

Each shard gets one row of `downloads/` with a counter per outcome and per trait. Each sample has exactly one outcome,
so the outcomes of a row add up to its `samples`.
"""

from collections.abc import Mapping

from udfs.outcomes import Named


class ImageOutcome(Named):
    """What became of a sample: the `status` of its row, and a counter of its shard."""

    SUCCESS = "success", "decoded"
    DOWNLOAD_FAILED = "download_failed", "img2dataset's metadata says that it could not be downloaded or resized"
    NO_IMAGE = (
        "no_image",
        "without image bytes: only JSON or text, or said to be downloaded and not there (the shard may be cut)",
    )
    NO_ID = "no_id", "decoded, but neither a uuid nor a URL is known"
    NOT_AN_IMAGE = "not_an_image", "empty, or of no known image format, such as a page of HTML"
    FORMAT_NOT_ALLOWED = "format_not_allowed", "an image, but not JPEG, PNG, WebP, GIF, AVIF, BMP or TIFF"
    TOO_MANY_BYTES = "too_many_bytes", "larger than --max-bytes: not read"
    TOO_MANY_PIXELS = "too_many_pixels", "its header says more than --max-pixels: not decoded"
    TOO_SMALL = "too_small", "its shorter side is below --min-side: not decoded"
    TRUNCATED = "truncated", "ends too early"
    UNDECODABLE = "undecodable", "damaged, of an unusual kind, or it killed its decoder"
    COPY = "copy", "decoded, but another shard or an earlier place of this one has the same uuid"


class ImageTrait(Named):
    """A counter of a shard that belongs to no sum: a trait of its images that were decoded."""

    ANIMATED = "animated", "more than one frame: the first one counts"
    ROTATED = "rotated", "stored on its side or mirrored: an EXIF orientation from 2 to 8"
    ROTATION_LOST = "rotation_lost", "of `rotated`: only img2dataset's metadata says so, the image's bytes do not"
    FLAT = "flat", "of one colour, or nearly: it has no `phash`"
    CMYK = "cmyk", "stored as CMYK"
    ALPHA = "alpha", "with transparency, which becomes white"
    SIXTEEN_BIT = "sixteen_bit", "stored with 16 bits a channel, of which the upper eight count"


SAMPLES = "samples"
"""The total of which each outcome is a part."""

IMAGE_COUNTERS: tuple[ImageOutcome | ImageTrait, ...] = (*ImageOutcome, *ImageTrait)
"""Every counter of a shard but `samples`, in the order of the columns."""


def samples_missed(counts: Mapping[str, int]) -> int:
    """How many samples of a row of counters have no outcome; 0 when each has one."""
    return counts[SAMPLES] - sum(counts[outcome] for outcome in ImageOutcome)
