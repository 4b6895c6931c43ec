"""Pixels as the processors of transformers make them with Pillow. To write them again, with transformers 5 installed:
`python tests/udfs/models/golden_pixels.py`."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

GOLDEN = Path(__file__).with_suffix(".npz")


class Case(NamedTuple):
    """A processor, its settings other than the defaults, and the height and width of the picture."""

    processor: str
    settings: dict[str, Any]
    height: int
    width: int


def _crop(height: int, width: int) -> dict[str, Any]:
    return {"height": height, "width": width}


CASES = {
    "landscape": Case("CLIPImageProcessor", {"size": {"shortest_edge": 16}, "crop_size": _crop(16, 16)}, 33, 100),
    "portrait": Case("CLIPImageProcessor", {"size": {"shortest_edge": 16}, "crop_size": _crop(16, 16)}, 75, 50),
    "equal": Case("CLIPImageProcessor", {"size": {"shortest_edge": 16}, "crop_size": _crop(16, 16)}, 16, 16),
    "enlarged": Case("CLIPImageProcessor", {"size": {"shortest_edge": 16}, "crop_size": _crop(16, 16)}, 3, 5),
    "padded": Case("CLIPImageProcessor", {"size": {"shortest_edge": 12}, "crop_size": _crop(17, 14)}, 20, 21),
    "numbers": Case("CLIPImageProcessor", {"size": 18, "crop_size": 15}, 40, 29),
    "not resized": Case("CLIPImageProcessor", {"do_resize": False, "crop_size": _crop(16, 16)}, 10, 31),
    "not normalised": Case(
        "CLIPImageProcessor",
        {"size": {"shortest_edge": 9}, "crop_size": _crop(9, 9), "resample": 2, "do_normalize": False},
        *(30, 40),
    ),
    "siglip": Case("SiglipImageProcessor", {"size": _crop(12, 20)}, 50, 33),
    "siglip bilinear": Case("SiglipImageProcessor", {"size": _crop(16, 16), "resample": 2}, 17, 90),
    "siglip not rescaled": Case("SiglipImageProcessor", {"size": _crop(8, 8), "do_rescale": False}, 9, 9),
}


def picture(height: int, width: int) -> Image.Image:
    """Waves in three colours, which any error in resizing moves."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / 2.3 + y / 7.1), np.cos(x * y / 19.7), np.sin(y / 1.9 - x / 5.3)]
    return Image.fromarray(np.stack([np.round(127.5 + 127.5 * wave) for wave in waves], axis=2).astype(np.uint8))


def main() -> None:
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

    processors = {"CLIPImageProcessor": CLIPImageProcessorPil, "SiglipImageProcessor": SiglipImageProcessorPil}
    made = {}
    for name, case in CASES.items():
        processor = processors[case.processor](**case.settings)
        made[name] = processor(images=picture(case.height, case.width), return_tensors="np")["pixel_values"][0]
    np.savez_compressed(GOLDEN, **made)


if __name__ == "__main__":
    main()
