"""Small pictures for pages: upright JPEGs without EXIF, in the page itself."""

import base64
import io

from PIL import Image

from udfs.images.decoding import Unusable, decode
from udfs.images.options import Limits

_SIDE, _QUALITY = 240, 72
_LIMITS = Limits()


def thumbnail_uri(image: bytes, told_orientation: int | None = None, limits: Limits = _LIMITS) -> str | None:
    """The image as a data URI of a JPEG of at most 240 pixels a side; None for one that cannot be used, and for one
    with more bytes than the limits allow. `told_orientation` is as in `decoding.decode`."""
    if len(image) > limits.max_bytes:
        return None
    try:
        picture = decode(image, limits, told_orientation, _SIDE).pixels
    except Unusable:
        return None
    picture.thumbnail((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    drawn = io.BytesIO()
    picture.save(drawn, "JPEG", quality=_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(drawn.getvalue()).decode()}"
