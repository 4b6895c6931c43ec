"""What becomes of an image's bytes on the way into a training tar: nothing, unless its reader or the user asks."""

import io
from dataclasses import dataclass
from typing import NamedTuple

from PIL import Image

from udfs.images.decoding import decode
from udfs.images.layouts import Layout
from udfs.images.options import Limits
from udfs.images.private_parts import without_private_parts

JPEG_QUALITY = 95
_UPRIGHT = 1


class Stored(NamedTuple):
    """How an image is stored: its format, its upright size in pixels, its EXIF orientation (1 is upright), and whether
    only the download's metadata tell this orientation, and not the bytes."""

    format: str
    width: int
    height: int
    orientation: int
    orientation_lost: bool


@dataclass(frozen=True, slots=True)
class Encoding:
    """Which images are encoded again: those of formats other than `formats`, those that lie on their side if `upright`,
    and those with a side above `max_side`. With `strip_exif`, no EXIF and the like is left; only images that need their
    EXIF to be upright are encoded again for that.

    An image that is encoded again becomes an upright JPEG of quality 95 in RGB without EXIF: its first frame, on white.
    """

    formats: frozenset[str] = Layout.OPEN_CLIP.formats
    upright: bool = False
    max_side: int | None = None
    strip_exif: bool = False

    def is_needed(self, stored: Stored) -> bool:
        """Whether an image is encoded again."""
        is_turned = stored.orientation != _UPRIGHT
        return (
            stored.format not in self.formats
            or (self.upright and is_turned)
            or (self.strip_exif and is_turned and not stored.orientation_lost)
            or (self.max_side is not None and max(stored.width, stored.height) > self.max_side)
        )


class Encoded(NamedTuple):
    """An image for a tar: its bytes, their format, and its upright size in pixels; `again` if it was encoded again."""

    image: bytes
    format: str
    width: int
    height: int
    again: bool


def encode(image: bytes, stored: Stored, encoding: Encoding) -> Encoded:
    """The image as the tar gets it. Raises `decoding.Unusable`."""
    if not encoding.is_needed(stored):
        if not encoding.strip_exif:
            return Encoded(image, stored.format, stored.width, stored.height, again=False)
        stripped = without_private_parts(image)
        if stripped is not None:
            return Encoded(stripped, stored.format, stored.width, stored.height, again=False)
    limits = Limits(max_pixels=max(stored.width * stored.height, 1))  # it was checked: it has no more
    picture = decode(image, limits, stored.orientation, encoding.max_side).pixels
    if encoding.max_side is not None and max(picture.size) > encoding.max_side:
        picture.thumbnail((encoding.max_side, encoding.max_side), Image.Resampling.LANCZOS)
    drawn = io.BytesIO()
    picture.save(drawn, "JPEG", quality=JPEG_QUALITY)
    return Encoded(drawn.getvalue(), "JPEG", picture.width, picture.height, again=True)
