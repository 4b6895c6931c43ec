"""From an image's bytes to the upright picture in RGB. They come from the web: limits hold before pixels are decoded.

Colours are read as in the training of CLIP: transparency becomes white, of 16 bits the upper eight count, Pillow
converts CMYK, and ICC profiles are ignored unless asked for. Of an animation, the first frame counts.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageFile

from udfs.image_outcomes import ImageOutcome
from udfs.images.facts import UPRIGHT
from udfs.images.formats import (
    ALLOWED,
    MOST_FRAMES,
    allowed_format,
    bits_of_png,
    ends_early,
    frames_of_gif,
    is_other_format,
)
from udfs.images.options import Limits

ENOUGH_SIDE = 512
"""A JPEG whose sides are at least twice this is decoded to a half, a quarter or an eighth, and not below this."""
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ON_SIDE = frozenset((5, 6, 7, 8))
_MAY_HOLD_ORIENTATION = ("exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif")
_MOST_REASON = 200
_SIXTEEN_BIT, _INTEGERS, _FLOATS = ("I;16", "I;16B", "I;16L", "I;16N"), "I", "F"


class Unusable(Exception):
    """An image cannot be used: its outcome, and why in one line."""

    def __init__(self, outcome: ImageOutcome, reason: str) -> None:
        super().__init__(outcome, reason)
        self.outcome, self.reason = outcome, reason


class Picture(NamedTuple):
    """An upright picture in RGB, and how it is stored. `width` and `height` are those of the upright picture at full
    size; `pixels` may be smaller, where a JPEG is large. `orientation_lost`: only img2dataset's metadata tells that the
    picture lies on its side or is mirrored, its bytes do not."""

    pixels: Image.Image
    format: str
    mode: str
    width: int
    height: int
    orientation: int
    orientation_lost: bool
    frames: int
    has_alpha: bool
    is_sixteen_bit: bool


def decode(
    data: bytes, limits: Limits, told_orientation: int | None = None, enough_side: int | None = ENOUGH_SIDE
) -> Picture:
    """The picture in the bytes of an image. `told_orientation`, which img2dataset's metadata tells, counts where the
    bytes have none. With `enough_side` None, a large JPEG is decoded in full.

    Raises `Unusable`, and nothing else, for any bytes.
    """
    try:
        with _limited(limits):
            return _picture(_opened(data, limits), data, limits, told_orientation, enough_side)
    except Unusable:
        raise
    except Image.DecompressionBombError:
        reason = f"its header tells more than {limits.max_pixels:,} pixels"
        raise Unusable(ImageOutcome.TOO_MANY_PIXELS, reason) from None
    except Exception as error:  # decoders raise anything on hostile bytes
        reason = str(error).partition("\n")[0][:_MOST_REASON] or type(error).__name__
        is_cut = "truncated" in reason.lower() or ends_early(data)
        raise Unusable(ImageOutcome.TRUNCATED if is_cut else ImageOutcome.UNDECODABLE, reason) from error


@contextmanager
def _limited(limits: Limits) -> Iterator[None]:
    """Pillow refuses images of more pixels, also where a frame or a tile is larger than its image. It does not warn."""
    most = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = limits.max_pixels / 2  # type: ignore[assignment]  # Pillow refuses what is twice as large
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = most


def _opened(data: bytes, limits: Limits) -> ImageFile.ImageFile:
    """The image with its header read, if it is within the limits."""
    try:
        image = Image.open(io.BytesIO(data), formats=ALLOWED)
    except Image.UnidentifiedImageError:
        if allowed_format(data):
            outcome = ImageOutcome.TRUNCATED if ends_early(data) else ImageOutcome.UNDECODABLE
            raise Unusable(outcome, "its header cannot be read") from None
        if is_other_format(data):
            raise Unusable(ImageOutcome.FORMAT_NOT_ALLOWED, "an image of another format") from None
        raise Unusable(ImageOutcome.NOT_AN_IMAGE, "of no known image format" if data else "empty") from None
    if min(image.size) < max(limits.min_side, 1):
        raise Unusable(ImageOutcome.TOO_SMALL, f"{image.width:,} × {image.height:,} pixels")
    return image


def _picture(
    image: ImageFile.ImageFile, data: bytes, limits: Limits, told_orientation: int | None, enough_side: int | None
) -> Picture:
    mode, (width, height), own = image.mode, image.size, orientation_of(image)
    orientation = own or told_orientation or UPRIGHT
    is_jpeg = image.format in ("JPEG", "MPO")  # MPO: a JPEG with further pictures
    if is_jpeg and enough_side is not None and min(width, height) >= 2 * enough_side:
        image.draft(None, (enough_side, enough_side))
    image.load()
    pixels = rgb_on_white(image, icc=limits.icc)
    if image.format != "TIFF":  # Pillow turns TIFF itself, and tells the size of the upright picture
        pixels = upright(pixels, orientation)
        if orientation in _ON_SIDE:
            width, height = height, width
    elif own is None:
        pixels = upright(pixels, orientation)
    return Picture(
        pixels,
        "JPEG" if is_jpeg else str(image.format),
        mode,
        width,
        height,
        orientation,
        own is None and orientation != UPRIGHT,
        _frames(image, data),
        image.has_transparency_data,
        mode in (*_SIXTEEN_BIT, _INTEGERS) or bits_of_png(data) == 16,
    )


def orientation_of(image: Image.Image) -> int | None:
    """The EXIF orientation that an image's bytes tell, from 1 to 8; None where they tell none. To be asked before the
    pixels are loaded."""
    if image.format != "TIFF" and not any(name in image.info for name in _MAY_HOLD_ORIENTATION):
        return None
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # damaged EXIF may raise anything
        return None
    return orientation if isinstance(orientation, int) and UPRIGHT <= orientation <= 8 else None


def upright(picture: Image.Image, orientation: int) -> Image.Image:
    """A picture that is stored with an EXIF orientation, turned upright."""
    transposition = _TRANSPOSITIONS.get(orientation)
    return picture if transposition is None else picture.transpose(transposition)


def rgb_on_white(image: Image.Image, *, icc: bool = False) -> Image.Image:
    """An image whose pixels are loaded, in RGB, with white behind what is transparent."""
    if image.mode == _FLOATS:
        raise Unusable(ImageOutcome.UNDECODABLE, "pixels are fractions of unknown range")
    if image.mode in _SIXTEEN_BIT or image.mode == _INTEGERS:
        return Image.fromarray((np.asarray(image).clip(0, 0xFFFF) >> 8).astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        converted = _in_srgb(image, "RGB") if icc else image
        return converted if converted.mode == "RGB" else converted.convert("RGB")
    with_alpha = image.convert("RGBA")
    if icc:
        with_alpha = _in_srgb(with_alpha, "RGBA")
    on_white = Image.new("RGB", image.size, "white")
    on_white.paste(with_alpha, mask=with_alpha)
    return on_white


def _in_srgb(image: Image.Image, mode: str) -> Image.Image:
    """The image converted by its ICC profile; as it is without a profile that is usable."""
    profile = image.info.get("icc_profile")
    if not profile:
        return image
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, own, _srgb(), outputMode=mode) or image
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _frames(image: ImageFile.ImageFile, data: bytes) -> int:
    """The frames of an animation. A TIFF has pages, and a JPEG views, which are none."""
    if image.format == "GIF":
        return max(frames_of_gif(data), 1)
    return min(getattr(image, "n_frames", 1), MOST_FRAMES) if image.format in ("PNG", "WEBP", "AVIF") else 1
