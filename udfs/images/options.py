"""How downloaded images are checked."""

from dataclasses import dataclass

import pyarrow as pa

from udfs.image_schemas import CARRIED_TYPES


@dataclass(frozen=True, slots=True)
class Limits:
    """What an image may be, and how its colours are read. Limits are compared before pixels are decoded."""

    max_pixels: int = 64_000_000
    max_bytes: int = 32 << 20
    min_side: int = 1
    icc: bool = False
    """Whether colours are converted from the image's ICC profile to sRGB."""


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """Options of `Checker`. `carry` names columns of img2dataset's metadata to keep, each with its type. `guarded`
    decodes in a child process, which may die without harm."""

    limits: Limits = Limits()
    carry: tuple[tuple[str, str], ...] = ()
    guarded: bool = False

    @property
    def carried(self) -> list[pa.Field]:
        """The columns that are kept."""
        return [pa.field(name, CARRIED_TYPES[kind]) for name, kind in self.carry]
