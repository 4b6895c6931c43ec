"""Looks at the bytes of one image: decodes them, and describes the picture."""

from typing import NamedTuple

from udfs.image_outcomes import ImageOutcome, ImageTrait
from udfs.images.decoding import Unusable, decode
from udfs.images.facts import UPRIGHT
from udfs.images.options import Limits
from udfs.images.perceptual_hash import signature


class Examined(NamedTuple):
    """What an image is; of one that cannot be used, only the outcome and the error."""

    outcome: ImageOutcome
    error: str | None = None
    format: str | None = None
    mode: str | None = None
    width: int | None = None
    height: int | None = None
    orientation: int | None = None
    orientation_lost: bool | None = None
    frames: int | None = None
    alpha: bool | None = None
    phash: bytes | None = None
    chroma: bytes | None = None
    ink: float | None = None
    traits: tuple[ImageTrait, ...] = ()


def examine(data: bytes, limits: Limits, told_orientation: int | None) -> Examined:
    """What the bytes of an image hold; never raises. See `decode` for the limits and the orientation."""
    try:
        picture = decode(data, limits, told_orientation)
    except Unusable as why:
        return Examined(why.outcome, why.reason)
    looks = signature(picture.pixels)
    traits = {
        ImageTrait.ANIMATED: picture.frames > 1,
        ImageTrait.ROTATED: picture.orientation != UPRIGHT,
        ImageTrait.ROTATION_LOST: picture.orientation_lost,
        ImageTrait.FLAT: looks.phash is None,
        ImageTrait.CMYK: picture.mode == "CMYK",
        ImageTrait.ALPHA: picture.has_alpha,
        ImageTrait.SIXTEEN_BIT: picture.is_sixteen_bit,
    }
    return Examined(
        ImageOutcome.SUCCESS,
        None,
        picture.format,
        picture.mode,
        picture.width,
        picture.height,
        picture.orientation,
        picture.orientation_lost,
        picture.frames,
        picture.has_alpha,
        looks.phash,
        looks.chroma,
        looks.ink,
        tuple(trait for trait, holds in traits.items() if holds),
    )
