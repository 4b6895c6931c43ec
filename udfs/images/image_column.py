"""Which column of a Parquet file holds the bytes of images."""

import pyarrow as pa

_NAMES = ("jpg", "jpeg", "png", "webp", "image", "img", "bytes", "image_bytes")
BYTES_FIELD = "bytes"


def image_column(schema: pa.Schema) -> str | None:
    """The column with the images' bytes: binary, or a struct with a binary field `bytes`, as Hugging Face writes it.

    img2dataset names it for the format that it writes (`jpg`, `png`, `webp`). Returns None where there is none; of
    several columns without such a name, none.
    """
    found = [field.name for field in schema if _holds_bytes(field.type)]
    named = [name for name in _NAMES if name in found]
    return next(iter(named or (found if len(found) == 1 else [])), None)


def _holds_bytes(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        place = kind.get_field_index(BYTES_FIELD)
        return place >= 0 and _holds_bytes(kind.field(place).type)
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
