"""From an upright RGB picture to a model's pixels, with Pillow and numpy alone, so that engines get the same ones.

The result equals, bit for bit, that of the processors of transformers that use Pillow (CLIP and SigLIP). Those that use
torchvision resize with other arithmetic, and differ in single steps of a colour.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from udfs.errors import UsageError

Pixels = npt.NDArray[np.float32]

_CLIP: dict[str, Any] = {
    "size": {"shortest_edge": 224},
    "crop_size": {"height": 224, "width": 224},
    "do_center_crop": True,
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
}
_SIGLIP: dict[str, Any] = {
    "size": {"height": 224, "width": 224},
    "do_center_crop": False,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
}
_COMMON = {"do_resize": True, "resample": 3, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True}
_PROCESSORS = {
    "CLIPImageProcessor": _CLIP,
    "CLIPFeatureExtractor": _CLIP,
    "SiglipImageProcessor": _SIGLIP,
}
"""The processors that are known, with what a configuration leaves out; each also ends in Fast or Pil."""

_MOST_PIXELS = 4096  # a side
_CHANNELS = 3
_STRIP = 256
"""Of a picture that becomes longer than so many crops, only the middle is resized: the whole would fill the memory."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """Resize, crop, rescale and normalise. `shortest_edge` keeps the aspect, and a `crop` (height, width) follows;
    `size` (height, width) does not keep it. What is None is not applied, but there is a crop or a size."""

    shortest_edge: int | None
    size: tuple[int, int] | None
    resample: int
    crop: tuple[int, int] | None
    rescale: float | None
    mean: tuple[float, ...] | None
    std: tuple[float, ...] | None

    @property
    def shape(self) -> tuple[int, int]:
        """The height and width of every result."""
        shape = self.crop or self.size
        assert shape is not None
        return shape

    def pixels(self, picture: Image.Image) -> Pixels:
        """The pixels of an upright RGB picture: float32, (3, height, width)."""
        if picture.mode != "RGB":
            raise ValueError(f"expected an RGB picture, got {picture.mode}")
        target = self._target(picture.height, picture.width)
        if target != (picture.height, picture.width):
            picture = self._resized(picture, *target)
        values = np.asarray(picture)
        if self.crop is not None:
            values = _centre(values, self.crop)
        if self.rescale is not None:
            values = (values.astype(np.float64) * self.rescale).astype(np.float32)
        values = values.astype(np.float32, copy=False)
        if self.mean is not None and self.std is not None:
            values = (values - np.array(self.mean, np.float32)) / np.array(self.std, np.float32)
        return np.ascontiguousarray(values.transpose(2, 0, 1))

    def batch(self, pictures: Sequence[Image.Image]) -> Pixels:
        """The pixels of pictures: float32, (n, 3, height, width)."""
        return np.stack([self.pixels(picture) for picture in pictures])

    def _resized(self, picture: Image.Image, height: int, width: int) -> Image.Image:
        """A picture of this size; of a strip only the middle, where its crop lies (within one step of a colour)."""
        left = top = 0
        if self.crop is not None and max(height, width) > _STRIP * max(self.crop):
            left, top = max(0, (width - self.crop[1]) // 2), max(0, (height - self.crop[0]) // 2)
        x, y = picture.width / width, picture.height / height
        box = (left * x, top * y, picture.width - left * x, picture.height - top * y)
        return picture.resize((width - 2 * left, height - 2 * top), resample=Image.Resampling(self.resample), box=box)

    def _target(self, height: int, width: int) -> tuple[int, int]:
        if self.shortest_edge is None:
            return self.size or (height, width)
        short, long = sorted((height, width))
        longer = int(self.shortest_edge * long / short)  # cut, not rounded: as in torchvision
        return (longer, self.shortest_edge) if width <= height else (self.shortest_edge, longer)


def _centre(values: npt.NDArray[np.uint8], crop: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """The centre of a picture, (height, width, 3); where it is smaller than the crop, black surrounds it."""
    for axis, wanted in enumerate(crop):
        missing = max(0, wanted - values.shape[axis])
        around = [(0, 0)] * values.ndim
        around[axis] = (missing - missing // 2, missing // 2)  # of an odd number, one more before
        values = np.pad(values, around)
        first = (values.shape[axis] - wanted) // 2
        values = values.take(range(first, first + wanted), axis=axis)
    return values


def read_preprocessing(config: dict[str, Any], where: str) -> Preprocessing:
    """The preprocessing that a model's `preprocessor_config.json` describes.

    Raises `UsageError`, which begins with `where`, for processors and values that Ballast does not know.
    """
    name = config.get("image_processor_type", config.get("feature_extractor_type", "CLIPImageProcessor"))
    defaults = _PROCESSORS.get(str(name).removesuffix("Fast").removesuffix("Pil"))
    if defaults is None:
        raise UsageError(f"{where}: its processor is {name!r}: Ballast knows {', '.join(_PROCESSORS)}")
    settings = {**_COMMON, **defaults, **{key: value for key, value in config.items() if value is not None}}
    if settings.get("do_pad"):
        raise UsageError(f"{where}: do_pad is not supported")
    size = settings["size"] if settings["do_resize"] else None
    keeps_aspect = "shortest_edge" in (size if isinstance(size, dict) else defaults["size"])
    if not settings["do_center_crop"] and (size is None or keeps_aspect):
        raise UsageError(f"{where}: without do_center_crop, the size needs a height and a width")
    edge = size["shortest_edge"] if keeps_aspect and isinstance(size, dict) else size
    return Preprocessing(
        _side(edge, where) if size is not None and keeps_aspect else None,
        _sides(size, where) if size is not None and not keeps_aspect else None,
        _resample(settings["resample"], where),
        _sides(settings["crop_size"], where) if settings["do_center_crop"] else None,
        float(settings["rescale_factor"]) if settings["do_rescale"] else None,
        _per_channel(settings["image_mean"], where) if settings["do_normalize"] else None,
        _per_channel(settings["image_std"], where) if settings["do_normalize"] else None,
    )


def _side(value: Any, where: str) -> int:
    if not isinstance(value, int) or not 0 < value <= _MOST_PIXELS:
        raise UsageError(f"{where}: a side of {value!r} pixels: expected 1 to {_MOST_PIXELS}")
    return value


def _sides(value: Any, where: str) -> tuple[int, int]:
    if isinstance(value, int):
        value = {"height": value, "width": value}
    if not isinstance(value, dict) or not {"height", "width"} <= value.keys():
        raise UsageError(f"{where}: a size of {value!r}: expected a shortest_edge, or a height and a width")
    return _side(value["height"], where), _side(value["width"], where)


def _resample(value: Any, where: str) -> int:
    if value not in list(Image.Resampling):
        raise UsageError(f"{where}: resample is {value!r}: expected a filter of Pillow, 0 to 5")
    return int(value)


def _per_channel(value: Any, where: str) -> tuple[float, ...]:
    values = [value] * _CHANNELS if isinstance(value, int | float) else value
    if not isinstance(values, list) or len(values) != _CHANNELS:
        raise UsageError(f"{where}: {value!r} is not one number for each of the {_CHANNELS} channels")
    return tuple(float(each) for each in values)
